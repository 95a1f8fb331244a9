//! What is fuzzed: functions of any bytes that must come to an end without a panic, and hold what they assert.
//!
//! `engine/fuzz` has libFuzzer call them (`make fuzz`), `tests/fuzz_seeds.rs` calls them on seeds and on what a simple mutation
//! makes of those.

// Each target is a program of its own, and uses one of them.
#![allow(dead_code, unreachable_pub)]

pub mod frames;

use std::io::Cursor;
use std::sync::Arc;

use frames::{Record, Shape};
use vxinspect_engine::analysis::{Analysis, Settings, Window};
use vxinspect_engine::capture::NO_TIME;
use vxinspect_engine::decode::{Overlays, Ports};
use vxinspect_engine::disposition::{Disposition, Ending};
use vxinspect_engine::encapsulation::Encapsulation;
use vxinspect_engine::packet::Packet;
use vxinspect_engine::scan::{Input, Options, Origin, Run, Split, Unwatched, scan};
use vxinspect_engine::select::Select;
use vxinspect_engine::sieve::Sieve;
use vxinspect_engine::value::Value;
use vxinspect_engine::views::View;

/// A target.
pub type Target = fn(&[u8]);

/// All of them, by name.
pub const ALL: [(&str, Target); 4] =
    [("container", container), ("frame", frame), ("merge", merge), ("filter", filter)];

/// Frames of a capture that are looked at: an empty record takes 16 bytes, and a compressed one hardly any.
const MOST_FRAMES: u64 = 10_000;

/// A capture of any format comes to the same as a file, through a pipe, and on two threads in segments of any size.
pub fn container(bytes: &[u8]) {
    let shared: Arc<[u8]> = bytes.into();
    let read = |origin, split| {
        let options = Options {
            overlays: Overlays::default(),
            auto_ports: false,
            select: Select::default(),
            checksums: false,
            dedup: None,
            max_flows: None,
            count: Some(MOST_FRAMES),
        };
        scan(vec![Input::new("fuzzed", origin)], &options, split, &mut Unwatched)
    };
    let told = |run: Run| {
        let (analysis, facts) = (run.analysis, &run.captures[0].1);
        let notes: Vec<_> = analysis.notes().collect();
        let read = (facts.bytes, facts.complete, facts.truncated_at, facts.link_types.clone());
        format!("{:?} {notes:?} {read:?} {:?}", analysis.endings(), analysis.seen())
    };
    let outcome = |run: Result<Run, _>| run.map(told).map_err(|error| format!("{error}"));
    let alone = outcome(read(Origin::Bytes(Arc::clone(&shared)), Split::NONE));
    let piped = outcome(read(Origin::Reader(Box::new(Cursor::new(bytes.to_vec()))), Split::NONE));
    assert_eq!(piped, alone, "through a pipe");
    // Threads take longer to start than all the rest, so that one input in eight has to do.
    if bytes.last().is_some_and(|last| last % 8 == 0) {
        let segment = 64 + u64::from(bytes[0]) * 8;
        let split = outcome(read(Origin::Bytes(shared), Split { threads: 2, segment }));
        assert_eq!(split, alone, "in segments of {segment}");
    }
}

/// A frame of any link type, twice, so that there may be copies and pieces of one datagram: every report of it is made.
pub fn frame(bytes: &[u8]) {
    let Some((shape, data)) = Shape::read(bytes) else { return };
    let encapsulations = [Encapsulation::Vxlan, Encapsulation::VxlanGpe, Encapsulation::Geneve];
    let selected = encapsulations.into_iter().filter(|one| shape.flags & 1 << *one as u8 == 0).collect();
    let overlays = Overlays::new(Ports::new(&[4789, 8472]), selected, 1 + usize::from(shape.flags >> 6));
    let settings = Settings {
        overlays,
        select: Select::default(),
        checksums: shape.flags & 8 != 0,
        dedup: (shape.flags & 16 != 0).then(Window::default),
        max_flows: (shape.flags & 32 != 0).then_some(0),
    };
    let frame = shape.frame(data);
    let mut sieve = Sieve::new(settings.clone());
    let mut analysis = Analysis::new(settings);
    let mut packet = Packet::default();
    for _ in 0..2 {
        sieve.look(&frame, &mut packet);
        analysis.observe(&frame);
    }
    analysis.finish();
    assert_conserved(&analysis, 2);
    assert_eq!(
        format!("{:?}", sieve.tally().endings()),
        format!("{:?}", analysis.endings()),
        "frame by frame it is another"
    );
}

