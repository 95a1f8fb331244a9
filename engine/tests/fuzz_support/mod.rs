//! Seeds of the targets, and what a simple mutation makes of them.

// The program that writes the seeds to files mutates none.
#![allow(dead_code, unreachable_pub)]

use std::fs;
use std::io::Cursor;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use vxinspect_engine::capture::{Capture, Step};

use crate::craft::{self, Ipv4};

/// The samples, beside the engine.
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../samples");

/// Seeds are no longer than this: what is not reached by then is the same again.
const LONGEST: usize = 1 << 14;

/// Selections of every kind, each with the number of its field.
const SELECTIONS: [(u8, &str); 28] = [
    (0, "100-199,300"),
    (1, "2001:db8::1"),
    (2, "02:00:00:00:00:01"),
    (3, "10.0.0.0/8"),
    (4, "0x88cc"),
    (5, "443"),
    (6, "2024-02-29T23:59:60.000000001Z"),
    (7, "1700000000.5"),
    (8, "vxlan.vni == 100"),
    (8, "inner.ip.addr == 10.0.0.0/24 && !(tcp.port in {80, 443, 8000..8080})"),
    (8, "any inner.ip.src != 10.0.0.1 or all tcp.port > 1024"),
    (8, "inner.eth.addr[0:3] == 02:00:00"),
    (8, "tcp.flags & 0x12 == 0x02 and not udp"),
    (8, "tcp.flags.syn == 1 && tcp.flags.ack == 0"),
    (8, "tcp.port === 80"),
    (8, "outer.ip.ttl < 5 || vni > 9"),
    (8, "frame.len >= 1500 and inner.len <= 0x100"),
    (8, "outer.ip.addr == 192.0.2.1"),
    (8, "inner.eth.type == 0x0806"),
    (8, "inner.vlan.id in {1..10, 20}"),
    (8, "((((((((vni))))))))"),
    (8, "!!!!!!!!vni"),
    (8, "not not (tcp or not inner.ip)"),
    (8, "inner.ip.addr[1:2] == 0a:00"),
    (8, "inner.ip.addr in {10.0.0.1 .. 10.0.0.9}"),
    (8, "inner.ip.proto == \"tcp\""),
    (8, "vxlan.vni =="),
    (8, "é == ☃"),
];

/// The seeds of a target, from the samples.
pub fn seeds(target: &str) -> Vec<Vec<u8>> {
    seeds_of(target, &captures(Path::new(SAMPLES)))
}

/// The seeds of a target, from these captures.
pub fn seeds_of(target: &str, captures: &[PathBuf]) -> Vec<Vec<u8>> {
    let contents = || captures.iter().filter_map(|path| fs::read(path).ok());
    let mut seeds: Vec<Vec<u8>> = match target {
        "container" => contents().collect(),
        "frame" => contents().flat_map(|bytes| distinct(frames(bytes))).map(with_shape).collect(),
        "merge" => contents().map(|bytes| [vec![7], frames(bytes).concat()].concat()).collect(),
        "filter" => SELECTIONS.iter().map(|(field, text)| [&[*field], text.as_bytes()].concat()).collect(),
        _ => Vec::new(),
    };
    if target == "frame" {
        seeds.extend(crafted().into_iter().map(|frame| [&[0, 0, 0][..], &frame].concat()));
    }
    for seed in &mut seeds {
        seed.truncate(LONGEST);
    }
    seeds
}

