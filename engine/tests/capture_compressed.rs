//! Compressed captures read as the capture inside, however they are compressed, joined, cut or torn.

mod capture_support;

use std::io::{Read, Write};

use capture_support::{LITTLE, Record, Run, pcap, read, read_in_pieces};
use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};
use vxinspect_engine::capture::Compression;

const ALL: [Compression; 4] = [Compression::Gzip, Compression::Zstd, Compression::Lz4, Compression::Xz];

fn compress(compression: Compression, bytes: &[u8]) -> Vec<u8> {
    match compression {
        Compression::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.include_checksum(true).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Compression::Lz4 => lz4(bytes, BlockMode::Independent),
        Compression::Xz => {
            let mut compressed = Vec::new();
            liblzma::read::XzEncoder::new(bytes, 1).read_to_end(&mut compressed).unwrap();
            compressed
        }
    }
}

/// With every optional field and checksum that a frame may have.
fn lz4(bytes: &[u8], mode: BlockMode) -> Vec<u8> {
    let info = FrameInfo::new()
        .block_mode(mode)
        .block_size(BlockSize::Max64KB)
        .block_checksums(true)
        .content_checksum(true)
        .content_size(Some(bytes.len() as u64));
    let mut encoder = FrameEncoder::with_frame_info(info, Vec::new());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that compress a little.
fn capture(frames: u32, length: u32) -> Vec<u8> {
    let mut state = 1_u32;
    let records: Vec<Record> = (0..frames)
        .map(|n| {
            let data = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (state >> 24) as u8 & 0x3f
                })
                .collect();
            (n, 0, length, data)
        })
        .collect();
    pcap(LITTLE, false, &records)
}

fn assert_same(run: &Run, plain: &Run, compression: Compression) {
    assert_eq!(run.frames, plain.frames, "{}", compression.name());
    assert!(run.facts.complete, "{}", compression.name());
    assert_eq!(run.facts.compression, Some(compression));
    assert_eq!(run.facts.link_types, plain.facts.link_types);
}

#[test]
fn every_compression_reads_as_plain() {
    let bytes = capture(2000, 700);
    let plain = read(&bytes).unwrap();
    for compression in ALL {
        let compressed = compress(compression, &bytes);
        let run = read(&compressed).unwrap();
        assert_same(&run, &plain, compression);
        assert_eq!(run.facts.bytes, compressed.len() as u64);
        let run = read_in_pieces(&compressed, &[1, 0, 70_000, 13]).unwrap();
        assert_same(&run, &plain, compression);
    }
}

#[test]
fn members_one_after_another_read_as_one_wherever_they_are_joined() {
    let bytes = capture(300, 70);
    let plain = read(&bytes).unwrap();
    for compression in ALL {
        for at in [1, 3, 24, 25, 100, 5000, bytes.len() - 1, bytes.len()] {
            let (first, second) = bytes.split_at(at);
            let empty = compress(compression, &[]);
            let joined = [compress(compression, first), empty, compress(compression, second)].concat();
            assert_same(&read(&joined).unwrap(), &plain, compression);
            let run = read_in_pieces(&joined, &[7, 1]).unwrap();
            assert_same(&run, &plain, compression);
        }
    }
}

#[test]
fn linked_lz4_blocks_read_as_plain() {
    let bytes = capture(2000, 700);
    let plain = read(&bytes).unwrap();
    let compressed = lz4(&bytes, BlockMode::Linked);
    for sizes in [&[usize::MAX][..], &[1][..], &[3, 9000][..]] {
        let run = read_in_pieces(&compressed, sizes).unwrap();
        assert_same(&run, &plain, Compression::Lz4);
    }
}

#[test]
fn skippable_frames_of_zstd_and_lz4_are_skipped() {
    let bytes = capture(10, 70);
    let plain = read(&bytes).unwrap();
    let skippable = |length: u32| {
        let mut frame = vec![0x5b, 0x2a, 0x4d, 0x18];
        frame.extend(length.to_le_bytes());
        frame.resize(8 + length as usize, 0xee);
        frame
    };
    let zstd = compress(Compression::Zstd, &bytes);
    let joined = [skippable(9), zstd, skippable(0), skippable(200_000)].concat();
    assert_same(&read(&joined).unwrap(), &plain, Compression::Zstd);
    let (first, second) = bytes.split_at(200);
    let joined = [
        compress(Compression::Lz4, first),
        skippable(200_000),
        skippable(0),
        compress(Compression::Lz4, second),
        skippable(5),
    ]
    .concat();
    assert_same(&read(&joined).unwrap(), &plain, Compression::Lz4);
}

#[test]
fn padding_of_zeros_is_passed_over_where_the_format_has_it() {
    let bytes = capture(10, 70);
    let plain = read(&bytes).unwrap();
    for compression in [Compression::Gzip, Compression::Xz] {
        let (first, second) = bytes.split_at(200);
        let zeros = vec![0; 512];
        let joined =
            [compress(compression, first), zeros.clone(), compress(compression, second), zeros].concat();
        assert_same(&read(&joined).unwrap(), &plain, compression);
    }
}

