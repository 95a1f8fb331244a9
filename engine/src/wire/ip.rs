//! What IPv4 and IPv6 have in common: addresses and protocol numbers.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Protocol numbers (IANA) that the walk knows.
pub mod protocol {
    /// Internet Control Message Protocol.
    pub const ICMP: u8 = 1;
    /// Internet Group Management Protocol.
    pub const IGMP: u8 = 2;
    /// IPv4 in IP (RFC 2003, RFC 2473).
    pub const IPIP: u8 = 4;
    /// Transmission Control Protocol.
    pub const TCP: u8 = 6;
    /// User Datagram Protocol.
    pub const UDP: u8 = 17;
    /// IPv6 in IP (RFC 4213, RFC 2473).
    pub const IPV6: u8 = 41;
    /// Generic Routing Encapsulation.
    pub const GRE: u8 = 47;
    /// ICMP for IPv6.
    pub const ICMPV6: u8 = 58;
    /// Stream Control Transmission Protocol.
    pub const SCTP: u8 = 132;
}

/// Names of protocol numbers in columns and selections; the others go by their number.
const PROTOCOL_NAMES: [(u8, &str); 16] = [
    (protocol::ICMP, "icmp"),
    (protocol::IGMP, "igmp"),
    (protocol::IPIP, "ipip"),
    (protocol::TCP, "tcp"),
    (protocol::UDP, "udp"),
    (33, "dccp"),
    (protocol::IPV6, "ipv6-in-ip"),
    (protocol::GRE, "gre"),
    (50, "esp"),
    (51, "ah"),
    (protocol::ICMPV6, "icmpv6"),
    (89, "ospf"),
    (103, "pim"),
    (112, "vrrp"),
    (protocol::SCTP, "sctp"),
    (136, "udplite"),
];

/// `tcp`, `udp`, ..., else the number.
#[must_use]
pub fn protocol_name(number: u8) -> Cow<'static, str> {
    match PROTOCOL_NAMES.iter().find(|(known, _)| *known == number) {
        Some((_, name)) => (*name).into(),
        None => number.to_string().into(),
    }
}

/// The number of a protocol given by name or number.
#[must_use]
pub fn protocol_number(text: &str) -> Option<u8> {
    let by_name = PROTOCOL_NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
    by_name.map(|(number, _)| *number).or_else(|| text.parse().ok())
}

/// An address from its bits: the low 32 of them for IPv4.
#[inline]
#[must_use]
pub fn address(is_v6: bool, bits: u128) -> IpAddr {
    if is_v6 { IpAddr::V6(Ipv6Addr::from_bits(bits)) } else { IpAddr::V4(Ipv4Addr::from_bits(bits as u32)) }
}

/// Whether `ip` can name one host: neither unspecified nor multicast nor the IPv4 limited broadcast.
#[must_use]
pub fn is_host(ip: IpAddr) -> bool {
    let broadcast = matches!(ip, IpAddr::V4(v4) if v4.is_broadcast());
    !(ip.is_unspecified() || ip.is_multicast() || broadcast)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        assert_eq!(protocol_name(6), "tcp");
        assert_eq!(protocol_name(253), "253");
        assert_eq!(protocol_number("ICMPv6"), Some(58));
        assert_eq!(protocol_number("253"), Some(253));
        assert_eq!(protocol_number("256"), None);
        for (number, name) in PROTOCOL_NAMES {
            assert_eq!((protocol_number(name), protocol_name(number).as_ref()), (Some(number), name));
        }
    }

    #[test]
    fn hosts() {
        let is = |text: &str| is_host(text.parse().unwrap());
        assert!(is("10.0.0.1") && is("fe80::1"));
        assert!(!(is("0.0.0.0") || is("255.255.255.255") || is("239.1.1.1") || is("ff02::1") || is("::")));
    }
}
