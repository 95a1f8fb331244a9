//! The ways a frame can end, and their counts. Every frame ends in exactly one of them.

use crate::encapsulation::Encapsulation;

/// What a frame counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// A VXLAN packet, or one of another overlay that is to be reported.
    Vxlan,
    /// A piece of an outer IP datagram that carries, or may carry, VXLAN.
    Fragment,
    /// Sound, and not VXLAN.
    Other,
    /// UDP to a VXLAN port that is no valid VXLAN packet.
    Invalid,
    /// An outer layer that cannot be decoded.
    Malformed,
}

impl Disposition {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Disposition::Vxlan => "vxlan",
            Disposition::Fragment => "fragment",
            Disposition::Other => "other",
            Disposition::Invalid => "invalid",
            Disposition::Malformed => "malformed",
        }
    }
}

/// Declares the endings once: variant, name in reports, disposition.
macro_rules! endings {
    ($($(#[doc = $doc:literal])* $variant:ident = $name:literal, $disposition:ident;)*) => {
        /// How the walk over a frame ended.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Ending {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Ending {
            /// All of them.
            pub const ALL: &'static [Ending] = &[$(Ending::$variant,)*];

            /// Its name in reports.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Ending::$variant => $name,)* }
            }

            /// What the frame counts as.
            #[inline]
            #[must_use]
            pub fn disposition(self) -> Disposition {
                match self { $(Ending::$variant => Disposition::$disposition,)* }
            }
        }
    };
}

endings! {
    /// A VXLAN packet, decoded.
    Vxlan = "vxlan", Vxlan;
    /// A VXLAN-GPE packet, decoded.
    VxlanGpe = "vxlan-gpe", Vxlan;
    /// A Geneve packet, decoded.
    Geneve = "geneve", Vxlan;
    /// An NVGRE packet, decoded.
    Nvgre = "nvgre", Vxlan;
    /// A piece of a UDP datagram that carries, or may carry, VXLAN, other than the one that completes it.
    Fragment = "fragment", Fragment;
    /// Not IP.
    NonIp = "non_ip", Other;
    /// IP, not UDP.
    NonUdp = "non_udp", Other;
    /// UDP to a port that is not VXLAN's.
    OtherPort = "other_port", Other;
    /// VXLAN that is not to be reported.
    UnselectedVxlan = "unselected_vxlan", Other;
    /// VXLAN-GPE that is not to be reported.
    UnselectedVxlanGpe = "unselected_vxlan_gpe", Other;
    /// Geneve that is not to be reported.
    UnselectedGeneve = "unselected_geneve", Other;
    /// NVGRE that is not to be reported.
    UnselectedNvgre = "unselected_nvgre", Other;
    /// More carriers inside each other than are looked into, and no VXLAN in those.
    CarriersExceeded = "carriers_exceeded", Other;
    /// The I flag is not set, so there is no valid VNI (RFC 7348, section 5).
    IFlagClear = "i_flag_clear", Invalid;
    /// The datagram is shorter than a VXLAN header.
    VxlanTruncated = "vxlan_truncated", Invalid;
    /// The snap length cut the VXLAN header.
    VxlanCut = "vxlan_cut", Invalid;
    /// VXLAN-GPE of a version that is not known.
    GpeVersion = "gpe_version", Invalid;
    /// Geneve of a version that is not known.
    GeneveVersion = "geneve_version", Invalid;
    /// The datagram is shorter than a Geneve header with its options.
    GeneveTruncated = "geneve_truncated", Invalid;
    /// The snap length cut the Geneve header or its options.
    GeneveCut = "geneve_cut", Invalid;
    /// The inner frame is shorter than an Ethernet header.
    InnerTruncatedHeader = "inner_truncated_header", Invalid;
    /// More VXLAN headers inside each other than are to be looked into.
    DepthExceeded = "depth_exceeded", Invalid;
    /// A link type that is not known.
    UnsupportedLinkType = "unsupported_link_type", Malformed;
    /// The snap length cut the outer headers.
    OuterCut = "outer_cut", Malformed;
    /// The frame is shorter than its link-layer header.
    LinkTruncated = "link_truncated", Malformed;
    /// The frame ends inside a VLAN tag.
    VlanTruncated = "vlan_truncated", Malformed;
    /// The frame ends inside the IPv4 header.
    Ipv4Truncated = "ipv4_truncated", Malformed;
    /// Announced as IPv4, and its version is not 4.
    Ipv4Version = "ipv4_version", Malformed;
    /// An IPv4 header length below 20 bytes.
    Ipv4HeaderLength = "ipv4_header_length", Malformed;
    /// An IPv4 total length below its header's or beyond the frame's.
    Ipv4TotalLength = "ipv4_total_length", Malformed;
    /// The frame ends inside the IPv6 header.
    Ipv6Truncated = "ipv6_truncated", Malformed;
    /// Announced as IPv6, and its version is not 6.
    Ipv6Version = "ipv6_version", Malformed;
    /// An IPv6 payload length beyond the frame's.
    Ipv6PayloadLength = "ipv6_payload_length", Malformed;
    /// The packet ends inside an IPv6 extension header.
    Ipv6Extension = "ipv6_extension", Malformed;
    /// A fragment that no datagram can have, or that contradicts the length of its own.
    FragmentLength = "fragment_length", Malformed;
    /// The packet ends inside the UDP header.
    UdpTruncated = "udp_truncated", Malformed;
    /// A UDP length below its header's or beyond the IP packet's.
    UdpLength = "udp_length", Malformed;
}

