//! A capture cut anywhere, its parts analysed apart and merged in order: every answer is that of the whole.

mod craft;

use proptest::prelude::*;
use proptest::sample::select;

use craft::{Ipv4, Ipv6, MORE, mac};
use vxinspect_engine::analysis::{Analysis, Settings};
use vxinspect_engine::capture::{Frame, LinkType, NO_TIME};
use vxinspect_engine::decode::Ports;
use vxinspect_engine::disposition::{Disposition, Ending};
use vxinspect_engine::select::Select;
use vxinspect_engine::value::Value;
use vxinspect_engine::views::View;

const VIEWS: [View; 11] = [
    View::Vnis,
    View::Flows,
    View::ConversationsByMac,
    View::ConversationsByIp,
    View::Tunnels,
    View::Underlay,
    View::Vteps,
    View::Fdb,
    View::OverheadTotal,
    View::OverheadByVni,
    View::OverheadByTunnel,
];

/// A record: bytes, how many the snap length took away, time.
#[derive(Debug, Clone)]
struct Record {
    data: Vec<u8>,
    cut: usize,
    time: i64,
}

/// The alphabets are small, so that cells, stations, tunnels and datagrams meet again in every part.
fn station() -> impl Strategy<Value = [u8; 6]> {
    select(vec![mac(1), mac(2), mac(3), craft::BROADCAST, [0; 6]])
}

fn inner_ip() -> impl Strategy<Value = Vec<u8>> {
    let tcp = (select(vec![0x02_u8, 0x12, 0x10, 0x18, 0x11, 0x14, 0x04]), 0..3_usize)
        .prop_map(|(control, data)| (craft::TCP, control, data));
    let transport = prop_oneof![3 => tcp, 1 => Just((craft::UDP, 0, 9)), 1 => Just((1, 0, 56))];
    (transport, any::<bool>(), any::<bool>()).prop_map(|((protocol, control, data), reverse, is_v6)| {
        let (source, destination) = if reverse { (2, 1) } else { (1, 2) };
        let (source_port, destination_port) = if reverse { (80, 40_000) } else { (40_000, 80) };
        let payload = match protocol {
            craft::TCP => craft::tcp(source_port, destination_port, control, &[], &vec![0; data]),
            craft::UDP => craft::udp(source_port, destination_port, &vec![0; data]),
            _ => vec![8; data + 8],
        };
        if is_v6 {
            let ip = Ipv6 { source: source.into(), destination: destination.into(), next_header: protocol };
            return craft::typed(craft::IPV6, &ip.around(&payload));
        }
        let (source, destination) = ([10, 0, 0, source], [10, 0, 0, destination]);
        craft::typed(craft::IPV4, &Ipv4 { source, destination, protocol, ..Ipv4::default() }.around(&payload))
    })
}

fn inner_frame() -> impl Strategy<Value = Vec<u8>> {
    let arp = Just(craft::typed(craft::ARP, &craft::arp(mac(1), [10, 0, 0, 1], [10, 0, 0, 2])));
    let tagged = inner_ip().prop_map(|ip| craft::typed(craft::VLAN, &[&[0, 100][..], &ip].concat()));
    let payload =
        prop_oneof![6 => inner_ip(), 1 => arp, 1 => tagged, 1 => Just(craft::typed(0x88cc, &[0; 30]))];
    (station(), station(), payload)
        .prop_map(|(source, destination, payload)| [&destination[..], &source, &payload].concat())
}

fn vxlan_datagram() -> impl Strategy<Value = Vec<u8>> {
    let port = select(vec![craft::VXLAN, craft::VXLAN, craft::VXLAN, 8472]);
    let flags = select(vec![8_u8, 8, 8, 0x88, 0]);
    (select(vec![49_152_u16, 49_153, 49_154]), port, flags, select(vec![100_u32, 200]), inner_frame())
        .prop_map(|(source_port, port, flags, vni, frame)| {
            craft::udp(source_port, port, &craft::patched(craft::vxlan(vni, &frame), 0, &[flags]))
        })
}

/// An ICMP error about a VXLAN packet, from a router to its sender.
fn icmp_error() -> impl Strategy<Value = Vec<u8>> {
    let header =
        select(vec![[3, 4, 0, 0, 0, 0, 5, 0xaa], [3, 4, 0, 0, 0, 0, 5, 0], [3, 3, 0, 0, 0, 0, 0, 0]]);
    (header, select(vec![1_u8, 2]), select(vec![28_usize, 36, 80]), vxlan_datagram()).prop_map(
        |(header, source, len, datagram)| {
            let quoted = Ipv4 { source: [192, 0, 2, source], ..Ipv4::default() }.around(&datagram);
            let message = [&header[..], &quoted[..len.min(quoted.len())]].concat();
            let router = Ipv4 { source: [192, 0, 2, 254], protocol: 1, ..Ipv4::default() };
            craft::outer(craft::IPV4, &router.around(&message))
        },
    )
}

