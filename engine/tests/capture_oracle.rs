//! Captures built at random, read as the `pcap-parser` crate reads them, whole and in pieces.

mod capture_support;

use capture_support::{BIG, LITTLE, Order, Owned, Pcapng, Record, pcap, read, read_in_pieces};
use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader};
use proptest::prelude::*;

fn any_order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(LITTLE), Just(BIG)]
}

fn any_data() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..200)
}

fn any_record() -> impl Strategy<Value = Record> {
    (any::<u32>(), 0..1_000_000_u32, 200..2000_u32, any_data())
}

fn any_sizes() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..50_usize, 1..6)
        .prop_filter("some bytes have to come", |sizes| sizes.iter().any(|size| *size > 0))
}

#[derive(Debug, Clone)]
enum Piece {
    Section(Order),
    Interface { link: u16, snap: u32, resolution: u8 },
    Enhanced { interface: u32, ticks: u64, original: u32, data: Vec<u8> },
    Simple { data: Vec<u8> },
    Unknown(Vec<u8>),
}

fn any_piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        1 => any_order().prop_map(Piece::Section),
        2 => (0..300_u16, prop_oneof![Just(0_u32), Just(64), Just(262_144)], 0..19_u8)
            .prop_map(|(link, snap, resolution)| Piece::Interface { link, snap, resolution }),
        5 => (0..3_u32, any::<u64>(), 200..2000_u32, any_data())
            .prop_map(|(interface, ticks, original, data)| Piece::Enhanced {
                interface, ticks, original, data
            }),
        1 => any_data().prop_map(|data| Piece::Simple { data }),
        1 => any_data().prop_map(Piece::Unknown),
    ]
}

fn assemble(order: Order, pieces: &[Piece]) -> Vec<u8> {
    let mut pcapng = Pcapng::new(order);
    pcapng.interface(1, 0, &[]);
    for piece in pieces {
        match piece {
            Piece::Section(order) => pcapng.section(*order),
            Piece::Interface { link, snap, resolution } => {
                let options = pcapng.option(9, &[*resolution]);
                pcapng.interface(*link, *snap, &options)
            }
            Piece::Enhanced { interface, ticks, original, data } => {
                pcapng.enhanced(*interface, *ticks, *original, data)
            }
            Piece::Simple { data } => pcapng.simple(data.len() as u32, data),
            Piece::Unknown(data) => pcapng.block(0x7777, data),
        };
    }
    pcapng.bytes
}

/// What `pcap-parser` makes of a sound capture, as far as it tells: data and original length.
fn oracle(bytes: &[u8]) -> Vec<(Vec<u8>, u32)> {
    let mut reader = create_reader(1 << 20, std::io::Cursor::new(bytes.to_vec())).unwrap();
    let mut packets = Vec::new();
    let mut snap_lengths = Vec::new();
    loop {
        match reader.next() {
            Ok((offset, block)) => {
                match block {
                    PcapBlockOwned::Legacy(packet) => {
                        packets.push((packet.data.to_vec(), packet.origlen));
                    }
                    PcapBlockOwned::NG(Block::SectionHeader(_)) => snap_lengths.clear(),
                    PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        snap_lengths.push(interface.snaplen);
                    }
                    PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        let data = packet.data[..packet.caplen as usize].to_vec();
                        packets.push((data, packet.origlen));
                    }
                    PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                        let snap = snap_lengths.first().copied().filter(|snap| *snap > 0);
                        let most = snap.unwrap_or(u32::MAX).min(packet.origlen) as usize;
                        let data = packet.data[..packet.data.len().min(most)].to_vec();
                        packets.push((data, packet.origlen));
                    }
                    _ => {}
                }
                reader.consume(offset);
            }
            Err(PcapError::Eof) => return packets,
            Err(PcapError::Incomplete(_)) => reader.refill().unwrap(),
            Err(error) => panic!("{error:?}"),
        }
    }
}

