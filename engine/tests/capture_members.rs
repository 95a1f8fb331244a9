//! Members of compressed captures decoded side by side: what comes of it is what one decoder comes to, word by word.

mod capture_support;

use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use capture_support::{LITTLE, Record, Run, finish, pcap, read};
use proptest::prelude::*;
use vxinspect_engine::capture::{Capture, Compression, Frame};

/// Reads with threads that decompress, behind the first record as a run does.
fn read_ahead(bytes: &[u8], threads: usize) -> Result<Run, String> {
    let shared: Arc<[u8]> = bytes.into();
    let mut capture = Capture::open_at("test", Arc::new(shared)).map_err(|error| error.to_string())?;
    let mut frames = Vec::new();
    let mut first = |frame: Frame<'_>| {
        frames.push(frame.into());
        ControlFlow::Break(())
    };
    capture.drain(&mut first).map_err(|error| error.to_string())?;
    capture.decompress_ahead(threads);
    let run = finish(capture).map_err(|error| error.to_string())?;
    frames.extend(run.frames);
    Ok(Run { frames, ..run })
}

fn assert_alike(bytes: &[u8]) {
    let alone = read(bytes).map_err(|error| error.to_string());
    for threads in [1, 2, 3] {
        match (read_ahead(bytes, threads), &alone) {
            (Ok(found), Ok(expected)) => assert_eq!(found.essence(), expected.essence()),
            (found, expected) => assert_eq!(found.unwrap_err(), *expected.as_ref().unwrap_err()),
        }
    }
}

/// A block of BGZF (SAM format specification, section 4.1): a gzip member with its length in an extra field.
fn block(bytes: &[u8], fields: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    let data = encoder.finish().unwrap();
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    let extra = (fields.len() + 6) as u16;
    let length = 12 + usize::from(extra) + data.len() + 8;
    let mut member = vec![0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255];
    member.extend(extra.to_le_bytes());
    member.extend(fields);
    member.extend(b"BC\x02\x00");
    member.extend(((length - 1) as u16).to_le_bytes());
    member.extend(data);
    member.extend(crc.sum().to_le_bytes());
    member.extend((bytes.len() as u32).to_le_bytes());
    assert_eq!(member.len(), length);
    member
}

fn zstd_frame(bytes: &[u8], checksum: bool, sized: bool) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(checksum).unwrap();
    if sized {
        encoder.set_pledged_src_size(Some(bytes.len() as u64)).unwrap();
    }
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lz4_frame(bytes: &[u8], full: bool) -> Vec<u8> {
    let mut info = lz4_flex::frame::FrameInfo::new();
    if full {
        info = info
            .block_size(lz4_flex::frame::BlockSize::Max64KB)
            .block_checksums(true)
            .content_checksum(true)
            .content_size(Some(bytes.len() as u64));
    }
    let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The member number `n` of a capture; every now and then one with other options.
fn member(compression: Compression, n: usize, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Compression::Gzip => block(bytes, if n % 3 == 2 { b"XX\x03\x00BC\x02" } else { b"" }),
        Compression::Zstd => zstd_frame(bytes, n.is_multiple_of(2), n.is_multiple_of(3)),
        _ => lz4_frame(bytes, n.is_multiple_of(2)),
    }
}

fn capture(frames: u32, length: u32) -> Vec<u8> {
    let noise =
        |n: u32, at: u32| (n.wrapping_mul(2_654_435_761).wrapping_add(at * at * 40_503) >> 13) as u8 & 0x3f;
    let record = |n| -> Record { (n, 0, length, (0..length).map(|at| noise(n, at)).collect()) };
    pcap(LITTLE, false, &(0..frames).map(record).collect::<Vec<_>>())
}

fn joined(compression: Compression, bytes: &[u8], size: usize) -> Vec<u8> {
    let members = bytes.chunks(size).enumerate();
    members.flat_map(|(n, piece)| member(compression, n, piece)).collect()
}

const APART: [Compression; 3] = [Compression::Gzip, Compression::Zstd, Compression::Lz4];

#[test]
fn members_of_any_size_read_as_one() {
    let bytes = capture(6000, 300);
    let plain = read(&bytes).unwrap();
    for compression in APART {
        for size in [500, 9000, 60_000, 1_000_000] {
            // The length of a block of BGZF has two bytes.
            let size = if compression == Compression::Gzip { size.min(60_000) } else { size };
            let compressed = joined(compression, &bytes, size);
            let run = read_ahead(&compressed, 3).unwrap();
            assert!(run.frames == plain.frames, "{} {size}", compression.name());
            assert!(run.facts.complete);
            assert_eq!(run.facts.bytes, compressed.len() as u64);
        }
    }
}

#[test]
fn a_member_too_large_to_be_held_is_decoded_alone() {
    // Of zeros: 40 MiB that shrink to some kilobytes, and stand between others.
    let zeros = pcap(LITTLE, false, &(0..700).map(|n| (n, 0, 60_000, vec![0; 60_000])).collect::<Vec<_>>());
    let small = capture(3000, 300);
    let bytes = [&small[..], &zeros[24..], &small[24..]].concat();
    let plain = read(&bytes).unwrap();
    for compression in [Compression::Zstd, Compression::Lz4] {
        let (first, last) = (joined(compression, &small, 20_000), joined(compression, &small[24..], 20_000));
        let compressed = [first, member(compression, 0, &zeros[24..]), last].concat();
        assert!(read_ahead(&compressed, 2).unwrap().frames == plain.frames, "{}", compression.name());
    }
}

#[test]
fn what_follows_the_members_is_told_as_ever() {
    let bytes = capture(3000, 300);
    for compression in APART {
        let members = joined(compression, &bytes, 30_000);
        let skippable = [0x5b, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
        for end in [&b""[..], b"garbage that is no member", &[0; 700], &skippable, &skippable[..9]] {
            assert_alike(&[&members[..], end].concat());
        }
        // A block of BGZF that says it is longer, or shorter, than it is.
        let mut lying = members.clone();
        lying[16] ^= 0x15;
        assert_alike(&[&members[..], &lying].concat());
    }
}

#[test]
fn members_of_which_nothing_tells_the_length_are_decoded_alone() {
    let bytes = capture(3000, 300);
    let plain = |piece: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(piece).unwrap();
        encoder.finish().unwrap()
    };
    assert_alike(&bytes.chunks(30_000).flat_map(plain).collect::<Vec<u8>>());
    let mixed = bytes.chunks(30_000).enumerate();
    let mixed = mixed.flat_map(|(n, piece)| if n % 3 == 2 { plain(piece) } else { block(piece, b"") });
    assert_alike(&mixed.collect::<Vec<u8>>());
}

#[test]
fn who_wants_no_more_waits_for_nobody() {
    let compressed = joined(Compression::Zstd, &capture(20_000, 300), 30_000);
    let shared: Arc<[u8]> = compressed.into();
    let mut capture = Capture::open_at("test", Arc::new(shared)).unwrap();
    let mut first = |_: Frame<'_>| ControlFlow::Break(());
    capture.drain(&mut first).unwrap();
    capture.decompress_ahead(3);
    capture.drain(&mut first).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_is_damaged_or_cut_is_told_as_one_decoder_tells_it(
        which in 0..APART.len(),
        size in 300_usize..40_000,
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1_u8..), 0..3),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut compressed = joined(APART[which], &capture(1500, 300), size);
        for (at, bits) in flips {
            let at = at.index(compressed.len());
            compressed[at] ^= bits;
        }
        if let Some(cut) = cut {
            compressed.truncate(cut.index(compressed.len()));
        }
        assert_alike(&compressed);
    }
}
