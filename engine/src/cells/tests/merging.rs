//! Cells of parts, merged, are the cells of the whole.

use super::craft::mac;
use super::{Cells, ShortSet, cells, outer_macs, source_ports};
use super::{Plan, vtep};

/// All that cells tell, in order.
pub(super) fn told(cells: &Cells) -> Vec<String> {
    let told = cells.numbered().map(|(id, cell)| {
        let (tunnel, key) = (cells.tunnel(cell), &cell.key);
        let place = cells.station(id).map(|station| {
            let place = cells.place(station);
            (station, cells.tunnel(cells.get(place.cell)).source(), place.moves)
        });
        let identity =
            (tunnel.source(), tunnel.destination(), tunnel.udp_port(), key.vni(), key.macs(), key.ports());
        let counts =
            (cell.packets, cell.wire_bytes, cell.inner_bytes, cell.payload_bytes, cells.seen(id).ends());
        let rest = (cell.largest_on_cable, source_ports(cells, id), outer_macs(cells, id), place);
        format!("{identity:?} {counts:?} {rest:?}")
    });
    told.collect()
}

/// A sequence that repeats itself, moves stations and changes origins, without a pattern that a cut could fit.
fn plans(count: u32) -> Vec<Plan> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let plan = |_| Plan {
        vtep: 1 + next(3) as u8,
        peer: 1 + next(3) as u8,
        vni: 100 + next(2) as u32,
        station: mac(next(4) as u8),
        to: mac(next(4) as u8),
        origin: (49_152 + next(4) as u16, next(3) as u8),
        port: next(2) as u16,
        data: next(1200) as usize,
    };
    (0..count).map(plan).collect()
}

/// Cut in two anywhere. The later part numbers its tunnels and cells in an order of its own.
#[test]
fn any_two_parts_are_the_whole() {
    let plans = plans(150);
    let whole = told(&cells(&plans));
    for at in 0..=plans.len() {
        let mut first = cells(&plans[..at]);
        let numbers = first.merge(&cells(&plans[at..]));
        assert_eq!(told(&first), whole, "cut at {at}");
        let mut distinct = numbers.clone();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), numbers.len());
    }
}

/// Cut in three: the merge may begin at either end.
#[test]
fn any_three_parts_are_the_whole() {
    let plans = plans(60);
    let whole = told(&cells(&plans));
    for (a, b) in (0..=60).step_by(7).flat_map(|a| (a..=60).step_by(5).map(move |b| (a, b))) {
        let (first, second, third) = (|| cells(&plans[..a]), || cells(&plans[a..b]), cells(&plans[b..]));
        let mut from_the_left = first();
        from_the_left.merge(&second());
        from_the_left.merge(&third);
        assert_eq!(told(&from_the_left), whole, "cut at {a} and {b}");
        let (mut from_the_right, mut end) = (first(), second());
        end.merge(&third);
        from_the_right.merge(&end);
        assert_eq!(told(&from_the_right), whole, "cut at {a} and {b}, merged from the right");
    }
}

/// Parts with more cells than a chunk holds, half of them in common.
#[test]
fn large_parts() {
    const HALF: u32 = 35_000;
    let part = |range: std::ops::Range<u32>| cells(&range.map(Plan::numbered).collect::<Vec<_>>());
    let mut first = part(0..2 * HALF);
    let numbers = first.merge(&part(HALF..3 * HALF));
    assert_eq!(first.len(), 3 * HALF as usize);
    assert!(numbers.into_iter().eq(HALF..3 * HALF));
    for (number, cell) in first.numbered() {
        assert_eq!(cell.packets, if (HALF..2 * HALF).contains(&number) { 2 } else { 1 });
        assert_eq!((cell.key.vni(), cell.key.ports()), (number >> 8, Some((number as u16, 53))));
        assert_eq!(first.tunnel(cell).source(), vtep((number >> 4) as u8 & 0x3f));
    }
}

/// Source ports seen in both parts count once; few and many in either.
#[test]
fn source_ports_across_a_merge() {
    let part = |ports: std::ops::Range<u16>| {
        cells(&ports.map(|port| Plan { origin: (port, 1), ..Plan::default() }).collect::<Vec<_>>())
    };
    for (a, b, both) in
        [(0..1, 0..1, 1), (0..1, 1..2, 2), (0..3, 2..90, 90), (0..90, 5..6, 90), (0..90, 80..200, 200)]
    {
        for (first, second) in [(a.clone(), b.clone()), (b, a)] {
            let mut first = part(first);
            first.merge(&part(second));
            assert_eq!((first.len(), source_ports(&first, 0)), (1, both));
            assert_eq!(outer_macs(&first, 0), ["02:00:00:00:00:01"]);
        }
    }
    let mut ports = ShortSet::default();
    for part in [part(0..90), part(50..120)] {
        part.source_ports(0, &part.innermost(part.get(0)), &mut ports);
    }
    assert_eq!(ports.len(), 120);
}
