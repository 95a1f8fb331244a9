//! Encapsulated Remote Switch Port Analyzer: a frame that a switch mirrors, in GRE (draft-foschiano-erspan).
//!
//! Type I has no header at all: GRE without a sequence number is followed by the frame. Type II has 8 bytes, type III 12,
//! and 8 more where it says so:
//!
//! ```text
//! 0                   1                   2                   3
//! +-------+-----------------------+-----+---+-+-------------------+
//! |  Ver  |         VLAN          | COS |En |T|    Session ID     |
//! +-------+---------------+-------+-----+---+-+-------------------+
//! |      Reserved         |         Index                         |  type II
//! +-----------------------+---------------------------------------+
//! |                          Timestamp                            |  type III
//! +-------------------------------+-+---------+-----------+-+---+-+
//! |    Security group tag         |P| Frame T.|   Hw ID   |D|Gra|O|
//! +-------------------------------+-+---------+-----------+-+---+-+
//! ```

use super::{Missing, Span, be16};

const TYPE_II_LEN: usize = 8;
const TYPE_III_LEN: usize = 12;
/// The platform's part of a type III header.
const SUBHEADER_LEN: usize = 8;

/// Versions, which are not the types.
const TYPE_II: u8 = 1;
const TYPE_III: u8 = 2;

/// What was mirrored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameType {
    /// An Ethernet frame.
    Ethernet,
    /// An IP packet without its link layer.
    Ip,
    /// Anything else, or a version that is not known.
    Unknown,
}

/// An ERSPAN header of type II or III.
#[derive(Debug, Clone, Copy)]
pub struct Erspan {
    /// What follows.
    pub frame_type: FrameType,
}

impl Erspan {
    /// The header at the front of `span`, and what follows it.
    pub fn read(span: Span<'_>) -> Result<(Self, Span<'_>), Missing> {
        let (first, _) = span.split::<1>()?;
        match first[0] >> 4 {
            TYPE_II => {
                let (_, rest) = span.split::<TYPE_II_LEN>()?;
                Ok((Self { frame_type: FrameType::Ethernet }, rest))
            }
            TYPE_III => {
                let (header, rest) = span.split::<TYPE_III_LEN>()?;
                let (frame_type, has_subheader) = kind(header);
                let rest = if has_subheader { rest.split::<SUBHEADER_LEN>()?.1 } else { rest };
                Ok((Self { frame_type }, rest))
            }
            _ => Ok((Self { frame_type: FrameType::Unknown }, span)),
        }
    }
}

/// The last two bytes of a type III header: the type of the frame, and whether a subheader follows.
fn kind(header: &[u8; TYPE_III_LEN]) -> (FrameType, bool) {
    let bits = be16(header, 10);
    let frame_type = match bits >> 10 & 0x1f {
        0 => FrameType::Ethernet,
        2 => FrameType::Ip,
        _ => FrameType::Unknown,
    };
    (frame_type, bits & 1 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (FrameType, &[u8]) {
        let (erspan, rest) = Erspan::read(Span::new(bytes, bytes.len())).unwrap();
        (erspan.frame_type, rest.bytes())
    }

    #[test]
    fn types() {
        assert_eq!(read(&[0x10, 5, 0, 1, 0, 0, 0, 0, 7]), (FrameType::Ethernet, &[7][..]));
        let type_iii =
            |last: [u8; 2]| [&[0x20, 5, 0, 1, 0, 0, 0, 0, 0, 0][..], &last, &[6; 8], &[7]].concat();
        assert_eq!(read(&type_iii([0, 0])).1.len(), 9);
        assert_eq!(read(&type_iii([0, 1])), (FrameType::Ethernet, &[7][..]));
        assert_eq!(read(&type_iii([0x08, 1])), (FrameType::Ip, &[7][..]));
        assert_eq!(read(&type_iii([0x04, 1])).0, FrameType::Unknown);
        // P, the rest of the hardware identifier, direction and granularity say nothing of the layout.
        assert_eq!(read(&type_iii([0x83, 0xff])), (FrameType::Ethernet, &[7][..]));
        for version in [0x00, 0x30, 0xf0] {
            assert_eq!(read(&[version; 20]).0, FrameType::Unknown);
        }
    }

    #[test]
    fn every_truncation_is_refused() {
        let type_iii = [&[0x20][..], &[0xff; 19]].concat();
        for len in 0..20 {
            assert_eq!(Erspan::read(Span::new(&type_iii, len)).unwrap_err(), Missing::Short);
            assert_eq!(Erspan::read(Span::new(&type_iii[..len], 60)).unwrap_err(), Missing::Cut);
        }
        assert!(Erspan::read(Span::new(&[0x10; 7], 7)).is_err());
    }
}
