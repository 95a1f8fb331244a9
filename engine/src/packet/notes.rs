//! What is remarkable about packets.

/// What is remarkable about a packet; counted, and no reason to refuse it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// A reserved or other flag bit is set in the VXLAN header.
    ReservedBits,
    /// The capture does not hold the whole inner frame.
    InnerCut,
    /// ... nor all of its headers, so that a MAC, address or port is not known.
    InnerHeaderCut,
    /// An inner layer contradicts its own lengths.
    InnerMalformed,
    /// Larger than any real MTU, or with its length left out: segmentation offload at the capture point.
    Offload,
    /// The inner IP packet is a fragment.
    InnerFragment,
    /// Put together from the fragments of an outer datagram.
    Reassembled,
    /// ... some of which overlap without being the same.
    OverlappingFragments,
    /// Seen before, at another place of the capture; counted where copies are dropped.
    Copy,
    /// More than one header wraps the inner frame.
    Stacked,
    /// The outer UDP checksum is 0 over IPv6, as only tunnels may have it (RFC 6935).
    ZeroChecksumIpv6,
    /// The C flag of Geneve: an option is one that a receiver must know, or drop the packet.
    CriticalOptions,
    /// VXLAN with a group policy: the G flag of GBP.
    GroupPolicy,
    /// ... whose D flag says that a VTEP must not learn where the sender is.
    DontLearn,
    /// ... whose A flag says that the policy was applied already.
    PolicyApplied,
    /// The flag that is P in VXLAN-GPE, on a port of VXLAN.
    PFlag,
}

impl Note {
    /// All of them.
    pub const ALL: [Note; 16] = [
        Note::ReservedBits,
        Note::InnerCut,
        Note::InnerHeaderCut,
        Note::InnerMalformed,
        Note::Offload,
        Note::InnerFragment,
        Note::Reassembled,
        Note::OverlappingFragments,
        Note::Copy,
        Note::Stacked,
        Note::ZeroChecksumIpv6,
        Note::CriticalOptions,
        Note::GroupPolicy,
        Note::DontLearn,
        Note::PolicyApplied,
        Note::PFlag,
    ];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Note::ReservedBits => "reserved_bits",
            Note::InnerCut => "inner_cut",
            Note::InnerHeaderCut => "inner_header_cut",
            Note::InnerMalformed => "inner_malformed",
            Note::Offload => "offload",
            Note::InnerFragment => "inner_fragment",
            Note::Reassembled => "reassembled",
            Note::OverlappingFragments => "overlapping_fragments",
            Note::Copy => "copy",
            Note::Stacked => "stacked",
            Note::ZeroChecksumIpv6 => "zero_checksum_ipv6",
            Note::CriticalOptions => "critical_options",
            Note::GroupPolicy => "group_policy",
            Note::DontLearn => "dont_learn",
            Note::PolicyApplied => "policy_applied",
            Note::PFlag => "p_flag",
        }
    }
}

/// A set of [`Note`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Notes(u32);

/// Beyond all notes.
const TELLS: u32 = 1 << 31;

impl Notes {
    /// Adds `note` where `holds`.
    #[inline]
    pub fn set(&mut self, note: Note, holds: bool) {
        self.0 |= u32::from(holds) << note as u8;
    }

    /// Whether the inner frame says something of others, which is to be read: no note, and not counted.
    #[inline]
    #[must_use]
    pub(crate) fn tells(self) -> bool {
        self.0 & TELLS != 0
    }

    #[inline]
    pub(crate) fn set_tells(&mut self, holds: bool) {
        self.0 |= if holds { TELLS } else { 0 };
    }

    /// Whether each of them is about the packet alone, whatever came before it: whoever sees the packet can count them.
    #[inline]
    #[must_use]
    pub fn are_plain(self) -> bool {
        const PLAIN: u32 = 1 << Note::ReservedBits as u32
            | 1 << Note::InnerCut as u32
            | 1 << Note::InnerHeaderCut as u32
            | 1 << Note::InnerMalformed as u32
            | 1 << Note::Offload as u32
            | 1 << Note::ZeroChecksumIpv6 as u32
            | 1 << Note::GroupPolicy as u32
            | 1 << Note::DontLearn as u32
            | 1 << Note::PolicyApplied as u32
            | 1 << Note::PFlag as u32;
        self.0 & !PLAIN == 0
    }

    /// Whether a cell counts more of its packet than of most.
    #[inline]
    #[must_use]
    pub(crate) fn count_more(self) -> bool {
        const MORE: u32 = 1 << Note::Offload as u32 | 1 << Note::GroupPolicy as u32;
        self.0 & MORE != 0
    }

    /// Takes `note` away.
    pub fn clear(&mut self, note: Note) {
        self.0 &= !(1 << note as u8);
    }

    /// Whether `note` is among them.
    #[inline]
    #[must_use]
    pub fn has(self, note: Note) -> bool {
        self.0 >> note as u32 & 1 != 0
    }

    /// Without those that are about the inner frame.
    #[must_use]
    pub(crate) fn without_inner(self) -> Self {
        let inner = [Note::InnerCut, Note::InnerHeaderCut, Note::InnerMalformed];
        Self(inner.iter().fold(self.0 & !TELLS, |notes, note| notes & !(1 << *note as u32)))
    }

    /// Adds all of `more`.
    pub(crate) fn add(&mut self, more: Notes) {
        self.0 |= more.0;
    }

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 & !TELLS == 0
    }
}
