//! Filters on one packet: what wireshark-filter(4) says of each construct, and where errors point.

use proptest::prelude::*;

use super::{FilterError, LONGEST, parse};
use crate::capture::NO_TIME;
use crate::packet::{Key, Note, Origin, Packet, Tunnel};
use crate::select::field::FIELDS;
use crate::select::program::Program;
use crate::wire::mac::Mac;
use crate::wire::tcp::flags;

fn v4(text: &str) -> u128 {
    u128::from(text.parse::<std::net::Ipv4Addr>().unwrap().to_bits())
}

fn v6(text: &str) -> u128 {
    text.parse::<std::net::Ipv6Addr>().unwrap().to_bits()
}

fn mac(text: &str) -> Mac {
    Mac::parse(text).unwrap()
}

/// TCP SYN from 10.1.2.3:40000 to 10.1.2.4:80 in VNI 100, VLAN 7, over 192.0.2.1 -> 192.0.2.2.
fn syn() -> Packet {
    let mut key = Key::of_vni(100);
    key.set_macs(mac("00:50:56:00:00:01"), mac("02:00:00:00:00:02"));
    key.set_tag(7);
    key.set_ethertype(0x0800);
    key.set_ip(false, v4("10.1.2.3"), v4("10.1.2.4"), 6);
    key.set_ports(40_000, 80);
    Packet {
        tunnel: Tunnel::new(false, v4("192.0.2.1"), v4("192.0.2.2"), 4789),
        key,
        time: 1_782_216_000_000_000_000,
        wire_len: 114,
        inner_len: 64,
        outer_ip_header_len: 20,
        outer_ip_len: 100,
        origin: Origin::new(Some(mac("02:aa:00:00:00:01")), 50_000),
        tcp_control: flags::SYN,
        ..Packet::default()
    }
}

/// An echo request over IPv6, inside and outside, to a group.
fn ping6() -> Packet {
    let mut key = Key::of_vni(0xFF_FFFF);
    key.set_macs(mac("02:00:00:00:00:02"), mac("33:33:00:00:00:01"));
    key.set_ethertype(0x86DD);
    key.set_ip(true, v6("fe80::1"), v6("ff02::1"), 58);
    Packet { tunnel: Tunnel::new(true, v6("2001:db8::1"), v6("ff05::1"), 8472), key, ..Packet::default() }
}

fn arp() -> Packet {
    let mut key = Key::of_vni(100);
    key.set_macs(mac("02:00:00:00:00:02"), mac("ff:ff:ff:ff:ff:ff"));
    key.set_ethertype(0x0806);
    key.set_arp(v4("10.0.0.1") as u32, v4("10.0.0.2") as u32);
    Packet {
        tunnel: Tunnel::new(false, v4("192.0.2.1"), v4("239.0.0.1"), 4789),
        key,
        time: NO_TIME,
        ..Packet::default()
    }
}

fn selects(filter: &str, packet: &Packet) -> bool {
    let expr = parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    Program::of(expr).selects(packet, &[])
}

/// Asserts what each filter says of a packet: true of the first ones, false of the others.
fn assert_selection(packet: &Packet, chosen: &[&str], left: &[&str]) {
    for (filters, expected) in [(chosen, true), (left, false)] {
        for filter in filters {
            assert_eq!(selects(filter, packet), expected, "{filter}");
        }
    }
}

#[test]
fn every_spelling_of_a_relation() {
    let chosen = [
        "vni == 100",
        "vni eq 100",
        "vni any_eq 100",
        "vni === 100",
        "vni all_eq 100",
        "vni != 99",
        "vni ne 99",
        "vni all_ne 99",
        "vni !== 99",
        "vni any_ne 99",
        "vni ~= 99",
        "vni < 101",
        "vni lt 101",
        "vni <= 100",
        "vni le 100",
        "vni > 99",
        "vni gt 99",
        "vni >= 100",
        "vni ge 100",
        "vni==0x64",
        "vni == 0b1100100",
        "vni == \"100\"",
        "vxlan.vni == 100",
    ];
    let left = [
        "vni == 99",
        "vni === 99",
        "vni != 100",
        "vni !== 100",
        "vni < 100",
        "vni < 0",
        "vni <= 99",
        "vni > 100",
        "vni > 16777215",
        "vni >= 101",
    ];
    assert_selection(&syn(), &chosen, &left);
}

