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
}

impl Encapsulation {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Vxlan, Self::VxlanGpe, Self::Geneve];

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

/// The names of what wraps a packet, from the outermost in: `vxlan`, `vxlan/vxlan`.
#[must_use]
pub fn path(around: &[Layer], innermost: Encapsulation) -> Cow<'static, str> {
    if around.is_empty() {
        return innermost.name().into();
    }
    let names = around.iter().map(|layer| layer.tunnel.encapsulation()).chain([innermost]);
    names.map(Encapsulation::name).collect::<Vec<_>>().join("/").into()
}
