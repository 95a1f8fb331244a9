//! Link types: what the first byte of a frame belongs to.

use std::borrow::Cow;
use std::fmt;

/// A LINKTYPE number as <https://www.tcpdump.org/linktypes.html> lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: a 4-byte address family in the writing host's byte order.
    pub const NULL: Self = Self(0);
    /// IEEE 802.3 Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// A bare IPv4 or IPv6 packet, told apart by its version nibble.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: a 4-byte address family in network byte order.
    pub const LOOP: Self = Self(108);
    /// Linux "cooked" capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// A bare IPv4 packet.
    pub const IPV4: Self = Self(228);
    /// A bare IPv6 packet.
    pub const IPV6: Self = Self(229);
    /// Linux "cooked" capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
    /// A packet of an interface that the capture never described.
    pub const UNKNOWN: Self = Self(u32::MAX);

    /// The link type that a file's number stands for. `DLT_RAW` has two values of its own on some
    /// systems, 12 and 14, and captures exist that hold them in place of 101.
    pub(super) fn of_file(number: u32) -> Self {
        match number {
            12 | 14 => Self::RAW,
            other => Self(other),
        }
    }

    /// Its name without the `LINKTYPE_`, or `LINKTYPE_` and its number for those met rarely.
    #[must_use]
    pub fn name(self) -> Cow<'static, str> {
        let name = match self.0 {
            0 => "NULL",
            1 => "ETHERNET",
            6 => "IEEE802_5",
            8 => "SLIP",
            9 => "PPP",
            10 => "FDDI",
            50 => "PPP_HDLC",
            51 => "PPP_ETHER",
            100 => "ATM_RFC1483",
            101 => "RAW",
            104 => "C_HDLC",
            105 => "IEEE802_11",
            107 => "FRELAY",
            108 => "LOOP",
            113 => "LINUX_SLL",
            119 => "IEEE802_11_PRISM",
            127 => "IEEE802_11_RADIOTAP",
            187 => "BLUETOOTH_HCI_H4",
            189 => "USB_LINUX",
            195 => "IEEE802_15_4_WITHFCS",
            220 => "USB_LINUX_MMAPPED",
            228 => "IPV4",
            229 => "IPV6",
            239 => "NFLOG",
            249 => "USBPCAP",
            253 => "NETLINK",
            276 => "LINUX_SLL2",
            u32::MAX => "UNKNOWN",
            number => return Cow::Owned(format!("LINKTYPE_{number}")),
        };
        Cow::Borrowed(name)
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::LinkType;

    #[test]
    fn a_rare_link_type_is_named_by_its_number() {
        assert_eq!(LinkType(147).name(), "LINKTYPE_147");
        assert_eq!(LinkType::LINUX_SLL2.name(), "LINUX_SLL2");
        assert_eq!(LinkType::UNKNOWN.to_string(), "UNKNOWN");
    }

    #[test]
    fn both_stray_values_of_dlt_raw_are_raw() {
        assert_eq!(LinkType::of_file(12), LinkType::RAW);
        assert_eq!(LinkType::of_file(14), LinkType::RAW);
        assert_eq!(LinkType::of_file(101), LinkType::RAW);
    }
}
