//! What captures in the wild do to their readers, one trap a test.

mod capture_support;

use std::io::{self, Read};
use std::ops::ControlFlow;

use capture_support::{
    BIG, LITTLE, Pcapng, Record, Run, open, open_in_pieces, pcap, pcap_header, read, read_in_pieces,
};
use vxinspect_engine::capture::{ByteOrder, Capture, Format, LinkType, NO_TIME, Step};
use vxinspect_engine::error::CaptureError;

fn record(seconds: u32, fraction: u32, length: usize) -> Record {
    (seconds, fraction, length as u32, vec![seconds as u8; length])
}

fn message(result: Result<Run, CaptureError>) -> String {
    result.expect_err("an error").to_string()
}

#[test]
fn both_byte_orders_and_both_units_of_pcap_tell_the_same_times() {
    for order in [LITTLE, BIG] {
        let micro = read(&pcap(order, false, &[record(1_700_000_000, 999_999, 60)])).unwrap();
        assert_eq!(micro.frames[0].time, 1_700_000_000_999_999_000);
        assert_eq!(micro.facts.timestamp_resolution, "microseconds");
        let nano = read(&pcap(order, true, &[record(1_700_000_000, 999_999, 60)])).unwrap();
        assert_eq!(nano.frames[0].time, 1_700_000_000_000_999_999);
        assert_eq!(nano.facts.timestamp_resolution, "nanoseconds");
        assert_eq!(nano.facts.byte_order == ByteOrder::Big, order.big);
    }
}

#[test]
fn a_fraction_of_a_second_or_more_carries_over() {
    let run = read(&pcap(LITTLE, false, &[record(10, 1_500_000, 1)])).unwrap();
    assert_eq!(run.frames[0].time, 11_500_000_000);
    let run = read(&pcap(LITTLE, true, &[record(u32::MAX, u32::MAX, 1)])).unwrap();
    assert_eq!(run.frames[0].time, 4_294_967_295_000_000_000 + 4_294_967_295);
}

#[test]
fn an_original_length_below_the_captured_one_is_raised_to_it() {
    let run = read(&pcap(LITTLE, false, &[(1, 0, 3, vec![7; 60])])).unwrap();
    assert_eq!(run.frames[0].wire_len, 60);
    let mut pcapng = Pcapng::new(LITTLE);
    pcapng.interface(1, 0, &[]).enhanced(0, 0, 3, &[7; 60]);
    assert_eq!(read(&pcapng.bytes).unwrap().frames[0].wire_len, 60);
}

#[test]
fn an_fcs_length_in_the_network_field_is_no_part_of_the_link_type() {
    for network in [0x2400_0001, 0x0400_0001, 1] {
        let run = read(&pcap_header(LITTLE, false, 65_535, network)).unwrap();
        assert_eq!(run.facts.link_types, [LinkType::ETHERNET]);
    }
}

#[test]
fn an_absurd_captured_length_ends_the_run_at_its_record() {
    let mut bytes = pcap(LITTLE, false, &[record(1, 0, 60), record(2, 0, 60)]);
    let offset = bytes.len() as u64;
    bytes.extend(LITTLE.words(&[3, 0, 262_145, 262_145]));
    bytes.extend(vec![0; 300_000]);
    let run = read(&bytes).unwrap();
    assert_eq!(run.frames.len(), 2);
    assert!(!run.facts.complete);
    assert_eq!(run.facts.truncated_at, Some(offset));
    let damage = run.facts.damage.unwrap();
    assert!(!damage.fatal);
    assert_eq!(
        damage.to_string(),
        "at byte 176: expected a record of at most 262144 captured bytes, \
         found a captured length of 262145"
    );
}

#[test]
fn a_large_snap_length_allows_large_records() {
    let mut bytes = pcap_header(BIG, false, 1 << 20, 1);
    bytes.extend(BIG.words(&[3, 0, 1 << 20, 1 << 20]));
    bytes.extend(vec![9; 1 << 20]);
    bytes.extend(BIG.words(&[4, 0, 1, 1, 0]));
    let run = read(&bytes).unwrap();
    assert_eq!(run.frames[0].data.len(), 1 << 20);
    assert_eq!(run.facts.truncated_at, Some(24 + 16 + (1 << 20) + 17));
    bytes.truncate(bytes.len() - 3);
    assert!(read_in_pieces(&bytes, &[65_536]).unwrap().facts.complete);
}