impl Ending {
    /// Whether the frame was decoded as a packet of an overlay.
    #[inline]
    #[must_use]
    pub fn is_packet(self) -> bool {
        self as u8 <= Ending::Nvgre as u8
    }

    /// The reasons: all but those of packets and fragments.
    pub fn reasons() -> impl Iterator<Item = Self> {
        Self::ALL.iter().copied().filter(|ending| !ending.is_packet() && *ending != Ending::Fragment)
    }

    /// That of a packet whose outermost overlay is `encapsulation`.
    #[must_use]
    pub fn of(encapsulation: Encapsulation) -> Self {
        match encapsulation {
            Encapsulation::Vxlan => Ending::Vxlan,
            Encapsulation::VxlanGpe => Ending::VxlanGpe,
            Encapsulation::Geneve => Ending::Geneve,
            Encapsulation::Nvgre => Ending::Nvgre,
        }
    }

    /// That of a packet of `encapsulation` where that is not to be reported.
    #[must_use]
    pub fn unselected(encapsulation: Encapsulation) -> Self {
        match encapsulation {
            Encapsulation::Vxlan => Ending::UnselectedVxlan,
            Encapsulation::VxlanGpe => Ending::UnselectedVxlanGpe,
            Encapsulation::Geneve => Ending::UnselectedGeneve,
            Encapsulation::Nvgre => Ending::UnselectedNvgre,
        }
    }
}

/// How many frames ended in each way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endings {
    counts: [u64; Ending::ALL.len()],
}

impl Default for Endings {
    fn default() -> Self {
        Self { counts: [0; Ending::ALL.len()] }
    }
}

impl Endings {
    /// Counts one frame.
    #[inline]
    pub fn add(&mut self, ending: Ending) {
        self.counts[ending as usize] += 1;
    }

    /// Counts `frames` that ended as `from` as `to` instead: what they were came out later.
    pub fn recount(&mut self, from: Ending, to: Ending, frames: u64) {
        self.counts[from as usize] -= frames;
        self.counts[to as usize] += frames;
    }

    /// How many ended so.
    #[must_use]
    pub fn count(&self, ending: Ending) -> u64 {
        self.counts[ending as usize]
    }

    /// How many count as `disposition`.
    #[must_use]
    pub fn of(&self, disposition: Disposition) -> u64 {
        Ending::ALL.iter().filter(|e| e.disposition() == disposition).map(|e| self.count(*e)).sum()
    }

    /// How many frames there were.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The overlays that occurred, by name, each with how many frames have it as their outermost.
    pub fn encapsulations(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counted = Encapsulation::ALL.into_iter().map(|one| (one.name(), self.count(Ending::of(one))));
        counted.filter(|(_, count)| *count > 0)
    }

    /// The reasons among them that occurred, by name.
    pub fn reasons(&self) -> impl Iterator<Item = (&'static str, u64)> {
        Ending::reasons().map(|reason| (reason.name(), self.count(reason))).filter(|(_, count)| *count > 0)
    }

    /// Adds the counts of a later part.
    pub fn merge(&mut self, later: &Endings) {
        for (count, more) in self.counts.iter_mut().zip(later.counts) {
            *count += more;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every ending has one disposition, so the dispositions add up to the total.
    #[test]
    fn total_is_the_sum_of_dispositions() {
        let mut endings = Endings::default();
        for (index, ending) in Ending::ALL.iter().enumerate() {
            (0..=index).for_each(|_| endings.add(*ending));
        }
        let all = [
            Disposition::Vxlan,
            Disposition::Fragment,
            Disposition::Other,
            Disposition::Invalid,
            Disposition::Malformed,
        ];
        assert_eq!(endings.total(), all.iter().map(|d| endings.of(*d)).sum::<u64>());
        let reasons: u64 = endings.reasons().map(|(_, count)| count).sum();
        let decoded = endings.of(Disposition::Vxlan);
        assert_eq!(reasons + decoded + endings.count(Ending::Fragment), endings.total());
        let packets: u64 = endings.encapsulations().map(|(_, count)| count).sum();
        assert_eq!(packets, decoded);
    }

    /// What is decoded is told by one comparison.
    #[test]
    fn packets_are_those_of_the_disposition() {
        for ending in Ending::ALL {
            assert_eq!(ending.is_packet(), ending.disposition() == Disposition::Vxlan);
        }
    }
}
