//! The datagrams of a run by what their pieces have in common, and in the order they came, within a bound of memory.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::is_apart;
use super::open::{Open, Pieces};
use crate::decode::{Datagram, Piece};
use crate::disposition::Ending;

/// Memory, in bytes, for datagrams under way...
const MOST_OPEN: usize = 40 << 20;
/// ... and for those that are whole.
const MOST_CLOSED: usize = 16 << 20;

/// A datagram that is whole: what tells a piece that comes once more.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    pub(super) serial: u64,
    /// The one that it had while it was under way.
    pub(super) number: u64,
    /// When its last piece was seen.
    pub(super) time: i64,
    pub(super) pieces: Pieces,
    /// What repeats end as...
    pub(super) ending: Ending,
    /// ... and the cell that they are charged to.
    pub(super) cell: Option<u32>,
}

impl Closed {
    pub(super) fn is_repeated_by(&self, piece: &Piece<'_>) -> bool {
        !is_apart(self.time, piece.time) && self.pieces.repeated(piece) == Some(true)
    }
}

#[derive(Debug, Clone)]
pub(super) enum State {
    Open(Box<Open>),
    Closed(Box<Closed>),
}

impl State {
    pub(super) fn serial(&self) -> u64 {
        match self {
            State::Open(open) => open.serial,
            State::Closed(closed) => closed.serial,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self, State::Open(_))
    }

    /// Memory that it takes in a table, in bytes, about.
    fn memory(&self) -> usize {
        // Table and queue are half full or better.
        let places = 2 * size_of::<(Datagram, State)>() + 2 * size_of::<(u64, Datagram)>();
        places
            + match self {
                State::Open(open) => open.memory(),
                State::Closed(closed) => size_of::<Closed>() + closed.pieces.memory(),
            }
    }
}

/// Those of one kind. Some in the order may be gone already.
#[derive(Debug, Default)]
struct Kind {
    order: VecDeque<(u64, Datagram)>,
    memory: usize,
}

/// The datagrams, one at a time of each identification.
#[derive(Debug, Default)]
pub(super) struct Table {
    states: HashMap<Datagram, State>,
    open: Kind,
    closed: Kind,
}

impl Table {
    pub(super) fn get(&self, datagram: &Datagram) -> Option<&State> {
        self.states.get(datagram)
    }

    /// Those that are whole.
    pub(super) fn closed_mut(&mut self) -> impl Iterator<Item = &mut Closed> {
        self.states.values_mut().filter_map(|state| match state {
            State::Closed(closed) => Some(&mut **closed),
            State::Open(_) => None,
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Datagram, &State)> {
        self.states.iter()
    }

    /// Puts one in, where there is none of its identification.
    pub(super) fn insert(&mut self, datagram: Datagram, state: State) {
        let states = &self.states;
        let kind = if state.is_open() { &mut self.open } else { &mut self.closed };
        if kind.order.len() > 2 * states.len() + 64 {
            kind.order.retain(|(serial, datagram)| is_live(states, *serial, datagram));
        }
        kind.order.push_back((state.serial(), datagram));
        kind.memory += state.memory();
        self.states.insert(datagram, state);
    }

    pub(super) fn remove(&mut self, datagram: &Datagram) -> Option<State> {
        let state = self.states.remove(datagram)?;
        let kind = if state.is_open() { &mut self.open } else { &mut self.closed };
        kind.memory -= state.memory();
        Some(state)
    }

    /// Ties a datagram that is whole to the cell of its packet.
    pub(super) fn charge_to(&mut self, datagram: &Datagram, cell: u32) {
        if let Some(State::Closed(closed)) = self.states.get_mut(datagram) {
            closed.cell = Some(cell);
        }
    }

    /// Lets `change` change a datagram under way; `None` where there is none.
    pub(super) fn change<R>(
        &mut self,
        datagram: &Datagram,
        change: impl FnOnce(&mut Open) -> R,
    ) -> Option<R> {
        let Some(State::Open(open)) = self.states.get_mut(datagram) else {
            return None;
        };
        let before = open.memory();
        let answer = change(open);
        self.open.memory = self.open.memory + open.memory() - before;
        Some(answer)
    }

    /// Takes out the oldest of those that are more than memory is meant for, if there are any. That those that are
    /// whole are forgotten is no loss.
    pub(super) fn shed(&mut self) -> Option<Box<Open>> {
        while self.closed.memory > MOST_CLOSED && self.oldest(false).is_some() {}
        if self.open.memory <= MOST_OPEN {
            return None;
        }
        match self.oldest(true)? {
            State::Open(open) => Some(open),
            State::Closed(_) => None,
        }
    }

    fn oldest(&mut self, is_open: bool) -> Option<State> {
        let kind = if is_open { &mut self.open } else { &mut self.closed };
        while let Some((serial, datagram)) = kind.order.pop_front() {
            if is_live(&self.states, serial, &datagram) {
                return self.remove(&datagram);
            }
        }
        None
    }
}

fn is_live(states: &HashMap<Datagram, State>, serial: u64, datagram: &Datagram) -> bool {
    states.get(datagram).is_some_and(|state| state.serial() == serial)
}
