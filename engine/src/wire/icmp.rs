//! ICMP (RFC 792) and ICMPv6 (RFC 4443): type, code, checksum, and four bytes whose meaning the type decides.

/// Length of the header that all messages share, in bytes.
pub const HEADER_LEN: usize = 8;
