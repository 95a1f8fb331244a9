//! The values that a field is compared with, from text: each as the range of those that it stands for.

use std::net::IpAddr;

use crate::select::field::{Field, Kind, Reads, Scale, ordered};
use crate::select::term;
use crate::wire::mac::Mac;

/// The lowest and the highest value that a literal stands for: a network has many, everything else has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    Number(u64, u64),
    Address(IpAddr, IpAddr),
}

/// The literal that `text` is for a field of this kind; `None` if it is none.
pub(super) fn read(kind: Kind, text: &str) -> Option<Literal> {
    let one = |number| Literal::Number(number, number);
    match kind {
        Kind::Label(_) => None,
        Kind::Flag(_) => flag(text).map(one),
        Kind::Number(_, scale) => number_of(scale, text).map(one),
        Kind::Octets(_, count) => octets(text, count).map(one),
        Kind::Mac(_) => Mac::parse(text).map(|mac| one(mac.bits())),
        Kind::Time(_) => term::time(text).ok().map(|time| one(ordered(time))),
        Kind::Address(_) => addresses(text),
        Kind::AddressV6(_) => {
            addresses(text).filter(|literal| matches!(literal, Literal::Address(IpAddr::V6(_), _)))
        }
    }
}

/// What [`read`] takes.
pub(super) fn expected(field: &Field, kind: Kind) -> String {
    match kind {
        Kind::Label(_) => format!("{} alone", field.name),
        Kind::Flag(_) => "1 or 0, true or false".to_owned(),
        Kind::Number(_, Scale { largest, named: None }) => format!("a number from 0 to {largest}"),
        Kind::Number(_, Scale { largest, .. }) => format!("a number from 0 to {largest}, or a name"),
        Kind::Octets(_, 1) => "one octet, such as 02 or 0x02".to_owned(),
        Kind::Octets(_, count) => {
            let example = ["02", "00", "5e", "10", "00", "01"];
            let shown = example.get(..count as usize).unwrap_or(&example).join(":");
            format!("{count} octets, such as {shown}")
        }
        Kind::Mac(_) => "a MAC address, such as 02:00:5e:10:00:01".to_owned(),
        Kind::Time(_) => r#"a time, such as "2026-11-22 17:30:06.5" or seconds since 1970"#.to_owned(),
        Kind::Address(_) => "an IP address or network, such as 10.0.0.1 or 10.0.0.0/8".to_owned(),
        Kind::AddressV6(_) => "an IPv6 address or network, such as fe80::1 or fd00::/8".to_owned(),
    }
}

/// A number in decimal, hexadecimal (`0x`) or binary (`0b`). Some take a leading 0 for octal and some for decimal: it
/// is neither here, where the two would differ.
pub(super) fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.get(..2) {
        Some("0x" | "0X") => (&text[2..], 16),
        Some("0b" | "0B") => (&text[2..], 2),
        _ => (text, 10),
    };
    // A sign, which `from_str_radix` would take, is no digit.
    let all_digits = digits.chars().all(|char| char.is_digit(radix));
    let value = if all_digits { u64::from_str_radix(digits, radix).ok()? } else { return None };
    (!is_ambiguous(text) || value < 8).then_some(value)
}

