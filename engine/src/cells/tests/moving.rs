//! Stations and their moves from one VTEP to another.

use super::craft::{BROADCAST, mac};
use super::{Cells, Plan, cells, vtep};

/// Of each station, in the order of their first packets: VNI, last octet of the MAC, VTEP, moves.
fn stations(cells: &Cells) -> Vec<(u32, u8, std::net::IpAddr, u64)> {
    let told = cells.numbered().filter(|(id, _)| cells.station(*id) == Some(*id)).map(|(id, cell)| {
        let place = cells.place(id);
        let (source, _) = cell.key.macs().unwrap();
        let sender = cells.tunnel(cells.get(place.cell)).source();
        (cell.key.vni(), source.bits() as u8, sender, place.moves)
    });
    told.collect()
}

/// One packet of station 1 from each of the VTEPs named, in order, each to another station of `peers`.
fn sent_from(vteps: &str, peers: u8) -> Vec<Plan> {
    let plan =
        |(at, letter): (usize, u8)| Plan { vtep: letter, to: mac(100 + at as u8 % peers), ..Plan::default() };
    vteps.bytes().enumerate().map(plan).collect()
}

/// A move is a packet from another VTEP than the one before, whatever cells the packets belong to.
#[test]
fn moves_are_counted_exactly() {
    for (vteps, moves) in
        [("A", 0), ("AAAA", 0), ("AB", 1), ("AABA", 2), ("ABAB", 3), ("ABCCBA", 4), ("AAAB", 1), ("ABBB", 1)]
    {
        for peers in 1..=5 {
            let last = vtep(*vteps.as_bytes().last().unwrap());
            assert_eq!(
                stations(&cells(&sent_from(vteps, peers))),
                [(100, 1, last, moves)],
                "{vteps} to {peers}"
            );
        }
    }
}

/// Cells that were there before the first move are looked at too, however many they are.
#[test]
fn a_station_of_many_cells() {
    let from = |vtep, round: u16| {
        (0..200_u16).map(move |n| Plan { vtep, port: n, origin: (round, 1), ..Plan::default() })
    };
    let mut plans: Vec<_> = from(1, 0).chain(from(2, 1)).collect();
    assert_eq!(stations(&cells(&plans)), [(100, 1, vtep(2), 1)]);
    // From here on both VTEPs' cells are known: each packet is a move.
    plans.extend(from(1, 2).zip(from(2, 3)).flat_map(|(a, b)| [a, b]));
    assert_eq!(stations(&cells(&plans)), [(100, 1, vtep(2), 401)]);
}

/// To another peer, or to a group, from the same VTEP is no move.
#[test]
fn only_the_sender_counts() {
    let plans: Vec<_> = (1..50).map(|peer| Plan { peer, to: BROADCAST, ..Plan::default() }).collect();
    assert_eq!(stations(&cells(&plans)), [(100, 1, vtep(1), 0)]);
}

/// The same MAC in two VNIs is two stations: a tenant's addresses are its own.
#[test]
fn vnis_do_not_mix() {
    let plans = [1, 2, 1, 2].map(|n| Plan { vtep: n, vni: 100 * u32::from(n), ..Plan::default() });
    assert_eq!(stations(&cells(&plans)), [(100, 1, vtep(1), 0), (200, 1, vtep(2), 0)]);
}

/// No forwarding table learns a group address or no address at all.
#[test]
fn what_is_no_station() {
    for station in [BROADCAST, [1, 0, 0x5e, 0, 0, 1], [0; 6]] {
        let plans = [1, 2].map(|vtep| Plan { vtep, station, ..Plan::default() });
        assert_eq!(stations(&cells(&plans)), []);
    }
}

/// All ways in which a station can move among three VTEPs in six packets, cut in two and in three anywhere: moves are
/// the changes in the sequence, wherever the cuts are.
#[test]
fn moves_across_a_merge() {
    let packets: Vec<_> = sent_from("ABC", 3).iter().map(Plan::packet).collect();
    let part = |vteps: &[usize]| {
        let mut cells = Cells::default();
        for vtep in vteps {
            cells.add_alone(&packets[*vtep]);
        }
        cells
    };
    for sequence in 0..3_usize.pow(6) {
        let vteps: Vec<_> = (0..6).map(|at| sequence / 3_usize.pow(at) % 3).collect();
        let moves = vteps.windows(2).filter(|pair| pair[0] != pair[1]).count() as u64;
        let expected = [(100, 1, vtep(b"ABC"[vteps[5]]), moves)];
        for (a, b) in (0..=6).flat_map(|a| (a..=6).map(move |b| (a, b))) {
            let (mut first, mut second, third) = (part(&vteps[..a]), part(&vteps[a..b]), part(&vteps[b..]));
            if sequence % 2 == 0 {
                first.merge(&second);
                first.merge(&third);
            } else {
                second.merge(&third);
                first.merge(&second);
            }
            assert_eq!(stations(&first), expected, "{vteps:?} cut at {a} and {b}");
        }
    }
}

/// The shortest time in which a station moved five times, wherever the run is cut: at each of these packets it moves.
#[test]
fn five_moves_across_a_merge() {
    let packets: Vec<_> = sent_from("AB", 1).iter().map(Plan::packet).collect();
    let times: [i64; 12] = [0, 10, 20, 30, 100, 101, 102, 103, 104, 300, 400, 1000];
    let moves = &times[1..];
    let expected = moves.windows(5).map(|five| five[4].abs_diff(five[0])).min();
    let part = |from: usize, to: usize| {
        let mut cells = Cells::default();
        for at in from..to {
            let mut packet = packets[at % 2];
            packet.time = times[at];
            cells.add_alone(&packet);
        }
        cells
    };
    for (a, b) in (0..=times.len()).flat_map(|a| (a..=times.len()).map(move |b| (a, b))) {
        let (mut first, mut second) = (part(0, a), part(a, b));
        second.merge(&part(b, times.len()));
        first.merge(&second);
        assert_eq!(first.fastest_moves(0), expected, "cut at {a} and {b}");
    }
    let four = part(0, 5);
    assert_eq!((four.place(0).moves, four.fastest_moves(0)), (4, None));
}
