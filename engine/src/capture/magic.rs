//! Formats and compressions told by their first bytes.

use super::compressed::is_skippable;
use super::facts::Compression;
use super::parser::Parser;
use super::pcap::{self, Magic, Pcap};
use super::pcapng::{self, Pcapng};

/// How many bytes tell every compression.
pub(super) const COMPRESSION_LEN: usize = 6;
/// How many bytes hold every format's magic and version.
pub(super) const FORMAT_LEN: usize = pcap::HEADER_LEN;

const GZIP: &[u8] = &[0x1f, 0x8b, 0x08];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const LZ4: &[u8] = &[0x04, 0x22, 0x4d, 0x18];
const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0x00];

/// A format that is known, in a version that is not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownVersion {
    pub(super) offset: u64,
    pub(super) expected: String,
    pub(super) found: String,
}

/// The compression that `head` starts, if any.
pub(super) fn compression_of(head: &[u8]) -> Option<Compression> {
    let starts = |magic: &[u8]| head.len() >= 4 && head.starts_with(magic.get(..head.len()).unwrap_or(magic));
    match head.first_chunk::<4>() {
        _ if head.len() >= 3 && head.starts_with(GZIP) => Some(Compression::Gzip),
        _ if starts(LZ4) => Some(Compression::Lz4),
        _ if starts(XZ) => Some(Compression::Xz),
        _ if starts(ZSTD) => Some(Compression::Zstd),
        // LZ4 has the same skippable frames, but only writers of Zstandard start with them.
        Some(magic) if is_skippable(*magic) => Some(Compression::Zstd),
        _ => None,
    }
}

/// The parser for the capture that `head` starts: its first [`FORMAT_LEN`] bytes or more, or all of it.
/// `None` when it is no capture.
pub(super) fn parser_of(head: &[u8]) -> Result<Option<Parser>, UnknownVersion> {
    let Some(magic) = head.first_chunk::<4>() else {
        return Ok(None);
    };
    if *magic == pcapng::MAGIC {
        return match pcapng::unknown_version(head) {
            None => Ok(Some(Parser::Pcapng(Pcapng::default()))),
            Some(found) => Err(UnknownVersion {
                offset: pcapng::VERSION_OFFSET,
                expected: "pcapng version 1".to_owned(),
                found,
            }),
        };
    }
    let Some(magic) = Magic::of(*magic) else {
        return Ok(None);
    };
    match Pcap::new(magic, head) {
        Ok(parser) => Ok(Some(Parser::Pcap(parser))),
        Err(found) => {
            Err(UnknownVersion { offset: pcap::VERSION_OFFSET, expected: "pcap version 2".to_owned(), found })
        }
    }
}

/// What bytes look like that are no capture.
pub(super) fn describe(head: &[u8], inside: Option<Compression>) -> String {
    let looks = match (head, inside) {
        ([], None) => "an empty file".to_owned(),
        ([], Some(_)) => "nothing".to_owned(),
        _ if is_text(head) => "text".to_owned(),
        _ => {
            let shown: Vec<String> = head.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
            format!("bytes {}", shown.join(" "))
        }
    };
    match inside {
        Some(compression) => format!("{looks} inside {}", compression.name()),
        None => looks,
    }
}

fn is_text(head: &[u8]) -> bool {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // A character that the buffer cuts in two.
        Err(error) if error.error_len().is_none() && error.valid_up_to() > 0 => {
            std::str::from_utf8(head.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default()
        }
        Err(_) => return false,
    };
    text.chars()
        .all(|character| !character.is_control() || matches!(character, '\n' | '\r' | '\t' | '\x0c' | '\x1b'))
}

#[cfg(test)]
mod tests {
    use super::{Compression, compression_of, describe, parser_of};
    use crate::capture::parser::Parser;

    #[test]
    fn compressions_are_told_by_magic() {
        assert_eq!(compression_of(&[0x1f, 0x8b, 8, 0, 0, 0]), Some(Compression::Gzip));
        assert_eq!(compression_of(b"\x28\xb5\x2f\xfd\0\0"), Some(Compression::Zstd));
        assert_eq!(compression_of(b"\x50\x2a\x4d\x18\0\0"), Some(Compression::Zstd));
        assert_eq!(compression_of(b"\x04\x22\x4d\x18\0\0"), Some(Compression::Lz4));
        assert_eq!(compression_of(b"\xfd7zXZ\0"), Some(Compression::Xz));
        assert_eq!(compression_of(b"\x0a\x0d\x0d\x0a\0\0"), None);
        assert_eq!(compression_of(b""), None);
    }

    #[test]
    fn the_first_four_bytes_of_xz_are_xz() {
        assert_eq!(compression_of(b"\xfd7zX"), Some(Compression::Xz));
        assert_eq!(compression_of(b"\xfd7z"), None);
        assert_eq!(compression_of(b"\xfd7zXY\0"), None);
    }

    #[test]
    fn four_bytes_tell_the_format() {
        for magic in [[0xa1, 0xb2, 0xc3, 0xd4], [0x4d, 0x3c, 0xb2, 0xa1]] {
            assert!(matches!(parser_of(&magic), Ok(Some(Parser::Pcap(_)))));
        }
        assert!(matches!(parser_of(&[0x0a, 0x0d, 0x0d, 0x0a]), Ok(Some(Parser::Pcapng(_)))));
        assert!(matches!(parser_of(&[0xa1, 0xb2, 0xc3]), Ok(None)));
    }

    #[test]
    fn what_is_no_capture_is_described() {
        assert_eq!(describe(b"", None), "an empty file");
        assert_eq!(describe("vni,packets\n4,\u{fc}\n".as_bytes(), None), "text");
        assert_eq!(describe(b"caf\xc3", None), "text");
        assert_eq!(describe(b"\x89PNG\r\n", None), "bytes 89 50 4e 47");
        assert_eq!(describe(b"\0", None), "bytes 00");
        assert_eq!(describe(b"", Some(Compression::Gzip)), "nothing inside gzip");
        assert_eq!(describe(b"hello", Some(Compression::Xz)), "text inside xz");
    }
}
