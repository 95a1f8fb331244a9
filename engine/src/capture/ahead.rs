//! Decompression in a thread of its own, some pieces ahead of who reads.
//!
//! Pieces come in the order of the capture, each with how much of the input had been read for it, and what ends them
//! comes where it would come without a thread: so an answer, and an error with its offset, stay the same. Where the data
//! tells its members apart, several threads decode them.

use std::io::{self, ErrorKind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::buffer::CHUNK;
use super::compressed::{Compressed, decode_members};
use super::source::{Arrival, Input};

/// So many pieces wait at most; with the one that is made and the one that is read they are all the memory it takes.
const WAITING: usize = 4;
/// So long is waited for a piece until whoever reads looks at signals.
const PATIENCE: Duration = Duration::from_millis(100);

/// What became of a call of the decoder, and how much input had been read then.
struct Piece {
    arrival: io::Result<Arrival>,
    bytes: Vec<u8>,
    read: u64,
}

/// What is decoded by another thread.
pub(super) struct Ahead {
    /// `None` once nothing more is wanted.
    pieces: Option<Receiver<Piece>>,
    free: Sender<Vec<u8>>,
    piece: Vec<u8>,
    /// How many bytes the piece has, and how many of them were taken.
    len: usize,
    taken: usize,
    read: u64,
    /// How it ended.
    ended: Option<Arrival>,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// Hands over to a thread, and `threads` that help it; gives back what was to be handed over where there can be none.
    pub(super) fn start(
        input: Input,
        compressed: Compressed,
        threads: usize,
    ) -> Result<Self, Box<(Input, Compressed)>> {
        let (hand_over, job) = channel();
        let (sender, pieces) = sync_channel(WAITING);
        let (free, spare) = channel();
        let read = input.bytes();
        let started = Builder::new().spawn(move || {
            if let Ok((input, compressed)) = job.recv() {
                work(input, compressed, threads, &Line { pieces: &sender, spare: &spare });
            }
        });
        let Ok(thread) = started else {
            return Err(Box::new((input, compressed)));
        };
        if let Err(back) = hand_over.send((input, compressed)) {
            return Err(Box::new(back.0));
        }
        let (pieces, thread) = (Some(pieces), Some(thread));
        Ok(Self { pieces, free, piece: Vec::new(), len: 0, taken: 0, read, ended: None, thread })
    }

    /// Bytes of the input that were read for what was taken.
    pub(super) fn bytes(&self) -> u64 {
        self.read
    }

    /// Reads into `room`, which is not empty. Says that it was interrupted where it would wait for long.
    pub(super) fn read(&mut self, room: &mut [u8]) -> io::Result<Arrival> {
        if self.taken == self.len {
            if let Some(ended) = &self.ended {
                return Ok(ended.clone());
            }
            self.next()?;
        }
        let left = self.piece.get(self.taken..self.len).unwrap_or_default();
        if left.is_empty() {
            return Ok(self.ended.clone().unwrap_or(Arrival::Nothing));
        }
        let count = left.len().min(room.len());
        room[..count].copy_from_slice(&left[..count]);
        self.taken += count;
        Ok(Arrival::Bytes(count))
    }

    fn next(&mut self) -> io::Result<()> {
        let gone = || io::Error::other("the thread that decompresses it has ended");
        let piece = match self.pieces.as_ref().ok_or_else(gone)?.recv_timeout(PATIENCE) {
            Ok(piece) => piece,
            Err(RecvTimeoutError::Timeout) => return Err(ErrorKind::Interrupted.into()),
            Err(RecvTimeoutError::Disconnected) => return Err(gone()),
        };
        // Where it has ended there is nobody who could use it.
        let _ = self.free.send(std::mem::replace(&mut self.piece, piece.bytes));
        (self.len, self.taken, self.read) = (0, 0, piece.read);
        match piece.arrival? {
            Arrival::Bytes(count) => self.len = count,
            Arrival::Nothing => {}
            ending => self.ended = Some(ending),
        }
        Ok(())
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        // Then the thread's next piece finds nobody.
        self.pieces = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where pieces go, and their buffers come back.
struct Line<'a> {
    pieces: &'a SyncSender<Piece>,
    spare: &'a Receiver<Vec<u8>>,
}

impl Line<'_> {
    /// Whether somebody takes it.
    fn send(&self, arrival: io::Result<Arrival>, bytes: Vec<u8>, read: u64) -> bool {
        self.pieces.send(Piece { arrival, bytes, read }).is_ok()
    }
}

/// Decodes until the end, or until nobody takes the pieces any more.
fn work(mut input: Input, mut compressed: Compressed, threads: usize, line: &Line<'_>) {
    let mut may_split = true;
    loop {
        if let Some(rest) = compressed.rest().filter(|_| may_split) {
            may_split = false;
            let compression = compressed.compression();
            let send = |bytes, len, read| line.send(Ok(Arrival::Bytes(len)), bytes, read);
            let rest = decode_members((compression, rest), &mut input, threads, line.spare, send);
            let Some(rest) = rest else { return };
            match Compressed::going_on(compression, &rest, true) {
                Ok(alone) => compressed = alone,
                Err(error) => {
                    line.send(Err(error), Vec::new(), input.bytes());
                    return;
                }
            }
        }
        let mut bytes = line.spare.try_recv().unwrap_or_default();
        bytes.resize(CHUNK, 0);
        let arrival = compressed.read(&mut input, &mut bytes);
        match &arrival {
            Ok(Arrival::Nothing) => continue,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            _ => {}
        }
        let goes_on = matches!(arrival, Ok(Arrival::Bytes(_)));
        if !(line.send(arrival, bytes, input.bytes()) && goes_on) {
            return;
        }
    }
}
