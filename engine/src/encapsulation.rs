//! What a packet is wrapped in.

use std::borrow::Cow;

use crate::packet::Layer;
use crate::wire::{geneve, vxlan_gpe};

/// A kind of overlay: a header with a network identifier that wraps a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Encapsulation {
    /// VXLAN (RFC 7348).
    #[default]
    Vxlan,
    /// VXLAN-GPE, the generic protocol extension (draft-ietf-nvo3-vxlan-gpe).
    VxlanGpe,
    /// Geneve (RFC 8926).
    Geneve,
    /// NVGRE (RFC 7637), which is over IP without UDP.
    Nvgre,
}

impl Encapsulation {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Vxlan, Self::VxlanGpe, Self::Geneve, Self::Nvgre];

    /// The one of that number, which must be one's.
    #[inline]
    pub(crate) fn numbered(number: u8) -> Self {
        Self::ALL[usize::from(number)]
    }

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// The one, other than VXLAN, whose UDP port this is: the one that IANA assigned.
    #[must_use]
    pub fn of_port(port: u16) -> Option<Self> {
        match port {
            vxlan_gpe::PORT => Some(Self::VxlanGpe),
            geneve::PORT => Some(Self::Geneve),
            _ => None,
        }
    }

    /// Its name in paths.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vxlan => "vxlan",
            Self::VxlanGpe => "vxlan-gpe",
            Self::Geneve => "geneve",
            Self::Nvgre => "nvgre",
        }
    }
}

/// Some of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encapsulations(u8);

impl Encapsulations {
    /// Whether `one` is among them.
    #[must_use]
    pub fn has(self, one: Encapsulation) -> bool {
        self.0 >> one as u8 & 1 != 0
    }
}

impl FromIterator<Encapsulation> for Encapsulations {
    fn from_iter<I: IntoIterator<Item = Encapsulation>>(all: I) -> Self {
        Self(all.into_iter().fold(0, |some, one| some | 1 << one as u8))
    }
}

impl Default for Encapsulations {
    /// VXLAN and its extension.
    fn default() -> Self {
        Self::from_iter([Encapsulation::Vxlan, Encapsulation::VxlanGpe])
    }
}

/// What carries an overlay without being one: it has no VTEPs and no VNI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Carrier {
    /// Generic Routing Encapsulation around IP or Ethernet.
    Gre = 1,
    /// A mirrored frame, in GRE.
    Erspan,
    /// IP in IP, of either version.
    Ipip,
    /// A stack of MPLS labels, with a pseudowire's control word.
    Mpls,
    /// PPP over Ethernet.
    Pppoe,
}

impl Carrier {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Gre, Self::Erspan, Self::Ipip, Self::Mpls, Self::Pppoe];

    /// Its name in paths.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gre => "gre",
            Self::Erspan => "erspan",
            Self::Ipip => "ipip",
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
        }
    }
}

/// The carriers around an overlay, up to the next overlay or to the outside.
// One byte each, the innermost lowest: the carrier 3 | the length of its header in units of 4 bytes 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Carriers(u64);

const CARRIER_BITS: u32 = 3;
const HEADER_UNIT: usize = 4;

impl Carriers {
    /// So many there may be. In use are three at the most: a mirrored frame of a provider's customer over a tunnel.
    pub const MOST: usize = size_of::<Self>();

    /// Whether there is none.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// These with one inside of them, whose header has so many bytes; IP headers are counted elsewhere. `None` where
    /// that would be too many, or too long a header.
    pub(crate) fn and(self, carrier: Carrier, header_len: usize) -> Option<Self> {
        let is_full = self.0.leading_zeros() < u8::BITS;
        let units = u8::try_from(header_len / HEADER_UNIT)
            .ok()
            .filter(|units| *units < 1 << (u8::BITS - CARRIER_BITS));
        units
            .filter(|_| !is_full)
            .map(|units| Self(self.0 << u8::BITS | u64::from(units << CARRIER_BITS | carrier as u8)))
    }

    /// Their names, from the outermost in.
    pub(crate) fn names(self) -> impl Iterator<Item = &'static str> {
        self.bytes()
            .filter_map(|byte| {
                Carrier::ALL.into_iter().find(|carrier| *carrier as u8 == byte & ((1 << CARRIER_BITS) - 1))
            })
            .map(Carrier::name)
    }

    /// Their headers, in bytes, without IP's.
    pub(crate) fn header_len(self) -> u32 {
        self.bytes().map(|byte| u32::from(byte >> CARRIER_BITS) * HEADER_UNIT as u32).sum()
    }

    fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.to_be_bytes().into_iter().filter(|byte| *byte != 0)
    }
}

/// What is around the innermost overlay of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Around<'a> {
    /// The overlays, from the outermost in.
    pub layers: &'a [Layer],
    /// The carriers inside of those.
    pub carriers: Carriers,
}

impl Around<'_> {
    /// Whether there is nothing.
    #[inline]
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.layers.is_empty() && self.carriers.is_empty()
    }
}

/// The names of what wraps a packet, from the outermost in: `vxlan`, `vxlan/vxlan`, `erspan/vxlan`.
#[must_use]
pub fn path(around: Around<'_>, innermost: Encapsulation) -> Cow<'static, str> {
    if around.is_empty() {
        return innermost.name().into();
    }
    let outer = around.layers.iter().map(|layer| (layer.carriers, layer.tunnel.encapsulation()));
    let names = outer
        .chain([(around.carriers, innermost)])
        .flat_map(|(carriers, overlay)| carriers.names().chain([overlay.name()]));
    names.collect::<Vec<_>>().join("/").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight fit, a ninth does not; nor does a header that is longer than its place can say.
    #[test]
    fn carriers_are_bounded() {
        let mut carriers = Carriers::default();
        for (carrier, header_len) in
            [(Carrier::Mpls, 124), (Carrier::Ipip, 0), (Carrier::Gre, 16), (Carrier::Pppoe, 8)]
        {
            carriers = carriers.and(carrier, header_len).unwrap();
        }
        assert_eq!(carriers.names().collect::<Vec<_>>(), ["mpls", "ipip", "gre", "pppoe"]);
        assert_eq!(carriers.header_len(), 148);
        assert_eq!(carriers.and(Carrier::Mpls, 128), None);
        for _ in 4..Carriers::MOST {
            carriers = carriers.and(Carrier::Erspan, 24).unwrap();
        }
        assert_eq!((carriers.names().count(), carriers.header_len()), (8, 148 + 4 * 24));
        assert_eq!(carriers.and(Carrier::Ipip, 0), None);
    }
}
