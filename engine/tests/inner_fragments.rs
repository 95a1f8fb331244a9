//! Fragments of inner IP datagrams reach the flow of their first, whatever the order, the tenant, and how a run is cut.

mod craft;

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select};

use craft::{Ipv4, Ipv6, MORE, mac};
use vxinspect_engine::analysis::{Analysis, Settings};
use vxinspect_engine::capture::{Frame, LinkType};
use vxinspect_engine::decode::Overlays;
use vxinspect_engine::packet::Packet;
use vxinspect_engine::select::Select;
use vxinspect_engine::sieve::Sieve;
use vxinspect_engine::value::Value;
use vxinspect_engine::views::View;

const SECOND: i64 = 1_000_000_000;
const SERVER: u16 = 53;

/// An inner fragment of UDP between a client and a server, who have the same addresses in each VNI.
#[derive(Debug, Clone, Copy)]
struct Piece {
    vni: u32,
    is_v6: bool,
    to_server: bool,
    identification: u16,
    /// The client's port, of a first fragment; `None` of a later one.
    first: Option<u16>,
    /// Last octet of the sending VTEP's address.
    vtep: u8,
    time: i64,
}

impl Piece {
    fn first(vni: u32, identification: u16, port: u16) -> Self {
        let (is_v6, to_server, vtep, time) = (false, true, 1, 0);
        Self { vni, is_v6, to_server, identification, first: Some(port), vtep, time }
    }

    fn later(vni: u32, identification: u16) -> Self {
        Self { first: None, ..Self::first(vni, identification, 0) }
    }

    fn at(self, time: i64) -> Self {
        Self { time, ..self }
    }

    /// A first one has 16 bytes behind its UDP header, a later one 40 bytes.
    fn payload(&self) -> Vec<u8> {
        let Some(port) = self.first else { return vec![0xdd; 40] };
        let (source, destination) = if self.to_server { (port, SERVER) } else { (SERVER, port) };
        craft::udp(source, destination, &[0xcc; 16])
    }

    fn inner(&self, protocol: u8, payload: &[u8]) -> Vec<u8> {
        let (source, destination): (u8, u8) = if self.to_server { (1, 2) } else { (2, 1) };
        let (ethertype, packet) = if self.is_v6 {
            let offset = if self.first.is_some() { 0 } else { 24 };
            let piece =
                craft::fragment(protocol, offset, self.first.is_some(), self.identification.into(), payload);
            let ip = Ipv6 { source: source.into(), destination: destination.into(), next_header: 44 };
            (craft::IPV6, ip.around(&piece))
        } else {
            let flags_and_offset = if self.first.is_some() { MORE } else { 3 };
            let (source, destination) = ([10, 0, 0, source], [10, 0, 0, destination]);
            let identification = self.identification;
            let ip =
                Ipv4 { source, destination, protocol, identification, flags_and_offset, ..Ipv4::default() };
            (craft::IPV4, ip.around(payload))
        };
        craft::ethernet(mac(source), mac(destination), ethertype, &packet)
    }

    fn carried(&self, frame: &[u8]) -> Vec<u8> {
        let ip = Ipv4 { source: [192, 0, 2, self.vtep], destination: [192, 0, 2, 9], ..Ipv4::default() };
        craft::outer(craft::IPV4, &ip.around(&craft::datagram(self.vni, frame)))
    }

    fn frame(&self) -> Vec<u8> {
        self.carried(&self.inner(craft::UDP, &self.payload()))
    }

    /// Addresses of one direction, in one VNI, with one identification.
    fn datagram(&self) -> (u32, bool, bool, u16) {
        (self.vni, self.is_v6, self.to_server, self.identification)
    }
}

fn settings(terms: &[(&str, &str)]) -> Settings {
    let select = Select::new(terms.iter().copied()).unwrap();
    Settings { overlays: Overlays::default(), select, checksums: true, dedup: None, max_flows: None }
}

fn observe(analysis: &mut Analysis, data: &[u8], time: i64) {
    let (wire_len, link) = (data.len() as u32, LinkType::ETHERNET);
    analysis.observe(&Frame { data, wire_len, time, link });
}

fn analyse(pieces: &[Piece]) -> Analysis {
    let mut analysis = Analysis::new(settings(&[]));
    for piece in pieces {
        observe(&mut analysis, &piece.frame(), piece.time);
    }
    analysis.finish();
    analysis
}

