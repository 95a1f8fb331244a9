//! TCP (RFC 9293, section 3.1).

use super::{Missing, Span, be16, be32};

/// Length of the header without options, in bytes.
pub const HEADER_LEN: usize = 20;

/// Where the checksum stands: two bytes.
pub const CHECKSUM: usize = 16;

/// Control bits, as they stand in the header.
pub mod flags {
    /// No more data from the sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgment field is significant.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer is significant.
    pub const URG: u8 = 0x20;
    /// Congestion was experienced (RFC 3168).
    pub const ECE: u8 = 0x40;
    /// Congestion window reduced (RFC 3168).
    pub const CWR: u8 = 0x80;
}

/// The letters of the control bits in columns, in the order FIN SYN RST PSH ACK URG ECE CWR.
#[must_use]
pub fn flag_letters(control: u8) -> String {
    "FSRPAUEC"
        .chars()
        .enumerate()
        .filter(|(bit, _)| control >> bit & 1 != 0)
        .map(|(_, letter)| letter)
        .collect()
}

/// A TCP header, without its options.
#[derive(Debug, Clone, Copy)]
pub struct Tcp<'a>(&'a [u8; HEADER_LEN]);

impl<'a> Tcp<'a> {
    /// The header at the front of `span`.
    #[inline]
    pub fn read(span: Span<'a>) -> Result<Self, Missing> {
        Ok(Self(span.split()?.0))
    }

    /// Source port.
    #[inline]
    #[must_use]
    pub fn source_port(self) -> u16 {
        be16(self.0, 0)
    }

    /// Destination port.
    #[inline]
    #[must_use]
    pub fn destination_port(self) -> u16 {
        be16(self.0, 2)
    }

    /// Sequence number of the first byte of data, or of the SYN.
    #[inline]
    #[must_use]
    pub fn sequence_number(self) -> u32 {
        be32(self.0, 4)
    }

    /// The next sequence number that the sender expects, where the ACK bit is set.
    #[inline]
    #[must_use]
    pub fn acknowledgment_number(self) -> u32 {
        be32(self.0, 8)
    }

    /// Length of the header with its options, in bytes, as the data offset says: 0 to 60.
    #[inline]
    #[must_use]
    pub fn header_len(self) -> usize {
        usize::from(self.0[12] >> 4) * 4
    }

    /// Control bits.
    #[inline]
    #[must_use]
    pub fn control(self) -> u8 {
        self.0[13]
    }

    /// How many bytes the sender is ready to take, before any scaling (RFC 7323).
    #[inline]
    #[must_use]
    pub fn window(self) -> u16 {
        be16(self.0, 14)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let mut bytes = [0; 20];
        bytes[..4].copy_from_slice(&[0x14, 0x51, 0, 80]);
        bytes[4..12].copy_from_slice(&[1, 2, 3, 4, 0xff, 0xff, 0xff, 0xfe]);
        bytes[14..16].copy_from_slice(&[2, 1]);
        bytes[12] = 0x80;
        bytes[13] = flags::SYN | flags::ACK;
        let tcp = Tcp::read(Span::new(&bytes, 32)).unwrap();
        assert_eq!((tcp.source_port(), tcp.destination_port(), tcp.header_len()), (5201, 80, 32));
        assert_eq!((tcp.sequence_number(), tcp.acknowledgment_number()), (0x0102_0304, 0xffff_fffe));
        assert_eq!(tcp.window(), 0x0201);
        assert_eq!(flag_letters(tcp.control()), "SA");
        assert_eq!(flag_letters(0xff), "FSRPAUEC");
    }
}
