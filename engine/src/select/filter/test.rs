//! The tests of a filter: a field, what it is held against, and whether the two go together.

use super::advice::{self, found, shown};
use super::grammar::{Fault, Parsed, Parser, fail};
use super::literal::{self, Literal};
use super::token::{Sort, Token};
use crate::select::field::{self, Field, Kind, Reads};
use crate::select::program::{Comparison, Condition, Expr, Of, Part, Relation, Test, Value};

/// A relation, and of which of two values it must hold where the filter does not say.
const RELATIONS: [(&[&str], Relation, Of); 8] = [
    (&["==", "eq", "any_eq"], Relation::Equal, Of::Any),
    (&["===", "all_eq"], Relation::Equal, Of::All),
    (&["!=", "ne", "all_ne"], Relation::NotEqual, Of::All),
    (&["!==", "any_ne", "~="], Relation::NotEqual, Of::Any),
    (&["<", "lt"], Relation::Less, Of::Any),
    (&["<=", "le"], Relation::LessOrEqual, Of::Any),
    (&[">", "gt"], Relation::Greater, Of::Any),
    (&[">=", "ge"], Relation::GreaterOrEqual, Of::Any),
];

/// The relation that a token is.
pub(super) fn relation(token: &Token<'_>) -> Option<(Relation, Of)> {
    let is = |(spellings, ..): &&(&[&str], _, _)| spellings.iter().any(|spelling| token.is(spelling));
    RELATIONS.iter().find(is).map(|(_, relation, of)| (*relation, *of))
}

/// What is compared: a field or a part of it.
struct Operand {
    field: &'static Field,
    /// The field's, or that of the part.
    kind: Kind,
    part: Part,
    is_masked: bool,
}

impl Operand {
    fn is(&self, relation: Relation, of: Of, literal: Literal) -> Option<Test> {
        match (self.kind, literal) {
            (Kind::Address(reads) | Kind::AddressV6(reads), Literal::Address(low, high)) => {
                Some(Test::Address(reads, Condition::compared(of, relation, (low, high))))
            }
            (kind, Literal::Number(low, high)) => {
                Some(self.number(literal::numbers(kind)?, Condition::compared(of, relation, (low, high))))
            }
            _ => None,
        }
    }

    fn number(&self, reads: Reads<u64>, condition: Condition<u64>) -> Test {
        if self.part == Part::WHOLE {
            Test::number(reads, condition)
        } else {
            Test::Part(reads, self.part, condition)
        }
    }

    /// A field alone is there; with a mask it has one of those bits.
    fn is_there(&self) -> Test {
        match self.kind {
            Kind::Label(holds) => Test::Is(holds),
            Kind::Address(reads) | Kind::AddressV6(reads) => Test::HasAddress(reads),
            Kind::Flag(reads)
            | Kind::Number(reads, _)
            | Kind::Octets(reads, _)
            | Kind::Mac(reads)
            | Kind::Time(reads) => {
                if self.is_masked {
                    self.number(reads, Condition::compared(Of::Any, Relation::Greater, (0, 0)))
                } else {
                    Test::HasNumber(reads)
                }
            }
        }
    }

    /// A comparison with another field; `None` where the two hold different things.
    fn compared(&self, comparison: Comparison, right: &'static Field) -> Option<Test> {
        match (self.kind, right.kind) {
            (Kind::Address(left) | Kind::AddressV6(left), Kind::Address(right) | Kind::AddressV6(right)) => {
                Some(Test::Addresses(left, right, comparison))
            }
            (Kind::Flag(left), Kind::Flag(right))
            | (Kind::Number(left, _), Kind::Number(right, _))
            | (Kind::Time(left), Kind::Time(right))
            | (Kind::Mac(left), Kind::Mac(right)) => {
                Some(Test::Numbers((left, self.part), right, comparison))
            }
            _ => None,
        }
    }

    /// What is wrong with a value that is none of this operand's.
    fn mismatch(&self, value: &Token<'_>) -> String {
        let expected = literal::expected(self.field, self.kind);
        let advice =
            Some(value).filter(|value| value.sort == Sort::Word).and_then(|value| self.advice(value.text));
        format!(
            "{}: expected {expected}, found {}{}",
            self.field.name,
            found(value),
            advice.unwrap_or_default()
        )
    }