/// Whether `text` is a decimal number with a 0 in front.
pub(super) fn is_ambiguous(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn number_of(scale: Scale, text: &str) -> Option<u64> {
    let is_name = text.starts_with(|char: char| char.is_ascii_alphabetic());
    let named = || scale.named.filter(|_| is_name).and_then(|named| named(text));
    number(text).or_else(named).filter(|number| *number <= scale.largest)
}

/// Any number but 0 is true.
fn flag(text: &str) -> Option<u64> {
    if text.eq_ignore_ascii_case("true") {
        return Some(1);
    }
    if text.eq_ignore_ascii_case("false") {
        return Some(0);
    }
    number(text).map(|number| u64::from(number != 0))
}

/// So many octets in hexadecimal, with `:`, `-`, `.` or nothing between; of one, `2` and `0x02` as well.
pub(super) fn octets(text: &str, count: u32) -> Option<u64> {
    if count == 1 {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        let hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits.len() <= 2;
        return hexadecimal.then(|| u64::from_str_radix(digits, 16).ok())?;
    }
    let separator = text.chars().find(|char| ":-.".contains(*char));
    let parts: Vec<&str> = separator.map_or_else(|| vec![text], |separator| text.split(separator).collect());
    let separated = parts.len() == count as usize && parts.iter().all(|part| part.len() == 2);
    let digits = parts.concat();
    let whole = digits.len() == 2 * count as usize && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let well_formed = whole && (separated || separator.is_none());
    well_formed.then(|| u64::from_str_radix(&digits, 16).ok())?
}

fn addresses(text: &str) -> Option<Literal> {
    term::network(text).ok().map(|(low, high)| Literal::Address(low, high))
}

/// The octets `slice` of a MAC address, as Wireshark writes slices: `0:3` (where, how many), `0-2` (from, to), `5`,
/// `:3`, `3:`. How far they are from the right in bits, and how many they are; `None` for anything else.
pub(super) fn slice(slice: &str) -> Option<(u32, u32)> {
    const LEN: u32 = 6;
    let place = |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let (start, count) = if let Some((from, count)) = slice.split_once(':') {
        let start = if from.is_empty() { 0 } else { place(from)? };
        (start, if count.is_empty() { LEN.checked_sub(start)? } else { place(count)? })
    } else if let Some((from, to)) = slice.split_once('-') {
        let (from, to) = (place(from)?, place(to)?);
        (from, to.checked_sub(from)?.checked_add(1)?)
    } else {
        (place(slice)?, 1)
    };
    let behind = LEN.checked_sub(start.checked_add(count)?)?;
    (count > 0).then_some((behind * u8::BITS, count))
}

/// How to read the numbers of a field that has some.
pub(super) fn numbers(kind: Kind) -> Option<Reads<u64>> {
    match kind {
        Kind::Flag(reads)
        | Kind::Number(reads, _)
        | Kind::Octets(reads, _)
        | Kind::Mac(reads)
        | Kind::Time(reads) => Some(reads),
        Kind::Label(_) | Kind::Address(_) | Kind::AddressV6(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_every_notation() {
        for (text, value) in
            [("0", 0), ("100", 100), ("0x64", 100), ("0X64", 100), ("0b1100100", 100), ("007", 7)]
        {
            assert_eq!(number(text), Some(value), "{text}");
        }
        for text in ["", "-1", "+1", "1_0", "0x", "0b2", "1e3", "99999999999999999999", "٣"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    /// Wireshark reads 0100 as octal, and who writes a VNI so means decimal: nobody is guessed at.
    #[test]
    fn a_leading_zero_is_refused_where_octal_would_differ() {
        assert_eq!((number("0100"), number("08")), (None, None));
    }

    #[test]
    fn octets_of_a_slice() {
        for text in ["00:50:56", "00-50-56", "00.50.56", "005056"] {
            assert_eq!(octets(text, 3), Some(0x5056), "{text}");
        }
        for text in ["2", "02", "0x02"] {
            assert_eq!(octets(text, 1), Some(2), "{text}");
        }
        for text in ["", "00:50", "00:50:5", "00:50:56:00", "0:050:56", "00:50-56", "zz:50:56", "+0:50:56"] {
            assert_eq!(octets(text, 3), None, "{text}");
        }
        assert_eq!((octets("", 1), octets("100", 1), octets("+2", 1)), (None, None, None));
    }

    /// The forms of wireshark-filter(4).
    #[test]
    fn slices() {
        for (text, bits, count) in
            [("0:3", 24, 3), ("0-2", 24, 3), ("5", 0, 1), (":3", 24, 3), ("3:", 0, 3), ("0:6", 0, 6)]
        {
            assert_eq!(slice(text), Some((bits, count)), "{text}");
        }
        for text in ["", "6", "0:7", "3-1", "-1", "0:0", "0:x", "+0:1", "4294967295:4294967295", "7:"] {
            assert_eq!(slice(text), None, "{text}");
        }
    }
}
