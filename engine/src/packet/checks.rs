//! What the checksums of packets turned out to be.

/// What the outer UDP checksum turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    /// There is none, as RFC 7348 asks for.
    Zero,
    /// Right.
    Right,
    /// Neither.
    Wrong,
    /// Left to the network card: the pseudo-header's sum alone, or right once the card has filled in the inner one.
    Partial,
    /// Not all of its bytes are here.
    Unverified,
}

/// What the checksums of an inner frame turned out to be, all together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// All are right.
    Right,
    /// One at the least is not.
    Wrong,
    /// That of TCP or UDP is the pseudo-header's sum alone, and none is wrong.
    Partial,
    /// None is wrong, and not all of their bytes are here.
    Unverified,
    /// It has none.
    None,
}

/// What the checksums of a packet turned out to be; the default is that nobody looked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Checks(Option<(Outside, Inside)>);

impl Checks {
    pub(crate) fn new(outside: Outside, inside: Inside) -> Self {
        Self(Some((outside, inside)))
    }

    /// Outside and inside, where somebody looked.
    #[inline]
    #[must_use]
    pub fn verdict(self) -> Option<(Outside, Inside)> {
        self.0
    }
}