fn bare(frames: &[Owned]) -> Vec<(Vec<u8>, u32)> {
    frames.iter().map(|frame| (frame.data.clone(), frame.wire_len)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_pcap_reads_as_its_oracle_reads_it(
        order in any_order(),
        nanoseconds in any::<bool>(),
        records in prop::collection::vec(any_record(), 0..20),
        sizes in any_sizes(),
    ) {
        let bytes = pcap(order, nanoseconds, &records);
        let run = read(&bytes).unwrap();
        prop_assert_eq!(bare(&run.frames), oracle(&bytes));
        prop_assert!(run.facts.complete);
        prop_assert_eq!(run.facts.bytes, bytes.len() as u64);
        let unit = if nanoseconds { 1 } else { 1000 };
        for (frame, (seconds, fraction, _, _)) in run.frames.iter().zip(&records) {
            let time = i64::from(*seconds) * 1_000_000_000 + i64::from(*fraction) * unit;
            prop_assert_eq!(frame.time, time);
        }
        let pieces = read_in_pieces(&bytes, &sizes).unwrap();
        prop_assert_eq!(pieces.essence(), run.essence());
    }

    #[test]
    fn a_pcapng_reads_as_its_oracle_reads_it(
        order in any_order(),
        pieces in prop::collection::vec(any_piece(), 0..25),
        sizes in any_sizes(),
    ) {
        let bytes = assemble(order, &pieces);
        let run = read(&bytes).unwrap();
        prop_assert_eq!(bare(&run.frames), oracle(&bytes));
        prop_assert!(run.facts.complete);
        let in_pieces = read_in_pieces(&bytes, &sizes).unwrap();
        prop_assert_eq!(in_pieces.essence(), run.essence());
    }

    #[test]
    fn random_bytes_behind_a_magic_never_panic_and_read_alike_in_pieces(
        magic in prop_oneof![
            Just(vec![0xa1, 0xb2, 0xc3, 0xd4]),
            Just(vec![0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0]),
            Just(vec![0x0a, 0x0d, 0x0d, 0x0a]),
            Just(Pcapng::new(BIG).bytes),
            Just(vec![]),
        ],
        tail in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 0..600),
        sizes in any_sizes(),
    ) {
        let bytes = [magic, tail].concat();
        match (read(&bytes), read_in_pieces(&bytes, &sizes)) {
            (Ok(whole), Ok(pieces)) => prop_assert_eq!(pieces.essence(), whole.essence()),
            (Err(whole), Err(pieces)) => prop_assert_eq!(pieces.to_string(), whole.to_string()),
            (whole, pieces) => prop_assert!(false, "{whole:?} and {pieces:?}"),
        }
    }

    #[test]
    fn random_bytes_behind_the_magic_of_a_compression_never_panic(
        magic in prop_oneof![
            Just(vec![0x1f, 0x8b, 8, 0]),
            Just(vec![0x28, 0xb5, 0x2f, 0xfd]),
            Just(vec![0x04, 0x22, 0x4d, 0x18]),
            Just(vec![0x50, 0x2a, 0x4d, 0x18]),
            Just(vec![0xfd, b'7', b'z', b'X', b'Z', 0]),
        ],
        tail in prop::collection::vec(prop_oneof![3 => Just(0_u8), 1 => any::<u8>()], 0..600),
        sizes in any_sizes(),
    ) {
        let bytes = [magic, tail].concat();
        prop_assert_eq!(read(&bytes).is_ok(), read_in_pieces(&bytes, &sizes).is_ok());
    }

    #[test]
    fn a_changed_byte_never_panics_and_reads_alike_in_pieces(
        order in any_order(),
        pieces in prop::collection::vec(any_piece(), 1..12),
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
        sizes in any_sizes(),
    ) {
        let mut bytes = assemble(order, &pieces);
        let at = at.index(bytes.len());
        bytes[at] = value;
        match (read(&bytes), read_in_pieces(&bytes, &sizes)) {
            (Ok(whole), Ok(pieces)) => prop_assert_eq!(pieces.essence(), whole.essence()),
            (Err(_), Err(_)) => {}
            (whole, pieces) => prop_assert!(false, "{whole:?} and {pieces:?}"),
        }
    }
}

/// Asserts that each prefix gives the frames that are whole in it, whose ends are `ends`.
fn assert_prefixes(bytes: &[u8], ends: &[usize]) {
    let all = read(bytes).unwrap().frames;
    assert_eq!(all.len(), ends.len());
    for length in 4..bytes.len() {
        let run = read(&bytes[..length]).unwrap();
        let whole = ends.iter().filter(|end| **end <= length).count();
        assert_eq!(run.frames, all[..whole], "{length} bytes");
        assert_eq!(run.facts.damage, None);
        if let Some(offset) = run.facts.truncated_at {
            assert!(!run.facts.complete && offset < length as u64);
        } else {
            assert!(run.facts.complete);
        }
    }
}

#[test]
fn every_prefix_of_a_pcap_gives_its_whole_frames() {
    let records: Vec<Record> = (0..6).map(|n| (n, n, 60, vec![n as u8; 40 + n as usize])).collect();
    let bytes = pcap(BIG, false, &records);
    let mut end = 24;
    let ends: Vec<usize> = records
        .iter()
        .map(|(_, _, _, data)| {
            end += 16 + data.len();
            end
        })
        .collect();
    assert_prefixes(&bytes, &ends);
    for length in 24..bytes.len() {
        let complete = read(&bytes[..length]).unwrap().facts.complete;
        assert_eq!(complete, length == 24 || ends.contains(&length));
    }
}

#[test]
fn every_prefix_of_a_pcapng_gives_its_whole_frames() {
    let mut pcapng = Pcapng::new(LITTLE);
    pcapng.interface(1, 0, &[]);
    let mut ends = Vec::new();
    let mut blocks = vec![28, pcapng.bytes.len()];
    for n in 0..6_u8 {
        let data = vec![n; 20 + usize::from(n)];
        match n % 3 {
            0 => pcapng.enhanced(0, u64::from(n), 60, &data),
            1 => pcapng.simple(u32::from(n) + 20, &data),
            _ => pcapng.obsolete(0, u64::from(n), 60, &data),
        };
        ends.push(pcapng.bytes.len());
        pcapng.block(0x0bad, &data);
        blocks.extend([*ends.last().unwrap(), pcapng.bytes.len()]);
    }
    assert_prefixes(&pcapng.bytes, &ends);
    for length in 28..pcapng.bytes.len() {
        let complete = read(&pcapng.bytes[..length]).unwrap().facts.complete;
        assert_eq!(complete, blocks.contains(&length), "{length} bytes");
    }
}
