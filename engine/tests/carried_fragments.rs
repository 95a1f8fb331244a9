//! Outer datagrams in pieces: their checksums, and what carries the pieces, or is cut to pieces itself.

mod craft;
mod fragment_support;

use craft::{Ipv4, MORE};
use etherparse::PacketBuilder;
use fragment_support::{
    Record, analyse, assert_endings, assert_one_packet, datagram, in_order, note, observe, orders, pieces,
    v6, vnis,
};
use vxinspect_engine::analysis::{Analysis, Settings};
use vxinspect_engine::decode::Overlays;
use vxinspect_engine::disposition::Ending;
use vxinspect_engine::select::Select;
use vxinspect_engine::value::Value;
use vxinspect_engine::views::{View, verdicts};

/// What the checksums of all packets together are found to be, by name; only those that are.
fn checksums(records: &[Record], parts: usize) -> Vec<(&'static str, u64)> {
    let verifying = || {
        let (overlays, select) = (Overlays::default(), Select::default());
        Analysis::new(Settings { overlays, select, checksums: true, dedup: None, max_flows: None })
    };
    let mut whole = verifying();
    for part in records.chunks(records.len().div_ceil(parts)) {
        let mut later = verifying();
        observe(&mut later, part);
        whole.merge(&later);
    }
    let all = verdicts(whole.cells()).unwrap();
    all.into_iter().filter(|(_, count)| *count > 0).collect()
}

/// A datagram whose UDP checksum, and that of UDP in the inner frame, are right as etherparse has them.
fn summed() -> Vec<u8> {
    let mut frame = Vec::new();
    let inner = PacketBuilder::ethernet2(craft::mac(1), craft::mac(2)).ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
    inner.udp(40_000, 53).write(&mut frame, &[0xab; 1401]).unwrap();
    let (payload, mut packet) = (craft::vxlan(100, &frame), Vec::new());
    let outer = PacketBuilder::ipv4([192, 0, 2, 1], [192, 0, 2, 2], 64).udp(49_152, craft::VXLAN);
    outer.write(&mut packet, &payload).unwrap();
    packet.split_off(20)
}

/// A checksum is of all the pieces, also of those behind what else is kept of a datagram, in any order and where parts
/// of a run meet.
#[test]
fn checksums_of_a_packet_put_together() {
    let (right, data) = ([("outer_udp_right", 1), ("inner_right", 1)], summed());
    for order in orders(3) {
        let records = in_order(&pieces(7, &data, 504), &order);
        for parts in 1..=3 {
            assert_eq!(checksums(&records, parts), right, "{order:?} in {parts}");
        }
    }
    for at in [50, 1200, data.len() - 1] {
        let spoilt = craft::patched(data.clone(), at, &[data[at] ^ 1]);
        assert_eq!(checksums(&pieces(7, &spoilt, 504), 1)[0], ("outer_udp_wrong", 1), "byte {at}");
        assert_eq!(checksums(&pieces(7, &spoilt, 504), 2)[1], ("inner_wrong", 1), "byte {at}");
    }
}

/// What the snap length cut from any piece is missing from the sum; that there is no checksum is told all the same.
#[test]
fn checksums_of_pieces_that_are_cut() {
    for cut in 0..3 {
        let mut records = pieces(7, &summed(), 504);
        records[cut].held -= 1;
        let unverified = [("outer_udp_unverified", 1), ("inner_unverified", 1)];
        assert_eq!(checksums(&records, 1), unverified, "piece {cut}");
        let mut records = pieces(7, &craft::patched(summed(), 6, &[0, 0]), 504);
        records[cut].held -= 1;
        assert_eq!(checksums(&records, 1), [("outer_udp_zero", 1), ("inner_unverified", 1)], "piece {cut}");
    }
}

