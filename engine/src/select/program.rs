//! What a filter comes to: tests with two ways on, which a packet is led through without stack or allocation.

use std::net::IpAddr;

use super::field::Reads;
use crate::packet::{Layer, Packet};

/// A filter as it is written: tests, and what joins them.
#[derive(Debug)]
pub(super) enum Expr {
    Test(Test),
    Not(Box<Expr>),
    All(Vec<Expr>),
    Any(Vec<Expr>),
}

/// One question to a packet.
#[derive(Debug, Clone)]
pub(super) enum Test {
    /// A label.
    Is(fn(&Packet) -> bool),
    /// A number is there.
    HasNumber(Reads<u64>),
    /// An address is there.
    HasAddress(Reads<IpAddr>),
    /// A number that is one lies in a range: what most selections ask, in few steps.
    Between(fn(&Packet) -> Option<u64>, u64, u64),
    /// A number fits.
    Number(Reads<u64>, Condition<u64>),
    /// A part of a number fits.
    Part(Reads<u64>, Part, Condition<u64>),
    /// An address fits.
    Address(Reads<IpAddr>, Condition<IpAddr>),
    /// Two fields compare.
    Numbers((Reads<u64>, Part), Reads<u64>, Comparison),
    /// Two fields compare.
    Addresses(Reads<IpAddr>, Reads<IpAddr>, Comparison),
}

/// Of two values of a field, whether one is enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Any,
    All,
}

/// Some bits of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) shift: u32,
    pub(super) mask: u64,
}

impl Part {
    /// All bits.
    pub(super) const WHOLE: Part = Part { shift: 0, mask: u64::MAX };

    #[inline]
    fn of(self, value: u64) -> u64 {
        value >> self.shift & self.mask
    }
}

/// How two values compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Relation {
    #[inline]
    fn holds<T: Value>(self, left: T, right: T) -> bool {
        match self {
            Relation::Equal => left == right,
            Relation::NotEqual => left != right,
            _ if left.least() != right.least() => false,
            Relation::Less => left < right,
            Relation::LessOrEqual => left <= right,
            Relation::Greater => left > right,
            Relation::GreaterOrEqual => left >= right,
        }
    }
}

/// How the values of two fields compare.
#[derive(Debug, Clone, Copy)]
pub(super) struct Comparison {
    pub(super) of: Of,
    pub(super) relation: Relation,
}

/// What the values of a field are held against.
#[derive(Debug, Clone)]
pub(super) struct Condition<T> {
    pub(super) of: Of,
    /// In order, without overlap.
    ranges: Box<[(T, T)]>,
    /// Whether a value is to be inside one of them, or outside all.
    inside: bool,
}

/// A value with an order; IPv4 and IPv6 addresses have one each.
pub(super) trait Value: Copy + Ord {
    /// The least value of those that this one compares with.
    fn least(self) -> Self;
    /// The greatest.
    fn greatest(self) -> Self;
    /// The next lower one, unless this is the least.
    fn before(self) -> Option<Self>;
    /// The next higher one, unless this is the greatest.
    fn after(self) -> Option<Self>;
}

impl Value for u64 {
    fn least(self) -> Self {
        u64::MIN
    }

    fn greatest(self) -> Self {
        u64::MAX
    }

    fn before(self) -> Option<Self> {
        self.checked_sub(1)
    }

    fn after(self) -> Option<Self> {
        self.checked_add(1)
    }
}

impl Value for IpAddr {
    fn least(self) -> Self {
        match self {
            IpAddr::V4(_) => IpAddr::V4(0.into()),
            IpAddr::V6(_) => IpAddr::V6(0.into()),
        }
    }

    fn greatest(self) -> Self {
        match self {
            IpAddr::V4(_) => IpAddr::V4(u32::MAX.into()),
            IpAddr::V6(_) => IpAddr::V6(u128::MAX.into()),
        }
    }

