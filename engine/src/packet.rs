//! A decoded packet of an overlay: the key of its cell, and what it adds there.

mod checks;
pub(crate) mod handling;
mod key;
mod notes;
mod tunnel;

use std::hash::Hasher;

use crate::wire::mac::Mac;
use crate::wire::vxlan::GroupPolicy;

pub use checks::{Checks, Inside, Outside};
pub use handling::{Handling, ecn};
pub use key::{FlowKey, InnerPiece, Key, Told};
pub use notes::{Note, Notes};
pub use tunnel::{Layer, Tunnel};

/// Where a port stands beside a MAC, in one word.
const PORT_SHIFT: u32 = 48;

/// Two IPv4 addresses and another word are one round of the hash.
#[inline(always)]
fn hash_addresses<H: Hasher>(is_v6: bool, source: u128, destination: u128, word: u64, state: &mut H) {
    if is_v6 {
        state.write_u128(source);
        state.write_u128(destination);
        state.write_u128(u128::from(word));
    } else {
        let addresses = source << u32::BITS | destination;
        state.write_u128(addresses << u64::BITS | u128::from(word));
    }
}

/// Outer source MAC and outer UDP source port; of NVGRE, which has none, the flow identifier instead.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Origin(u64);

impl Origin {
    /// No MAC is all zeros, which is no station's.
    #[inline]
    #[must_use]
    pub fn new(mac: Option<Mac>, port: u16) -> Self {
        Self(mac.map_or(0, Mac::bits) | u64::from(port) << PORT_SHIFT)
    }

    /// Outer source MAC, where the link layer tells.
    #[must_use]
    pub fn mac(self) -> Option<Mac> {
        Some(Mac::from_bits(self.0)).filter(|mac| mac.bits() != 0)
    }

    /// Outer UDP source port, or flow identifier.
    #[must_use]
    pub fn port(self) -> u16 {
        (self.0 >> PORT_SHIFT) as u16
    }
}

/// One packet of an overlay: the key of its cell, and what it adds there. Lengths are in bytes. Of nested ones, tunnel, key and
/// origin are those of the innermost.
#[derive(Debug, Clone, Copy, Default)]
pub struct Packet {
    /// How it went.
    pub tunnel: Tunnel,
    /// Which cell of that tunnel it belongs to.
    pub key: Key,
    /// Nanoseconds since 1970 UTC, or [`crate::capture::NO_TIME`].
    pub time: i64,
    /// Original length of the frame.
    pub wire_len: u32,
    /// Length of what the overlay carries, an Ethernet frame as a rule: outer UDP length - 8 - the overlay's header.
    pub inner_len: u32,
    /// Where it begins in the frame.
    pub inner_at: u32,
    /// What the inner transport protocol carries.
    pub payload_len: u32,
    /// Outer IP headers with options or extension headers, those of all layers.
    pub outer_ip_header_len: u32,
    /// Outermost IP packet.
    pub outer_ip_len: u32,
    /// Who sent it, on the outside.
    pub origin: Origin,
    /// What its outer IP header asks of the underlay, and its inner one.
    pub handling: Handling,
    /// Sequence number of inner TCP...
    pub tcp_sequence: u32,
    /// ... its acknowledgment number...
    pub tcp_acknowledgment: u32,
    /// ... and its window, unscaled. All are 0 where there is none.
    pub tcp_window: u16,
    /// Which piece of an inner datagram it has inside; of any use with the note [`Note::InnerFragment`] alone.
    pub inner_piece: InnerPiece,
    /// See [`Self::group_policy`].
    pub(crate) policy: Option<GroupPolicy>,
    /// What its checksums turned out to be, where they were verified.
    pub checks: Checks,
    /// Control bits of inner TCP; 0 where there is none.
    pub tcp_control: u8,
    /// What is remarkable about it.
    pub notes: Notes,
}

impl Packet {
    /// Takes in the group policy of its innermost overlay.
    pub(crate) fn set_policy(&mut self, policy: Option<GroupPolicy>) {
        self.policy = policy;
        self.key.set_dont_learn(policy.is_some_and(|policy| policy.dont_learn));
    }

    /// The group policy of its innermost overlay.
    #[inline]
    #[must_use]
    pub fn group_policy(&self) -> Option<GroupPolicy> {
        self.policy.filter(|_| self.notes.has(Note::GroupPolicy))
    }

    /// What `data`, the bytes of the frame that it was decoded from, holds of the inner frame.
    #[must_use]
    pub fn inner<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let held = data.get(self.inner_at as usize..).unwrap_or_default();
        &held[..held.len().min(self.inner_len as usize)]
    }
}
