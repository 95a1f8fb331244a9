//! DHCP for IPv4 (RFC 2131): leases, and the names that clients have. Options are those of RFC 2132.

use super::mac::Mac;
use super::{Missing, Span, be32};

/// UDP ports of servers (and relays) and of clients.
pub const SERVER_PORT: u16 = 67;
/// ...
pub const CLIENT_PORT: u16 = 68;

/// Everything in front of the options, the magic cookie included.
const HEADER_LEN: usize = 240;
const MAGIC: u32 = 0x6382_5363;
const ETHERNET: (u8, u8) = (1, 6);
const FROM_CLIENT: u8 = 1;
const FROM_SERVER: u8 = 2;
const ACK: u8 = 5;

mod option {
    pub(super) const PAD: u8 = 0;
    pub(super) const HOST_NAME: u8 = 12;
    pub(super) const LEASE_TIME: u8 = 51;
    pub(super) const MESSAGE_TYPE: u8 = 53;
    pub(super) const SERVER: u8 = 54;
    /// RFC 4702.
    pub(super) const FQDN: u8 = 81;
    pub(super) const END: u8 = 255;
}

/// A message about a client with an Ethernet address.
#[derive(Debug, Clone, Copy)]
pub struct Dhcp<'a> {
    header: &'a [u8; HEADER_LEN],
    options: &'a [u8],
}

impl<'a> Dhcp<'a> {
    /// The message in `span`; `None` for BOOTP without options, and for other hardware.
    pub fn read(span: Span<'a>) -> Result<Option<Self>, Missing> {
        let (header, rest) = span.split::<HEADER_LEN>()?;
        let is_one = be32(header, 236) == MAGIC && (header[1], header[2]) == ETHERNET;
        Ok(is_one.then_some(Self { header, options: rest.bytes() }))
    }

    /// Hardware address of the client.
    #[must_use]
    pub fn client(self) -> Mac {
        let [a, b, c, d, e, f] = [28, 29, 30, 31, 32, 33].map(|at| self.header[at]);
        Mac::from_octets([a, b, c, d, e, f])
    }

    /// The address that a server grants by this message, if it does.
    #[must_use]
    pub fn granted(self) -> Option<u32> {
        let is_ack = self.header[0] == FROM_SERVER && self.option(option::MESSAGE_TYPE) == Some(&[ACK]);
        // An answer to who has an address already grants none.
        Some(be32(self.header, 16)).filter(|ip| is_ack && *ip != 0)
    }

    /// The server's address, as it identifies itself.
    #[must_use]
    pub fn server(self) -> Option<u32> {
        self.number(option::SERVER)
    }

    /// For how long the address is granted, in seconds.
    #[must_use]
    pub fn lease_time(self) -> Option<u32> {
        self.number(option::LEASE_TIME)
    }

    /// The client's name, if it says one.
    #[must_use]
    pub fn client_name(self) -> Option<String> {
        if self.header[0] != FROM_CLIENT {
            return None;
        }
        let given = self.option(option::HOST_NAME).and_then(text);
        given.or_else(|| fqdn(self.option(option::FQDN)?))
    }

    fn number(self, wanted: u8) -> Option<u32> {
        self.option(wanted).filter(|value| value.len() == 4).map(|value| be32(value, 0))
    }

    /// The first option of that kind.
    fn option(self, wanted: u8) -> Option<&'a [u8]> {
        let mut rest = self.options;
        loop {
            let (kind, behind) = rest.split_first()?;
            match *kind {
                option::END => return None,
                option::PAD => rest = behind,
                kind => {
                    let (len, behind) = behind.split_first()?;
                    let (value, behind) = behind.split_at_checked(usize::from(*len))?;
                    if kind == wanted {
                        return Some(value);
                    }
                    rest = behind;
                }
            }
        }
    }
}

