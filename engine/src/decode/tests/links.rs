//! Link layers and outer tags.

use super::craft::{self, Ipv4, Ipv6, datagram, inner, outer, over_ipv4, tag};
use super::{assert_is_inner, ending, ip, packet, vteps, walk_as};
use crate::capture::LinkType;
use crate::disposition::Ending;

fn v4() -> Vec<u8> {
    Ipv4::default().around(&datagram(100, &inner()))
}

fn v6() -> Vec<u8> {
    Ipv6::default().around(&datagram(100, &inner()))
}

fn behind(header: &[u8], packet: &[u8]) -> Vec<u8> {
    [header, packet].concat()
}

/// The frame is the packet of [`craft::inner`] in VNI 100, and the outer MAC is `mac`.
fn assert_vxlan(link: LinkType, frame: &[u8], mac: Option<&str>) {
    let answer = walk_as(link, frame, frame.len());
    assert_eq!(answer.ending, Ending::Vxlan, "{link}");
    assert_eq!(answer.packet.key.vni(), 100);
    assert_is_inner(&answer.packet);
    assert_eq!((answer.packet.time, answer.packet.wire_len as usize), (7, frame.len()));
    assert_eq!(
        (answer.packet.origin.mac().map(|mac| mac.to_string()).as_deref(), answer.packet.origin.port()),
        (mac, 49_152)
    );
    assert!(answer.packet.notes.is_empty());
}

#[test]
fn ethernet() {
    assert_vxlan(LinkType::ETHERNET, &outer(craft::IPV4, &v4()), Some("02:00:00:00:00:a1"));
    assert_vxlan(LinkType::ETHERNET, &outer(craft::IPV6, &v6()), Some("02:00:00:00:00:a1"));
}

/// `LINKTYPE_LINUX_SLL`: the source MAC where the device has one.
#[test]
fn linux_cooked_version_1() {
    let header = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 0x08, 0x00];
    assert_vxlan(LinkType::LINUX_SLL, &behind(&header, &v4()), Some("02:00:00:00:00:09"));
    let tun = [0, 0, 0xff, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x86, 0xdd];
    assert_vxlan(LinkType::LINUX_SLL, &behind(&tun, &v6()), None);
}

#[test]
fn linux_cooked_version_2() {
    let header = [0x08, 0x00, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 9, 0, 0];
    assert_vxlan(LinkType::LINUX_SLL2, &behind(&header, &v4()), Some("02:00:00:00:00:09"));
    let v6_header = [0x86, 0xdd, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 9, 0, 0];
    assert_vxlan(LinkType::LINUX_SLL2, &behind(&v6_header, &v6()), Some("02:00:00:00:00:09"));
}

/// A tag that the network card did not strip stands behind the cooked header too.
#[test]
fn linux_cooked_with_a_tag() {
    let header = [0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 9, 0, 0, 0x81, 0x00];
    assert_vxlan(
        LinkType::LINUX_SLL,
        &behind(&header, &tag(5, craft::IPV4, &v4())),
        Some("02:00:00:00:00:09"),
    );
}

/// `LINKTYPE_NULL` is in the byte order of the machine that captured, which the file does not tell.
#[test]
fn bsd_loopback_in_either_byte_order() {
    for header in [[2, 0, 0, 0], [0, 0, 0, 2]] {
        assert_vxlan(LinkType::NULL, &behind(&header, &v4()), None);
    }
    // AF_INET6 of NetBSD, FreeBSD and Darwin.
    for family in [24, 28, 30] {
        assert_vxlan(LinkType::NULL, &behind(&[family, 0, 0, 0], &v6()), None);
        assert_vxlan(LinkType::NULL, &behind(&[0, 0, 0, family], &v6()), None);
    }
}

#[test]
fn openbsd_loopback() {
    assert_vxlan(LinkType::LOOP, &behind(&[0, 0, 0, 2], &v4()), None);
    assert_vxlan(LinkType::LOOP, &behind(&[0, 0, 0, 24], &v6()), None);
}

/// `LINKTYPE_RAW`: the version nibble tells.
#[test]
fn raw_ip_of_either_version() {
    assert_vxlan(LinkType::RAW, &v4(), None);
    assert_vxlan(LinkType::RAW, &v6(), None);
    assert_eq!(walk_as(LinkType::RAW, &[0x50; 60], 60).ending, Ending::NonIp);
}

#[test]
fn bare_ipv4_and_ipv6() {
    assert_vxlan(LinkType::IPV4, &v4(), None);
    assert_vxlan(LinkType::IPV6, &v6(), None);
    assert_eq!(walk_as(LinkType::IPV4, &v6(), v6().len()).ending, Ending::Ipv4Version);
    assert_eq!(walk_as(LinkType::IPV6, &v4(), v4().len()).ending, Ending::Ipv6Version);
}

/// A link type that is not known is a disposition, whatever its bytes.
#[test]
fn unknown_link_type() {
    for link in [LinkType(105), LinkType::UNKNOWN] {
        assert_eq!(walk_as(link, &over_ipv4(100, &inner()), 105).ending, Ending::UnsupportedLinkType);
    }
}

/// Any stack of 802.1Q, 802.1ad and older service tags stands in front of outer IP; priority bits change nothing.
#[test]
fn stacks_of_outer_tags() {
    let old_service_vlan = 0x9100;
    for depth in 1..=6 {
        for announce in [craft::VLAN, craft::SERVICE_VLAN, old_service_vlan] {
            let (mut ethertype, mut rest) = (craft::IPV4, v4());
            for vid in 0..depth {
                rest = tag(0xf000 | vid, ethertype, &rest);
                ethertype = announce;
            }
            let found = packet(&outer(ethertype, &rest));
            assert_is_inner(&found);
            assert_eq!(vteps(&found), (ip("192.0.2.1"), ip("192.0.2.2")));
            assert_eq!(found.key.tag(), None);
        }
    }
}

/// Thousands of tags end at the frame's end.
#[test]
fn tags_without_end() {
    let frame = outer(craft::VLAN, &[0x81, 0x00].repeat(30_000));
    assert_eq!(ending(&frame), Ending::VlanTruncated);
}

/// A value below 0x0600 is the length of an 802.3 frame, not an EtherType.
#[test]
fn llc_is_not_ip() {
    assert_eq!(ending(&outer(38, &[0x42; 46])), Ending::NonIp);
}
