//! What an IP header asks of the way.

/// What an outer IP header asks of the underlay and tells of the way, beside what the inner one asks. Four bytes, which
/// are compared with the packet's before at once.
#[derive(Debug, Clone, Copy, Default)]
#[repr(C, align(4))]
pub struct Handling {
    ttl: u8,
    traffic_class: u8,
    inner_traffic_class: u8,
    flags: u8,
}

/// In the byte of an IPv4 header that has the flags; what is below them there is 0 but for later fragments.
pub(crate) mod bit {
    pub(crate) const DONT_FRAGMENT: u8 = 0x40;
    pub(crate) const MORE_FRAGMENTS: u8 = 0x20;
    /// Ours: the inner traffic class is there.
    pub(super) const INNER: u8 = 1;
}

/// ECN fields (RFC 3168, section 5).
pub mod ecn {
    /// Not capable of it.
    pub const NOT_ECT: u8 = 0;
    /// Capable, as experiments use it.
    pub const ECT_1: u8 = 1;
    /// Capable.
    pub const ECT_0: u8 = 2;
    /// Congestion was experienced.
    pub const CE: u8 = 3;

    /// In the order of the values.
    pub const NAMES: [&str; 4] = ["not-ect", "ect1", "ect0", "ce"];
}

impl PartialEq for Handling {
    /// At once: byte by byte it takes three times as long.
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.bits() == other.bits()
    }
}

impl Handling {
    #[inline]
    fn bits(self) -> u32 {
        u32::from_ne_bytes([self.ttl, self.traffic_class, self.inner_traffic_class, self.flags])
    }

    /// Of an outer header: time to live, DSCP with ECN behind it, IPv4's byte of flags.
    #[inline]
    #[must_use]
    pub(crate) fn new(ttl: u8, traffic_class: u8, flags: u8) -> Self {
        Self { ttl, traffic_class, inner_traffic_class: 0, flags }
    }

    #[inline]
    pub(crate) fn set_inner(&mut self, traffic_class: u8) {
        self.inner_traffic_class = traffic_class;
        self.flags |= bit::INNER;
    }

    /// Time to live, or hop limit.
    #[must_use]
    pub fn ttl(self) -> u8 {
        self.ttl
    }

    /// Outer DSCP.
    #[must_use]
    pub fn dscp(self) -> u8 {
        self.traffic_class >> 2
    }

    /// Outer ECN field.
    #[must_use]
    pub fn ecn(self) -> u8 {
        self.traffic_class & 3
    }

    fn inner(self) -> Option<u8> {
        (self.flags & bit::INNER != 0).then_some(self.inner_traffic_class)
    }

    /// Inner DSCP, of an IP packet.
    #[must_use]
    pub fn inner_dscp(self) -> Option<u8> {
        self.inner().map(|inner| inner >> 2)
    }

    /// Inner ECN field, of an IP packet.
    #[must_use]
    pub fn inner_ecn(self) -> Option<u8> {
        self.inner().map(|inner| inner & 3)
    }

    /// Whether outer and inner DSCP differ.
    #[must_use]
    pub fn is_dscp_mismatch(self) -> bool {
        self.inner_dscp().is_some_and(|inner| inner != self.dscp())
    }

    /// Whether the outer ECN field cannot have come from the inner one: a VTEP copies it (RFC 6040, section 4.1), and
    /// the underlay then marks what is capable of it.
    #[must_use]
    pub fn is_ecn_mismatch(self) -> bool {
        self.inner_ecn().is_some_and(|inner| {
            let marked = self.ecn() == ecn::CE && inner != ecn::NOT_ECT;
            self.ecn() != inner && !marked
        })
    }

    /// Whether routers may not cut it: an IPv4 header's flag.
    #[must_use]
    pub fn dont_fragment(self) -> bool {
        self.flags & bit::DONT_FRAGMENT != 0
    }

    /// Whether it is the first piece of a datagram.
    #[must_use]
    pub fn is_fragment(self) -> bool {
        self.flags & bit::MORE_FRAGMENTS != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of ECN fields: the outer one is the inner one's copy, or the mark of congestion on what can bear it.
    #[test]
    fn ecn_follows_rfc_6040() {
        let sound = [(0, 0), (1, 1), (2, 2), (3, 3), (1, 3), (2, 3)];
        for (inner, outer) in (0..4).flat_map(|inner| (0..4).map(move |outer| (inner, outer))) {
            let mut handling = Handling::new(64, 0xb8 | outer, 0);
            assert!(
                !handling.is_ecn_mismatch() && !handling.is_dscp_mismatch(),
                "no inner header, no mismatch"
            );
            handling.set_inner(0xb8 | inner);
            assert_eq!(handling.is_ecn_mismatch(), !sound.contains(&(inner, outer)), "{inner} in {outer}");
            assert!(!handling.is_dscp_mismatch());
        }
    }

    /// The fields do not run into each other.
    #[test]
    fn handling_keeps_its_fields_apart() {
        for byte in [0, 1, 0x55, 0xfc, 0xff] {
            let mut handling = Handling::new(byte, !byte, bit::DONT_FRAGMENT);
            handling.set_inner(byte);
            assert_eq!((handling.ttl(), handling.dscp(), handling.ecn()), (byte, !byte >> 2, !byte & 3));
            assert_eq!(handling.is_dscp_mismatch(), byte >> 2 != !byte >> 2);
            assert!(handling.dont_fragment() && !handling.is_fragment());
            assert!(Handling::new(byte, byte, bit::MORE_FRAGMENTS).is_fragment());
        }
    }
}