/// A routing header with segments left hides the address that the outer checksum was made with.
#[test]
fn checksums_of_pieces_that_are_routed_on() {
    let data = datagram(100);
    let mut records: Vec<_> = (0..2).map(|n| v6(7, craft::UDP, &data, n * 800, (n + 1) * 800)).collect();
    assert_eq!(checksums(&records, 1)[0], ("outer_udp_wrong", 1));
    for record in &mut records {
        record.data[14 + 40 + 3] = 1;
    }
    assert_eq!(checksums(&records, 1)[0], ("outer_udp_unverified", 1));
    assert_eq!(checksums(&records, 2)[0], ("outer_udp_unverified", 1));
}

/// The same frames with something between Ethernet and IP, or around IP.
fn carried(records: &[Record], ethertype: u16, wrap: impl Fn(&[u8]) -> Vec<u8>) -> Vec<Record> {
    let wrapped = |record: &Record| Record::new(craft::outer(ethertype, &wrap(&record.data[14..])));
    records.iter().map(wrapped).collect()
}

fn in_gre(packet: &[u8]) -> Vec<u8> {
    let header = Ipv4 { source: [198, 51, 100, 1], protocol: craft::GRE, ..Ipv4::default() };
    header.around(&craft::gre(craft::IPV4, [None; 3], packet))
}

/// One row of `overhead`: IP, UDP, VXLAN, carriers and what is left, which add up to the overhead; and the MTU.
fn overhead(analysis: &Analysis) -> [u64; 6] {
    let table = View::OverheadTotal.table(analysis.cells(), &[], None).unwrap();
    let row = table.values(0, analysis.cells()).unwrap();
    let value = |name: &str| match &row[table.columns().iter().position(|column| *column == name).unwrap()] {
        Value::Count(count) => *count,
        Value::Signed(count) => u64::try_from(*count).unwrap(),
        other => panic!("{name} is {other:?}"),
    };
    let parts =
        ["outer_ip_bytes", "udp_bytes", "vxlan_bytes", "carrier_bytes", "outer_ethernet_bytes"].map(value);
    assert_eq!(parts.iter().sum::<u64>(), value("overhead_bytes"));
    let [ip, udp, vxlan, carriers, rest] = parts;
    [ip, udp, vxlan, carriers, rest, value("required_underlay_mtu")]
}

/// A VTEP's datagram in pieces, each of which a carrier brings.
#[test]
fn pieces_inside_of_carriers() {
    let data = datagram(100);
    let plain = pieces(7, &data, 304);
    let labelled = carried(&plain, craft::MPLS, |packet| craft::labels(&[16, 17], packet));
    let analysis = analyse(&labelled);
    assert_one_packet(&analysis, &labelled, 100);
    // What of the other pieces is no IP header is not told apart.
    let mtu = 20 + data.len() as u64;
    assert_eq!(overhead(&analysis), [80, 8, 8, 8, 4 * 14 + 3 * 8, mtu]);
    let in_gre = carried(&plain, craft::IPV4, in_gre);
    let analysis = analyse(&in_gre);
    assert_one_packet(&analysis, &in_gre, 100);
    assert_eq!(overhead(&analysis), [160, 8, 8, 4, 4 * 14 + 3 * 4, mtu + 24]);
    assert_eq!(note(&analysis, "stacked"), 1);
}

/// A carrier's own datagram in pieces, the smallest ones as well.
#[test]
fn pieces_of_a_carrier() {
    let vtep = Ipv4::default().around(&datagram(100));
    let mirrored = craft::erspan(&craft::outer(craft::IPV4, &vtep));
    let labelled = craft::gre(craft::MPLS, [None; 3], &craft::labels(&[16], &vtep));
    for (payload, protocol, headers) in [
        (&craft::gre(craft::IPV4, [Some(1), None, None], &vtep), craft::GRE, 8),
        (&labelled, craft::GRE, 8),
        (&mirrored, craft::GRE, 16),
        (&vtep, craft::IPIP, 0),
    ] {
        for size in [8, 304] {
            let cut: Vec<_> = (0..payload.len())
                .step_by(size)
                .map(|from| {
                    let to = (from + size).min(payload.len());
                    let flags_and_offset = if to < payload.len() { MORE } else { 0 } | (from / 8) as u16;
                    let header = Ipv4 { identification: 9, flags_and_offset, protocol, ..Ipv4::default() };
                    Record::new(craft::outer(craft::IPV4, &header.around(&payload[from..to])))
                })
                .collect();
            let analysis = analyse(&cut);
            assert_one_packet(&analysis, &cut, 100);
            let ip = 20 * (cut.len() as u64 + 1);
            let between = if protocol == craft::GRE && headers == 16 { 14 } else { 0 };
            let rest = 14 * cut.len() as u64 + between;
            assert_eq!(overhead(&analysis), [ip, 8, 8, headers, rest, 20 + payload.len() as u64]);
            let backward: Vec<_> = cut.iter().rev().cloned().collect();
            assert_one_packet(&analyse(&backward), &cut, 100);
        }
    }
}

