//! Each ending, reached by a frame; and no byte of a frame that makes the walk panic.

use super::craft::{
    self, Ipv4, Ipv6, MORE, datagram, inner, options, outer, over_ipv4, over_ipv6, patched, tag,
};
use super::craft::{udp, vxlan};
use super::{ending, walk, walk_as};
use crate::capture::{Frame, LinkType};
use crate::decode::{Aside, Overlays, Ports, decode, piece};
use crate::disposition::Ending;
use crate::encapsulation::Encapsulation;
use crate::packet::Packet;

/// Where layers begin in [`over_ipv4`].
const IP: usize = 14;
const UDP: usize = IP + 20;
const VXLAN: usize = UDP + 8;

fn ethernet(frame: Vec<u8>) -> (LinkType, Vec<u8>, usize) {
    let len = frame.len();
    (LinkType::ETHERNET, frame, len)
}

fn cut(frame: &[u8], at: usize) -> (LinkType, Vec<u8>, usize) {
    (LinkType::ETHERNET, frame[..at].to_vec(), frame.len())
}

fn v4(payload: &[u8]) -> Vec<u8> {
    outer(craft::IPV4, &Ipv4::default().around(payload))
}

/// Another overlay, whose header begins so, around the inner frame.
fn other_overlay(port: u16, front: [u8; 4]) -> Vec<u8> {
    v4(&udp(49_152, port, &[&front, &[0, 0, 100, 0][..], &inner()].concat()))
}

fn gpe(front: [u8; 4]) -> Vec<u8> {
    other_overlay(4790, front)
}

fn geneve(front: [u8; 4]) -> Vec<u8> {
    other_overlay(6081, front)
}

fn nvgre() -> Vec<u8> {
    let data = [&[0x20, 0, 0x65, 0x58, 0, 0, 100, 0][..], &inner()].concat();
    outer(craft::IPV4, &Ipv4 { protocol: craft::GRE, ..Ipv4::default() }.around(&data))
}

/// What is asked for where a frame ends so.
fn overlays(ending: Ending) -> Overlays {
    let left_out = Encapsulation::ALL.into_iter().find(|one| Ending::unselected(*one) == ending);
    let selected = Encapsulation::ALL.into_iter().filter(|one| Some(*one) != left_out).collect();
    Overlays::new(Ports::default(), selected, Overlays::DEPTH)
}

/// A frame that ends so: link type, captured bytes, wire length.
fn frame(ending: Ending) -> (LinkType, Vec<u8>, usize) {
    let whole = over_ipv4(100, &inner());
    let v6 = over_ipv6(100, &inner());
    let later = Ipv4 { flags_and_offset: 100, ..Ipv4::default() };
    match ending {
        Ending::Vxlan | Ending::UnselectedVxlan => ethernet(whole),
        Ending::VxlanGpe | Ending::UnselectedVxlanGpe => ethernet(gpe([0x0c, 0, 0, 3])),
        Ending::Geneve | Ending::UnselectedGeneve => ethernet(geneve([0, 0, 0x65, 0x58])),
        Ending::Nvgre | Ending::UnselectedNvgre => ethernet(nvgre()),
        Ending::GpeVersion => ethernet(gpe([0x1c, 0, 0, 3])),
        Ending::GeneveVersion => ethernet(geneve([0x40, 0, 0x65, 0x58])),
        // Options of 252 bytes, which are more than what there is.
        Ending::GeneveTruncated => ethernet(geneve([0x3f, 0, 0x65, 0x58])),
        Ending::GeneveCut => cut(&geneve([0, 0, 0x65, 0x58]), VXLAN + 7),
        Ending::Fragment => ethernet(outer(craft::IPV4, &later.around(&[0; 40]))),
        Ending::NonIp => {
            ethernet(outer(craft::ARP, &craft::arp(craft::mac(1), [10, 0, 0, 1], [10, 0, 0, 2])))
        }
        Ending::NonUdp => ethernet(inner()),
        Ending::OtherPort => ethernet(v4(&udp(4789, 53, &[0; 30]))),
        Ending::CarriersExceeded => {
            let loops = (0..9).fold(Ipv4::default().around(&datagram(100, &inner())), |packet, _| {
                Ipv4 { protocol: craft::IPIP, ..Ipv4::default() }.around(&packet)
            });
            ethernet(outer(craft::IPV4, &loops))
        }
        Ending::IFlagClear => ethernet(patched(whole, VXLAN, &[0])),
        Ending::VxlanTruncated => ethernet(v4(&udp(49_152, 4789, &[8, 0, 0, 0, 0, 0, 1]))),
        Ending::VxlanCut => cut(&whole, VXLAN + 7),
        Ending::InnerTruncatedHeader => ethernet(v4(&udp(49_152, 4789, &vxlan(100, &inner()[..13])))),
        Ending::DepthExceeded => ethernet((1..=5).fold(inner(), |frame, vni| over_ipv4(vni, &frame))),
        Ending::UnsupportedLinkType => (LinkType(147), whole.clone(), whole.len()),
        Ending::OuterCut => cut(&whole, UDP + 7),
        Ending::LinkTruncated => ethernet(whole[..13].to_vec()),
        Ending::VlanTruncated => ethernet(outer(craft::VLAN, &[0, 5, 8])),
        Ending::Ipv4Truncated => ethernet(whole[..IP + 19].to_vec()),
        Ending::Ipv4Version => ethernet(patched(whole, IP, &[0x65])),
        Ending::Ipv4HeaderLength => ethernet(patched(whole, IP, &[0x44])),
        Ending::Ipv4TotalLength => ethernet(patched(whole, IP + 2, &[0, 19])),
        Ending::Ipv6Truncated => ethernet(v6[..IP + 39].to_vec()),
        Ending::Ipv6Version => ethernet(patched(v6, IP, &[0x45])),
        Ending::Ipv6PayloadLength => ethernet(v6[..v6.len() - 1].to_vec()),
        Ending::Ipv6Extension => {
            let overlong = patched(options(craft::UDP, 0, &datagram(100, &inner())), 1, &[255]);
            ethernet(outer(craft::IPV6, &Ipv6 { next_header: 60, ..Ipv6::default() }.around(&overlong)))
        }
        Ending::FragmentLength => {
            ethernet(outer(craft::IPV4, &Ipv4 { flags_and_offset: 8191, ..Ipv4::default() }.around(&[0; 8])))
        }
        Ending::UdpTruncated => ethernet(v4(&datagram(100, &inner())[..7])),
        Ending::UdpLength => ethernet(patched(whole, UDP + 4, &[0xff, 0xff])),
    }
}