/// "any field must match" and "all fields must match": the table in wireshark-filter(4).
#[test]
fn two_values_match_where_any_does_and_differ_where_all_do() {
    let chosen = [
        "tcp.port == 80",
        "tcp.port == 40000",
        "tcp.port !== 80",
        "tcp.port != 81",
        "any tcp.port != 80",
        "all tcp.port >= 80",
        "all tcp.port in {80, 40000}",
        "any tcp.port === 80",
        "tcp.port < 81",
        "tcp.port > 39999",
        "tcp.port > 80 && tcp.port < 40000",
    ];
    let left = [
        "tcp.port != 80",
        "tcp.port === 80",
        "all tcp.port > 80",
        "all tcp.port in {80}",
        "all tcp.port == 80",
        "tcp.port in {81..39999}",
        "tcp.port not in {80}",
        "all tcp.port !== 80",
    ];
    assert_selection(&syn(), &chosen, &left);
}

#[test]
fn a_field_alone_is_there() {
    let chosen = [
        "tcp",
        "tcp.port",
        "tcp.flags.syn",
        "tcp.flags.ack",
        "inner.vlan",
        "inner.vlan.id",
        "inner.ip",
        "inner.ipv4",
        "outer.ipv4",
        "frame.time",
        "outer.eth.src",
        "inner.ip.src",
        "!udp",
        "not inner.arp",
        "!!tcp",
        "! not tcp",
    ];
    let left = [
        "udp",
        "inner.ipv6",
        "inner.ipv6.src",
        "inner.arp.src",
        "note.offload",
        "inner.group",
        "!tcp",
        "not not udp",
    ];
    assert_selection(&syn(), &chosen, &left);
    assert_selection(
        &arp(),
        &["inner.arp", "inner.group"],
        &["inner.ip", "frame.time", "outer.eth.src", "inner.port"],
    );
}

/// What is not there is neither equal nor unequal to anything, and in no set.
#[test]
fn absent_fields_hold_no_comparison() {
    let chosen = ["!(udp.port == 53)", "udp.port not in {53}", "!udp.port == 53"];
    let left = [
        "udp.port == 53",
        "udp.port != 53",
        "udp.port !== 53",
        "udp.port < 53",
        "udp.port in {53}",
        "all udp.port != 53",
    ];
    assert_selection(&syn(), &chosen, &left);
}

/// "A and B or not C or D and not E or F" is read "(A and B) or (not C) or (D and (not E)) or F".
#[test]
fn not_binds_tighter_than_and_than_or() {
    assert_selection(
        &syn(),
        &[
            "tcp || udp && udp",
            "udp && udp || tcp",
            "!udp && tcp",
            "!udp.port == 53 && tcp",
            "!(udp && tcp)",
            "not(udp)and(tcp)",
        ],
        &["(tcp || udp) && udp", "!tcp || udp", "!(tcp || udp)", "!tcp && udp || udp", "udp || !tcp"],
    );
}

#[test]
fn sets_and_ranges() {
    let chosen = [
        "vni in {100}",
        "vni in {1, 100}",
        "vni in {1 100}",
        "vni in {99..101}",
        "vni in {99 .. 101 7}",
        "vni in {5..5, 7..200, 100..101}",
        "inner.ip.src in {10.1.2.0/24}",
        "inner.ip.src in {10.1.2.1..10.1.2.3}",
        "inner.ip.addr in {fe80::1 10.1.2.4}",
        "vni not in {99, 101}",
        "frame.time in {1782216000..1782216001}",
        "inner.eth.src in {00:50:56:00:00:00..00:50:56:ff:ff:ff}",
    ];
    let left = [
        "vni in {99, 101}",
        "vni in {0..99, 101..16777215}",
        "vni not in {100}",
        "inner.ip.src in {10.1.2.4..10.1.2.9, ::/0}",
    ];
    assert_selection(&syn(), &chosen, &left);
}

