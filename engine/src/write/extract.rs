//! `extract`: the frames of selected packets, untouched, with all the pieces of their datagrams.

use std::collections::HashMap;
use std::io;

use super::output::{Interface, Output, Piece};
use super::rewrite::Job;
use crate::capture::{Frame, LinkType};
use crate::decode::Datagram;
use crate::disposition::Ending;
use crate::stream::Seen;

/// So many datagrams are followed at a time; a capture with more of them starts over there.
const MOST: usize = 1 << 16;
/// So many bytes of pieces wait for the first piece of their datagrams.
const MOST_WAITING: usize = 64 << 20;

/// What becomes of the pieces of a datagram.
enum Fate {
    /// They wait for the first one, which tells.
    Waiting(Vec<Kept>),
    /// It was wanted, or not, and so are they.
    Known(bool),
}

/// A frame that waits.
struct Kept {
    number: u64,
    data: Box<[u8]>,
    wire_len: u32,
    time: i64,
    link: LinkType,
}

/// Writes the frames of selected packets, or all others.
#[derive(Default)]
pub struct Extract {
    invert: bool,
    fates: HashMap<Datagram, Fate>,
    waiting: usize,
    kept: u64,
}

impl Extract {
    /// `invert`: all other frames.
    #[must_use]
    pub fn new(invert: bool) -> Self {
        Self { invert, ..Self::default() }
    }

    fn put(&self, selected: bool, frame: &Frame<'_>, output: &mut Output) -> io::Result<()> {
        // No format can describe frames of an interface that was never described.
        if selected == self.invert || frame.link == LinkType::UNKNOWN {
            return Ok(());
        }
        output.put(&Piece {
            interface: Interface::Plain(frame.link),
            overlay: None,
            time: frame.time,
            data: frame.data,
            wire_len: frame.wire_len,
            comment: None,
        })
    }

    /// A piece that does not tell whether it is wanted.
    fn piece(&mut self, datagram: Datagram, frame: &Frame<'_>, output: &mut Output) -> io::Result<()> {
        match self.fates.get_mut(&datagram) {
            Some(Fate::Known(selected)) => {
                let selected = *selected;
                return self.put(selected, frame, output);
            }
            Some(Fate::Waiting(kept)) => kept.push(Kept::of(frame, self.kept)),
            None => {
                self.make_room(output)?;
                self.fates.insert(datagram, Fate::Waiting(vec![Kept::of(frame, self.kept)]));
            }
        }
        self.kept += 1;
        self.waiting += frame.data.len();
        if self.waiting > MOST_WAITING { self.start_over(output) } else { Ok(()) }
    }

    /// The first piece of its datagram, which tells of the others.
    fn first(&mut self, datagram: Datagram, selected: bool, output: &mut Output) -> io::Result<()> {
        self.make_room(output)?;
        if let Some(Fate::Waiting(kept)) = self.fates.insert(datagram, Fate::Known(selected)) {
            self.release(&kept, selected, output)?;
        }
        Ok(())
    }

    fn release(&mut self, kept: &[Kept], selected: bool, output: &mut Output) -> io::Result<()> {
        for kept in kept {
            self.waiting -= kept.data.len();
            self.put(selected, &kept.frame(), output)?;
        }
        Ok(())
    }

    fn make_room(&mut self, output: &mut Output) -> io::Result<()> {
        if self.fates.len() >= MOST { self.start_over(output) } else { Ok(()) }
    }

    /// Pieces whose first one did not come belong to no selected packet.
    fn start_over(&mut self, output: &mut Output) -> io::Result<()> {
        let fates = std::mem::take(&mut self.fates).into_values();
        let mut left: Vec<Kept> = fates.flat_map(Fate::into_waiting).collect();
        left.sort_by_key(|kept| kept.number);
        self.release(&left, false, output)
    }
}

impl Fate {
    fn into_waiting(self) -> Vec<Kept> {
        match self {
            Fate::Waiting(kept) => kept,
            Fate::Known(_) => Vec::new(),
        }
    }
}

impl Kept {
    fn of(frame: &Frame<'_>, number: u64) -> Self {
        Self { number, data: frame.data.into(), wire_len: frame.wire_len, time: frame.time, link: frame.link }
    }

    fn frame(&self) -> Frame<'_> {
        Frame { data: &self.data, wire_len: self.wire_len, time: self.time, link: self.link }
    }
}

impl Job for Extract {
    fn take(&mut self, seen: &Seen<'_>, output: &mut Output) -> io::Result<()> {
        if seen.look.copy {
            return Ok(());
        }
        match seen.look.piece {
            Some(datagram) if seen.look.ending == Ending::Fragment => {
                return self.piece(datagram, seen.frame, output);
            }
            Some(datagram) => self.first(datagram, seen.look.selected, output)?,
            None => {}
        }
        self.put(seen.look.selected, seen.frame, output)
    }

    fn end(&mut self, output: &mut Output) -> io::Result<()> {
        self.start_over(output)
    }
}
