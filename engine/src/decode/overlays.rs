//! What is taken for an overlay.

use crate::encapsulation::{Encapsulation, Encapsulations};

/// The UDP port that IANA assigned to VXLAN (RFC 7348, section 8).
pub const VXLAN_PORT: u16 = 4789;

/// Which UDP destination ports are VXLAN's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    // Wider than a port, so that there is one that is none.
    first: u32,
    others: Vec<u16>,
}

impl Ports {
    /// `ports`; the standard one where the list is empty.
    #[must_use]
    pub fn new(ports: &[u16]) -> Self {
        let (first, others) = ports.split_first().unwrap_or((&VXLAN_PORT, &[]));
        Self { first: u32::from(*first), others: others.to_vec() }
    }

    /// None at all.
    #[must_use]
    pub fn none() -> Self {
        Self { first: u32::MAX, others: Vec::new() }
    }

    /// Whether `port` is one of them.
    #[inline]
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        u32::from(port) == self.first || self.others.contains(&port)
    }

    /// All of them, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        u16::try_from(self.first).into_iter().chain(self.others.iter().copied())
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self::new(&[])
    }
}

/// What is taken for an overlay, and how far it is looked into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlays {
    /// VXLAN's UDP ports, where it is to be reported.
    pub ports: Ports,
    /// VXLAN's UDP ports, where it is not.
    pub unselected_ports: Ports,
    /// Which overlays are to be reported.
    pub selected: Encapsulations,
    /// So many overlays may be inside each other.
    pub max_depth: usize,
    /// Whether what comes from one of `ports` is VXLAN too, where it has the header.
    pub match_source_port: bool,
}

impl Overlays {
    /// How deep overlays may be nested unless the user says otherwise.
    pub const DEPTH: usize = 4;

    /// Those of `selected` that are found: VXLAN at `ports`, the others at the port that IANA assigned.
    #[must_use]
    pub fn new(ports: Ports, selected: Encapsulations, max_depth: usize) -> Self {
        let (ports, unselected_ports) =
            if selected.has(Encapsulation::Vxlan) { (ports, Ports::none()) } else { (Ports::none(), ports) };
        Self { ports, unselected_ports, selected, max_depth, match_source_port: false }
    }

    /// The same, with VXLAN by its source port too, or without.
    #[must_use]
    pub fn matching_source_port(self, match_source_port: bool) -> Self {
        Self { match_source_port, ..self }
    }

    /// The same with more ports of VXLAN.
    #[must_use]
    pub fn with_ports(&self, more: &[u16]) -> Self {
        let known = self.ports.iter().chain(self.unselected_ports.iter());
        let ports: Vec<u16> = known.chain(more.iter().copied()).collect();
        let more = Self::new(Ports::new(&ports), self.selected, self.max_depth);
        more.matching_source_port(self.match_source_port)
    }

    /// Whether NVGRE is reported. Else it is GRE like any other, a carrier.
    #[inline]
    pub(super) fn has_nvgre(&self) -> bool {
        self.selected.has(Encapsulation::Nvgre)
    }

    /// The overlay that is reported of what comes to a UDP port. VXLAN's own ports go first, whatever is their number.
    #[inline]
    pub(super) fn at(&self, port: u16) -> Option<Encapsulation> {
        if self.ports.contains(port) {
            return Some(Encapsulation::Vxlan);
        }
        let is_vxlans = self.unselected_ports.contains(port);
        Encapsulation::of_port(port).filter(|one| !is_vxlans && self.selected.has(*one))
    }

    /// The same of what goes between two UDP ports: the destination decides, and where that is nobody's, the source may.
    #[inline]
    pub(super) fn between(&self, source: u16, destination: u16) -> Option<Encapsulation> {
        self.at(destination).or_else(|| self.is_from(source, destination).then_some(Encapsulation::Vxlan))
    }

    /// Whether what goes between two UDP ports is VXLAN by its source port, if it has the header.
    pub(super) fn is_from(&self, source: u16, destination: u16) -> bool {
        self.match_source_port && self.ports.contains(source) && self.left_out_at(destination).is_none()
    }

    /// Whether a UDP port is an overlay's that is reported.
    #[must_use]
    pub fn is_known(&self, port: u16) -> bool {
        self.at(port).is_some()
    }

    /// The overlay that is left out of what comes to a UDP port.
    pub(super) fn left_out_at(&self, port: u16) -> Option<Encapsulation> {
        if self.unselected_ports.contains(port) {
            return Some(Encapsulation::Vxlan);
        }
        Encapsulation::of_port(port).filter(|one| !self.selected.has(*one))
    }
}

impl Default for Overlays {
    fn default() -> Self {
        Self::new(Ports::default(), Encapsulations::default(), Self::DEPTH)
    }
}