/// Frames in a row, cut in two anywhere and merged, have the sums of the whole.
pub fn merge(bytes: &[u8]) {
    let Some((cut, bytes)) = bytes.split_first() else { return };
    let records: Vec<Record<'_>> = Record::read_all(bytes).collect();
    let at = usize::from(*cut) % (records.len() + 1);
    let analysed = |records: &[Record<'_>]| {
        let settings = Settings {
            overlays: Overlays::default(),
            select: Select::default(),
            checksums: false,
            dedup: None,
            max_flows: None,
        };
        let mut analysis = Analysis::new(settings);
        for record in records {
            analysis.observe(&record.frame());
        }
        analysis.finish();
        analysis
    };
    let whole = analysed(&records);
    let mut merged = analysed(&records[..at]);
    merged.merge(&analysed(&records[at..]));
    assert_conserved(&whole, records.len() as u64);
    assert_conserved(&merged, records.len() as u64);
    // A part that begins inside of a datagram may take its pieces for those of the next one.
    if whole.endings().of(Disposition::Fragment) == 0 && merged.endings().of(Disposition::Fragment) == 0 {
        assert_eq!(merged.endings(), whole.endings());
        for column in ["packets", "wire_bytes", "inner_bytes"] {
            assert_eq!(sum(&merged, View::Vnis, column), sum(&whole, View::Vnis, column), "{column}");
        }
    }
}

/// A term of a selection: the first byte says of which field. What is understood selects some packet or not.
pub fn filter(bytes: &[u8]) {
    const FIELDS: [&str; 9] =
        ["vni", "vtep", "mac", "host", "protocol", "inner_port", "since", "until", "filter"];
    let Some((field, text)) = bytes.split_first() else { return };
    let field = FIELDS.get(usize::from(*field)).unwrap_or(&"filter");
    let text = String::from_utf8_lossy(text);
    match Select::new([(*field, &*text)]) {
        Ok(select) => {
            for packet in frames::packets() {
                let _ = select.matches(packet, &[]);
            }
            let _ = select.in_window(NO_TIME);
        }
        Err(error) => assert!(!format!("{error}").is_empty()),
    }
}

/// Asserts that every table adds up, and every frame ended in one way.
fn assert_conserved(analysis: &Analysis, frames: u64) {
    const ALIKE: [View; 5] =
        [View::Vnis, View::Tunnels, View::ConversationsByMac, View::OverheadByVni, View::OverheadByTunnel];
    const OTHERS: [View; 11] = [
        View::Flows,
        View::ConversationsByIp,
        View::Vteps,
        View::Fdb,
        View::Addresses,
        View::Bursts,
        View::Losses,
        View::Doubles,
        View::Strays,
        View::OneWayTunnels,
        View::Sources,
    ];
    for column in ["packets", "wire_bytes", "inner_bytes"] {
        let total = sum(analysis, View::OverheadTotal, column);
        for view in ALIKE {
            assert_eq!(sum(analysis, view, column), total, "{column} of {view:?}");
        }
    }
    for view in OTHERS {
        let table = view.table(analysis.cells(), &[], None).expect("it is sorted by nothing");
        for row in 0..table.len() {
            let _ = table.values(row, analysis.cells());
        }
    }
    let endings = analysis.endings();
    assert_eq!(endings.total(), frames);
    if analysis.settings().dedup.is_none() {
        let packets: u64 =
            [Ending::Vxlan, Ending::VxlanGpe, Ending::Geneve].map(|it| endings.count(it)).iter().sum();
        assert_eq!(sum(analysis, View::Vnis, "packets"), packets);
    }
}

/// The sum of a column of counts; of layers, that of the outermost.
fn sum(analysis: &Analysis, view: View, column: &str) -> u64 {
    let table = view.table(analysis.cells(), &[], None).expect("it is sorted by nothing");
    let place = |wanted: &str| table.columns().iter().position(|name| *name == wanted);
    let (at, depth) = (place(column).expect("a column"), place("depth"));
    let count = |row: &[Value], at: usize| if let Value::Count(count) = row[at] { count } else { 0 };
    let rows = (0..table.len()).filter_map(|row| table.values(row, analysis.cells()));
    rows.filter(|row| depth.is_none_or(|depth| count(row, depth) == 1)).map(|row| count(&row, at)).sum()
}
