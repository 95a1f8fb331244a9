//! DHCP for IPv6 (RFC 8415), between clients and what answers them on their link: leases, and the names that clients have.

use super::dhcp::domain_name;
use super::{Missing, Span, be16, be32};

/// UDP ports of clients and of servers (and relays).
pub const CLIENT_PORT: u16 = 546;
/// ...
pub const SERVER_PORT: u16 = 547;

/// Type, and an identifier of the transaction (section 8).
const HEADER_LEN: usize = 4;
const REPLY: u8 = 7;

mod option {
    /// Addresses that are not temporary (section 21.4).
    pub(super) const IA_NA: u16 = 3;
    /// One of them (section 21.6).
    pub(super) const IA_ADDRESS: u16 = 5;
    /// RFC 4704.
    pub(super) const FQDN: u16 = 39;
}

/// In front of the options of an [`option::IA_NA`], and the length of an [`option::IA_ADDRESS`] without any.
const IA_LEN: usize = 12;
const ADDRESS_LEN: usize = 24;

/// A message.
#[derive(Debug, Clone, Copy)]
pub struct Dhcpv6<'a> {
    kind: u8,
    options: &'a [u8],
}

impl<'a> Dhcpv6<'a> {
    /// The message in `span`.
    pub fn read(span: Span<'a>) -> Result<Self, Missing> {
        let (header, rest) = span.split::<HEADER_LEN>()?;
        Ok(Self { kind: header[0], options: rest.bytes() })
    }

    /// The addresses that a server grants, each with how many seconds it is valid.
    pub fn granted(self) -> impl Iterator<Item = (u128, u32)> {
        let associations = Options(self.options).filter(move |_| self.kind == REPLY);
        let behind = |(kind, value): (u16, &'a [u8])| value.get(IA_LEN..).filter(|_| kind == option::IA_NA);
        associations.filter_map(behind).flat_map(Options).filter_map(address)
    }

    /// The client's name, if it says one.
    #[must_use]
    pub fn client_name(self) -> Option<String> {
        let names = Options(self.options).find(|(kind, _)| *kind == option::FQDN && self.kind != REPLY);
        // Flags stand in front.
        domain_name(names?.1.get(1..)?)
    }
}

/// An address that is valid for some time: for none it is taken back.
fn address((kind, value): (u16, &[u8])) -> Option<(u128, u32)> {
    let value: &[u8; ADDRESS_LEN] = value.first_chunk().filter(|_| kind == option::IA_ADDRESS)?;
    let (address, _) = value.split_first_chunk::<16>()?;
    Some((u128::from_be_bytes(*address), be32(value, 20))).filter(|(_, seconds)| *seconds != 0)
}

/// Options in a row, as far as their lengths hold.
struct Options<'a>(&'a [u8]);

impl<'a> Iterator for Options<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (head, rest) = self.0.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(usize::from(be16(head, 2)))?;
        self.0 = rest;
        Some((be16(head, 0), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn option(kind: u16, value: &[u8]) -> Vec<u8> {
        [&kind.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat()
    }

    fn association(addresses: &[(u8, u32)]) -> Vec<u8> {
        let one = |(last, valid): &(u8, u32)| {
            let ip = (0xfd00_u128 << 112 | u128::from(*last)).to_be_bytes();
            option(5, &[&ip[..], &100_u32.to_be_bytes(), &valid.to_be_bytes()].concat())
        };
        option(3, &[vec![0; 12], addresses.iter().flat_map(one).collect()].concat())
    }

    fn granted(kind: u8, options: &[u8]) -> Vec<(u128, u32)> {
        let bytes = [&[kind, 0, 0, 1], options].concat();
        Dhcpv6::read(Span::new(&bytes, bytes.len())).unwrap().granted().collect()
    }

    /// All addresses of a reply, of several associations; one that is valid for no time was taken back.
    #[test]
    fn leases() {
        let net = 0xfd00 << 112;
        let options =
            [option(1, &[0; 14]), association(&[(1, 600), (2, 0), (3, 60)]), association(&[(4, 6)])];
        assert_eq!(granted(7, &options.concat()), [(net | 1, 600), (net | 3, 60), (net | 4, 6)]);
        assert_eq!(granted(2, &options.concat()), [], "an advertisement grants none");
    }

    #[test]
    fn every_length() {
        let options = association(&[(1, 600)]);
        for len in 0..options.len() {
            assert_eq!(granted(7, &options[..len]), [], "{len}");
        }
    }

    #[test]
    fn names() {
        let name = option(39, &[0, 3, b'w', b'e', b'b', 3, b'l', b'a', b'b', 0]);
        let said = |kind: u8| {
            let bytes = [&[kind, 0, 0, 1], &name[..]].concat();
            Dhcpv6::read(Span::new(&bytes, bytes.len())).unwrap().client_name()
        };
        assert_eq!((said(3).as_deref(), said(7)), (Some("web.lab"), None));
    }
}
