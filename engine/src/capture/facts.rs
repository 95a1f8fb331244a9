//! What a capture says about itself, and how far it could be read.

use super::clock::Clock;
use super::link::LinkType;
use crate::error::Damage;

/// What is known about a capture so far; final once `drain` has answered `Step::End`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Which of the formats it is in.
    pub format: Format,
    /// In which byte order its lengths and times are written.
    pub byte_order: ByteOrder,
    /// "microseconds", "10^-4 s", ...; of a pcapng the distinct ones of its interfaces in order of
    /// appearance, joined with ", ". Empty where no interface is described.
    pub timestamp_resolution: String,
    /// Whether times may be finer than microseconds.
    pub sub_microsecond: bool,
    /// Distinct link types in order of appearance; of a pcapng those of its interfaces.
    pub link_types: Vec<LinkType>,
    /// What the capture was compressed with.
    pub compression: Option<Compression>,
    /// Bytes read from the input, before decompression.
    pub bytes: u64,
    /// False once the capture was found to break off or to be damaged.
    pub complete: bool,
    /// Where the first record or block that could not be read starts, in the decompressed capture.
    pub truncated_at: Option<u64>,
    /// How the capture breaks its format. A capture that merely breaks off has none.
    pub damage: Option<Damage>,
    /// Packets that were dropped before they came into it, where it tells.
    pub dropped: Option<u64>,
    /// Whether its clock went back. Who drains it knows.
    pub clock: Clock,
}

/// The format of a capture file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Not told yet: an interruption came before the first bytes.
    Unknown,
    /// The classic format of libpcap.
    Pcap,
    /// PCAP Next Generation.
    Pcapng,
}

impl Format {
    /// "pcap" or "pcapng".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Pcap => "pcap",
            Self::Pcapng => "pcapng",
        }
    }
}

/// The byte order of a capture's own numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrder {
    /// The capture breaks off before it says.
    Unknown,
    /// Least significant byte first.
    Little,
    /// Most significant byte first.
    Big,
    /// Sections of a pcapng differ.
    Mixed,
}

impl ByteOrder {
    /// "little", "big" or "mixed".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Little => "little",
            Self::Big => "big",
            Self::Mixed => "mixed",
        }
    }
}

/// A compression that captures come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// gzip, RFC 1952.
    Gzip,
    /// Zstandard, RFC 8878.
    Zstd,
    /// The LZ4 frame format.
    Lz4,
    /// The .xz format.
    Xz,
}

impl Compression {
    /// "gzip", "zstd", "lz4" or "xz".
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
        }
    }
}

/// Whether a resolution as pcapng's `if_tsresol` gives it is finer than microseconds; 2^-20 is the first power of two.
pub(super) fn is_sub_microsecond(resolution: u8) -> bool {
    (resolution & 0x7f) > if resolution & 0x80 != 0 { 19 } else { 6 }
}

/// The name of a timestamp resolution as pcapng's `if_tsresol` gives it: the high bit clear means a negative
/// power of ten, set a negative power of two.
pub(super) fn resolution_name(resolution: u8) -> String {
    let exponent = resolution & 0x7f;
    match (resolution & 0x80 != 0, exponent) {
        (_, 0) => "seconds".to_owned(),
        (false, 3) => "milliseconds".to_owned(),
        (false, 6) => "microseconds".to_owned(),
        (false, 9) => "nanoseconds".to_owned(),
        (false, _) => format!("10^-{exponent} s"),
        (true, _) => format!("2^-{exponent} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_sub_microsecond, resolution_name};

    #[test]
    fn microseconds_are_not_finer_than_themselves() {
        let finer = [7, 9, 0x94, 0xff].map(is_sub_microsecond);
        let not = [0, 6, 0x80, 0x93].map(is_sub_microsecond);
        assert_eq!((finer, not), ([true; 4], [false; 4]));
    }

    #[test]
    fn resolutions_are_named_by_their_unit_where_there_is_one() {
        assert_eq!(resolution_name(6), "microseconds");
        assert_eq!(resolution_name(4), "10^-4 s");
        assert_eq!(resolution_name(0x94), "2^-20 s");
        assert_eq!(resolution_name(0x80), "seconds");
    }
}