#[test]
fn a_snap_length_of_four_gigabytes_allows_sixteen_megabytes() {
    let mut bytes = pcap_header(LITTLE, false, u32::MAX, 1);
    bytes.extend(LITTLE.words(&[3, 0, 16 << 20, 16 << 20]));
    bytes.extend(vec![9; 16 << 20]);
    bytes.extend(LITTLE.words(&[3, 0, (16 << 20) + 1, 0]));
    let run = read(&bytes).unwrap();
    assert_eq!(run.frames.len(), 1);
    assert_eq!(run.facts.truncated_at, Some(24 + 16 + (16 << 20)));
    assert!(run.facts.damage.is_some());
}

#[test]
fn an_empty_record_is_a_frame() {
    let run = read(&pcap(LITTLE, false, &[(1, 0, 60, vec![]), record(2, 0, 4)])).unwrap();
    assert_eq!(run.frames.len(), 2);
    assert_eq!(run.frames[0].wire_len, 60);
}

#[test]
fn what_is_no_capture_says_what_it_looks_like() {
    assert_eq!(message(read(b"")), "test: at byte 0: expected a pcap or pcapng capture, found an empty file");
    assert!(message(read(b"No.,Time,Source\n1,0.0,10.0.0.1\n")).ends_with("found text"));
    assert!(message(read(b"\x89PNG\r\n\x1a\n")).ends_with("found bytes 89 50 4e 47"));
    assert!(message(read(&[0xa1, 0xb2, 0xc3])).ends_with("found bytes a1 b2 c3"));
}

#[test]
fn a_version_that_cannot_be_known_is_told_with_its_place() {
    let mut bytes = pcap(LITTLE, false, &[]);
    bytes[4] = 3;
    assert_eq!(message(read(&bytes)), "test: at byte 4: expected pcap version 2, found version 3.4");
    let mut bytes = Pcapng::new(BIG).bytes;
    bytes[13] = 2;
    assert_eq!(message(read(&bytes)), "test: at byte 12: expected pcapng version 1, found version 2.0");
}

#[test]
fn every_block_that_carries_a_packet_is_a_frame() {
    for order in [LITTLE, BIG] {
        let mut pcapng = Pcapng::new(order);
        pcapng
            .interface(1, 0, &[])
            .enhanced(0, 1_700_000_000_000_001, 100, &[1; 61])
            .simple(62, &[2; 62])
            .obsolete(0, 5, 64, &[3; 63]);
        let run = read(&pcapng.bytes).unwrap();
        let lengths: Vec<usize> = run.frames.iter().map(|frame| frame.data.len()).collect();
        assert_eq!(lengths, [61, 62, 63]);
        let times: Vec<i64> = run.frames.iter().map(|frame| frame.time).collect();
        assert_eq!(times, [1_700_000_000_000_001_000, NO_TIME, 5000]);
        assert!(run.frames.iter().all(|frame| frame.link == 1));
        assert_eq!(run.frames[0].wire_len, 100);
        assert!(run.facts.complete);
    }
}

#[test]
fn sections_forget_interfaces_and_may_change_the_byte_order() {
    let mut pcapng = Pcapng::new(LITTLE);
    pcapng.interface(1, 0, &[]).enhanced(0, 1, 4, &[1; 4]);
    pcapng.section(BIG).enhanced(0, 1, 4, &[2; 4]);
    pcapng.interface(276, 0, &[]).enhanced(0, 1, 4, &[3; 4]);
    let run = read(&pcapng.bytes).unwrap();
    let links: Vec<u32> = run.frames.iter().map(|frame| frame.link).collect();
    assert_eq!(links, [1, LinkType::UNKNOWN.0, 276]);
    assert_eq!(run.facts.byte_order, ByteOrder::Mixed);
    assert_eq!(run.facts.link_types, [LinkType::ETHERNET, LinkType::LINUX_SLL2]);
}

