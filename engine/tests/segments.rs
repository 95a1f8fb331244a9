//! A capture read in segments by several threads: every answer is that of one thread, wherever segments begin.

mod craft;

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;

use craft::{Ipv4, MORE, mac};
use vxinspect_engine::capture::Facts;
use vxinspect_engine::decode::Overlays;
use vxinspect_engine::scan::{Input, Options, Origin, Run, Split, Unwatched, scan};
use vxinspect_engine::select::Select;
use vxinspect_engine::value::Value;
use vxinspect_engine::views::View;

const VIEWS: [View; 11] = [
    View::Vnis,
    View::Flows,
    View::ConversationsByMac,
    View::ConversationsByIp,
    View::Tunnels,
    View::Underlay,
    View::Vteps,
    View::Fdb,
    View::OverheadTotal,
    View::OverheadByVni,
    View::OverheadByTunnel,
];

/// A TCP segment of one of few connections, at any place of its stream: sent again, overtaken, with gaps.
fn inner_frame() -> impl Strategy<Value = Vec<u8>> {
    let control = select(vec![0x02_u8, 0x12, 0x10, 0x10, 0x18, 0x11, 0x04]);
    (any::<bool>(), control, 0..12_u32, 0..9_usize, 1..4_u8).prop_map(|(back, control, at, len, station)| {
        let (from, to) = if back { (80, 40_000) } else { (40_000, 80) };
        let segment = craft::tcp(from, to, control, &[], &vec![0; len * 8]);
        let segment = craft::patched(segment, 4, &(at * 8).to_be_bytes());
        let (source, destination) = if back { (2, 1) } else { (1, 2) };
        let ip = Ipv4 {
            source: [10, 0, 0, source],
            destination: [10, 0, 0, destination],
            protocol: craft::TCP,
            ..Ipv4::default()
        };
        craft::ethernet(mac(station), mac(9), craft::IPV4, &ip.around(&segment))
    })
}

/// A frame of a tunnel: whole, a piece of a datagram, bare, to another port, or an ICMP error about one.
fn frame() -> impl Strategy<Value = Vec<u8>> {
    let kind = select(vec![0_u8, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5]);
    (kind, 1..4_u8, 1..4_u8, select(vec![100_u32, 200]), select(vec![63_u8, 64]), inner_frame()).prop_map(
        |(kind, from, to, vni, ttl, inner)| {
            let port = if kind == 3 { 8472 } else { craft::VXLAN };
            let flags = if kind == 5 { 0x88 } else { 8 };
            let vxlan = craft::patched(craft::vxlan(vni, &inner), 0, &[flags]);
            let datagram = craft::udp(50_000 + u16::from(from), port, &vxlan);
            let ip = Ipv4 { source: [192, 0, 2, from], destination: [192, 0, 2, to], ..Ipv4::default() };
            let packet = match kind {
                1 => Ipv4 { flags_and_offset: MORE, identification: 7, ..ip }.around(&datagram[..64]),
                2 => Ipv4 { flags_and_offset: 8, identification: 7, ..ip }.around(&datagram[64..]),
                4 => {
                    let quoted = [&[3, 4, 0, 0, 0, 0, 5, 0xaa][..], &ip.around(&datagram)].concat();
                    Ipv4 { source: [192, 0, 2, 254], protocol: 1, ..Ipv4::default() }.around(&quoted)
                }
                _ => craft::patched(ip.around(&datagram), 8, &[ttl]),
            };
            craft::outer(craft::IPV4, &packet)
        },
    )
}

/// Containers that captures come in, and how records look in each.
#[derive(Debug, Clone, Copy)]
enum Container {
    Pcap,
    BigPcap,
    Pcapng,
    /// With blocks of other kinds, more interfaces and more sections among the packets.
    RichPcapng,
}

fn number(container: Container, number: u32) -> [u8; 4] {
    if matches!(container, Container::BigPcap) { number.to_be_bytes() } else { number.to_le_bytes() }
}

fn block(kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = body.len().next_multiple_of(4);
    let length = (padded as u32 + 12).to_le_bytes();
    let mut block = [&kind.to_le_bytes()[..], &length, body].concat();
    block.resize(8 + padded, 0);
    [&block[..], &length].concat()
}

