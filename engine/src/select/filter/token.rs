//! The tokens of a filter.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A name, a number, an address, a time, an operator in letters.
    Word,
    /// What stands between double quotes; the text is without them.
    Quoted,
    /// A double quote that nothing closes.
    Unclosed,
    /// One of [`SIGNS`].
    Sign,
    /// A character that begins nothing.
    Stray,
    /// The end of the filter.
    End,
}

/// One token, and where it stands, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) sort: Sort,
    pub(super) text: &'a str,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Token<'_> {
    /// Whether it is this operator; what is quoted is none.
    pub(super) fn is(&self, text: &str) -> bool {
        matches!(self.sort, Sort::Word | Sort::Sign) && self.text == text
    }
}

/// Longer ones before those that they begin with. Some are none of a filter's, and there so that an error has them whole.
const SIGNS: [&str; 27] = [
    "===", "!==", "==", "!=", "~=", "<=", ">=", "=>", "=<", "<>", "=~", "&&", "||", "..", "<", ">", "!", "&",
    "|", "=", "~", "(", ")", "{", "}", "[", "]",
];

/// Hands out the tokens of a filter, one after another, and then its end for ever.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn next(&mut self) -> Token<'a> {
        let rest = self.text[self.at..].trim_start();
        let start = self.text.len() - rest.len();
        let (sort, text, len) = first(rest);
        self.at = start + len;
        Token { sort, text, start, end: self.at }
    }
}

/// What a text without space in front begins with: its sort, its text, its length.
fn first(rest: &str) -> (Sort, &str, usize) {
    let Some(begins) = rest.chars().next() else {
        return (Sort::End, "", 0);
    };
    if let Some(quoted) = rest.strip_prefix('"') {
        return match quoted.find('"') {
            Some(len) => (Sort::Quoted, &quoted[..len], len + 2),
            None => (Sort::Unclosed, rest, rest.len()),
        };
    }
    if let Some(sign) = SIGNS.iter().chain([&","]).find(|sign| rest.starts_with(**sign)) {
        return (Sort::Sign, sign, sign.len());
    }
    match word_len(rest) {
        0 => (Sort::Stray, &rest[..begins.len_utf8()], begins.len_utf8()),
        len => (Sort::Word, &rest[..len], len),
    }
}

/// Addresses and times are words with all their punctuation; `..` between two of them is not.
fn word_len(rest: &str) -> usize {
    let ends = rest.char_indices().find(|(at, char)| {
        let is_inside = char.is_alphanumeric() || "_.:/-".contains(*char);
        let is_zone = *char == '+' && rest[..*at].contains(':');
        !(is_inside || is_zone) || rest[*at..].starts_with("..")
    });
    ends.map_or(rest.len(), |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(filter: &str) -> Vec<&str> {
        let mut tokens = Tokens::new(filter);
        std::iter::from_fn(|| Some(tokens.next()).filter(|token| token.sort != Sort::End))
            .map(|token| token.text)
            .collect()
    }

    #[test]
    fn words_and_signs() {
        assert_eq!(texts("vni==100&&!tcp"), ["vni", "==", "100", "&&", "!", "tcp"]);
        assert_eq!(texts("a!==b !=c"), ["a", "!==", "b", "!=", "c"]);
        assert_eq!(texts("x in{80,8000..8010}"), ["x", "in", "{", "80", ",", "8000", "..", "8010", "}"]);
        assert_eq!(texts("10.0.0.1..10.0.0.9 fe80::1/64"), ["10.0.0.1", "..", "10.0.0.9", "fe80::1/64"]);
        assert_eq!(texts("src[0:3]==00-50-56"), ["src", "[", "0:3", "]", "==", "00-50-56"]);
        assert_eq!(texts("t>2026-11-22T18:20:43.5+02:00"), ["t", ">", "2026-11-22T18:20:43.5+02:00"]);
        assert_eq!(texts(r#"t>"2026-11-22 18:20""#), ["t", ">", "2026-11-22 18:20"]);
        assert_eq!(texts("a\u{a0}\n\té ≥"), ["a", "é", "≥"]);
    }

    /// A time zone's sign is part of a time; elsewhere there is no arithmetic.
    #[test]
    fn plus_is_no_part_of_a_name() {
        assert_eq!(texts("tcp.port+1"), ["tcp.port", "+", "1"]);
    }
}