/// The captures below a folder, in order.
pub fn captures(folder: &Path) -> Vec<PathBuf> {
    const SUFFIXES: [&str; 6] = ["pcap", "pcapng", "gz", "zst", "lz4", "xz"];
    let (mut folders, mut found) = (vec![folder.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| SUFFIXES.iter().any(|suffix| it == *suffix)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The frames of a capture as `merge` reads them: a length in two bytes, and a microsecond.
fn frames(bytes: Vec<u8>) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let Ok(mut capture) = Capture::open("seed", Box::new(Cursor::new(bytes))) else { return frames };
    let mut each = |frame: vxinspect_engine::capture::Frame<'_>| {
        let length = (frame.data.len().min(usize::from(u16::MAX)) as u16).to_be_bytes();
        frames.push([&length[..], &[1], frame.data].concat());
        ControlFlow::Continue(())
    };
    while matches!(capture.drain(&mut each), Ok(Step::More | Step::Interrupted)) {}
    frames
}

/// One of each length.
fn distinct(mut frames: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    frames.sort_by_key(Vec::len);
    frames.dedup_by_key(|frame| frame.len());
    frames
}

/// In place of length and time, what `frame` reads in front.
fn with_shape(mut frame: Vec<u8>) -> Vec<u8> {
    frame[..3].fill(0);
    frame
}

/// What the samples have none of.
fn crafted() -> Vec<Vec<u8>> {
    let inner = craft::over_ipv4(7, &craft::inner());
    let gre = |payload: &[u8]| {
        craft::outer(craft::IPV4, &Ipv4 { protocol: craft::GRE, ..Ipv4::default() }.around(payload))
    };
    let udp = |port, payload: &[u8]| {
        craft::outer(craft::IPV4, &Ipv4::default().around(&craft::udp(50_000, port, payload)))
    };
    let ip = &inner[14..];
    vec![
        craft::over_ipv6(7, &craft::inner()),
        craft::over_ipv4(7, &inner),
        craft::over_ipv4(
            7,
            &craft::ethernet(
                craft::mac(1),
                craft::BROADCAST,
                craft::ARP,
                &craft::arp(craft::mac(1), [10, 0, 0, 1], [10, 0, 0, 2]),
            ),
        ),
        gre(&craft::erspan(&inner)),
        gre(&craft::gre(craft::BRIDGED, [None, Some(5), None], &inner)),
        craft::outer(craft::MPLS, &craft::labels(&[16, 17], ip)),
        craft::outer(craft::PPPOE, &craft::pppoe(0x0021, ip)),
        craft::outer(craft::IPV4, &Ipv4 { protocol: craft::IPIP, ..Ipv4::default() }.around(ip)),
        craft::outer(craft::VLAN, &craft::tag(5, craft::VLAN, &craft::tag(6, craft::IPV4, ip))),
        udp(6081, &[&[0x01, 0, 0x65, 0x58, 0, 0, 7, 0, 1, 2, 3, 0][..], &craft::inner()].concat()),
        udp(4790, &[&[0x0c, 0, 0, 3, 0, 0, 7, 0][..], &craft::inner()].concat()),
        udp(4790, &[&[0x0c, 0, 0, 1, 0, 0, 7, 0][..], ip].concat()),
    ]
}

/// Makes inputs of seeds: one to four things broken in each, always the same in the same order.
pub struct Mutator {
    seeds: Vec<Vec<u8>>,
    state: u64,
}

impl Mutator {
    pub fn new(seeds: Vec<Vec<u8>>) -> Self {
        Self { seeds, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// The next input.
    pub fn next(&mut self) -> Vec<u8> {
        let seed = self.below(self.seeds.len());
        let mut data = self.seeds[seed].clone();
        for _ in 0..=self.below(4) {
            self.mutate(&mut data);
        }
        data
    }

    /// A number below `end`, or 0; by xorshift.
    fn below(&mut self, end: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as usize % end.max(1)
    }

    /// A place, one of two in the first 128 bytes.
    fn place(&mut self, data: &[u8]) -> usize {
        let end = if self.below(2) == 0 { data.len().min(128) } else { data.len() };
        self.below(end)
    }

    fn mutate(&mut self, data: &mut Vec<u8>) {
        const EXTREMES: [u32; 10] =
            [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0xffff_ffff];
        if data.is_empty() {
            return data.push(0);
        }
        let at = self.place(data);
        match self.below(6) {
            0 => data[at] ^= 1 << self.below(8),
            1 => data[at] = self.below(256) as u8,
            2 => {
                let bytes = EXTREMES[self.below(EXTREMES.len())].to_be_bytes();
                let size = [1, 2, 4][self.below(3)].min(data.len() - at);
                let mut bytes = bytes[4 - size..].to_vec();
                if self.below(2) == 0 {
                    bytes.reverse();
                }
                data[at..at + size].copy_from_slice(&bytes);
            }
            3 => data.truncate(at),
            4 => {
                let end = (at + 1 + self.below(16)).min(data.len());
                data.drain(at..end);
            }
            _ => {
                let other = self.below(self.seeds.len());
                let from = self.below(self.seeds[other].len());
                let end = (from + self.below(200)).min(self.seeds[other].len());
                let piece = self.seeds[other][from..end].to_vec();
                data.splice(at..at, piece);
            }
        }
    }
}