    fn before(self) -> Option<Self> {
        match self {
            IpAddr::V4(ip) => Some(IpAddr::V4(ip.to_bits().checked_sub(1)?.into())),
            IpAddr::V6(ip) => Some(IpAddr::V6(ip.to_bits().checked_sub(1)?.into())),
        }
    }

    fn after(self) -> Option<Self> {
        match self {
            IpAddr::V4(ip) => Some(IpAddr::V4(ip.to_bits().checked_add(1)?.into())),
            IpAddr::V6(ip) => Some(IpAddr::V6(ip.to_bits().checked_add(1)?.into())),
        }
    }
}

impl<T: Value> Condition<T> {
    /// Inside one of `ranges`, both ends included.
    pub(super) fn within(of: Of, mut ranges: Vec<(T, T)>) -> Self {
        ranges.sort_unstable();
        // Of two that overlap the first takes in the second: what is left is in order by both ends.
        ranges.dedup_by(|later, earlier| {
            let joins = later.0 <= earlier.1;
            if joins {
                earlier.1 = earlier.1.max(later.1);
            }
            joins
        });
        Self { of, ranges: ranges.into(), inside: true }
    }

    /// As `relation` says of a value and the range from `low` to `high`, which only has one value where order counts.
    pub(super) fn compared(of: Of, relation: Relation, (low, high): (T, T)) -> Self {
        let ranges = match relation {
            Relation::Equal | Relation::NotEqual => Some((low, high)),
            Relation::Less => low.before().map(|below| (low.least(), below)),
            Relation::LessOrEqual => Some((low.least(), high)),
            Relation::Greater => high.after().map(|above| (above, high.greatest())),
            Relation::GreaterOrEqual => Some((low, high.greatest())),
        };
        let condition = Self::within(of, ranges.into_iter().collect());
        Self { inside: relation != Relation::NotEqual, ..condition }
    }

    #[inline]
    fn holds(&self, value: T) -> bool {
        let is_inside = match &*self.ranges {
            [(low, high)] => *low <= value && value <= *high,
            ranges => {
                let after = ranges.partition_point(|(low, _)| *low <= value);
                after.checked_sub(1).is_some_and(|index| value <= ranges[index].1)
            }
        };
        is_inside == self.inside
    }
}

impl<T: Copy> Reads<T> {
    #[inline]
    fn is_there(self, packet: &Packet, around: &[Layer]) -> bool {
        match self {
            Reads::One(read) => read(packet).is_some(),
            Reads::Two(read) => read(packet).is_some(),
            Reads::OneEach(own, outer) => {
                own(packet).is_some() || around.iter().any(|layer| outer(layer).is_some())
            }
            Reads::TwoEach(own, outer) => {
                own(packet).is_some() || around.iter().any(|layer| outer(layer).is_some())
            }
        }
    }

    /// Whether `holds` does of any, or all, of the values; of none it does not.
    #[inline]
    fn hold(self, packet: &Packet, around: &[Layer], of: Of, holds: impl Fn(T) -> bool) -> bool {
        let both = |(a, b)| match of {
            Of::Any => holds(a) || holds(b),
            Of::All => holds(a) && holds(b),
        };
        match self {
            Reads::One(read) => read(packet).is_some_and(holds),
            Reads::Two(read) => read(packet).is_some_and(both),
            Reads::OneEach(own, outer) => {
                of.layers(own(packet).map(&holds), around, |layer| outer(layer).map(&holds))
            }
            Reads::TwoEach(own, outer) => {
                of.layers(own(packet).map(&both), around, |layer| outer(layer).map(&both))
            }
        }
    }
}

