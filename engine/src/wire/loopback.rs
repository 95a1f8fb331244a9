//! BSD loopback: `LINKTYPE_NULL` (address family in the byte order of the machine that captured) and
//! `LINKTYPE_LOOP` (in network byte order) (tcpdump.org/linktypes).

use super::{Missing, Span, ethernet::ethertype};

/// The EtherType that the address family stands for, and what follows the header; `None` for a family that is
/// neither IP. Either byte order is taken: the families are small, so the order tells itself.
#[inline]
pub fn read(span: Span<'_>) -> Result<(Option<u16>, Span<'_>), Missing> {
    let (header, payload) = span.split::<4>()?;
    let family = u32::from_le_bytes(*header).min(u32::from_be_bytes(*header));
    let ethertype = match family {
        2 => Some(ethertype::IPV4),
        // AF_INET6 of NetBSD and Linux-made files, FreeBSD, Darwin.
        10 | 24 | 28 | 30 => Some(ethertype::IPV6),
        _ => None,
    };
    Ok((ethertype, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_byte_order() {
        for bytes in [[2, 0, 0, 0], [0, 0, 0, 2]] {
            assert_eq!(read(Span::new(&bytes, 4)).unwrap().0, Some(ethertype::IPV4));
        }
        assert_eq!(read(Span::new(&[30, 0, 0, 0], 4)).unwrap().0, Some(ethertype::IPV6));
        assert_eq!(read(Span::new(&[7, 0, 0, 0], 4)).unwrap().0, None);
    }
}
