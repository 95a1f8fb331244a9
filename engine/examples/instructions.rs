//! What `make instructions` runs under valgrind: a scan of a small capture, alone in its process.
//!
//!     instructions write SHAPE FILE
//!     instructions scan FILE
//!     instructions report FILE
//!
//! The first writes a capture of known content, so that what the others do holds no work of making it. `report` makes the rows of
//! flows besides, as a command does.

#[path = "../tests/craft/mod.rs"]
mod craft;

use std::env;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;

use craft::{Ipv4, MORE};
use vxinspect_engine::decode::Overlays;
use vxinspect_engine::scan::{Input, Options, Origin, Run, Split, Unwatched, scan};
use vxinspect_engine::select::Select;
use vxinspect_engine::views::flows;

const FRAMES: u32 = 60_000;

const SYN: u8 = 0x02;
const PUSH_ACK: u8 = 0x18;
const ACK: u8 = 0x10;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["write", shape, file] => {
            let (flows, frame) = shape_of(shape).ok_or("no such shape")?;
            fs::write(file, capture(flows, frame))?;
        }
        ["scan", file] => {
            black_box(run(file)?);
        }
        ["report", file] => {
            black_box(flows::rows(run(file)?.analysis.cells()));
        }
        _ => return Err("instructions write SHAPE FILE | scan FILE | report FILE".into()),
    }
    Ok(())
}

fn run(file: &str) -> Result<Run, Box<dyn Error>> {
    let options = Options {
        overlays: Overlays::default(),
        auto_ports: false,
        select: Select::default(),
        checksums: false,
        dedup: None,
        max_flows: None,
        count: None,
    };
    let input = Input::new("capture", Origin::Path(Path::new(file).into()));
    Ok(scan(vec![input], &options, Split::NONE, &mut Unwatched)?)
}

/// Writes the frame of a flow in which so many came before.
type Shape = fn(flow: u32, before: u32) -> Vec<u8>;

/// A shape by its name, and how many flows it has.
fn shape_of(name: &str) -> Option<(u32, Shape)> {
    match name {
        "many-packets-a-flow" => Some((100, udp)),
        "few-packets-a-flow" => Some((20_000, one_way)),
        "two-way-tcp" => Some((300, two_way)),
        "fragments" => Some((300, fragments)),
        _ => None,
    }
}

/// A pcap of frames of `flows` flows, which take turns in an order that is no order.
fn capture(flows: u32, frame: Shape) -> Vec<u8> {
    // Coprime to every number of flows.
    const STRIDE: u64 = 48_271;
    let mut pcap = Vec::new();
    for field in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65_535, 1] {
        pcap.extend(field.to_le_bytes());
    }
    for number in 0..FRAMES {
        let data = frame((u64::from(number) * STRIDE % u64::from(flows)) as u32, number / flows);
        let length = data.len() as u32;
        for field in [1_700_000_000 + number / 10_000, number % 10_000 * 100, length, length] {
            pcap.extend(field.to_le_bytes());
        }
        pcap.extend(data);
    }
    pcap
}

/// 64 bytes of UDP, one way.
fn udp(flow: u32, before: u32) -> Vec<u8> {
    around(flow, false, craft::UDP, &datagram(flow, before, 64))
}

/// A connection's SYN, then its data: no acknowledgments.
fn one_way(flow: u32, before: u32) -> Vec<u8> {
    let control = if before == 0 { SYN } else { PUSH_ACK };
    let sent = before.saturating_sub(1) * 100 + u32::from(before > 0);
    around(
        flow,
        false,
        craft::TCP,
        &segment(flow, false, control, [sent, 1], if before > 0 { 100 } else { 0 }),
    )
}

/// 1,000 bytes there, an acknowledgment back, and so on.
fn two_way(flow: u32, before: u32) -> Vec<u8> {
    let round = before / 2 * 1000 + 1;
    let back = before % 2 == 1;
    let (control, numbers, len) =
        if back { (ACK, [1, round + 1000], 0) } else { (PUSH_ACK, [round, 1], 1000) };
    around(flow, back, craft::TCP, &segment(flow, back, control, numbers, len))
}

/// The first and the second half of an outer datagram.
fn fragments(flow: u32, before: u32) -> Vec<u8> {
    /// Where the second half begins, behind all headers.
    const HALF: usize = 512;
    let inner = frame(flow, false, craft::UDP, &datagram(flow, before / 2, 900));
    let datagram = craft::udp(49_152, craft::VXLAN, &craft::vxlan(flow % 16, &inner));
    let second = before % 2 == 1;
    let (piece, flags_and_offset) =
        if second { (&datagram[HALF..], (HALF / 8) as u16) } else { (&datagram[..HALF], MORE) };
    let (source, destination) = vteps(flow, false);
    let identification = (before / 2 * 300 + flow) as u16;
    let ip = Ipv4 { source, destination, identification, flags_and_offset, ..Ipv4::default() };
    craft::outer(craft::IPV4, &ip.around(piece))
}

/// No two are alike, so that none is a copy.
fn datagram(flow: u32, before: u32, len: usize) -> Vec<u8> {
    craft::udp(port(flow), 5000, &[&before.to_be_bytes()[..], &vec![0x55; len - 4]].concat())
}

fn segment(flow: u32, back: bool, control: u8, [sequence, acknowledged]: [u32; 2], len: usize) -> Vec<u8> {
    let (source, destination) = if back { (443, port(flow)) } else { (port(flow), 443) };
    let segment = craft::tcp(source, destination, control, &[], &vec![0x55; len]);
    craft::patched(segment, 4, &[sequence.to_be_bytes(), acknowledged.to_be_bytes()].concat())
}

fn port(flow: u32) -> u16 {
    32_768 + (flow % 28_000) as u16
}

fn vteps(flow: u32, back: bool) -> ([u8; 4], [u8; 4]) {
    let (a, b) = ([192, 0, 2, (flow % 8) as u8], [192, 0, 2, 100 + (flow / 8 % 8) as u8]);
    if back { (b, a) } else { (a, b) }
}

/// The tenant's frame around a segment or a datagram.
fn frame(flow: u32, back: bool, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let [_, high, middle, low] = flow.to_be_bytes();
    let (client, server) = ([10, high, middle, low], [10, 255, 0, 1]);
    let (source, destination) = if back { (server, client) } else { (client, server) };
    let (from, to) = if back { (0xfe, low) } else { (low, 0xfe) };
    let ip = Ipv4 { source, destination, protocol, ..Ipv4::default() };
    craft::ethernet(craft::mac(from), craft::mac(to), craft::IPV4, &ip.around(payload))
}

/// The whole packet.
fn around(flow: u32, back: bool, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let inner = frame(flow, back, protocol, payload);
    let datagram =
        craft::udp(49_152 + (flow % 16_384) as u16, craft::VXLAN, &craft::vxlan(flow % 16, &inner));
    let (source, destination) = vteps(flow, back);
    craft::outer(craft::IPV4, &Ipv4 { source, destination, ..Ipv4::default() }.around(&datagram))
}