#[test]
fn masks_slices_and_flags() {
    let chosen = [
        "tcp.flags & 2",
        "tcp.flags & 0x12 == 2",
        "tcp.flags bitwise_and 2",
        "!tcp.flags & 0x10",
        "tcp.flags == 2",
        "tcp.flags.syn == 1",
        "tcp.flags.syn == true",
        "tcp.flags.syn == True",
        "tcp.flags.syn == 7",
        "tcp.flags.ack == 0",
        "tcp.flags.ack == FALSE",
        "tcp.flags.syn != 0",
        "inner.eth.src[0:3] == 00:50:56",
        "inner.eth.src[:3] == 005056",
        "inner.eth.addr[0] == 2",
        "inner.eth.dst[0] & 2",
        "inner.eth.src[5] == 0x01",
        "inner.eth.addr[3-5] === 00:00:00 || inner.eth.src[1:2] in {50:55..50:57}",
        "vni & 4",
        "vni & 0x60 == 0x60",
    ];
    let left = [
        "tcp.flags & 0x10",
        "tcp.flags.syn == 0",
        "tcp.flags.syn < 1",
        "inner.eth.addr[0] & 1",
        "vni & 3",
        "inner.eth.src[3:] == 00:00:02",
    ];
    assert_selection(&syn(), &chosen, &left);
}

/// A header that was cut has no control bits to speak of; one with none set has.
#[test]
fn tcp_without_flags_is_not_tcp_cut_short() {
    let none = Packet { tcp_control: 0, ..syn() };
    assert_selection(&none, &["tcp.flags == 0", "tcp.flags.syn == 0", "tcp.len == 0"], &[]);
    let mut cut = none;
    cut.notes.set(Note::InnerHeaderCut, true);
    assert_selection(
        &cut,
        &["tcp", "tcp.port == 80", "note.inner_header_cut"],
        &["tcp.flags", "tcp.len", "tcp.flags.syn == 0"],
    );
}

/// Addresses have an order within their version of IP, and differ from all of the other.
#[test]
fn addresses() {
    let chosen = [
        "inner.ip.src == 10.1.2.3",
        "inner.ip.src == 10.0.0.0/8",
        "inner.ip.src == 10.255.255.255/8",
        "inner.ip.src == 0.0.0.0/0",
        "inner.ip.src != ::/0",
        "inner.ip.src < 10.1.2.4",
        "inner.ip.src >= 10.1.2.3",
        "inner.ip.src < inner.ip.dst",
        "inner.ip.addr == inner.ip.src",
        "vtep == 192.0.2.2",
        "outer.ip.dst == 192.0.2.0/24",
        "outer.ip.src != inner.ip.src",
    ];
    let left = [
        "inner.ip.src == 10.1.2.4",
        "inner.ip.src == ::/0",
        "inner.ip.src < ffff::",
        "inner.ip.src > ::",
        "inner.ip.addr != 10.1.2.4",
        "inner.ip.src == inner.ip.dst",
        "inner.ip.src == ::ffff:10.1.2.3",
        "inner.ip.src > 255.255.255.255",
        "inner.ip.src < 0.0.0.0",
    ];
    assert_selection(&syn(), &chosen, &left);
    assert_selection(
        &ping6(),
        &[
            "inner.ipv6",
            "icmpv6",
            "inner.ip.src == fe80::/10",
            "inner.ipv6.dst == FF02:0::1",
            "outer.ipv6",
            "inner.group",
            "inner.ip.dst > inner.ip.src",
        ],
        &["inner.ipv4", "inner.ip.src == 0.0.0.0/0", "inner.ip.src > 0.0.0.0", "icmp", "inner.arp.addr"],
    );
    assert_selection(
        &arp(),
        &["inner.arp.addr == 10.0.0.2", "inner.arp.src == 10.0.0.1"],
        &["inner.arp.dst == 10.0.0.1", "inner.ip.addr == 10.0.0.1"],
    );
}