#[test]
fn each_interface_has_its_own_link_type_resolution_and_offset() {
    let mut pcapng = Pcapng::new(LITTLE);
    let nano = pcapng.option(9, &[9]);
    let binary = [pcapng.option(9, &[0x8a]), pcapng.option(14, &(-10_i64).to_le_bytes())].concat();
    pcapng
        .interface(1, 0, &[])
        .interface(113, 0, &nano)
        .interface(101, 0, &binary)
        .enhanced(2, 20 << 10, 1, &[0])
        .enhanced(1, 7, 1, &[0])
        .enhanced(0, 7, 1, &[0]);
    let run = read(&pcapng.bytes).unwrap();
    let seen: Vec<_> = run.frames.iter().map(|frame| (frame.link, frame.time)).collect();
    assert_eq!(seen, [(101, 10_000_000_000), (113, 7), (1, 7000)]);
    assert_eq!(run.facts.timestamp_resolution, "microseconds, nanoseconds, 2^-10 s");
}

#[test]
fn malformed_options_are_no_error() {
    let mut pcapng = Pcapng::new(LITTLE);
    pcapng.interface(1, 0, &[9, 0, 255, 255, 1, 2, 3, 4]).enhanced(0, 1, 1, &[0]);
    let run = read(&pcapng.bytes).unwrap();
    assert_eq!(run.frames[0].time, 1000);
    assert!(run.facts.complete);
}

#[test]
fn a_simple_packet_ends_at_the_first_interfaces_snap_length() {
    let mut pcapng = Pcapng::new(LITTLE);
    pcapng.interface(1, 6, &[]).interface(1, 2, &[]).simple(1500, &[1; 8]);
    let run = read(&pcapng.bytes).unwrap();
    assert_eq!(run.frames[0].data.len(), 6);
    assert_eq!(run.frames[0].wire_len, 1500);
}

#[test]
fn unknown_blocks_are_skipped_whatever_they_hold() {
    let mut pcapng = Pcapng::new(BIG);
    pcapng.block(0x0bad, &[0xff; 33]).interface(1, 0, &[]);
    pcapng.block(5, &[]).enhanced(0, 1, 1, &[1]).block(0x8000_0001, &vec![0x0a; 1_000_000]);
    pcapng.enhanced(0, 2, 1, &[1]);
    let run = read(&pcapng.bytes).unwrap();
    assert_eq!(run.frames.len(), 2);
    assert!(run.facts.complete);
}

/// A section header, a block of unknown type and 4 GiB - 4, and a packet.
struct Enormous {
    head: io::Cursor<Vec<u8>>,
    zeros: u64,
    tail: io::Cursor<Vec<u8>>,
}

impl Read for Enormous {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.head.read(into)?;
        if count > 0 {
            return Ok(count);
        }
        if self.zeros == 0 {
            return self.tail.read(into);
        }
        // What the buffer holds already is as good as zeros to a reader that does not look.
        let count = into.len().min(usize::try_from(self.zeros).unwrap_or(usize::MAX));
        self.zeros -= count as u64;
        Ok(count)
    }
}

#[test]
fn a_block_of_four_gigabytes_is_skipped_in_place() {
    let length = LITTLE.u32(u32::MAX - 3);
    let mut head = Pcapng::new(LITTLE);
    head.interface(1, 0, &[]).bytes.extend(LITTLE.u32(0x0bad));
    head.bytes.extend(length);
    let mut tail = Pcapng { order: LITTLE, bytes: length.to_vec() };
    tail.enhanced(0, 1, 1, &[1]);
    let enormous = Enormous {
        head: io::Cursor::new(head.bytes),
        zeros: u64::from(u32::MAX - 3) - 12,
        tail: io::Cursor::new(tail.bytes),
    };
    let capture = Capture::open("test", Box::new(enormous)).unwrap();
    let run = capture_support::finish(capture).unwrap();
    assert_eq!(run.frames.len(), 1);
    assert!(run.facts.complete);
    assert!(run.facts.bytes > u64::from(u32::MAX));
}

/// A pcapng of one packet, then `tail`; and where the tail starts.
fn with_tail(tail: &[u8]) -> (Vec<u8>, u64) {
    let mut pcapng = Pcapng::new(LITTLE);
    pcapng.interface(1, 0, &[]).enhanced(0, 1, 4, &[1; 4]);
    let offset = pcapng.bytes.len() as u64;
    pcapng.bytes.extend(tail);
    (pcapng.bytes, offset)
}

