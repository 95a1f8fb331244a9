//! Numbers in either byte order, at fixed places of fixed-size headers.
//!
//! Every `at` is a constant that fits its header, so the checks fold away. The byte order is a type
//! parameter: the loops over records exist once for each order and test it nowhere.

/// The 16-bit number at `at`.
#[inline]
pub(super) fn u16_at<const BIG: bool, const N: usize>(header: &[u8; N], at: usize) -> u16 {
    let bytes = [header[at], header[at + 1]];
    if BIG { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
}

/// The 32-bit number at `at`.
#[inline]
pub(super) fn u32_at<const BIG: bool, const N: usize>(header: &[u8; N], at: usize) -> u32 {
    let bytes = [header[at], header[at + 1], header[at + 2], header[at + 3]];
    if BIG { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}
