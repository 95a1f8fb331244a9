//! What a packet is wrapped in.

use std::borrow::Cow;

use crate::packet::Layer;

/// A kind of header that wraps a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(u8)]
pub enum Encapsulation {
    /// VXLAN (RFC 7348).
    #[default]
    Vxlan,
}

impl Encapsulation {
    /// All of them, in the order of their numbers.
    const ALL: [Self; 1] = [Self::Vxlan];

    /// The one of that number, which must be one's.
    #[inline]
    pub(crate) fn numbered(number: u8) -> Self {
        Self::ALL[usize::from(number)]
    }

    /// Its name in paths.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Vxlan => "vxlan",
        }
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