#[test]
fn names_times_and_two_fields() {
    let chosen = [
        "inner.ip.proto == tcp",
        "inner.ip.proto == \"TCP\"",
        "inner.ip.proto in {udp, tcp}",
        "inner.eth.type == ipv4",
        "frame.time == \"2026-06-23 12:00:00\"",
        "frame.time == 2026-06-23T14:00:00+02:00",
        "frame.time > 2026-06-23",
        "frame.time < 1782216000.000000001",
        "tcp.srcport > tcp.dstport",
        "tcp.port == inner.dstport",
        "inner.len < frame.len",
        "tcp.flags.syn != tcp.flags.ack",
        "inner.eth.src != inner.eth.dst",
        "tcp.flags & 0x12 != tcp.dstport",
    ];
    assert_selection(
        &syn(),
        &chosen,
        &[
            "inner.ip.proto == udp",
            "tcp.srcport === tcp.port",
            "udp.port == tcp.port",
            "udp.port != tcp.port",
        ],
    );
}

// ---- errors ----

fn error(filter: &str) -> FilterError {
    match parse(filter) {
        Err(error) => error,
        Ok(_) => panic!("{filter}: is a filter"),
    }
}

/// Each points at the part between the guillemets, and says the words.
#[test]
fn errors_point_at_the_wrong_token() {
    for (marked, words) in [
        ("vni == 100 && «tcp.prot» == 80", "did you mean tcp.port?"),
        ("«ip.src» == 10.0.0.1", "did you mean inner.ip.src or outer.ip.src?"),
        ("«http»", "\"vxinspect fields\" lists them"),
        ("«inner.eth» == 1", "\"vxinspect fields inner.eth\" lists"),
        ("vni «=» 100", "did you mean \"==\"?"),
        ("vni «=>» 100", "did you mean \">=\"?"),
        ("tcp «AND» udp", "did you mean \"and\"?"),
        ("tcp «|» udp", "did you mean \"||\"?"),
        ("tcp «&» udp", "did you mean \"&&\"?"),
        ("tcp «xor» udp", "exclusive or"),
        ("«host» 10.0.0.1", "inner.ip.addr == 10.0.0.1"),
        ("tcp «port» 80", "inner.port == 80"),
        ("tcp «tcp»", "joined by"),
        ("tcp«)»", "closes nothing"),
        ("tcp && «(»udp || (tcp)", "not closed"),
        ("vni == «10.0.0.1»", "vni: expected a number from 0 to 16777215, found \"10.0.0.1\""),
        ("vni == «16777216»", "from 0 to 16777215"),
        ("tcp.port in {1, «65536»}", "from 0 to 65535"),
        ("vni == «-1»", "from 0 to 16777215"),
        ("vni == «0100»", "octal"),
        ("vni == «100-199»", "vni in {100..199}"),
        ("vni in {«200..100»}", "lower end"),
        ("vni in {1 2 «", "found the end"),
        ("vni in {«}", "found \"}\""),
        ("vni in {1,«}»", "found \"}\""),
        ("vni in «100»", "a set"),
        ("vni «==» {100}", "\"in\""),
        ("vni == «inner.ip.src»", "which is an IP address"),
        ("vni ==«»", "found the end"),
        ("tcp &&«»", "expected a field, found the end"),
        ("«80» == tcp.port", "behind its field"),
        ("tcp.port > 1 «<» 5", "two sides"),
        ("inner.ip.src > «10.0.0.0/8»", "network"),
        ("inner.ip.src in {«10.0.0.1..::1»}", "version"),
        ("inner.ip.src in {«10.0.0.0/8..11.0.0.1»}", "network"),
        ("inner.ip.src == «10.0.0.300»", "an IP address or network"),
        ("inner.ip.src == «10.0.0.0/33»", "an IP address or network"),
        ("inner.ipv6.src == «10.0.0.1»", "an IPv6 address"),
        ("inner.eth.src == «00:50:56»", "a MAC address"),
        ("inner.eth.src[«0:9»] == 1", "octets"),
        ("inner.eth.src[0:3 «==» 1", "\"]\""),
        ("inner.eth.src[0:3] == «00:50»", "3 octets"),
        ("vni«[»0:3] == 1", "only a MAC address has slices"),
        ("inner.ip.src «&» 255.0.0.0", "bits of a number"),
        ("tcp «==» 1", "write tcp or !tcp"),
        ("tcp «in» {1}", "write tcp or !tcp"),
        ("tcp.flags.syn == «maybe»", "true or false"),
        ("frame.time > «yesterday»", "a time"),
        ("frame.time > «\"2026-11-22»", "not closed"),
        ("(tcp.flags & 2) «==» 2", "parentheses group tests"),
        ("tcp.port «+» 1 == 2", "calculate"),
        ("any tcp.port«»", "a comparison"),
        ("vni == «“»100”", "straight"),
        ("vni «≥» 100", "\">=\""),
        ("tcp «\u{1b}»[2J", "\\u{1b}"),
        ("inner.ip.proto «contains» x", "text"),
    ] {
        let filter = marked.replace(['«', '»'], "");
        let place = |mark| {
            marked.chars().filter(|char| *char == mark || !"«»".contains(*char)).position(|char| char == mark)
        };
        let error = error(&filter);
        let start = place('«').unwrap();
        // A mark without its end is about the rest.
        let end = place('»').unwrap_or(error.end);
        assert_eq!((error.start, error.end), (start, end), "{filter}: {error}");
        assert!(error.message.contains(words), "{filter}: {error}");
        assert_eq!(error.filter, filter);
    }
}

