//! Fragments whose datagrams are never complete: memory has a bound. By itself, because it looks at the whole process.

#![cfg(target_os = "linux")]

mod craft;

use std::sync::Mutex;

use craft::{Ipv4, MORE};
use vxinspect_engine::analysis::{Analysis, Settings};
use vxinspect_engine::capture::{Frame, LinkType};
use vxinspect_engine::decode::Overlays;
use vxinspect_engine::disposition::Ending;
use vxinspect_engine::select::Select;

/// One test at a time.
static PROCESS: Mutex<()> = Mutex::new(());

/// Resident memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

/// A first piece, with as many bytes as are kept of any.
fn first_piece() -> Vec<u8> {
    let data = craft::datagram(100, &[craft::inner(), vec![0; 2000]].concat());
    let header = Ipv4 { flags_and_offset: MORE, ..Ipv4::default() };
    craft::outer(craft::IPV4, &header.around(&data[..1024]))
}

/// A million datagrams of which only the first piece is there: 64 MiB of them are under way at a time, the oldest are
/// given up, and all are counted.
#[test]
fn a_million_never_complete() {
    const MANY: u32 = 1_000_000;
    let _alone = PROCESS.lock();
    let mut analysis = Analysis::new(Settings {
        overlays: Overlays::default(),
        select: Select::default(),
        checksums: false,
        dedup: None,
        max_flows: None,
    });
    let mut data = first_piece();
    let before = resident();
    for number in 0..MANY {
        let [_, high, middle, low] = number.to_be_bytes();
        // The identification, and the last octet of the source.
        data[18..20].copy_from_slice(&[middle, low]);
        data[29] = high;
        let frame = Frame { data: &data, wire_len: data.len() as u32, time: 5, link: LinkType::ETHERNET };
        analysis.observe(&frame);
    }
    analysis.finish();
    // What the other test let go of may go back to the system meanwhile.
    let grown = resident().saturating_sub(before) >> 20;
    assert!(grown < 96, "{grown} MiB");
    let (count, for_memory) = analysis.incomplete_datagrams();
    assert_eq!((count, analysis.endings().count(Ending::Fragment)), (u64::from(MANY), MANY.into()));
    assert!(for_memory > u64::from(MANY) / 2, "{for_memory}");
    assert_eq!(analysis.incomplete()[0].datagram.identification(), 0);
}

/// The same where all are whole: what tells repeats has a bound as well.
#[test]
fn a_million_complete() {
    const MANY: u32 = 1_000_000;
    let _alone = PROCESS.lock();
    let datagram = craft::datagram(100, &craft::inner());
    let piece = |from: usize, to: usize, more| {
        let header = Ipv4 { flags_and_offset: more | (from / 8) as u16, ..Ipv4::default() };
        craft::outer(craft::IPV4, &header.around(&datagram[from..to]))
    };
    let mut pieces = [piece(0, 64, MORE), piece(64, datagram.len(), 0)];
    let mut analysis = Analysis::new(Settings {
        overlays: Overlays::default(),
        select: Select::default(),
        checksums: false,
        dedup: None,
        max_flows: None,
    });
    let before = resident();
    for number in 0..MANY {
        let [_, high, middle, low] = number.to_be_bytes();
        for data in &mut pieces {
            data[18..20].copy_from_slice(&[middle, low]);
            data[29] = high;
            let frame = Frame { data, wire_len: data.len() as u32, time: 5, link: LinkType::ETHERNET };
            analysis.observe(&frame);
        }
    }
    analysis.finish();
    let grown = resident().saturating_sub(before) >> 20;
    assert!(grown < 64, "{grown} MiB");
    assert_eq!(analysis.endings().count(Ending::Vxlan), u64::from(MANY));
}
