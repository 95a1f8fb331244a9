//! The grammar of filters, read from left to right with one token in hand. Types are checked on the way: what a value
//! may be is known from the field in front of it.

use super::advice::{self, found};
use super::test::relation;
use super::token::{Sort, Token, Tokens};
use crate::select::program::Expr;

/// So many parentheses may be open at once: reading goes into each.
const DEEPEST: usize = 100;

/// What is to stand behind a test.
const OPERATOR: &str = "an operator";

/// What is wrong, and where in bytes.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) message: String,
}

pub(super) type Parsed<T> = Result<T, Fault>;

pub(super) fn parse(text: &str) -> Parsed<Expr> {
    let mut tokens = Tokens::new(text);
    if text.trim().is_empty() {
        return Err(Fault { start: 0, end: 0, message: "the filter is empty".to_owned() });
    }
    let mut parser = Parser { now: tokens.next(), tokens, open: 0 };
    let expr = parser.alternatives()?;
    if parser.now.is(")") {
        return fail(parser.now, "\")\" closes nothing".to_owned());
    }
    match parser.now.sort {
        Sort::End => Ok(expr),
        _ => parser.unexpected(OPERATOR),
    }
}

/// Reads a filter; [`super::test`] has the tests.
pub(super) struct Parser<'a> {
    tokens: Tokens<'a>,
    /// The token in hand.
    pub(super) now: Token<'a>,
    /// How many parentheses are open.
    open: usize,
}

pub(super) fn fail<T>(at: Token<'_>, message: String) -> Parsed<T> {
    Err(Fault { start: at.start, end: at.end, message })
}

impl<'a> Parser<'a> {
    /// The token in hand; the next one is taken up.
    pub(super) fn take(&mut self) -> Token<'a> {
        std::mem::replace(&mut self.now, self.tokens.next())
    }

    pub(super) fn takes(&mut self, spellings: &[&str]) -> bool {
        let is = spellings.iter().any(|spelling| self.now.is(spelling));
        if is {
            self.take();
        }
        is
    }

    pub(super) fn after(&self) -> Token<'a> {
        let mut tokens = self.tokens;
        tokens.next()
    }

    /// Says what the token in hand should have been.
    pub(super) fn unexpected<T>(&self, expected: &str) -> Parsed<T> {
        if self.now.sort == Sort::Unclosed {
            return fail(self.now, "this quote is not closed".to_owned());
        }
        let begins = self.now.sort == Sort::Word || self.now.is("(") || self.now.is("!");
        let join = || "tests are joined by \"&&\" or \"||\"".to_owned();
        let advice = advice::operator(&self.now).or_else(|| (expected == OPERATOR && begins).then(join));
        let advice = advice.map(|advice| format!(": {advice}")).unwrap_or_default();
        fail(self.now, format!("expected {expected}, found {}{advice}", found(&self.now)))
    }

    fn alternatives(&mut self) -> Parsed<Expr> {
        let first = self.both()?;
        if !(self.now.is("||") || self.now.is("or")) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.takes(&["||", "or"]) {
            parts.push(self.both()?);
        }
        Ok(Expr::Any(parts))
    }

    fn both(&mut self) -> Parsed<Expr> {
        let first = self.one()?;
        if !(self.now.is("&&") || self.now.is("and")) {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.takes(&["&&", "and"]) {
            parts.push(self.one()?);
        }
        Ok(Expr::All(parts))
    }

    fn one(&mut self) -> Parsed<Expr> {
        let mut negated = false;
        while self.takes(&["!", "not"]) {
            negated = !negated;
        }
        let expr = if self.now.is("(") { self.group()? } else { self.test()? };
        Ok(if negated { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn group(&mut self) -> Parsed<Expr> {
        let open = self.take();
        if self.open == DEEPEST {
            return fail(open, format!("more than {DEEPEST} parentheses inside each other"));
        }
        self.open += 1;
        let expr = self.alternatives()?;
        self.open -= 1;
        if self.now.sort == Sort::End {
            return fail(open, "this parenthesis is not closed".to_owned());
        }
        if !self.takes(&[")"]) {
            return self.unexpected(OPERATOR);
        }
        if relation(&self.now).is_some() || self.now.is("in") || self.now.is("&") {
            return fail(
                self.now,
                "parentheses group tests, not values: write tcp.flags & 2 == 2".to_owned(),
            );
        }
        Ok(expr)
    }
}