/// A VXLAN packet, or a piece of one: all with the same identification, which so is in use again and again.
fn outer_frame() -> impl Strategy<Value = Vec<u8>> {
    let vtep = || select(vec![1_u8, 2, 3]);
    let group = prop_oneof![5 => vtep().prop_map(|last| [192, 0, 2, last]), 1 => Just([239, 1, 1, 1])];
    let piece = prop_oneof![1 => Just(None), 1 => select(vec![0_u16, 0, 8, 64]).prop_map(Some)];
    let options = select(vec![&[][..], &[1; 4]]);
    let handling = (select(vec![0_u8, 3, 0xb8]), select(vec![63_u8, 64]));
    (vtep(), group, piece, (options, handling), any::<bool>(), vxlan_datagram()).prop_map(
        |(source, destination, piece, (options, (class, ttl)), is_v6, datagram)| {
            let outer_mac = mac(0xa0 | source);
            if is_v6 && piece.is_none() {
                let ip =
                    Ipv6 { source: source.into(), destination: destination[3].into(), ..Ipv6::default() };
                return craft::ethernet(outer_mac, mac(0xff), craft::IPV6, &ip.around(&datagram));
            }
            let flags_and_offset = piece.map_or(0, |offset| if offset == 0 { MORE } else { offset });
            let source = [192, 0, 2, source];
            let ip = Ipv4 { source, destination, flags_and_offset, options, ..Ipv4::default() };
            let packet = craft::patched(craft::patched(ip.around(&datagram), 1, &[class]), 8, &[ttl]);
            craft::ethernet(outer_mac, mac(0xff), craft::IPV4, &packet)
        },
    )
}

fn record() -> impl Strategy<Value = Record> {
    let noise = prop_oneof![Just(craft::inner()), Just(vec![]), prop::collection::vec(any::<u8>(), 0..80)];
    let data = prop_oneof![8 => outer_frame(), 1 => icmp_error(), 1 => noise];
    let cut = prop_oneof![4 => Just(0), 1 => 0..90_usize];
    let time = prop_oneof![6 => 0..1_000_i64, 1 => Just(NO_TIME)];
    (data, cut, time).prop_map(|(data, cut, time)| Record { data, cut, time })
}

fn selection() -> impl Strategy<Value = Option<(&'static str, &'static str)>> {
    let terms = [
        ("vni", "100"),
        ("vtep", "192.0.2.1"),
        ("mac", "02:00:00:00:00:01"),
        ("protocol", "tcp"),
        ("since", "0.0000003"),
    ];
    prop_oneof![2 => Just(None), 1 => select(terms.to_vec()).prop_map(Some)]
}

fn analyse(records: &[Record], selected: Option<(&str, &str)>) -> Analysis {
    let select = Select::new(selected).unwrap();
    let mut analysis = Analysis::new(Settings { ports: Ports::new(&[]), select, dedup: None });
    for Record { data, cut, time } in records {
        let held = data.len().saturating_sub(*cut);
        let (wire_len, link) = (data.len() as u32, LinkType::ETHERNET);
        analysis.observe(&Frame { data: &data[..held], wire_len, time: *time, link });
    }
    analysis.finish();
    analysis
}

fn rows(analysis: &Analysis, view: View) -> Vec<Vec<Value>> {
    let table = view.table(analysis.cells(), &[], None).unwrap();
    (0..table.len()).map(|row| table.values(row, analysis.cells()).unwrap()).collect()
}

fn assert_equal(merged: &Analysis, whole: &Analysis) {
    for view in VIEWS {
        assert_eq!(rows(merged, view), rows(whole, view), "{view:?}");
    }
    assert_eq!(merged.endings(), whole.endings());
    assert_eq!(merged.notes().collect::<Vec<_>>(), whole.notes().collect::<Vec<_>>());
    assert_eq!(merged.seen(), whole.seen());
    let candidates = |analysis: &Analysis| {
        analysis.candidates().map(|c| (c.port, c.frames, c.vnis.clone())).collect::<Vec<_>>()
    };
    assert_eq!(candidates(merged), candidates(whole));
}