#[test]
fn impossible_block_lengths_are_fatal_and_keep_the_frames_before() {
    let mut torn = Pcapng { order: LITTLE, bytes: vec![] };
    torn.enhanced(0, 1, 4, &[1; 4]);
    *torn.bytes.last_mut().unwrap() = 1;
    let mut torn_unknown = Pcapng { order: LITTLE, bytes: vec![] };
    torn_unknown.block(0x0bad, &[0; 16]);
    torn_unknown.bytes[24] = 1;
    let tails = [
        LITTLE.words(&[6, 0]),
        LITTLE.words(&[6, 8]),
        LITTLE.words(&[0x0bad, 11]),
        LITTLE.words(&[6, 33]),
        LITTLE.words(&[0x0bad, 13]),
        LITTLE.words(&[6, (16 << 20) + 4]),
        LITTLE.words(&[1, 0x4000_0000]),
        LITTLE.words(&[6, 16, 0, 16]),
        LITTLE.words(&[1, 16, 0, 16]),
        LITTLE.words(&[3, 12, 12]),
        LITTLE.words(&[0x0a0d_0d0a, 24, 0x1a2b_3c4d, 1, 0, 24]),
        LITTLE.words(&[0x0a0d_0d0a, 0x4000_0000, 0x1a2b_3c4d, 1]),
        torn.bytes,
        torn_unknown.bytes,
    ];
    for tail in tails {
        let (bytes, offset) = with_tail(&tail);
        let run = read(&bytes).unwrap();
        assert_eq!(run.frames.len(), 1, "{tail:?}");
        assert_eq!(run.facts.truncated_at, Some(offset), "{tail:?}");
        let damage = run.facts.damage.expect("damage");
        assert!(damage.fatal, "{tail:?}");
        assert_eq!(damage.offset, offset, "{tail:?}");
    }
}

#[test]
fn a_captured_length_that_does_not_fit_its_block_is_damage_that_is_not_fatal() {
    let (bytes, offset) = with_tail(&LITTLE.words(&[6, 36, 0, 0, 1, 5, 5, 0, 36]));
    let run = read(&bytes).unwrap();
    assert_eq!(run.frames.len(), 1);
    let damage = run.facts.damage.unwrap();
    assert!(!damage.fatal);
    assert_eq!(damage.offset, offset);
    assert_eq!(damage.found, "a captured length of 5");
}

#[test]
fn a_later_section_without_byte_order_is_fatal() {
    let (bytes, offset) = with_tail(&LITTLE.words(&[0x0a0d_0d0a, 28, 0x0102_0304, 1, 0, 0, 28]));
    let run = read(&bytes).unwrap();
    let damage = run.facts.damage.unwrap();
    assert!(damage.fatal);
    assert_eq!(damage.offset, offset + 8);
    assert_eq!(run.facts.truncated_at, Some(offset));
}

#[test]
fn damage_in_the_first_section_header_is_an_error() {
    let mut bytes = Pcapng::new(LITTLE).bytes;
    bytes[8] = 0;
    let text = message(read(&bytes));
    assert!(text.starts_with("test: at byte 8: expected the byte-order magic"), "{text}");
    let mut bytes = Pcapng::new(LITTLE).bytes;
    bytes[4] = 3;
    assert!(message(read(&bytes)).ends_with("found block length 3"));
}

#[test]
fn a_header_that_is_cut_opens_with_no_frames() {
    let pcapng = Pcapng::new(LITTLE).bytes;
    let pcap = pcap(BIG, true, &[]);
    for (whole, format) in [(&pcapng, Format::Pcapng), (&pcap, Format::Pcap)] {
        for length in 4..whole.len() {
            let run = read(&whole[..length]).unwrap();
            assert!(run.frames.is_empty());
            assert_eq!(run.facts.format, format);
            assert!(!run.facts.complete);
            assert_eq!(run.facts.truncated_at, Some(0));
            assert_eq!(run.facts.damage, None);
        }
        assert!(read(whole).unwrap().facts.complete);
    }
}

