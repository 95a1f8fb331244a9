//! ICMP (RFC 792) and ICMPv6 (RFC 4443): type, code, checksum, and four bytes whose meaning the type decides.

use super::{Missing, Span, be16, be32};

/// Length of the header that all messages share, in bytes.
pub const HEADER_LEN: usize = 8;

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Too large for the next link, whose MTU is told, and not to be cut: "fragmentation needed" (RFC 1191), "packet too
    /// big" (RFC 4443, section 3.2). Routers of before 1990 tell no MTU.
    TooBig(Option<u32>),
    /// No way there, or nobody who takes it.
    Unreachable,
    /// Too many routers on its way, or a fragment too few.
    TimeExceeded,
    /// A header that somebody on its way did not understand.
    ParameterProblem,
}

/// The header of a message.
#[derive(Debug, Clone, Copy)]
pub struct Icmp<'a> {
    header: &'a [u8; HEADER_LEN],
    is_v6: bool,
}

impl<'a> Icmp<'a> {
    /// The header at the front of `span`, and what follows it.
    #[inline]
    pub fn read(is_v6: bool, span: Span<'a>) -> Result<(Self, Span<'a>), Missing> {
        let (header, rest) = span.split()?;
        Ok((Self { header, is_v6 }, rest))
    }

    /// Which error it tells, where it tells one.
    #[must_use]
    pub fn error(self) -> Option<Error> {
        match (self.is_v6, self.header[0], self.header[1]) {
            (false, 3, 4) => Some(Error::TooBig(told(be16(self.header, 6).into()))),
            (true, 2, _) => Some(Error::TooBig(told(be32(self.header, 4)))),
            (false, 3, _) | (true, 1, _) => Some(Error::Unreachable),
            (false, 11, _) | (true, 3, _) => Some(Error::TimeExceeded),
            (false, 12, _) | (true, 4, _) => Some(Error::ParameterProblem),
            _ => None,
        }
    }

    /// The packet that an error quotes, in what follows its header, without the extensions behind it (RFC 4884).
    #[must_use]
    pub fn quote(self, rest: Span<'a>) -> Span<'a> {
        // In words of 32 or 64 bits; 0 where there are no extensions.
        let len = match (self.is_v6, self.header[0]) {
            (false, 3 | 11 | 12) => usize::from(self.header[5]) * 4,
            (true, 1 | 3) => usize::from(self.header[4]) * 8,
            _ => 0,
        };
        if len == 0 { rest } else { rest.with_wire_len(len.min(rest.wire_len())) }
    }
}

fn told(mtu: u32) -> Option<u32> {
    Some(mtu).filter(|mtu| *mtu != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(is_v6: bool, header: [u8; 8]) -> Option<Error> {
        Icmp::read(is_v6, Span::new(&header, 8)).unwrap().0.error()
    }

    /// Types and codes as IANA lists them; the MTU stands where RFC 1191 and RFC 4443 put it.
    #[test]
    fn errors() {
        assert_eq!(error(false, [3, 4, 0, 0, 0, 0, 5, 0xaa]), Some(Error::TooBig(Some(1450))));
        assert_eq!(error(true, [2, 0, 0, 0, 0, 0, 5, 0]), Some(Error::TooBig(Some(1280))));
        assert_eq!(error(false, [3, 3, 0, 0, 0, 0, 0, 0]), Some(Error::Unreachable));
        assert_eq!(error(true, [1, 4, 0, 0, 0, 0, 0, 0]), Some(Error::Unreachable));
        assert_eq!(error(false, [11, 0, 0, 0, 0, 0, 0, 0]), Some(Error::TimeExceeded));
        assert_eq!(error(true, [3, 0, 0, 0, 0, 0, 0, 0]), Some(Error::TimeExceeded));
        assert_eq!(error(false, [12, 0, 0, 0, 0, 0, 0, 0]), Some(Error::ParameterProblem));
        for (is_v6, kind) in [(false, 0), (false, 5), (false, 8), (true, 128), (true, 135), (false, 128)] {
            assert_eq!(error(is_v6, [kind, 0, 0, 0, 0, 0, 0, 0]), None);
        }
    }

    /// A router that knows no MTU says 0, which is none.
    #[test]
    fn an_mtu_of_zero_is_not_told() {
        assert_eq!(error(false, [3, 4, 0, 0, 0, 0, 0, 0]), Some(Error::TooBig(None)));
    }

    /// What stands behind a padded quote is no part of the packet (RFC 4884); the length is where the version has it.
    #[test]
    fn extensions_are_no_quote() {
        let rest = [0; 200];
        for (is_v6, header, len) in [
            (false, [3, 3, 0, 0, 0, 32, 0, 0], 128),
            (false, [3, 3, 0, 0, 32, 0, 0, 0], 200),
            (true, [1, 0, 0, 0, 16, 0, 0, 0], 128),
            (true, [2, 0, 0, 0, 16, 0, 0, 0], 200),
            (false, [11, 0, 0, 0, 0, 255, 0, 0], 200),
        ] {
            let (icmp, _) = Icmp::read(is_v6, Span::new(&header, 8)).unwrap();
            assert_eq!(icmp.quote(Span::new(&rest, 200)).wire_len(), len, "{header:?}");
        }
    }
}