fn rows(analysis: &Analysis, view: View) -> Vec<Vec<Value>> {
    let table = view.table(analysis.cells(), &[], None).unwrap();
    (0..table.len()).map(|row| table.values(row, analysis.cells()).unwrap()).collect()
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Count(count) => count.to_string(),
        Value::Time(time) => time.to_string(),
        Value::Ip(address) => address.to_string(),
        Value::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

/// Some columns of the flows, in an order of their own.
fn flows(analysis: &Analysis, columns: &[&str]) -> Vec<String> {
    let table = View::Flows.table(analysis.cells(), &[], None).unwrap();
    let at = |name: &&str| table.columns().iter().position(|column| column == name).unwrap();
    let places: Vec<_> = columns.iter().map(at).collect();
    let told = |row| {
        let values = table.values(row, analysis.cells()).unwrap();
        places.iter().map(|at| text(&values[*at])).collect::<Vec<_>>().join(" ")
    };
    let mut all: Vec<_> = (0..table.len()).map(told).collect();
    all.sort();
    all
}

const PORTS: [&str; 4] = ["vni", "src_port", "packets", "payload_bytes"];

/// What is expected of a flow: packets each way, times, and the direction and the VTEP of its first packet.
#[derive(Debug, Default)]
struct Expected {
    to_server: u64,
    to_client: u64,
    first: Option<(bool, u8)>,
    seen: Option<(i64, i64)>,
}

/// The rule once more: the last first one before, else the next one, within 30 seconds.
fn port(pieces: &[Piece], at: usize) -> Option<u16> {
    let piece = &pieces[at];
    let same = |other: &&Piece| other.first.is_some() && other.datagram() == piece.datagram();
    let near = |other: &&Piece| (other.time - piece.time).abs() <= 30 * SECOND;
    let before = pieces[..at].iter().rfind(same).filter(near);
    let next = || pieces[at..].iter().find(same).filter(near);
    piece.first.or_else(|| before.or_else(next).and_then(|first| first.first))
}

fn expected(pieces: &[Piece]) -> Vec<String> {
    let mut flows: BTreeMap<(u32, bool, Option<u16>), Expected> = BTreeMap::new();
    for (at, piece) in pieces.iter().enumerate() {
        let flow = flows.entry((piece.vni, piece.is_v6, port(pieces, at))).or_default();
        *(if piece.to_server { &mut flow.to_server } else { &mut flow.to_client }) += 1;
        flow.first.get_or_insert((piece.to_server, piece.vtep));
        let (first, last) = flow.seen.unwrap_or((piece.time, piece.time));
        flow.seen = Some((first.min(piece.time), last.max(piece.time)));
    }
    let mut told: Vec<_> = flows
        .into_iter()
        .map(|((vni, is_v6, port), flow)| {
            let (to_server, vtep) = flow.first.unwrap();
            let port = port.map(|port| if to_server { port } else { SERVER });
            let client = if is_v6 { ["::1", "::2"] } else { ["10.0.0.1", "10.0.0.2"] };
            let source = if to_server { client[0] } else { client[1] };
            let ways = [flow.to_server, flow.to_client];
            let (ahead, back) = if to_server { (ways[0], ways[1]) } else { (ways[1], ways[0]) };
            let port = port.map_or("null".to_owned(), |port| port.to_string());
            let (first, last) = flow.seen.unwrap();
            format!("{vni} {source} {port} 192.0.2.{vtep} {ahead} {back} {first} {last}")
        })
        .collect();
    told.sort();
    told
}

const TOLD: [&str; 8] =
    ["vni", "src_ip", "src_port", "src_vtep", "packets_fwd", "packets_rev", "first_seen", "last_seen"];

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

/// The alphabets are small, so that identifications meet again.
fn piece() -> impl Strategy<Value = (Piece, i64)> {
    let first = prop_oneof![2 => Just(None), 1 => select(vec![Some(40_000), Some(40_001)])];
    let step = select(vec![0, 0, SECOND, 20 * SECOND]);
    let tenant = (select(vec![100, 200]), prop::bool::weighted(0.2), any::<bool>());
    (tenant, select(vec![7, 8]), first, select(vec![1, 3]), step).prop_map(
        |((vni, is_v6, to_server), identification, first, vtep, step)| {
            (Piece { vni, is_v6, to_server, identification, first, vtep, time: 0 }, step)
        },
    )
}

fn sequence() -> impl Strategy<Value = Vec<Piece>> {
    prop::collection::vec(piece(), 0..40).prop_map(|steps| {
        let mut now = SECOND;
        let timed = steps.into_iter().map(|(piece, step)| {
            now += step;
            piece.at(now)
        });
        timed.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn flows_are_those_of_the_first_fragments(pieces in sequence()) {
        prop_assert_eq!(flows(&analyse(&pieces), &TOLD), expected(&pieces));
    }

    /// Wherever a run is cut, and in whichever order its parts are merged.
    #[test]
    fn parts_merged_are_the_whole(pieces in sequence(), cuts in (any::<Index>(), any::<Index>())) {
        let (a, b) = (cuts.0.index(pieces.len() + 1), cuts.1.index(pieces.len() + 1));
        let (a, b) = (a.min(b), a.max(b));
        let whole = analyse(&pieces);
        let mut from_the_left = analyse(&pieces[..a]);
        from_the_left.merge(&analyse(&pieces[a..b]));
        from_the_left.merge(&analyse(&pieces[b..]));
        let (mut from_the_right, mut end) = (analyse(&pieces[..a]), analyse(&pieces[a..b]));
        end.merge(&analyse(&pieces[b..]));
        from_the_right.merge(&end);
        for view in VIEWS {
            prop_assert_eq!(rows(&from_the_left, view), rows(&whole, view), "from the left: {:?}", view);
            prop_assert_eq!(rows(&from_the_right, view), rows(&whole, view), "from the right: {:?}", view);
        }
    }
}

/// Two tenants with the same addresses and the same identification, in any order.
#[test]
fn same_identification_of_two_tenants() {
    let pieces = [
        Piece::first(100, 7, 40_000),
        Piece::first(200, 7, 40_001),
        Piece::later(100, 7),
        Piece::later(200, 7),
    ];
    for order in [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [2, 3, 0, 1], [3, 0, 2, 1]] {
        let analysis = analyse(&order.map(|at: usize| pieces[at]));
        assert_eq!(flows(&analysis, &PORTS), ["100 40000 2 56", "200 40001 2 56"], "{order:?}");
    }
}

/// A first fragment that comes once more changes nothing; one with other ports is another datagram's.
#[test]
fn repeated_first() {
    let (first, later) = (Piece::first(100, 7, 40_000), Piece::later(100, 7));
    let flows = |pieces: &[Piece]| flows(&analyse(pieces), &PORTS);
    assert_eq!(flows(&[first, first, later, first]), ["100 40000 4 88"]);
    assert_eq!(flows(&[later, first, first, later]), ["100 40000 4 112"]);
    let other = Piece::first(100, 7, 40_001);
    assert_eq!(flows(&[first, later, other, later]), ["100 40000 2 56", "100 40001 2 56"]);
}

/// Without its first, a later fragment is of a flow without ports, as it is 31 seconds apart.
#[test]
fn missing_first() {
    let (first, later) = (Piece::first(100, 7, 40_000), Piece::later(100, 7));
    let flows = |pieces: &[Piece]| flows(&analyse(pieces), &PORTS);
    assert_eq!(flows(&[later, later]), ["100 null 2 80"]);
    assert_eq!(flows(&[first.at(1), later.at(1 + 30 * SECOND)]), ["100 40000 2 56"]);
    assert_eq!(flows(&[first.at(1), later.at(2 + 30 * SECOND)]), ["100 40000 1 16", "100 null 1 40"]);
    assert_eq!(flows(&[later.at(1), first.at(2 + 30 * SECOND)]), ["100 40000 1 16", "100 null 1 40"]);
}

/// A first fragment without its ports, because the capture was cut there, tells nothing, and hides the one before.
#[test]
fn first_without_ports() {
    let (first, later) = (Piece::first(100, 7, 40_000), Piece::later(100, 7));
    let mut analysis = Analysis::new(settings(&[]));
    let data = first.frame();
    observe(&mut analysis, &data, 1);
    let cut = &data[..data.len() - 23];
    let (wire_len, link) = (data.len() as u32, LinkType::ETHERNET);
    analysis.observe(&Frame { data: cut, wire_len, time: 1, link });
    observe(&mut analysis, &later.frame(), 1);
    analysis.finish();
    assert_eq!(flows(&analysis, &PORTS), ["100 40000 1 16", "100 null 2 56"]);
}

/// Behind extension headers, later fragments over IPv6 do not even tell the protocol.
#[test]
fn extension_headers_behind_the_fragment_header() {
    let first = Piece { is_v6: true, ..Piece::first(100, 7, 40_000) };
    let later = Piece { is_v6: true, ..Piece::later(100, 7) };
    let options = craft::options(craft::UDP, 0, &first.payload());
    let frames =
        [first.carried(&first.inner(60, &options)), later.carried(&later.inner(60, &later.payload()))];
    for order in [[0, 1], [1, 0]] {
        let mut analysis = Analysis::new(settings(&[]));
        for at in order {
            observe(&mut analysis, &frames[at], 1);
        }
        analysis.finish();
        assert_eq!(flows(&analysis, &["protocol", "src_port", "packets"]), ["udp 40000 2"], "{order:?}");
    }
}

/// TCP's later fragments are packets of its flow, and no segments.
#[test]
fn fragments_of_tcp_are_no_segments() {
    let (first, later) = (Piece::first(100, 7, 40_000), Piece::later(100, 7));
    let header = craft::tcp(40_000, 80, 0x18, &[], &[1; 20]);
    let frames = [first.inner(craft::TCP, &header), later.inner(craft::TCP, &[2; 40])];
    for order in [[0, 1, 1], [1, 0, 1], [1, 1, 0]] {
        let mut analysis = Analysis::new(settings(&[]));
        for at in order {
            observe(&mut analysis, &first.carried(&frames[at]), 1);
        }
        analysis.finish();
        let told = ["src_port", "packets", "tcp_flags_fwd", "tcp_state", "retransmitted_fwd"];
        assert_eq!(flows(&analysis, &told), ["40000 3 PA OTH 0"], "{order:?}");
        let table = View::Vnis.table(analysis.cells(), &[], None).unwrap();
        let at = table.columns().iter().position(|name| *name == "tcp_segments").unwrap();
        assert_eq!(table.values(0, analysis.cells()).unwrap()[at], Value::Count(1), "{order:?}");
    }
}

/// A selection by port takes the later fragments that come behind their first; before it, nobody knows.
#[test]
fn selected_by_port() {
    let all = [
        Piece::first(100, 7, 40_000),
        Piece::later(100, 7),
        Piece::first(100, 8, 40_001),
        Piece::later(100, 8),
        Piece::later(100, 9),
        Piece::first(100, 9, 40_000),
    ];
    let by_port = settings(&[("inner_port", "40000")]);
    let mut analysis = Analysis::new(by_port.clone());
    for piece in all {
        observe(&mut analysis, &piece.frame(), piece.time);
    }
    analysis.finish();
    assert_eq!(flows(&analysis, &PORTS), ["100 40000 3 72"]);
    let mut sieve = Sieve::new(by_port);
    let selected = all.map(|piece| {
        let (data, mut packet) = (piece.frame(), Packet::default());
        let frame = Frame { data: &data, wire_len: data.len() as u32, time: 0, link: LinkType::ETHERNET };
        sieve.look(&frame, &mut packet).unwrap().selected
    });
    assert_eq!(selected, [true, true, false, false, false, true]);
}

/// What waits, and what is known, has a bound: so many fragments apart, none is of a datagram with another.
#[test]
fn out_of_reach() {
    const REACH: u16 = u16::MAX;
    let (first, later) = (Piece::first(100, 0, 40_000), Piece::later(100, 0));
    let others = |count: u16| (0..count).map(|number| Piece::later(200, number));
    for (between, packets) in [(REACH, 2), (REACH - 1, 2)] {
        for (one, two) in [(first, later), (later, first)] {
            let pieces: Vec<_> = std::iter::once(one).chain(others(between)).chain([two]).collect();
            assert_eq!(flows(&analyse(&pieces), &PORTS)[0], format!("100 40000 {packets} 56"));
        }
    }
    for (one, two) in [(first, later), (later, first)] {
        let pieces: Vec<_> =
            std::iter::once(one).chain(others(REACH)).chain(others(1)).chain([two]).collect();
        assert_eq!(flows(&analyse(&pieces), &PORTS)[..2], ["100 40000 1 16", "100 null 1 40"]);
    }
}

/// Where flows are handed out once they are over, one that waits moves to its flow if that comes in time.
#[test]
fn waiting_while_flows_retire() {
    let (later, first) = (Piece::later(100, 7), Piece::first(100, 7, 40_000));
    for (since, retired, left) in [(SECOND, 0, "100 40000 2 56"), (3 * SECOND, 1, "100 40000 1 16")] {
        let mut analysis = Analysis::new(settings(&[]));
        // The place of one that went is empty, and no flow.
        observe(&mut analysis, &Piece::first(200, 1, 9).at(SECOND / 2).frame(), SECOND / 2);
        observe(&mut analysis, &later.frame(), 2 * SECOND);
        let mut rows = 0;
        let handed_out: Result<(), ()> = analysis.retire(since, false, |_, _| {
            rows += 1;
            Ok(())
        });
        assert_eq!((handed_out, rows), (Ok(()), 1 + retired));
        observe(&mut analysis, &first.frame(), 4 * SECOND);
        analysis.finish();
        assert_eq!(flows(&analysis, &PORTS), [left]);
    }
}

/// However many datagrams come the wrong way round, their fragments end in few cells: but for those at the start of a
/// run, which an earlier part may have the first of.
#[test]
fn memory_for_many_reversed() {
    let pieces: Vec<_> = (0..200_000_u32)
        .map(|number| (number % 0xffff) as u16)
        .flat_map(|number| [Piece::later(100, number), Piece::first(100, number, 40_000)])
        .collect();
    let analysis = analyse(&pieces);
    assert_eq!(flows(&analysis, &["src_port", "packets"]), ["40000 400000"]);
    assert!(analysis.cells().len() <= 0x8000 + 2, "{}", analysis.cells().len());
}