impl Of {
    /// Whether something holds of any, or all, layers that it can be told of, if there is one: of the innermost, and of
    /// those around it.
    #[inline]
    fn layers(
        self,
        innermost: Option<bool>,
        around: &[Layer],
        holds: impl Fn(&Layer) -> Option<bool>,
    ) -> bool {
        let decided = self == Of::Any;
        if innermost == Some(decided) || around.iter().any(|layer| holds(layer) == Some(decided)) {
            return decided;
        }
        !decided && (innermost.is_some() || around.iter().any(|layer| holds(layer).is_some()))
    }
}

impl Test {
    /// The test whether a number fits.
    pub(super) fn number(reads: Reads<u64>, condition: Condition<u64>) -> Self {
        match (reads, &*condition.ranges) {
            (Reads::One(read), [(low, high)]) if condition.inside => Test::Between(read, *low, *high),
            _ => Test::Number(reads, condition),
        }
    }

    #[inline]
    fn holds(&self, packet: &Packet, around: &[Layer]) -> bool {
        match self {
            Test::Between(read, low, high) => {
                read(packet).is_some_and(|value| *low <= value && value <= *high)
            }
            Test::Number(reads, condition) => {
                reads.hold(packet, around, condition.of, |value| condition.holds(value))
            }
            Test::Address(reads, condition) => {
                reads.hold(packet, around, condition.of, |value| condition.holds(value))
            }
            Test::Is(holds) => holds(packet),
            Test::HasNumber(reads) => reads.is_there(packet, around),
            Test::HasAddress(reads) => reads.is_there(packet, around),
            Test::Part(reads, part, condition) => {
                reads.hold(packet, around, condition.of, |value| condition.holds(part.of(value)))
            }
            Test::Numbers((left, part), right, Comparison { of, relation }) => {
                left.hold(packet, around, *of, |a| {
                    right.hold(packet, around, *of, |b| relation.holds(part.of(a), b))
                })
            }
            Test::Addresses(left, right, Comparison { of, relation }) => {
                left.hold(packet, around, *of, |a| right.hold(packet, around, *of, |b| relation.holds(a, b)))
            }
        }
    }
}

/// Where a packet goes next.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// To another step, which stands before this one: so there is an end to it.
    Step(u32),
    /// Selected, or not.
    Done(bool),
}

#[derive(Debug, Clone)]
struct Step {
    test: Test,
    where_it_holds: Way,
    where_not: Way,
}

/// A filter made ready.
#[derive(Debug, Clone)]
pub(super) struct Program {
    steps: Box<[Step]>,
    entry: Way,
}

impl Program {
    pub(super) fn of(expr: Expr) -> Self {
        let mut steps = Vec::new();
        let entry = compile(expr, Way::Done(true), Way::Done(false), &mut steps);
        Self { steps: steps.into(), entry }
    }

    /// Whether the filter selects `packet`; `around` is what is around its innermost overlay.
    // Out of the walk's way: without a selection nothing is slower for it.
    #[inline(never)]
    pub(super) fn selects(&self, packet: &Packet, around: &[Layer]) -> bool {
        let mut way = self.entry;
        loop {
            match way {
                Way::Done(selected) => return selected,
                Way::Step(number) => {
                    let step = &self.steps[number as usize];
                    way = if step.test.holds(packet, around) { step.where_it_holds } else { step.where_not };
                }
            }
        }
    }
}

/// Adds the steps of `expr`, from its last to its first, so that each knows where it leads. Where they begin.
fn compile(expr: Expr, where_it_holds: Way, where_not: Way, steps: &mut Vec<Step>) -> Way {
    match expr {
        Expr::Test(test) => {
            steps.push(Step { test, where_it_holds, where_not });
            Way::Step(steps.len() as u32 - 1)
        }
        Expr::Not(inside) => compile(*inside, where_not, where_it_holds, steps),
        Expr::All(parts) => {
            parts.into_iter().rev().fold(where_it_holds, |next, part| compile(part, next, where_not, steps))
        }
        Expr::Any(parts) => {
            parts.into_iter().rev().fold(where_not, |next, part| compile(part, where_it_holds, next, steps))
        }
    }
}
