//! Mass traffic: flows by the million, their packets stamped from a few templates.
//!
//! Everything about a flow follows from the seed and its number, by integers alone, so that the same seed gives the
//! same bytes on every machine. Memory grows with flows, and not with packets. docs/scenarios.md has the address plan.

mod plan;
mod stamp;

use std::cmp::Reverse;
use std::collections::BinaryHeap;

pub use plan::{Flow, Mass};
pub use stamp::{Offsets, Template, UnusableTemplate};

use super::Record;

/// The packets of mass traffic, in the order of their times, then of their flows.
pub struct Stamper<'a> {
    mass: &'a Mass,
    flows: Vec<Live>,
    next: BinaryHeap<Reverse<(i64, u32)>>,
    number: u64,
    frame: Vec<u8>,
}

/// A flow, how many of its packets were stamped, and the sequence number that each direction comes to next.
struct Live {
    flow: Flow,
    stamped: u32,
    sequence: [u32; 2],
}

impl<'a> Stamper<'a> {
    /// Begins with the first packet.
    #[must_use]
    pub fn new(mass: &'a Mass) -> Self {
        let live = |number| {
            let flow = mass.flow(number);
            Live { flow, stamped: 0, sequence: mass.first_sequence(number) }
        };
        let flows: Vec<Live> = (0..mass.flows()).map(live).collect();
        let next = (0_u32..).zip(&flows).map(|(number, live)| Reverse((live.flow.first, number))).collect();
        Self { mass, flows, next, number: 0, frame: Vec::new() }
    }

    /// When the next packet is; `None` where there is none.
    #[inline]
    #[must_use]
    pub fn time(&self) -> Option<i64> {
        self.next.peek().map(|Reverse((time, _))| *time)
    }

    /// Stamps the next packet.
    #[inline]
    pub fn stamp(&mut self) -> Option<Record<'_>> {
        let mut top = self.next.peek_mut()?;
        let Reverse((time, number)) = *top;
        let live = &mut self.flows[number as usize];
        self.mass.stamp(&live.flow, live.stamped, &mut live.sequence, self.number, &mut self.frame);
        self.number += 1;
        live.stamped += 1;
        if live.stamped < live.flow.packets {
            top.0.0 = time + live.flow.interval;
        } else {
            std::collections::binary_heap::PeekMut::pop(top);
        }
        let wire_len = self.frame.len() as u32;
        Some(Record { time, data: &self.frame, wire_len, interface: 0, comment: None })
    }
}