/// The name in an FQDN option (RFC 4702, section 2): flags, two bytes of no use, and a name in one of two forms.
fn fqdn(value: &[u8]) -> Option<String> {
    const ENCODED: u8 = 4;
    let (head, name) = value.split_at_checked(3)?;
    if head[0] & ENCODED != 0 { domain_name(name) } else { text(name) }
}

/// A name in the form of DNS (RFC 1035, section 3.1), which here has no pointers.
pub(super) fn domain_name(mut labels: &[u8]) -> Option<String> {
    let mut name = Vec::new();
    while let Some((len, rest)) = labels.split_first().filter(|(len, _)| **len != 0) {
        let (label, rest) = rest.split_at_checked(usize::from(*len))?;
        if !name.is_empty() {
            name.push(b'.');
        }
        name.extend_from_slice(label);
        labels = rest;
    }
    text(&name)
}

/// Text, without what could steer a terminal.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().rposition(|byte| *byte != 0)? + 1;
    let shown = |char: char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char };
    Some(String::from_utf8_lossy(&bytes[..end]).chars().map(shown).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Options, behind a message from a server (2) or a client (1).
    fn message(from: u8, options: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_LEN];
        bytes[..3].copy_from_slice(&[from, 1, 6]);
        bytes[16..20].copy_from_slice(&[10, 0, 0, 9]);
        bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 9]);
        bytes[236..].copy_from_slice(&[99, 130, 83, 99]);
        bytes.extend_from_slice(options);
        bytes
    }

    fn read(bytes: &[u8]) -> Dhcp<'_> {
        Dhcp::read(Span::new(bytes, bytes.len())).unwrap().unwrap()
    }

    const GRANT: [u8; 17] = [53, 1, 5, 0, 54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 0x0e, 0x10, 255];

    #[test]
    fn a_lease() {
        let bytes = message(2, &GRANT);
        let ack = read(&bytes);
        assert_eq!(
            (ack.granted(), ack.server(), ack.lease_time()),
            (Some(0x0a00_0009), Some(0x0a00_0001), Some(3600))
        );
        assert_eq!(ack.client().to_string(), "02:00:00:00:00:09");
    }

    /// An offer, a request, and the answer to who has an address already grant nothing.
    #[test]
    fn what_grants_nothing() {
        assert_eq!(read(&message(2, &[53, 1, 2, 255])).granted(), None);
        assert_eq!(read(&message(1, &[53, 1, 5, 255])).granted(), None);
        let mut informed = message(2, &GRANT);
        informed[16..20].fill(0);
        assert_eq!(read(&informed).granted(), None);
    }

    /// The host name, or a name of RFC 4702 in either form; what a server says is not the client's.
    #[test]
    fn names() {
        let name = |from, options: &[u8]| read(&message(from, options)).client_name();
        assert_eq!(name(1, &[12, 3, b'w', b'e', b'b', 255]).as_deref(), Some("web"));
        assert_eq!(name(2, &[12, 3, b'w', b'e', b'b', 255]), None);
        assert_eq!(name(1, &[81, 6, 0, 0, 0, b'a', b'.', b'b', 255]).as_deref(), Some("a.b"));
        assert_eq!(name(1, &[81, 8, 4, 0, 0, 1, b'a', 1, b'b', 0, 255]).as_deref(), Some("a.b"));
        assert_eq!(name(1, &[12, 4, b'a', 27, b'b', 0, 255]).as_deref(), Some("a\u{fffd}b"));
        assert_eq!(name(1, &[12, 0, 255]), None);
    }

    /// An option that says to be longer than what is there ends the look.
    #[test]
    fn every_length() {
        let whole = message(2, &GRANT);
        for len in 0..whole.len() {
            let read = Dhcp::read(Span::new(&whole[..len], len));
            let granted = read.ok().flatten().and_then(Dhcp::granted);
            assert_eq!(granted.is_some(), HEADER_LEN + 3 <= len, "{len}");
        }
    }
}
