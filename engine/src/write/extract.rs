//! `extract`: the frames of selected packets, untouched, with all the pieces of their datagrams.

use std::collections::BTreeMap;
use std::io;

use super::output::{Interface, Output, Piece};
use super::rewrite::Job;
use crate::capture::{Frame, LinkType};
use crate::disposition::Ending;
use crate::stream::Seen;

/// So many datagrams are followed at a time, the latest.
const MOST: usize = 1 << 16;
/// So many bytes of pieces wait for their datagrams to be whole.
const MOST_WAITING: usize = 64 << 20;

/// What becomes of the pieces of a datagram.
enum Fate {
    /// They wait for the one that completes it, which tells.
    Waiting(Vec<Kept>),
    /// It was wanted, or not, and so are they.
    Known(bool),
}

/// A frame that waits.
struct Kept {
    data: Box<[u8]>,
    wire_len: u32,
    time: i64,
    link: LinkType,
}

/// Writes the frames of selected packets, or all others.
#[derive(Default)]
pub struct Extract {
    invert: bool,
    /// By the datagrams' numbers, which rise.
    fates: BTreeMap<u64, Fate>,
    waiting: usize,
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
    fn piece(&mut self, datagram: u64, frame: &Frame<'_>, output: &mut Output) -> io::Result<()> {
        match self.fates.entry(datagram).or_insert_with(|| Fate::Waiting(Vec::new())) {
            Fate::Known(selected) => {
                let selected = *selected;
                return self.put(selected, frame, output);
            }
            Fate::Waiting(kept) => kept.push(Kept::of(frame)),
        }
        self.waiting += frame.data.len();
        self.make_room(output)
    }

    /// The piece that tells of the others: it completes its datagram, or shows that it carries no VXLAN.
    fn tell(&mut self, datagram: u64, selected: bool, output: &mut Output) -> io::Result<()> {
        if let Some(Fate::Waiting(kept)) = self.fates.insert(datagram, Fate::Known(selected)) {
            self.release(&kept, selected, output)?;
        }
        self.make_room(output)
    }

    fn release(&mut self, kept: &[Kept], selected: bool, output: &mut Output) -> io::Result<()> {
        for kept in kept {
            self.waiting -= kept.data.len();
            self.put(selected, &kept.frame(), output)?;
        }
        Ok(())
    }

    fn make_room(&mut self, output: &mut Output) -> io::Result<()> {
        while self.fates.len() > MOST || self.waiting > MOST_WAITING {
            self.give_up_oldest(output)?;
        }
        Ok(())
    }

    /// Pieces of what was never whole belong to no selected packet.
    fn give_up_oldest(&mut self, output: &mut Output) -> io::Result<()> {
        match self.fates.pop_first() {
            Some((_, Fate::Waiting(kept))) => self.release(&kept, false, output),
            _ => Ok(()),
        }
    }
}

impl Kept {
    fn of(frame: &Frame<'_>) -> Self {
        Self { data: frame.data.into(), wire_len: frame.wire_len, time: frame.time, link: frame.link }
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
            Some(datagram) => self.tell(datagram, seen.look.selected, output)?,
            None => {}
        }
        self.put(seen.look.selected, seen.frame, output)
    }

    fn end(&mut self, output: &mut Output) -> io::Result<()> {
        while !self.fates.is_empty() {
            self.give_up_oldest(output)?;
        }
        Ok(())
    }
}
