//! The Internet checksum (RFC 1071).

/// The sum of 16-bit words, not folded.
pub(super) fn sum(bytes: &[u8]) -> u64 {
    let pairs = bytes.chunks_exact(2);
    let odd = pairs.remainder().first().map_or(0, |last| u64::from(*last) << 8);
    pairs.map(|pair| u64::from(u16::from_be_bytes([pair[0], pair[1]]))).sum::<u64>() + odd
}

/// The one's complement sum.
pub(super) fn fold(mut total: u64) -> u16 {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total as u16
}

/// RFC 768: a checksum of zero would say that there is none.
pub(super) fn udp_checksum(total: u64) -> u16 {
    match !fold(total) {
        0 => 0xffff,
        checksum => checksum,
    }
}
