//! What fragments, and the datagrams put together of them, change in an analysis.

use hashbrown::HashSet;

use super::fragments::{Found, Fragments, Open};
use super::{Analysis, Fate};
use crate::capture::Frame;
use crate::decode::{self, Datagram, Piece};
use crate::disposition::Ending;
use crate::packet::Packet;

impl Analysis {
    /// A frame with a fragment, counted as such.
    #[cold]
    pub(super) fn fragment(&mut self, frame: &Frame<'_>) {
        if let Some(piece) = decode::piece(frame) {
            self.take_piece(&piece);
        }
    }

    fn take_piece(&mut self, piece: &Piece<'_>) {
        let mut packet = Packet::default();
        let found =
            self.fragments.observe(piece, &self.settings, &mut self.tally, &mut packet, &mut self.aside);
        if let Some(cell) = found.cell {
            self.cells.charge(cell, piece.charge());
        }
        if found.ending.is_packet() {
            self.add_whole(piece.datagram, packet, &found);
        }
    }

    /// A packet of a whole datagram.
    fn add_whole(&mut self, datagram: Datagram, mut packet: Packet, found: &Found) {
        if let Some(fate) = self.noted(&mut packet) {
            let cell = match fate {
                Fate::Alone(unknown) => self.add_later_fragment(&packet, unknown, true),
                Fate::Batch => {
                    self.flush();
                    self.add_alone(&packet, &found.front)
                }
            };
            self.cells.charge(cell, found.rest);
            self.fragments.charge_to(datagram, cell);
        }
    }

    /// Takes in the pieces of datagrams that began in this part and go on in a later one. Which those are.
    pub(super) fn join(&mut self, later: &Fragments) -> HashSet<Datagram> {
        let mut joined = HashSet::new();
        for open in later.heads() {
            if self.fragments.knows(&open.datagram) {
                self.replay(open);
                joined.insert(open.datagram);
            }
        }
        joined
    }

    /// Takes in the pieces of a later part's datagram once more, on top of what is known of it here.
    fn replay(&mut self, open: &Open) {
        self.tally.recount(open.counted_as, Ending::Fragment, open.frames);
        open.in_order().for_each(|piece| self.take_piece(&piece));
        let (frames, charge) = open.repeats();
        if let Some((ending, cell)) = self.fragments.again(&open.datagram, frames, charge) {
            self.tally.recount(Ending::Fragment, ending, frames);
            if let Some(cell) = cell {
                self.cells.charge(cell, charge);
            }
        }
    }

    /// Takes over the rest of what a later part knows of datagrams.
    pub(super) fn adopt(&mut self, later: &Fragments, joined: &HashSet<Datagram>, numbers: &[u32]) {
        for repeats in self.fragments.adopt(later, joined, numbers, &self.settings) {
            self.tally.recount(repeats.counted_as, repeats.ending, repeats.frames);
            if let Some(cell) = repeats.cell {
                self.cells.charge(cell, repeats.charge);
            }
        }
    }
}
