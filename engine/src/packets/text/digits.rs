//! Numbers, addresses and times as text, several times as fast as the standard library's formatting.

use std::io::Write;
use std::net::IpAddr;

use crate::value::Rfc3339;
use crate::wire::mac::Mac;

const HEX: &[u8; 16] = b"0123456789abcdef";
/// The longest number has so many digits.
const MOST_DIGITS: usize = 20;
const NANOSECONDS: i64 = 1_000_000_000;

pub(super) fn push_number(number: u64, out: &mut Vec<u8>) {
    let (mut digits, mut at, mut rest) = ([0; MOST_DIGITS], MOST_DIGITS, number);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(&digits[at..]);
}

/// As few digits as tell the number from all others, with an exponent where Python writes one.
pub(super) fn push_real(number: f64, out: &mut Vec<u8>) {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e16).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
        let _ = write!(out, "{digits}e{sign}{exponent:0>2}");
    } else {
        let _ = write!(out, "{number:?}");
    }
}

pub(super) fn push_mac(mac: Mac, out: &mut Vec<u8>) {
    let mut text = *b"00:00:00:00:00:00";
    for (octet, digits) in mac.bits().to_be_bytes()[2..].iter().zip(text.chunks_mut(3)) {
        digits[0] = HEX[usize::from(octet >> 4)];
        digits[1] = HEX[usize::from(octet & 15)];
    }
    out.extend(text);
}

pub(super) fn push_ip(ip: IpAddr, out: &mut Vec<u8>) {
    match ip {
        IpAddr::V4(v4) => {
            let [first, rest @ ..] = v4.octets();
            push_number(first.into(), out);
            for octet in rest {
                out.push(b'.');
                push_number(octet.into(), out);
            }
        }
        IpAddr::V6(v6) => {
            let _ = write!(out, "{v6}");
        }
    }
}

/// Times in RFC 3339. Most frames are in the second of the one before.
#[derive(Debug, Default)]
pub(super) struct Clock {
    second: Option<i64>,
    /// That second's text, up to its point.
    text: String,
}

impl Clock {
    pub(super) fn push(&mut self, nanos: i64, out: &mut Vec<u8>) {
        let second = nanos.div_euclid(NANOSECONDS);
        if self.second != Some(second) {
            self.second = Some(second);
            self.text = Rfc3339(nanos).to_string();
            self.text.truncate(self.text.len() - "000000000Z".len());
        }
        out.extend(self.text.as_bytes());
        let mut digits = *b"000000000Z";
        let mut rest = nanos.rem_euclid(NANOSECONDS).cast_unsigned();
        for digit in digits[..9].iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
        }
        out.extend(digits);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pushed(push: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        push(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn numbers() {
        for number in [0, 7, 10, 4789, 16_777_215, u64::MAX] {
            assert_eq!(pushed(|out| push_number(number, out)), number.to_string());
        }
    }

    /// As Python's `repr`.
    #[test]
    fn reals() {
        for (number, expected) in [
            (0.0, "0.0"),
            (2.0, "2.0"),
            (0.325_085, "0.325085"),
            (0.0001, "0.0001"),
            (0.000_03, "3e-05"),
            (1.5e-9, "1.5e-09"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
        ] {
            let mut out = Vec::new();
            push_real(number, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }

    #[test]
    fn addresses() {
        let mac = Mac::from_octets([0x02, 0, 0x5e, 0x10, 0, 0xff]);
        assert_eq!(pushed(|out| push_mac(mac, out)), "02:00:5e:10:00:ff");
        for text in ["0.0.0.0", "192.0.2.254", "2001:db8::1", "::ffff:192.0.2.1", "::"] {
            assert_eq!(pushed(|out| push_ip(text.parse().unwrap(), out)), text);
        }
    }

    /// A clock that steps back, years before 1970, and the same second twice.
    #[test]
    fn times() {
        let mut clock = Clock::default();
        for nanos in [1_700_000_000_000_000_001, 1_700_000_000_999_999_999, 1_699_999_999_000_000_000, -1, -2]
        {
            assert_eq!(pushed(|out| clock.push(nanos, out)), Rfc3339(nanos).to_string());
        }
        assert_eq!(pushed(|out| clock.push(i64::MIN + 1, out)), Rfc3339(i64::MIN + 1).to_string());
    }
}