    /// What may help who wrote `value` for one of this operand's.
    fn advice(&self, value: &str) -> Option<String> {
        if let Some(right) = field::named(value) {
            return Some(format!(", which is {}", right.holds()));
        }
        if literal::is_ambiguous(value) {
            return Some(", which is octal to some: write it without the 0 in front, or as 0x...".to_owned());
        }
        let (low, high) = value.split_once('-')?;
        let is_range = matches!(self.kind, Kind::Number(..))
            && [low, high].iter().all(|end| literal::number(end).is_some());
        is_range.then(|| format!(": a range is written {} in {{{low}..{high}}}", self.field.name))
    }
}

impl Parser<'_> {
    pub(super) fn test(&mut self) -> Parsed<Expr> {
        let asked = [("any", Of::Any), ("all", Of::All)].into_iter().find(|(word, _)| self.now.is(word));
        let asked = asked.map(|(_, of)| of);
        if asked.is_some() {
            self.take();
        }
        let operand = self.operand()?;
        if let Some((relation, of)) = relation(&self.now) {
            let comparison = Comparison { of: asked.unwrap_or(of), relation };
            return self.comparison(&operand, comparison).map(Expr::Test);
        }
        let negated = self.now.is("not") && self.after().is("in");
        if negated {
            self.take();
        }
        if self.now.is("in") {
            let within = Expr::Test(self.membership(&operand, asked.unwrap_or(Of::Any))?);
            return Ok(if negated { Expr::Not(Box::new(within)) } else { within });
        }
        if asked.is_some() {
            return self.unexpected("a comparison, after \"any\" or \"all\"");
        }
        Ok(Expr::Test(operand.is_there()))
    }

    fn operand(&mut self) -> Parsed<Operand> {
        let field = self.field()?;
        let mut operand = Operand { field, kind: field.kind, part: Part::WHOLE, is_masked: false };
        if self.now.is("[") {
            self.slice(&mut operand)?;
        }
        if self.now.is("&") || self.now.is("bitwise_and") {
            self.mask(&mut operand)?;
        }
        Ok(operand)
    }

    fn field(&mut self) -> Parsed<&'static Field> {
        if self.now.sort != Sort::Word {
            return self.unexpected("a field");
        }
        let name = self.now;
        if let Some(field) = field::named(name.text) {
            self.take();
            return Ok(field);
        }
        if name.text.starts_with(|char: char| char.is_ascii_digit() || char == ':') {
            let found = shown(name.text);
            let advice = "a value stands behind its field, several of them as FIELD in {A, B}";
            return fail(name, format!("expected a field, found {found}: {advice}"));
        }
        if relation(&name).is_some() || ["and", "or", "in"].iter().any(|word| name.is(word)) {
            return self.unexpected("a field");
        }
        fail(name, format!("unknown field {}: {}", shown(name.text), advice::name(name.text)))
    }

    /// The slice of a MAC address whose bracket is in hand.
    fn slice(&mut self, operand: &mut Operand) -> Parsed<()> {
        let bracket = self.take();
        let Kind::Mac(reads) = operand.kind else {
            let (name, holds) = (operand.field.name, operand.field.holds());
            return fail(bracket, format!("only a MAC address has slices, and {name} is {holds}"));
        };
        let slice = self.now;
        let Some((shift, count)) = literal::slice(slice.text).filter(|_| slice.sort == Sort::Word) else {
            let expected = "some of the six octets: [0:3] and [:3] for the first three, [3-5], [5]";
            return fail(slice, format!("expected {expected}; found {}", found(&slice)));
        };
        self.take();
        if !self.takes(&["]"]) {
            return self.unexpected("\"]\"");
        }
        operand.kind = Kind::Octets(reads, count);
        operand.part = Part { shift, mask: u64::MAX >> (u64::BITS - count * u8::BITS) };
        Ok(())
    }

    /// The mask whose `&` is in hand.
    fn mask(&mut self, operand: &mut Operand) -> Parsed<()> {
        let and = self.take();
        if !matches!(operand.kind, Kind::Number(..) | Kind::Octets(..)) {
            let (name, holds) = (operand.field.name, operand.field.holds());
            return fail(
                and,
                format!("{name} is {holds}, and \"&\" takes bits of a number: did you mean \"&&\"?"),
            );
        }
        match self.value(operand)? {
            Literal::Number(mask, _) => operand.part.mask &= mask,
            Literal::Address(..) => return self.unexpected("a number"),
        }
        operand.is_masked = true;
        Ok(())
    }

    /// The value in hand, as one of the operand's.
    fn value(&mut self, operand: &Operand) -> Parsed<Literal> {
        let value = self.now;
        if !matches!(value.sort, Sort::Word | Sort::Quoted) {
            return self.unexpected(&literal::expected(operand.field, operand.kind));
        }
        let Some(literal) = literal::read(operand.kind, value.text) else {
            return fail(value, operand.mismatch(&value));
        };
        self.take();
        Ok(literal)
    }

    /// The comparison whose operator is in hand.
    fn comparison(&mut self, operand: &Operand, comparison: Comparison) -> Parsed<Test> {
        let operator = self.take();
        if let Kind::Label(_) = operand.kind {
            let name = operand.field.name;
            return fail(
                operator,
                format!("{name} is there or not, and has no value: write {name} or !{name}"),
            );
        }
        let value = self.now;
        if value.is("{") {
            return fail(
                operator,
                format!("a set goes with \"in\": write {} in {{...}}", operand.field.name),
            );
        }
        let right = field::named(value.text).filter(|_| value.sort == Sort::Word);
        if literal::read(operand.kind, value.text).is_none()
            && let Some(test) = right.and_then(|right| operand.compared(comparison, right))
        {
            self.take();
            return self.alone(test);
        }
        let literal = self.value(operand)?;
        let is_order = !matches!(comparison.relation, Relation::Equal | Relation::NotEqual);
        if is_order && matches!(literal, Literal::Address(low, high) if low != high) {
            let message = format!("{} compares with an address, not with a network", shown(operator.text));
            return fail(value, message);
        }
        match operand.is(comparison.relation, comparison.of, literal) {
            Some(test) => self.alone(test),
            None => fail(value, operand.mismatch(&value)),
        }
    }

    /// A comparison is of two sides.
    fn alone(&self, test: Test) -> Parsed<Test> {
        if relation(&self.now).is_some() {
            let advice = "write FIELD >= A && FIELD <= B, or FIELD in {A..B}";
            return fail(self.now, format!("a comparison has two sides: {advice}"));
        }
        Ok(test)
    }

    /// The set behind the `in` in hand.
    fn membership(&mut self, operand: &Operand, of: Of) -> Parsed<Test> {
        let word = self.take();
        if let Kind::Label(_) = operand.kind {
            let name = operand.field.name;
            return fail(word, format!("{name} is there or not, and has no value: write {name} or !{name}"));
        }
        if !self.takes(&["{"]) {
            return self.unexpected("a set, such as {80, 443, 8000..8010}, after \"in\"");
        }
        let (mut numbers, mut addresses) = (Vec::new(), Vec::new());
        loop {
            match self.range(operand)? {
                Literal::Number(low, high) => numbers.push((low, high)),
                Literal::Address(low, high) => addresses.push((low, high)),
            }
            if self.takes(&["}"]) {
                break;
            }
            // Wireshark took spaces alone before its version 4, and commas alone since.
            if !self.takes(&[","]) && !matches!(self.now.sort, Sort::Word | Sort::Quoted) {
                return self.unexpected("\",\" or \"}\"");
            }
        }
        Ok(match operand.kind {
            Kind::Address(reads) | Kind::AddressV6(reads) => {
                Test::Address(reads, Condition::within(of, addresses))
            }
            kind => match literal::numbers(kind) {
                Some(reads) => operand.number(reads, Condition::within(of, numbers)),
                None => operand.is_there(),
            },
        })
    }

    /// A value, or `LOW..HIGH`.
    fn range(&mut self, operand: &Operand) -> Parsed<Literal> {
        let start = self.now.start;
        let low = self.value(operand)?;
        if !self.takes(&[".."]) {
            return Ok(low);
        }
        let end = self.now.end;
        let high = self.value(operand)?;
        let refuse = |message: &str| Err(Fault { start, end, message: message.to_owned() });
        match (low, high) {
            (Literal::Number(low, _), Literal::Number(high, _)) if low <= high => {
                Ok(Literal::Number(low, high))
            }
            (Literal::Address(low, a), Literal::Address(high, b)) if a != low || b != high => {
                refuse("a range goes from an address to an address, not to a network")
            }
            (Literal::Address(low, _), Literal::Address(high, _)) if low.least() != high.least() => {
                refuse("a range goes from an address to one of the same version of IP")
            }
            (Literal::Address(low, _), Literal::Address(high, _)) if low <= high => {
                Ok(Literal::Address(low, high))
            }
            _ => refuse("a range goes from its lower end to its higher one"),
        }
    }
}
