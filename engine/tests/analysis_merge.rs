//! A capture cut anywhere, its parts analysed apart and merged in order: every answer is that of the whole.

mod craft;

use proptest::prelude::*;
use proptest::sample::select;

use craft::{Ipv4, Ipv6, MORE, mac};
use vxinspect_engine::analysis::{Analysis, Settings};
use vxinspect_engine::capture::{Frame, LinkType, NO_TIME};
use vxinspect_engine::decode::Overlays;
use vxinspect_engine::disposition::{Disposition, Ending};
use vxinspect_engine::select::Select;
use vxinspect_engine::value::Value;
use vxinspect_engine::views::View;

const VIEWS: [View; 12] = [
    View::Vnis,
    View::Flows,
    View::ConversationsByMac,
    View::ConversationsByIp,
    View::Tunnels,
    View::Underlay,
    View::Vteps,
    View::Fdb,
    View::Addresses,
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
    // Of UDP: what a quote of TCP says is no segment, and has no place in the sequence.
    let quoted = select(vec![(40_000_u16, 53_u16), (53, 40_000)]).prop_map(|(from, to)| {
        let ends = if from == 53 { ([10, 0, 0, 2], [10, 0, 0, 1]) } else { ([10, 0, 0, 1], [10, 0, 0, 2]) };
        Ipv4 { source: ends.0, destination: ends.1, ..Ipv4::default() }.around(&craft::udp(from, to, &[0; 9]))
    });
    let header = select(vec![[3_u8, 3, 0, 0, 0, 0, 0, 0], [11, 0, 0, 0, 0, 0, 0, 0]]);
    let error = (header, quoted, 18..37_usize).prop_map(|(header, about, len)| {
        let text = [&header[..], &about[..len]].concat();
        let (source, destination) = ([10, 0, 0, 2], [10, 0, 0, 1]);
        craft::typed(craft::IPV4, &Ipv4 { source, destination, protocol: 1, ..Ipv4::default() }.around(&text))
    });
    let tagged = inner_ip().prop_map(|ip| craft::typed(craft::VLAN, &[&[0, 100][..], &ip].concat()));
    let payload = prop_oneof![6 => inner_ip(), 1 => arp, 1 => error, 1 => tagged, 1 => Just(craft::typed(0x88cc, &[0; 30]))];
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

/// Options, traffic class and time to live of an outer header.
type Asked = (&'static [u8], u8, u8);

/// An outer IP packet around `datagram`, or a piece of one at an offset, all with one identification.
fn outer_ip(
    (source, destination): (u8, [u8; 4]),
    piece: Option<(u16, u16, bool)>,
    (options, class, ttl): Asked,
    is_v6: bool,
    data: &[u8],
) -> Vec<u8> {
    let outer_mac = mac(0xa0 | source);
    if is_v6 {
        let ip = Ipv6 { source: source.into(), destination: destination[3].into(), ..Ipv6::default() };
        let payload = match piece {
            Some((identification, offset, more)) => {
                craft::fragment(craft::UDP, offset, more, identification.into(), data)
            }
            None => data.to_vec(),
        };
        let next_header = if piece.is_some() { 44 } else { craft::UDP };
        return craft::ethernet(
            outer_mac,
            mac(0xff),
            craft::IPV6,
            &Ipv6 { next_header, ..ip }.around(&payload),
        );
    }
    let (identification, offset, more) = piece.unwrap_or_default();
    let flags_and_offset = if more { MORE } else { 0 } | (offset / 8);
    let source = [192, 0, 2, source];
    let ip = Ipv4 { source, destination, identification, flags_and_offset, options, ..Ipv4::default() };
    let packet = craft::patched(craft::patched(ip.around(data), 1, &[class]), 8, &[ttl]);
    craft::ethernet(outer_mac, mac(0xff), craft::IPV4, &packet)
}

fn ends() -> impl Strategy<Value = (u8, [u8; 4])> {
    let vtep = || select(vec![1_u8, 2, 3]);
    let group = prop_oneof![5 => vtep().prop_map(|last| [192, 0, 2, last]), 1 => Just([239, 1, 1, 1])];
    (vtep(), group)
}

fn options() -> impl Strategy<Value = Asked> {
    (select(vec![&[][..], &[1; 4]]), select(vec![0_u8, 3, 0xb8]), select(vec![63_u8, 64]))
}

/// A VXLAN packet, or some piece of one: all with the same identification, which so is in use again and again.
fn outer_frame() -> impl Strategy<Value = Vec<u8>> {
    let piece = (select(vec![0_u16, 0, 8, 64]), any::<bool>());
    let piece = prop_oneof![1 => Just(None), 1 => piece.prop_map(Some)];
    (ends(), piece, options(), any::<bool>(), vxlan_datagram()).prop_map(
        |(ends, piece, options, is_v6, datagram)| {
            let piece = piece.map(|(offset, more)| (0, offset, more));
            let len = if piece.is_some_and(|it| it.2) { datagram.len() / 8 * 8 } else { datagram.len() };
            outer_ip(ends, piece, options, is_v6, &datagram[..len])
        },
    )
}

/// Where inner TCP of the alphabet begins, with all of its header, and which way it goes.
fn tcp_at(data: &[u8]) -> Option<(usize, usize)> {
    let header = |ports: [u16; 2]| craft::tcp(ports[0], ports[1], 0, &[], &[])[..12].to_vec();
    let ways = [[40_000, 80], [80, 40_000]].map(header);
    // What an ICMP error quotes of a segment may be less than a header.
    let found = data.windows(20).enumerate();
    found.into_iter().find_map(|(at, bytes)| Some((at, ways.iter().position(|way| *way == bytes[..12])?)))
}

/// Has TCP segments follow each other in sequence: of a burst of repetitions over a cut, not all count.
fn in_sequence(mut records: Vec<Record>) -> Vec<Record> {
    let mut following = [1_000_u32; 2];
    for Record { data, .. } in &mut records {
        if let Some((at, way)) = tcp_at(data) {
            let control = data[at + 13];
            let taken = data.len() - at - 20 + usize::from(control & 1) + usize::from(control >> 1 & 1);
            data[at + 4..at + 8].copy_from_slice(&following[way].to_be_bytes());
            following[way] += taken as u32;
        }
    }
    records
}

/// A datagram whose TCP segment, if it has one, is the only one of its connection: pieces come in any order.
fn alone() -> impl Strategy<Value = Vec<u8>> {
    (vxlan_datagram(), 1_024..30_000_u16).prop_map(|(mut datagram, port)| {
        if let Some((at, _)) = tcp_at(&datagram) {
            datagram[at..at + 2].copy_from_slice(&port.to_be_bytes());
        }
        datagram
    })
}

/// A datagram in all its pieces, how far each of them comes after the first of it, and one that is left out.
type Cut = (Vec<Record>, Vec<u8>, Option<prop::sample::Index>);

/// Whole datagrams in pieces, in any order and among each other, of which some lack one; now and then one comes again.
fn fragmented(repeats: bool) -> impl Strategy<Value = Vec<(Option<u16>, Record)>> {
    let cut = (ends(), options(), any::<bool>(), alone(), select(vec![8_usize, 64, 200]));
    let cut = (cut, prop::collection::vec((0..60_usize, 0..1_000_i64), 60)).prop_map(
        |((ends, options, is_v6, datagram, size), cuts)| {
            let frames = (0..datagram.len()).step_by(size).zip(cuts).map(|(from, (cut, time))| {
                let to = (from + size).min(datagram.len());
                let piece = Some((0, from as u16, to < datagram.len()));
                let data = outer_ip(ends, piece, options, is_v6, &datagram[from..to]);
                Record { cut: cut.saturating_sub(40), data, time }
            });
            frames.collect()
        },
    );
    let lost = prop::option::weighted(0.25, any::<prop::sample::Index>());
    let cut = (cut, prop::collection::vec(0..40_u8, 60), lost);
    (prop::collection::vec(cut, 0..8), prop::collection::vec(record(), 0..40).prop_map(in_sequence))
        .prop_map(move |(cuts, others)| interleave(cuts, others, repeats))
}

/// Each datagram gets an identification of its own, which is told beside its frames.
fn interleave(cuts: Vec<Cut>, others: Vec<Record>, repeats: bool) -> Vec<(Option<u16>, Record)> {
    let mut placed: Vec<(usize, Option<u16>, Record)> = Vec::new();
    for (number, (pieces, delays, lost)) in (1_u16..).zip(cuts) {
        let lost = lost.map(|lost| lost.index(pieces.len()));
        let start = usize::from(number) * 8;
        let delayed = pieces.into_iter().zip(delays).enumerate().filter(|(at, _)| Some(*at) != lost);
        let mut own: Vec<_> = delayed
            .map(|(_, (mut record, delay))| {
                let at = if record.data[12..14] == [0x08, 0] { 18 } else { 14 + 40 + 6 };
                record.data[at..at + 2].copy_from_slice(&number.to_be_bytes());
                (start + usize::from(delay), Some(number), record)
            })
            .collect();
        if let Some((_, _, again)) = own.get(own.len() / 2).filter(|_| repeats && number % 2 == 0) {
            own.push((start + 45, Some(number), again.clone()));
        }
        placed.extend(own);
    }
    // Identification 0 is the others'.
    placed.extend(others.into_iter().enumerate().map(|(at, record)| (2 * at, None, record)));
    placed.sort_by_key(|(at, ..)| *at);
    placed.into_iter().map(|(_, number, record)| (number, record)).collect()
}

/// Puts something around a frame.
type Shape = fn(&[u8]) -> Vec<u8>;

/// What an Ethernet frame may have around it.
fn carried() -> impl Strategy<Value = Shape> {
    const SHAPES: [Shape; 6] = [
        <[u8]>::to_vec,
        <[u8]>::to_vec,
        |frame| craft::outer(craft::MPLS, &craft::labels(&[16, 17], frame)),
        |frame| in_gre(&craft::erspan(frame)),
        |frame| in_gre(&craft::gre(craft::BRIDGED, [None, Some(5), None], frame)),
        |frame| craft::over_ipv4(300, &in_gre(&craft::gre(craft::BRIDGED, [None; 3], frame))),
    ];
    select(SHAPES.to_vec())
}

fn in_gre(payload: &[u8]) -> Vec<u8> {
    craft::outer(craft::IPV4, &Ipv4 { protocol: craft::GRE, ..Ipv4::default() }.around(payload))
}

fn record() -> impl Strategy<Value = Record> {
    let noise = prop_oneof![Just(craft::inner()), Just(vec![]), prop::collection::vec(any::<u8>(), 0..80)];
    let whole = (ends(), options(), any::<bool>(), vxlan_datagram())
        .prop_map(|(ends, options, is_v6, datagram)| outer_ip(ends, None, options, is_v6, &datagram));
    let whole = (whole, carried()).prop_map(|(frame, around)| around(&frame));
    framed(prop_oneof![8 => whole, 1 => icmp_error(), 1 => noise])
}

/// The same with pieces of a datagram that may be any one's.
fn record_or_piece() -> impl Strategy<Value = Record> {
    framed((outer_frame(), carried()).prop_map(|(frame, around)| around(&frame)))
}

fn framed(data: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Record> {
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
    let overlays = Overlays::default();
    let mut analysis =
        Analysis::new(Settings { overlays, select, checksums: true, dedup: None, max_flows: None });
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
    assert_facts(merged, whole);
}

/// Asserts what stands in no table.
fn assert_facts(merged: &Analysis, whole: &Analysis) {
    assert_eq!(merged.endings(), whole.endings());
    assert_eq!(merged.incomplete_datagrams(), whole.incomplete_datagrams());
    assert_eq!(merged.incomplete(), whole.incomplete());
    assert_eq!(merged.notes().collect::<Vec<_>>(), whole.notes().collect::<Vec<_>>());
    assert_eq!(merged.seen(), whole.seen());
    let candidates = |analysis: &Analysis| {
        analysis.candidates().map(|c| (c.port, c.frames, c.vnis.clone())).collect::<Vec<_>>()
    };
    assert_eq!(candidates(merged), candidates(whole));
}

/// The sum of a column of counts; of layers, that of the outermost.
fn sum(analysis: &Analysis, view: View, column: &str) -> u64 {
    let table = view.table(analysis.cells(), &[], None).unwrap();
    let place = |wanted: &str| table.columns().iter().position(|name| *name == wanted);
    let (at, depth) = (place(column).unwrap(), place("depth"));
    let count = |row: &[Value], at: usize| match row[at] {
        Value::Count(count) => count,
        ref other => panic!("{column} is {other:?}"),
    };
    let rows = (0..table.len()).map(|row| table.values(row, analysis.cells()).unwrap());
    rows.filter(|row| depth.is_none_or(|depth| count(row, depth) == 1)).map(|row| count(&row, at)).sum()
}

/// Merges the parts that the two cuts make, first the left ones and first the right ones.
fn merged(records: &[Record], a: usize, b: usize, selected: Option<(&str, &str)>) -> [Analysis; 3] {
    let part = |range: std::ops::Range<usize>| analyse(&records[range], selected);
    let mut in_two = part(0..a);
    in_two.merge(&part(a..records.len()));
    let mut from_the_left = part(0..a);
    from_the_left.merge(&part(a..b));
    from_the_left.merge(&part(b..records.len()));
    let (mut from_the_right, mut end) = (part(0..a), part(a..b));
    end.merge(&part(b..records.len()));
    from_the_right.merge(&end);
    [in_two, from_the_left, from_the_right]
}

/// The columns of a view that a datagram's place in the order has no say in, rows in an order of their own; and
/// without times, where those are not to be compared.
fn unordered(analysis: &Analysis, view: View, times: bool) -> Vec<String> {
    const ENDS: [&str; 4] = ["src_ip", "src_port", "dst_ip", "dst_port"];
    const ORDER: [&str; 14] = [
        "src_vtep",
        "dst_vtep",
        "packets_fwd",
        "packets_rev",
        "inner_bytes_fwd",
        "inner_bytes_rev",
        "tcp_flags_fwd",
        "tcp_flags_rev",
        "tcp_state",
        "moves",
        "five_moves_s",
        "vtep",
        "ttl_changes",
        "duration_s",
    ];
    // TCP is followed in order.
    const HEALTH: [&str; 7] = [
        "retransmi",
        "out_of_order",
        "duplicate_acks",
        "missing_bytes",
        "zero_windows",
        "syn_retries",
        "rtt_",
    ];
    let table = view.table(analysis.cells(), &[], None).unwrap();
    let told = (0..table.len()).map(|row| {
        let row = table.values(row, analysis.cells()).unwrap();
        let named: Vec<_> = table.columns().into_iter().zip(row).collect();
        let value = |name: &str| named.iter().find(|(column, _)| *column == name).map(|(_, value)| value);
        let mut ends = [(value("src_ip"), value("src_port")), (value("dst_ip"), value("dst_port"))]
            .map(|end| format!("{end:?}"));
        ends.sort();
        let kept = named.iter().filter(|(column, _)| {
            let is_key = view == View::Vteps && *column == "vtep";
            let is_time = column.ends_with("_seen");
            // Who has an address, and who took it from whom.
            let is_latest = view == View::Addresses && matches!(*column, "mac" | "conflicts");
            let is_tcp_health = HEALTH.iter().any(|name| column.starts_with(name));
            is_key
                || !(ENDS.contains(column)
                    || ORDER.contains(column)
                    || is_tcp_health
                    || is_latest
                    || is_time && !times)
        });
        format!("{ends:?} {:?}", kept.collect::<Vec<_>>())
    });
    let mut told: Vec<_> = told.collect();
    told.sort();
    told
}

/// Asserts what holds wherever a capture is cut: all sums and counts.
fn assert_alike(merged: &Analysis, whole: &Analysis, times: bool) {
    for view in VIEWS {
        assert_eq!(unordered(merged, view, times), unordered(whole, view, times), "{view:?}");
    }
    assert_facts(merged, whole);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn parts_merged_are_the_whole(
        records in prop::collection::vec(record(), 0..90).prop_map(in_sequence),
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        selected in selection(),
    ) {
        let (a, b) = (cuts.0.index(records.len() + 1), cuts.1.index(records.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let whole = analyse(&records, selected);
        for merged in merged(&records, a, b, selected) {
            assert_equal(&merged, &whole);
        }
    }

    /// So they are where datagrams are in pieces. Where a cut goes through one, it is added where the parts meet, and
    /// the order of packets is not that of the whole; the sums are.
    #[test]
    fn parts_with_fragments_merged_are_the_whole(
        frames in fragmented(false),
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        selected in selection(),
    ) {
        let records: Vec<_> = frames.iter().map(|(_, record)| record.clone()).collect();
        let (a, b) = (cuts.0.index(records.len() + 1), cuts.1.index(records.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let goes_through = |cut: usize| {
            frames[..cut].iter().any(|(number, _)| {
                number.is_some() && frames[cut..].iter().any(|(later, _)| later == number)
            })
        };
        let whole = analyse(&records, selected);
        for merged in merged(&records, a, b, selected) {
            if goes_through(a) || goes_through(b) {
                assert_alike(&merged, &whole, true);
            } else {
                assert_equal(&merged, &whole);
            }
        }
    }

    /// Where a piece came again, and its datagram was whole in a later part without what was seen before, it is a
    /// packet of that part.
    #[test]
    fn parts_with_repeats_merged_are_the_whole(
        frames in fragmented(true),
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        selected in selection(),
    ) {
        let records: Vec<_> = frames.into_iter().map(|(_, record)| record).collect();
        let (a, b) = (cuts.0.index(records.len() + 1), cuts.1.index(records.len() + 1));
        let whole = analyse(&records, selected);
        for merged in merged(&records, a.min(b), a.max(b), selected) {
            assert_alike(&merged, &whole, false);
        }
    }

    /// Pieces of anything, all with one identification: merged in any way, each frame counts once.
    #[test]
    fn parts_with_any_pieces_conserve(
        records in prop::collection::vec(record_or_piece(), 0..90),
        cuts in (any::<prop::sample::Index>(), any::<prop::sample::Index>()),
        selected in selection(),
    ) {
        let (a, b) = (cuts.0.index(records.len() + 1), cuts.1.index(records.len() + 1));
        for merged in merged(&records, a.min(b), a.max(b), selected) {
            assert_conservation(&merged, &records, selected.is_none());
        }
    }

    /// Conservation: the same packets and bytes in every table, and every frame in one disposition.
    #[test]
    fn tables_conserve(records in prop::collection::vec(record_or_piece(), 0..90), selected in selection()) {
        assert_conservation(&analyse(&records, selected), &records, selected.is_none());
    }
}

fn assert_conservation(analysis: &Analysis, records: &[Record], everything: bool) {
    let views = [
        View::Vnis,
        View::Tunnels,
        View::Underlay,
        View::ConversationsByMac,
        View::OverheadByVni,
        View::OverheadByTunnel,
    ];
    for column in ["packets", "wire_bytes", "inner_bytes"] {
        let total = sum(analysis, View::OverheadTotal, column);
        // A direction has no column of inner bytes.
        for view in views.into_iter().filter(|view| column != "inner_bytes" || *view != View::Underlay) {
            assert_eq!(sum(analysis, view, column), total, "{column} of {view:?}");
        }
    }
    let endings = analysis.endings();
    let dispositions = [
        Disposition::Vxlan,
        Disposition::Fragment,
        Disposition::Other,
        Disposition::Invalid,
        Disposition::Malformed,
    ];
    assert_eq!(endings.total(), dispositions.iter().map(|it| endings.of(*it)).sum::<u64>());
    let all: u64 = records.iter().map(|record| record.data.len() as u64).sum();
    assert!(sum(analysis, View::OverheadTotal, "wire_bytes") <= all);
    if everything {
        assert_eq!(endings.total(), records.len() as u64);
        assert_eq!(sum(analysis, View::Vnis, "packets"), endings.count(Ending::Vxlan));
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

/// An identification that is in use again, and a cut where no datagram is under way or one is that the later part has the
/// rest of.
#[test]
fn an_identification_in_use_again() {
    let piece = |vni, offset| {
        let whole = craft::datagram(vni, &[craft::inner(), vec![vni as u8; 1000]].concat());
        let (flags_and_offset, data) = if offset == 0 { (MORE, &whole[..504]) } else { (63, &whole[504..]) };
        let ip = Ipv4 { identification: 7, flags_and_offset, ..Ipv4::default() };
        Record { data: craft::outer(craft::IPV4, &ip.around(data)), cut: 0, time: 5 }
    };
    let records = [piece(100, 0), piece(100, 504), piece(200, 0), piece(200, 504), piece(200, 504)];
    let total = |range: std::ops::Range<usize>| range.map(|at| records[at].data.len() as u64).sum::<u64>();
    for (a, b) in (0..=5).flat_map(|a| (a..=5).map(move |b| (a, b))) {
        // A part that begins inside of the first datagram cannot know that its first piece is none of the second.
        let parts = [a, b, 5];
        if parts.iter().zip(&parts[1..]).any(|(start, end)| *start == 1 && *end > 2) {
            continue;
        }
        let mut analysis = analyse(&records[..a], None);
        analysis.merge(&analyse(&records[a..b], None));
        analysis.merge(&analyse(&records[b..], None));
        let table = View::Vnis.table(analysis.cells(), &[("vni".to_owned(), false)], None).unwrap();
        let at = table.columns().iter().position(|name| *name == "wire_bytes").unwrap();
        let told: Vec<_> =
            (0..table.len()).map(|row| table.values(row, analysis.cells()).unwrap()[at].clone()).collect();
        assert_eq!(told, [Value::Count(total(0..2)), Value::Count(total(2..5))], "cut at {a} and {b}");
        assert_eq!(analysis.endings().count(Ending::Fragment), 3);
    }
}

/// What a later part gave up, because its identification was in use again when the time was over, has its first pieces
/// here.
#[test]
fn given_up_by_a_later_part() {
    let pieces = pieces(7, &[1200, 4000]);
    let other = self::pieces(7, &[800, 4000]);
    let at =
        |data: &Vec<u8>, seconds: i64| Record { data: data.clone(), cut: 0, time: seconds * 1_000_000_000 };
    let records = [at(&pieces[0], 1), at(&pieces[1], 2), at(&other[0], 40), at(&other[1], 41)];
    let whole = analyse(&records, None);
    assert_eq!((whole.endings().count(Ending::Vxlan), whole.incomplete_datagrams()), (2, (0, 0)));
    let later = analyse(&records[1..], None);
    assert_eq!((later.endings().count(Ending::Vxlan), later.incomplete_datagrams()), (1, (1, 0)));
    for cut in 0..=4 {
        let mut analysis = analyse(&records[..cut], None);
        analysis.merge(&analyse(&records[cut..], None));
        assert_alike(&analysis, &whole, true);
    }
}