fn begin(container: Container) -> Vec<u8> {
    match container {
        Container::Pcap | Container::BigPcap => {
            [0xa1b2_3c4d, 0x0002_0004, 0, 0, 65_535, 1].iter().enumerate().fold(
                Vec::new(),
                |mut head, (at, it)| {
                    // The version is two numbers of two bytes.
                    let field = number(container, *it);
                    head.extend(if at == 1 && container.is_little() { [2, 0, 4, 0] } else { field });
                    head
                },
            )
        }
        Container::Pcapng | Container::RichPcapng => [section(), interface(9)].concat(),
    }
}

impl Container {
    fn is_little(self) -> bool {
        !matches!(self, Self::BigPcap)
    }
}

fn section() -> Vec<u8> {
    let fields = [&0x1a2b_3c4d_u32.to_le_bytes()[..], &[1, 0, 0, 0], &[0xff; 8]].concat();
    block(0x0a0d_0d0a, &fields)
}

/// An interface with times in this negative power of ten.
fn interface(resolution: u8) -> Vec<u8> {
    block(1, &[1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, resolution, 0, 0, 0, 0, 0, 0, 0])
}

fn record(container: Container, at: usize, data: &[u8], wire_len: usize) -> Vec<u8> {
    let (captured, original) = (data.len() as u32, wire_len as u32);
    match container {
        Container::Pcap | Container::BigPcap => {
            let head = [at as u32 / 100, at as u32 % 100, captured, original].map(|it| number(container, it));
            [head.concat(), data.to_vec()].concat()
        }
        Container::Pcapng | Container::RichPcapng => {
            let head = [0, 0, at as u32, captured, original].map(|it| number(container, it)).concat();
            let packet = block(6, &[&head[..], data].concat());
            let between = match (container, at % 23) {
                (Container::RichPcapng, 5) => block(5, &[0; 12]),
                (Container::RichPcapng, 11) => block(0x8000_0001, &[7; 900]),
                (Container::RichPcapng, 17) => interface(6),
                (Container::RichPcapng, 22) => [section(), interface(3)].concat(),
                _ => Vec::new(),
            };
            [between, packet].concat()
        }
    }
}

/// Of a capture, the first frames are compared with each other, to find out whether it shows packets twice; so many are
/// always observed one by one, by the leader.
const OBSERVED: usize = 4097;

fn capture(container: Container, frames: &[(Vec<u8>, usize)]) -> Vec<u8> {
    let filler = craft::typed(0x88cc, &[]);
    let filler = [&mac(1)[..], &mac(2), &filler].concat();
    let mut bytes = begin(container);
    for _ in 0..OBSERVED {
        bytes.extend(record(container, 0, &filler, filler.len()));
    }
    for (at, (data, cut)) in frames.iter().enumerate() {
        bytes.extend(record(container, at, &data[..data.len().saturating_sub(*cut)], data.len()));
    }
    bytes
}

/// A frame whose payload is records of this very container: a chain that any guess falls for.
fn bait(container: Container, frames: &[(Vec<u8>, usize)]) -> Vec<u8> {
    let records =
        frames.iter().enumerate().flat_map(|(at, (data, _))| record(container, at, data, data.len()));
    let datagram = craft::udp(9, 9, &records.collect::<Vec<_>>());
    craft::outer(craft::IPV4, &Ipv4::default().around(&datagram))
}

/// Frames, some cut by a snap length, with baits among them.
fn frames(container: Container) -> impl Strategy<Value = Vec<(Vec<u8>, usize)>> {
    let cut = prop_oneof![5 => Just(0), 1 => 0..90_usize];
    let baits = prop::collection::vec(any::<prop::sample::Index>(), 0..4);
    (prop::collection::vec((frame(), cut), 0..150), baits).prop_map(move |(mut frames, baits)| {
        for place in baits {
            let bait = bait(container, &frames[..frames.len().min(12)]);
            frames.insert(place.index(frames.len() + 1), (bait, 0));
        }
        frames
    })
}

fn container() -> impl Strategy<Value = Container> {
    select(vec![Container::Pcap, Container::BigPcap, Container::Pcapng, Container::RichPcapng])
}

fn options(count: Option<u64>, auto_ports: bool, selected: Option<(&str, &str)>) -> Options {
    Options {
        overlays: Overlays::default(),
        auto_ports,
        select: Select::new(selected).unwrap(),
        checksums: true,
        dedup: None,
        max_flows: Some(3),
        count,
    }
}