/// A carrier's datagram that turns out to hold something else is what it would be in one piece, from its front on; cut by
/// a snap length, too.
#[test]
fn a_carrier_of_something_else() {
    let tcp =
        Ipv4 { protocol: craft::TCP, ..Ipv4::default() }.around(&craft::tcp(1, 4789, 2, &[], &[9; 600]));
    let payload = craft::gre(craft::IPV4, [None; 3], &tcp);
    let piece = |from: usize, to: usize| {
        let flags_and_offset = if to < payload.len() { MORE } else { 0 } | (from / 8) as u16;
        let header = Ipv4 { protocol: craft::GRE, flags_and_offset, ..Ipv4::default() };
        Record::new(craft::outer(craft::IPV4, &header.around(&payload[from..to])))
    };
    let (first, last) = (piece(0, 304), piece(304, payload.len()));
    for records in [vec![first.clone(), last.clone()], vec![last.clone(), first.clone()]] {
        assert_endings(&analyse(&records), &[(Ending::NonUdp, 2)]);
    }
    let begun = analyse(std::slice::from_ref(&first));
    assert_endings(&begun, &[(Ending::NonUdp, 1)]);
    assert_eq!(begun.incomplete_datagrams(), (0, 0));
    let cut = [Record { held: 36, ..first }, Record { held: 36, ..last }];
    assert_endings(&analyse(&cut), &[(Ending::NonUdp, 2)]);
}

/// A datagram and the mirror's copy of it have the same addresses and identification, and are two.
#[test]
fn a_mirrored_datagram_is_another_one() {
    let plain = pieces(7, &datagram(100), 504);
    let mirrored = carried(&plain, craft::IPV4, in_gre);
    let both: Vec<_> = plain.iter().zip(&mirrored).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
    let analysis = analyse(&both);
    assert_endings(&analysis, &[(Ending::Vxlan, 2), (Ending::Fragment, both.len() as u64 - 2)]);
    let table = View::Tunnels.table(analysis.cells(), &[], None).unwrap();
    let at = table.columns().iter().position(|column| *column == "encapsulation").unwrap();
    let paths = (0..table.len()).map(|row| table.values(row, analysis.cells()).unwrap().swap_remove(at));
    let mut paths: Vec<_> = paths.map(|path| format!("{path:?}")).collect();
    paths.sort();
    assert_eq!(paths.len(), 2);
    assert!(paths[0].contains("\"gre/vxlan\"") && paths[1].contains("\"vxlan\""), "{paths:?}");
}

/// Two datagrams of two protocols may have one identification.
#[test]
fn identifications_are_each_protocol_s_own() {
    let udp = pieces(7, &datagram(100), 504);
    let gre: Vec<_> =
        pieces(7, &craft::gre(craft::IPV4, [None; 3], &Ipv4::default().around(&datagram(200))), 504)
            .into_iter()
            .map(|record| Record { data: craft::patched(record.data, 14 + 9, &[craft::GRE]), ..record })
            .collect();
    let both: Vec<_> = udp.iter().zip(&gre).flat_map(|(a, b)| [a.clone(), b.clone()]).collect();
    let found: Vec<_> = vnis(&analyse(&both)).into_iter().map(|row| (row[0], row[1])).collect();
    assert_eq!(found, [(100, 1), (200, 1)]);
}
