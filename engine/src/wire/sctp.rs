//! SCTP common header (RFC 9260, section 3.1): source port, destination port, verification tag, checksum.

/// Length of the common header, in bytes.
pub const HEADER_LEN: usize = 12;