fn run(captures: &[Arc<[u8]>], options: &Options, split: Split) -> Run {
    scan(captures.iter().map(input).collect(), options, split, &mut Unwatched).unwrap()
}

/// All that a run has to say.
fn answer(run: &Run) -> (Vec<Vec<Vec<Value>>>, String) {
    let analysis = &run.analysis;
    let tables = VIEWS.map(|view| {
        let table = view.table(analysis.cells(), &[], None).unwrap();
        (0..table.len()).map(|row| table.values(row, analysis.cells()).unwrap()).collect()
    });
    let keys: Vec<_> = analysis.cells().iter().map(|cell| cell.key).collect();
    let facts: Vec<&Facts> = run.captures.iter().map(|(_, facts)| facts).collect();
    let notes: Vec<_> = analysis.notes().collect();
    let candidates: Vec<_> = analysis.candidates().map(|it| (it.port, it.frames, it.vnis.clone())).collect();
    let rest = format!(
        "{keys:?} {facts:?} {notes:?} {candidates:?} {:?} {:?} {:?} {:?}",
        analysis.endings(),
        analysis.seen(),
        analysis.incomplete(),
        analysis.tally().copies().found(),
    );
    (tables.into(), rest)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    /// Also where it breaks off, is stopped, or something is selected; and the order of cells is the same.
    #[test]
    fn threads_and_segments_do_not_matter(
        (container, frames) in container().prop_flat_map(|it| (Just(it), frames(it))),
        segment in prop_oneof![100..600_u64, 600..9_000_u64],
        threads in select(vec![2_usize, 3, 8]),
        lost in prop_oneof![3 => Just(0_usize), 1 => 0..300_usize],
        count in prop_oneof![3 => Just(None), 1 => (4_000..4_250_u64).prop_map(Some)],
        selected in select(vec![None, None, Some(("vni", "100")), Some(("since", "0.0000004"))]),
        auto_ports in any::<bool>(),
    ) {
        let mut bytes = capture(container, &frames);
        bytes.truncate((bytes.len() - lost.min(bytes.len())).max(32));
        let captures = [Arc::from(bytes)];
        let options = options(count, auto_ports, selected);
        let alone = run(&captures, &options, Split::NONE);
        let together = run(&captures, &options, Split { threads, segment });
        prop_assert_eq!(answer(&together), answer(&alone));
    }

    /// Bytes that are changed anywhere, so that records become absurd and blocks impossible.
    #[test]
    fn damage_is_told_alike(
        (container, frames) in container().prop_flat_map(|it| (Just(it), frames(it))),
        segment in 100..3_000_u64,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5),
    ) {
        let mut bytes = capture(container, &frames);
        for (at, byte) in changes {
            let at = 32 + at.index(bytes.len().max(33) - 32);
            bytes.resize(bytes.len().max(at + 1), 0);
            bytes[at] = byte;
        }
        let captures = [Arc::from(bytes)];
        let options = options(None, false, None);
        let alone = scan(vec![input(&captures[0])], &options, Split::NONE, &mut Unwatched);
        let together = scan(vec![input(&captures[0])], &options, Split { threads: 3, segment }, &mut Unwatched);
        match (together, alone) {
            (Ok(together), Ok(alone)) => prop_assert_eq!(answer(&together), answer(&alone)),
            (together, alone) => prop_assert_eq!(format!("{:?}", together.err()), format!("{:?}", alone.err())),
        }
    }

    /// Several captures in one run, in their order.
    #[test]
    fn several_captures_are_one_run(
        first in frames(Container::Pcap),
        second in frames(Container::RichPcapng),
        segment in 100..2_000_u64,
    ) {
        let captures =
            [Arc::from(capture(Container::RichPcapng, &second)), Arc::from(capture(Container::Pcap, &first))];
        let options = options(None, false, None);
        let together = run(&captures, &options, Split { threads: 3, segment });
        prop_assert_eq!(answer(&together), answer(&run(&captures, &options, Split::NONE)));
    }
}

fn input(bytes: &Arc<[u8]>) -> Input {
    Input::new("capture", Origin::Bytes(Arc::clone(bytes)))
}