/// No ending is there in vain: each is reached, and by the frame that its description says.
#[test]
fn every_ending_is_reached() {
    for expected in Ending::ALL {
        let (link, data, wire_len) = frame(*expected);
        let frame = Frame { data: &data, wire_len: wire_len as u32, time: 0, link };
        let found = decode(&frame, &overlays(*expected), &mut Packet::default(), &mut Aside::default());
        assert_eq!(found, *expected, "{} for {}", found.name(), expected.name());
    }
}

/// The other sides of the lengths that contradict.
#[test]
fn lengths_that_contradict() {
    let whole = over_ipv4(100, &inner());
    let beyond = ((whole.len() - IP + 1) as u16).to_be_bytes();
    assert_eq!(ending(&patched(whole.clone(), IP + 2, &beyond)), Ending::Ipv4TotalLength);
    for udp_length in [1, 7] {
        assert_eq!(ending(&patched(whole.clone(), UDP + 4, &[0, udp_length])), Ending::UdpLength);
    }
    let udp_beyond_ip = ((whole.len() - UDP + 1) as u16).to_be_bytes();
    assert_eq!(ending(&patched([whole, vec![0; 9]].concat(), UDP + 4, &udp_beyond_ip)), Ending::UdpLength);
}

/// Link-layer headers other than Ethernet's end early as well.
#[test]
fn every_link_header_can_be_truncated() {
    for (link, len) in
        [(LinkType::LINUX_SLL, 16), (LinkType::LINUX_SLL2, 20), (LinkType::NULL, 4), (LinkType::LOOP, 4)]
    {
        for short in 0..len {
            assert_eq!(walk_as(link, &vec![0; short], short).ending, Ending::LinkTruncated, "{link}");
            assert_eq!(walk_as(link, &vec![0; short], 90).ending, Ending::OuterCut, "{link}");
        }
    }
    for (link, truncated) in [
        (LinkType::RAW, Ending::Ipv4Truncated),
        (LinkType::IPV4, Ending::Ipv4Truncated),
        (LinkType::IPV6, Ending::Ipv6Truncated),
    ] {
        assert_eq!(walk_as(link, &[], 0).ending, truncated, "{link}");
        assert_eq!(walk_as(link, &[], 60).ending, Ending::OuterCut, "{link}");
    }
}

/// Each byte of a frame set to each value: the walk does not panic, and what it claims stays inside the frame.
#[test]
fn no_byte_makes_it_panic() {
    let tagged = outer(craft::VLAN, &tag(5, craft::IPV4, &Ipv4::default().around(&datagram(100, &inner()))));
    let extended = options(craft::UDP, 1, &datagram(100, &inner()));
    let v6 = outer(craft::IPV6, &Ipv6 { next_header: 0, ..Ipv6::default() }.around(&extended));
    let first = Ipv4 { flags_and_offset: MORE, ..Ipv4::default() }.around(&datagram(100, &inner()));
    for mut frame in [over_ipv4(100, &inner()), tagged, v6, outer(craft::IPV4, &first)] {
        for at in 0..frame.len() {
            let before = frame[at];
            for value in 0..=255 {
                frame[at] = value;
                let answer = walk(&frame);
                let packet = &answer.packet;
                if answer.ending == Ending::Fragment {
                    let held = Frame {
                        data: &frame,
                        wire_len: frame.len() as u32,
                        time: 0,
                        link: LinkType::ETHERNET,
                    };
                    let piece = piece(&held).unwrap();
                    assert!(usize::from(piece.len) + 20 + 14 <= frame.len());
                }
                if answer.ending == Ending::Vxlan {
                    assert!(packet.inner_len as usize + 8 + 8 + 20 + 14 <= frame.len());
                    assert!(packet.payload_len <= packet.inner_len);
                    assert!(packet.outer_ip_len as usize <= frame.len() - 14);
                    assert!(packet.outer_ip_header_len + 16 + packet.inner_len <= packet.outer_ip_len);
                }
            }
            frame[at] = before;
        }
    }
}
