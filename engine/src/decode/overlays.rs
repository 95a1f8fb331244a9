//! What is taken for an overlay.

/// The UDP port that IANA assigned to VXLAN (RFC 7348, section 8).
pub const VXLAN_PORT: u16 = 4789;

/// Which UDP destination ports are VXLAN's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    first: u16,
    others: Vec<u16>,
}

impl Ports {
    /// `ports`; the standard one where the list is empty.
    #[must_use]
    pub fn new(ports: &[u16]) -> Self {
        let (first, others) = ports.split_first().unwrap_or((&VXLAN_PORT, &[]));
        Self { first: *first, others: others.to_vec() }
    }

    /// Whether `port` is one of them.
    #[inline]
    #[must_use]
    pub fn contains(&self, port: u16) -> bool {
        port == self.first || self.others.contains(&port)
    }

    /// All of them, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        std::iter::once(self.first).chain(self.others.iter().copied())
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
    /// VXLAN's UDP ports.
    pub ports: Ports,
    /// So many overlays may be inside each other.
    pub max_depth: usize,
}

impl Overlays {
    /// How deep overlays may be nested unless the user says otherwise.
    pub const DEPTH: usize = 4;

    /// The same with more ports of VXLAN.
    #[must_use]
    pub fn with_ports(&self, more: &[u16]) -> Self {
        let ports: Vec<u16> = self.ports.iter().chain(more.iter().copied()).collect();
        Self { ports: Ports::new(&ports), ..self.clone() }
    }
}

impl Default for Overlays {
    fn default() -> Self {
        Self { ports: Ports::default(), max_depth: Self::DEPTH }
    }
}
