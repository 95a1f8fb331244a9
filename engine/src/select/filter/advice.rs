//! What to say of a token that does not belong: how it is spelled here, what was perhaps meant.

use super::token::{Sort, Token};
use crate::select::field::FIELDS;

/// So much of a token is repeated in a message, in characters.
const SHOWN: usize = 40;

/// So many fields are named as what was perhaps meant.
const MOST: usize = 4;

/// A token's text between quotes, short and without anything that could steer a terminal.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    format!("\"{}\"", shown.replace("\\\"", "\"").replace("\\'", "'").replace("\\\\", "\\"))
}

/// What was found, in words.
pub(super) fn found(token: &Token<'_>) -> String {
    match token.sort {
        Sort::End => "the end".to_owned(),
        _ => shown(token.text),
    }
}

/// How operators of other languages are spelled in a filter.
const OPERATORS: [(&str, &str); 17] = [
    ("=", "did you mean \"==\"?"),
    ("=>", "did you mean \">=\"?"),
    ("=<", "did you mean \"<=\"?"),
    ("<>", "did you mean \"!=\"?"),
    ("|", "did you mean \"||\"?"),
    ("AND", "did you mean \"and\"?"),
    ("OR", "did you mean \"or\"?"),
    ("NOT", "did you mean \"not\"?"),
    ("IN", "did you mean \"in\"?"),
    ("is", "did you mean \"==\"?"),
    ("^", "there is no exclusive or: write A && !B || !A && B"),
    ("xor", "there is no exclusive or: write A && !B || !A && B"),
    ("contains", "it looks into text and octets, and no field holds such"),
    ("matches", "it looks into text, and no field holds such"),
    ("=~", "it looks into text, and no field holds such"),
    ("~", "it looks into text, and no field holds such"),
    ("#", "a filter does not count layers: outer and inner fields have names of their own"),
];

/// Arithmetic, functions, references: Wireshark has them, and filters here do not.
const BEYOND: &str = "+-*/%$@^";

/// The advice for a token where an operator should be.
pub(super) fn operator(token: &Token<'_>) -> Option<String> {
    if token.sort == Sort::Word
        && let Some(field) = of_tcpdump(token.text)
    {
        return Some(field);
    }
    if let Some((_, advice)) = OPERATORS.iter().find(|(operator, _)| *operator == token.text) {
        return Some((*advice).to_owned());
    }
    let char = token.text.chars().next()?;
    (token.sort == Sort::Stray).then(|| stray(char))?
}

/// The advice for a character that begins no token.
pub(super) fn stray(char: char) -> Option<String> {
    Some(match char {
        '“' | '”' | '„' | '‘' | '’' | '\'' | '`' => {
            "quotes are straight and double: \"\"".to_owned()
        }
        '≠' => "did you mean \"!=\"?".to_owned(),
        '≤' => "did you mean \"<=\"?".to_owned(),
        '≥' => "did you mean \">=\"?".to_owned(),
        '∧' => "did you mean \"&&\"?".to_owned(),
        '∨' => "did you mean \"||\"?".to_owned(),
        '¬' => "did you mean \"!\"?".to_owned(),
        _ if BEYOND.contains(char) => "a filter does not calculate".to_owned(),
        _ => return None,
    })
}

/// Words that a capture filter (pcap-filter(7)) begins with, and what they are here.
const CAPTURE_FILTER: [(&str, &str); 14] = [
    ("host", "inner.ip.addr == 10.0.0.1"),
    ("net", "inner.ip.addr == 10.0.0.0/8"),
    ("port", "inner.port == 80"),
    ("portrange", "inner.port in {8000..8010}"),
    ("src", "inner.ip.src == 10.0.0.1, or inner.srcport == 80"),
    ("dst", "inner.ip.dst == 10.0.0.1, or inner.dstport == 80"),
    ("proto", "inner.ip.proto == 47"),
    ("ether", "inner.eth.addr == 02:00:5e:10:00:01"),
    ("broadcast", "inner.group"),
    ("multicast", "inner.group"),
    ("greater", "frame.len >= 100"),
    ("less", "frame.len <= 100"),
    ("tcp-syn", "tcp.flags.syn == 1"),
    ("tcpflags", "tcp.flags & 0x02"),
];