/// The sum of a column of counts.
fn sum(analysis: &Analysis, view: View, column: &str) -> u64 {
    let table = view.table(analysis.cells(), &[], None).unwrap();
    let at = table.columns().iter().position(|name| *name == column).unwrap();
    let count = |row| match table.values(row, analysis.cells()).unwrap()[at] {
        Value::Count(count) => count,
        ref other => panic!("{column} is {other:?}"),
    };
    (0..table.len()).map(count).sum()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn parts_merged_are_the_whole(
        records in prop::collection::vec(record(), 0..90),
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        selected in selection(),
    ) {
        let (a, b) = (cuts.0.index(records.len() + 1), cuts.1.index(records.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let whole = analyse(&records, selected);
        let part = |range: std::ops::Range<usize>| analyse(&records[range], selected);
        let mut in_two = part(0..a);
        in_two.merge(&part(a..records.len()));
        assert_equal(&in_two, &whole);
        let mut from_the_left = part(0..a);
        from_the_left.merge(&part(a..b));
        from_the_left.merge(&part(b..records.len()));
        assert_equal(&from_the_left, &whole);
        let (mut from_the_right, mut end) = (part(0..a), part(a..b));
        end.merge(&part(b..records.len()));
        from_the_right.merge(&end);
        assert_equal(&from_the_right, &whole);
    }

    /// Conservation: the same packets and bytes in every table, and every frame in one disposition.
    #[test]
    fn tables_conserve(records in prop::collection::vec(record(), 0..90), selected in selection()) {
        let analysis = analyse(&records, selected);
        let views = [View::Vnis, View::Tunnels, View::Underlay, View::ConversationsByMac, View::OverheadByVni, View::OverheadByTunnel];
        for column in ["packets", "wire_bytes", "inner_bytes"] {
            let total = sum(&analysis, View::OverheadTotal, column);
            // A direction has no column of inner bytes.
            for view in views.into_iter().filter(|view| column != "inner_bytes" || *view != View::Underlay) {
                prop_assert_eq!(sum(&analysis, view, column), total, "{} of {:?}", column, view);
            }
        }
        let endings = analysis.endings();
        let dispositions = [Disposition::Vxlan, Disposition::Fragment, Disposition::Other, Disposition::Invalid, Disposition::Malformed];
        prop_assert_eq!(endings.total(), dispositions.iter().map(|it| endings.of(*it)).sum::<u64>());
        if selected.is_none() {
            prop_assert_eq!(endings.total(), records.len() as u64);
            prop_assert_eq!(sum(&analysis, View::Vnis, "packets"), endings.count(Ending::Vxlan));
        }
    }
}

/// Ethernet frames with the pieces of one datagram in VNI 100, each with its bytes of the datagram.
fn pieces(identification: u16, sizes: &[usize]) -> Vec<Vec<u8>> {
    let frame = [craft::inner(), vec![0; 2000]].concat();
    let datagram = craft::datagram(100, &frame);
    let mut offset = 0;
    let pieces = sizes.iter().map(|size| {
        let end = (offset + size).min(datagram.len());
        let more = if end < datagram.len() { MORE } else { 0 };
        let flags_and_offset = more | (offset / 8) as u16;
        let ip = Ipv4 { identification, flags_and_offset, ..Ipv4::default() };
        let piece = craft::outer(craft::IPV4, &ip.around(&datagram[offset..end]));
        offset = end;
        piece
    });
    pieces.collect()
}

/// The pieces of a datagram, in any order and cut into parts anywhere, are charged to its VNI: one packet, and the wire
/// bytes of all.
#[test]
fn fragments_in_any_order_are_charged_once() {
    let pieces = pieces(7, &[800, 800, 4000]);
    let wire_bytes: usize = pieces.iter().map(Vec::len).sum();
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let records = order.map(|n: usize| Record { data: pieces[n].clone(), cut: 0, time: 5 });
        for (a, b) in (0..=3).flat_map(|a| (a..=3).map(move |b| (a, b))) {
            let mut analysis = analyse(&records[..a], None);
            analysis.merge(&analyse(&records[a..b], None));
            analysis.merge(&analyse(&records[b..], None));
            let sums =
                ["packets", "wire_bytes", "inner_bytes"].map(|column| sum(&analysis, View::Vnis, column));
            assert_eq!(
                sums,
                [1, wire_bytes as u64, craft::inner().len() as u64 + 2000],
                "{order:?} cut at {a} and {b}"
            );
            assert_eq!(analysis.endings().count(Ending::Fragment), 2);
        }
    }
}

/// An identification that is in use again belongs to the datagram whose first fragment came last, whichever part that
/// was in.
#[test]
fn an_identification_in_use_again() {
    let piece = |vni, offset| {
        let whole = craft::datagram(vni, &[craft::inner(), vec![0; 1000]].concat());
        let (flags_and_offset, data) = if offset == 0 { (MORE, &whole[..504]) } else { (63, &whole[504..]) };
        let ip = Ipv4 { identification: 7, flags_and_offset, ..Ipv4::default() };
        Record { data: craft::outer(craft::IPV4, &ip.around(data)), cut: 0, time: 5 }
    };
    let records = [piece(100, 0), piece(100, 504), piece(200, 0), piece(200, 504), piece(200, 504)];
    let total = |range: std::ops::Range<usize>| range.map(|at| records[at].data.len() as u64).sum::<u64>();
    for (a, b) in (0..=5).flat_map(|a| (a..=5).map(move |b| (a, b))) {
        let mut analysis = analyse(&records[..a], None);
        analysis.merge(&analyse(&records[a..b], None));
        analysis.merge(&analyse(&records[b..], None));
        let table = View::Vnis.table(analysis.cells(), &[("vni".to_owned(), false)], None).unwrap();
        let at = table.columns().iter().position(|name| *name == "wire_bytes").unwrap();
        let told = [0, 1].map(|row| table.values(row, analysis.cells()).unwrap()[at].clone());
        assert_eq!(told, [Value::Count(total(0..2)), Value::Count(total(2..5))], "cut at {a} and {b}");
    }
}