#[test]
fn an_empty_filter_is_none() {
    for filter in ["", " \n\t"] {
        assert_eq!(error(filter).message, "the filter is empty");
    }
}

/// Neither the length of a filter nor how its parts nest can exhaust memory or stack.
#[test]
fn size_is_bounded() {
    let nested = |depth| format!("{}tcp{}", "(".repeat(depth), ")".repeat(depth));
    assert!(selects(&nested(100), &syn()));
    assert!(error(&nested(101)).message.contains("100 parentheses"));
    assert_eq!(error(&"(".repeat(LONGEST)).start, 100);
    assert!(selects(&format!("{}tcp", "!".repeat(100_000)), &syn()));
    assert!(selects(&format!("udp{}", " || tcp".repeat(100_000)), &syn()));
    assert!(selects(&format!("vni in {{100{}}}", " 7".repeat(100_000)), &syn()));
    assert!(error(&"x".repeat(LONGEST + 1)).message.contains("at most"));
    assert!(error(&"x".repeat(LONGEST)).message.len() < 200);
}

/// Texts that get further than random ones do.
fn likely() -> impl Strategy<Value = String> {
    let words = [
        "(",
        ")",
        "{",
        "}",
        "[",
        "]",
        "&&",
        "||",
        "!",
        "&",
        "==",
        "!=",
        "===",
        "<",
        ">=",
        "in",
        "not",
        "any",
        "all",
        "..",
        ",",
        "0:3",
        "100",
        "0x10",
        "10.0.0.1",
        "10.0.0.0/8",
        "::1",
        "02:00:00:00:00:01",
        "true",
        "\"",
        "\"tcp\"",
        "2026-11-22",
        "é",
        " ",
    ];
    let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
    let token = prop_oneof![proptest::sample::select(words.to_vec()), proptest::sample::select(names)];
    proptest::collection::vec(token, 0..12).prop_map(|tokens| tokens.join(" "))
}

proptest! {
    /// Any text is a filter or an error that points inside it; neither panics, and a filter has an answer.
    #[test]
    fn any_text_is_answered(text in prop_oneof![".{0,60}", likely(), "[a-z.&|!(){}<=> 0-9]{0,60}"]) {
        match parse(&text) {
            Ok(expr) => {
                let program = Program::of(expr);
                for packet in [syn(), ping6(), arp(), Packet::default()] {
                    program.selects(&packet, &[]);
                }
            }
            Err(error) => {
                prop_assert!(error.start <= error.end && error.end <= text.chars().count());
                prop_assert!(!error.message.chars().any(char::is_control));
            }
        }
    }
}
