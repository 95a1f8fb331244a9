//! Bits that look random and are the same on every machine.

/// splitmix64's finaliser: every bit of the answer depends on every bit of the argument.
pub(super) fn mix(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// The first port that a VTEP may send from...
const FIRST_SOURCE_PORT: u16 = 49_152;
/// ... and how many there are: the dynamic ones of RFC 6335, as RFC 7348, section 5, recommends.
const SOURCE_PORTS: u64 = 16_384;

/// The outer source port that `hash` picks.
pub(super) fn source_port(hash: u64) -> u16 {
    FIRST_SOURCE_PORT + (hash % SOURCE_PORTS) as u16
}
