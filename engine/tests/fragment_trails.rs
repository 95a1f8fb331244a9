//! Pieces of an outer datagram are charged to the packet of that very datagram, though identifications come round again.

mod craft;

use craft::{Ipv4, MORE};
use vxinspect_engine::analysis::{Analysis, Settings};
use vxinspect_engine::capture::{Frame, LinkType};
use vxinspect_engine::decode::Ports;
use vxinspect_engine::select::Select;
use vxinspect_engine::views::summary;

/// First or later piece of a datagram in two pieces, from host `host` to UDP port `port`.
fn piece(host: u8, identification: u16, is_first: bool, vni: u32, port: u16) -> Vec<u8> {
    let inner = [craft::inner(), vec![0; 1000]].concat();
    let datagram = craft::udp(50_000, port, &craft::vxlan(vni, &inner));
    let (flags_and_offset, data) =
        if is_first { (MORE, &datagram[..504]) } else { (504 / 8, &datagram[504..]) };
    let header = Ipv4 { source: [192, 0, 2, host], identification, flags_and_offset, ..Ipv4::default() };
    craft::outer(craft::IPV4, &header.around(data))
}

fn both(identification: u16, vni: u32, port: u16) -> [Vec<u8>; 2] {
    [true, false].map(|is_first| piece(1, identification, is_first, vni, port))
}

fn analysis<'a>(frames: impl IntoIterator<Item = &'a Vec<u8>>, vni: Option<&str>) -> Analysis {
    let select = Select::new(vni.map(|vni| ("vni", vni))).unwrap();
    let mut analysis = Analysis::new(Settings { ports: Ports::new(&[]), select, dedup: None });
    for data in frames {
        let wire_len = u32::try_from(data.len()).unwrap();
        analysis.observe(&Frame { data, wire_len, time: 0, link: LinkType::ETHERNET });
    }
    analysis.finish();
    analysis
}

fn wire_bytes(analysis: &Analysis) -> u64 {
    summary::bytes(analysis.cells()).wire
}

fn len(frames: &[Vec<u8>]) -> u64 {
    frames.iter().map(|frame| frame.len() as u64).sum()
}

/// Asserts the wire bytes of the whole, and of any two parts merged.
fn assert_wire_bytes(frames: &[Vec<u8>], vni: Option<&str>, expected: u64) {
    assert_eq!(wire_bytes(&analysis(frames, vni)), expected);
    for at in 0..=frames.len() {
        let mut first = analysis(&frames[..at], vni);
        first.merge(&analysis(&frames[at..], vni));
        assert_eq!(wire_bytes(&first), expected, "cut at {at}");
    }
}

/// The pieces of a datagram that is not selected are charged to no packet.
#[test]
fn not_selected() {
    let frames = [both(7, 200, 4789), both(7, 100, 4789)].concat();
    assert_wire_bytes(&frames, Some("100"), len(&frames[2..]));
}

/// The pieces of a datagram to another port neither, whether it comes before or after the packet.
#[test]
fn another_port() {
    let before = [both(7, 100, 53), both(7, 100, 4789)].concat();
    assert_wire_bytes(&before, None, len(&before[2..]));
    let after = [both(7, 100, 4789), both(7, 100, 53)].concat();
    assert_wire_bytes(&after, None, len(&after[..2]));
}

/// More datagrams than identifications: each piece is charged once, in one run and in two parts.
#[test]
fn identifications_come_round() {
    let frames: Vec<_> = (1..=3_u8)
        .flat_map(|host| (0..30_000_u16).map(move |identification| (host, identification)))
        .flat_map(|(host, identification)| {
            [true, false].map(|is_first| piece(host, identification, is_first, 100, 4789))
        })
        .collect();
    assert_eq!(wire_bytes(&analysis(&frames, None)), len(&frames));
    let mut first = analysis(&frames[..1], None);
    first.merge(&analysis(&frames[1..], None));
    assert_eq!(wire_bytes(&first), len(&frames));
}