/// Wireshark's names of fields that go by another here.
const DISPLAY_FILTER: [(&str, &[&str]); 14] = [
    ("vxlan", &["vni"]),
    ("frame.cap_len", &["frame.len"]),
    ("frame.time_epoch", &["frame.time"]),
    ("ip.dsfield.dscp", &["inner.ip.dscp", "outer.ip.dscp"]),
    ("ip.dsfield.ecn", &["inner.ip.ecn", "outer.ip.ecn"]),
    ("ip.len", &["outer.ip.len", "inner.len"]),
    ("ip.proto", &["inner.ip.proto"]),
    ("ipv6.nxt", &["inner.ip.proto"]),
    ("arp.src.proto_ipv4", &["inner.arp.src"]),
    ("arp.dst.proto_ipv4", &["inner.arp.dst"]),
    ("eth.dst.ig", &["inner.group"]),
    ("eth.ig", &["inner.group"]),
    ("ip.version", &["inner.ipv4", "inner.ipv6"]),
    ("tcp.flags.psh", &["tcp.flags.push"]),
];

fn of_tcpdump(word: &str) -> Option<String> {
    let (_, here) = CAPTURE_FILTER.iter().find(|(there, _)| *there == word)?;
    Some(format!("a capture filter's \"{word}\" is written {here}"))
}

/// The advice for a name that no field has.
pub(super) fn name(name: &str) -> String {
    if let Some(advice) = of_tcpdump(name) {
        return advice;
    }
    if FIELDS.iter().any(|field| field.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'))) {
        return format!("\"vxinspect fields {name}\" lists those that begin so");
    }
    let meant = meant(name);
    if meant.is_empty() {
        return "\"vxinspect fields\" lists them".to_owned();
    }
    format!("did you mean {}?", meant.join(" or "))
}

/// The fields that were perhaps meant.
fn meant(name: &str) -> Vec<&'static str> {
    if let Some((_, here)) = DISPLAY_FILTER.iter().find(|(there, _)| *there == name) {
        return here.to_vec();
    }
    let is_layers = |field: &&str| {
        let bare = field.strip_prefix("inner.").or_else(|| field.strip_prefix("outer."));
        bare.is_some_and(|bare| bare.eq_ignore_ascii_case(name))
    };
    let names = || FIELDS.iter().flat_map(|field| [field.name, field.also]).filter(|name| !name.is_empty());
    let mut layers: Vec<&str> = names().filter(is_layers).collect();
    layers.sort_unstable();
    if !layers.is_empty() {
        return layers;
    }
    let near = |field: &str| distance(&name.to_ascii_lowercase(), field).filter(|far| far * 3 <= field.len());
    let Some(nearest) = names().filter_map(near).min() else {
        return Vec::new();
    };
    names().filter(|field| near(field) == Some(nearest)).take(MOST).collect()
}

/// How many letters must be changed, put in, left out or swapped with the next to make one word of the other; `None`
/// where one of them is too long to be looked at.
fn distance(left: &str, right: &str) -> Option<usize> {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().max(right.len()) > SHOWN {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (i, a) in left.iter().enumerate() {
        let mut next = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let mut least = (row[j] + usize::from(a != b)).min(row[j + 1] + 1).min(next[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && *b == left[i - 1] {
                least = least.min(before[j - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (left, right, far) in
            [("", "", 0), ("a", "", 1), ("prot", "port", 1), ("tcp.port", "tcp.prt", 1), ("vni", "vtep", 3)]
        {
            assert_eq!(distance(left, right), Some(far), "{left} {right}");
            assert_eq!(distance(right, left), Some(far), "{right} {left}");
        }
        assert_eq!(distance(&"x".repeat(1000), "vni"), None);
    }

    #[test]
    fn names_that_were_meant() {
        assert_eq!(meant("tcp.prot"), ["tcp.port"]);
        assert_eq!(meant("ip.src"), ["inner.ip.src", "outer.ip.src"]);
        assert_eq!(meant("arp"), ["inner.arp"]);
        assert_eq!(meant("TCP"), ["tcp"]);
        assert!(meant("http").is_empty() && meant("").is_empty());
    }

    /// What is repeated of a filter cannot steer a terminal, nor fill it.
    #[test]
    fn tokens_are_shown_safely() {
        assert_eq!(shown("a\u{1b}[2J\"b"), "\"a\\u{1b}[2J\"b\"");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), SHOWN + 3);
    }
}