#[test]
fn a_block_that_is_cut_while_skipped_is_named_by_its_start() {
    let mut pcapng = Pcapng::new(LITTLE);
    let offset = pcapng.bytes.len() as u64;
    pcapng.block(0x0bad, &vec![1; 600_000]);
    for cut in [1, 4, 5, 300_000, 600_004] {
        let bytes = &pcapng.bytes[..pcapng.bytes.len() - cut];
        let run = read(bytes).unwrap();
        assert_eq!(run.facts.truncated_at, Some(offset), "{cut}");
        assert_eq!(run.facts.damage, None);
    }
}

#[test]
fn break_consumes_its_frame_and_nothing_after_it() {
    let bytes = pcap(LITTLE, false, &[record(1, 0, 9), record(2, 0, 9), record(3, 0, 9)]);
    let mut capture = open(&bytes).unwrap();
    let mut seen = Vec::new();
    loop {
        let step = capture
            .drain(&mut |frame| {
                seen.push(frame.time / 1_000_000_000);
                ControlFlow::Break(())
            })
            .unwrap();
        if step == Step::End {
            break;
        }
    }
    assert_eq!(seen, [1, 2, 3]);
    assert!(capture.facts().complete);
}

#[test]
fn the_first_time_is_told_without_consuming_the_frame() {
    let mut pcapng = Pcapng::new(LITTLE);
    pcapng.interface(1, 0, &[]).enhanced(0, 7, 4, &[1; 4]).enhanced(0, 8, 4, &[2; 4]);
    let plain = read(&pcapng.bytes).unwrap();
    let mut capture = open_in_pieces(&pcapng.bytes, &[1]).unwrap();
    assert_eq!(capture.first_time().unwrap(), Some(7000));
    assert_eq!(capture.first_time().unwrap(), Some(7000));
    let run = capture_support::finish(capture).unwrap();
    assert_eq!(run.essence(), plain.essence());
}

#[test]
fn there_is_no_first_time_without_a_frame_or_without_its_time() {
    assert_eq!(open(&pcap(LITTLE, false, &[])).unwrap().first_time().unwrap(), None);
    let mut pcapng = Pcapng::new(LITTLE);
    pcapng.interface(1, 0, &[]).simple(4, &[1; 4]);
    let mut capture = open(&pcapng.bytes).unwrap();
    assert_eq!(capture.first_time().unwrap(), None);
    assert_eq!(capture_support::finish(capture).unwrap().frames.len(), 1);
}

#[test]
fn an_interrupted_read_is_told_and_loses_nothing() {
    let bytes = pcap(LITTLE, false, &[record(1, 0, 60), record(2, 0, 60)]);
    let mut capture = open_in_pieces(&bytes, &[0, 7, 0, 1]).unwrap();
    let mut frames = 0;
    let mut interruptions = 0;
    let mut first = None;
    while first.is_none() {
        match capture.first_time() {
            Ok(time) => first = time,
            Err(CaptureError::Io { source, .. }) => {
                assert_eq!(source.kind(), io::ErrorKind::Interrupted);
                interruptions += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    loop {
        let step = capture.drain(&mut |_| {
            frames += 1;
            ControlFlow::Continue(())
        });
        match step.unwrap() {
            Step::Interrupted => interruptions += 1,
            Step::End => break,
            Step::More | Step::Reached | Step::Stopped => {}
        }
    }
    assert_eq!(first, Some(1_000_000_000));
    assert_eq!(frames, 2);
    assert!(interruptions > 10);
    assert!(capture.facts().complete);
}

/// Gives its bytes, then an error.
struct Broken(io::Cursor<Vec<u8>>);

impl Read for Broken {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self.0.read(into)? {
            0 => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn an_error_of_the_input_is_told_after_the_frames_before_it() {
    let bytes = pcap(LITTLE, false, &[record(1, 0, 60)]);
    let mut capture = Capture::open("disk.pcap", Box::new(Broken(io::Cursor::new(bytes)))).unwrap();
    let mut frames = 0;
    let mut each = |_: vxinspect_engine::capture::Frame<'_>| {
        frames += 1;
        ControlFlow::Continue(())
    };
    assert_eq!(capture.drain(&mut each).unwrap(), Step::More);
    let error = capture.drain(&mut each).unwrap_err();
    assert_eq!(error.to_string(), "disk.pcap: the disk is gone");
    assert_eq!(frames, 1);
}
