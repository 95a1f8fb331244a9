//! IGMP (RFC 3376, section 4): type, maximum response time, checksum, group address.

/// Length of the header that all versions share, in bytes.
pub const HEADER_LEN: usize = 8;