#[test]
fn every_prefix_of_a_compressed_capture_is_cut_and_never_damaged() {
    let bytes = capture(12, 40);
    let frames = read(&bytes).unwrap().frames;
    for compression in ALL {
        let compressed =
            [compress(compression, &bytes[..300]), compress(compression, &bytes[300..])].concat();
        let mut most = 0;
        for length in 4..compressed.len() {
            match read(&compressed[..length]) {
                Ok(run) => {
                    let joint = length == compress(compression, &bytes[..300]).len();
                    assert!(!run.facts.complete || joint, "{} {length}", compression.name());
                    assert_eq!(run.facts.damage, None, "{} {length}", compression.name());
                    assert_eq!(run.frames, frames[..run.frames.len()]);
                    assert!(run.frames.len() >= most);
                    most = run.frames.len();
                }
                Err(error) => {
                    assert_eq!(most, 0);
                    assert!(error.to_string().contains("inside"), "{error}");
                }
            }
        }
        assert!(most > 0);
    }
}

#[test]
fn a_cut_behind_the_last_whole_record_is_still_a_cut() {
    let bytes = capture(12, 40);
    let compressed = compress(Compression::Gzip, &bytes);
    let run = read(&compressed[..compressed.len() - 1]).unwrap();
    assert_eq!(run.frames.len(), 12);
    assert!(!run.facts.complete);
    assert_eq!(run.facts.truncated_at, Some(bytes.len() as u64));
}

/// The start of another member, then what no decoder takes.
fn broken_member(compression: Compression) -> Vec<u8> {
    match compression {
        // RFC 1951 section 3.2.3: block type 3 is reserved.
        Compression::Gzip => vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 0x07, 0, 0, 0],
        // RFC 8878 section 3.1.1.2: block type 3 is reserved.
        Compression::Zstd => vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x07, 0, 0, 0, 0],
        // The first block claims to be longer than the frame's largest.
        Compression::Lz4 => {
            let mut member = lz4(b"four", BlockMode::Independent);
            member[15..19].copy_from_slice(&[1, 0, 1, 0]);
            member
        }
        // The header's checksum is wrong.
        Compression::Xz => {
            let mut member = compress(Compression::Xz, b"four");
            member[8] ^= 1;
            member
        }
    }
}

#[test]
fn corrupt_data_is_damage_at_the_decompressed_offset() {
    let bytes = capture(12, 700);
    for compression in ALL {
        let joined = [compress(compression, &bytes), broken_member(compression)].concat();
        for sizes in [&[usize::MAX][..], &[1][..]] {
            let run = read_in_pieces(&joined, sizes).unwrap();
            assert_eq!(run.frames.len(), 12);
            assert!(!run.facts.complete);
            let damage = run.facts.damage.unwrap();
            assert!(!damage.fatal);
            assert_eq!(damage.offset, bytes.len() as u64, "{damage}");
            assert_eq!(damage.expected, format!("sound {} data", compression.name()));
            assert!(!damage.found.is_empty());
        }
    }
}

#[test]
fn a_sound_zstd_block_in_front_of_a_corrupt_one_is_kept() {
    let bytes = capture(12, 700);
    // RFC 8878 section 3.1.1: a frame of a stored block and one of the reserved type 3.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58];
    frame.extend(&((bytes.len() as u32) << 3).to_le_bytes()[..3]);
    frame.extend(&bytes);
    frame.extend([0x07, 0, 0]);
    for sizes in [&[usize::MAX][..], &[1][..], &[frame.len() - 3][..]] {
        let run = read_in_pieces(&frame, sizes).unwrap();
        assert_eq!(run.frames.len(), 12);
        assert_eq!(run.facts.damage.unwrap().offset, bytes.len() as u64);
    }
}

#[test]
fn changed_bytes_in_the_middle_are_told_and_read_alike_in_pieces() {
    let bytes = capture(800, 700);
    for compression in ALL {
        let mut compressed = compress(compression, &bytes);
        let last = compressed.len();
        for byte in &mut compressed[last / 2..last / 2 + 64] {
            *byte ^= 0xa5;
        }
        let run = read(&compressed).unwrap();
        assert!(run.facts.damage.is_some(), "{}", compression.name());
        assert!(!run.frames.is_empty());
        let pieces = read_in_pieces(&compressed, &[1000, 77]).unwrap();
        assert!(pieces.frames == run.frames, "{}", compression.name());
        assert_eq!(pieces.facts.damage, run.facts.damage);
    }
}

#[test]
fn garbage_behind_the_last_member_is_damage() {
    let bytes = capture(5, 70);
    for compression in ALL {
        let joined = [compress(compression, &bytes), b"garbage that is no member".to_vec()].concat();
        let run = read(&joined).unwrap();
        assert_eq!(run.frames.len(), 5, "{}", compression.name());
        assert!(!run.facts.complete);
        assert_eq!(run.facts.damage.unwrap().offset, bytes.len() as u64);
    }
}

#[test]
fn a_compressed_text_is_told_as_such() {
    for compression in ALL {
        let error = read(&compress(compression, b"just some notes\n")).unwrap_err();
        assert!(error.to_string().ends_with(&format!("found text inside {}", compression.name())));
        let error = read(&compress(compression, b"")).unwrap_err();
        assert!(error.to_string().ends_with(&format!("found nothing inside {}", compression.name())));
    }
}

#[test]
fn compressed_twice_is_not_unpacked_twice() {
    let twice = compress(Compression::Xz, &compress(Compression::Gzip, &capture(1, 9)));
    let error = read(&twice).unwrap_err().to_string();
    assert!(error.ends_with("found bytes 1f 8b 08 00 inside xz"), "{error}");
}

#[test]
fn a_window_beyond_the_limit_is_refused() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(28).unwrap();
    encoder.write_all(&capture(1, 9)).unwrap();
    encoder.flush().unwrap();
    let error = read(&encoder.finish().unwrap()).unwrap_err().to_string();
    assert!(error.contains("expected sound zstd data"), "{error}");
}
