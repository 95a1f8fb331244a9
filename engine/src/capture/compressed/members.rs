//! Members of compressed data: what can be decoded by itself, found without decoding.

use std::io;

use super::{CHUNK, gzip, lz4, zstd};
use crate::capture::facts::Compression;
use crate::capture::source::Input;

/// Where a member ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Boundary {
    /// So many bytes behind its start; they need not be at hand.
    At(usize),
    /// Behind what is at hand.
    Further,
    /// That cannot be told.
    Unknown,
}

/// Finds the ends of the members of one compression.
pub(super) trait Find {
    /// Where the member ends that `bytes` begins with: that of the last call, with more bytes, where its end was further.
    fn end(&mut self, bytes: &[u8]) -> Boundary;
}

/// Longer members, in bytes, are not held to be decoded by themselves.
const LONGEST: usize = 4 << 20;
/// Members are handed over together from so many bytes on, ...
const ENOUGH: usize = 256 * 1024;
/// ... or so many members.
const MOST_TOGETHER: usize = 64;

/// Compressed data, taken apart member by member.
pub(super) struct Members {
    find: Box<dyn Find>,
    /// What was read and not handed over, from the start of a member on.
    bytes: Vec<u8>,
    /// How much of it is whole members, how many they are, and the length of the next one where that is known.
    whole: usize,
    count: usize,
    next: Option<usize>,
    /// Whether nothing more can be taken apart.
    over: bool,
}

impl Members {
    /// `head` is what was read already, from the start of a member on. `None` for a compression that does not tell where
    /// members end.
    pub(super) fn new(compression: Compression, head: &[u8]) -> Option<Self> {
        let find: Box<dyn Find> = match compression {
            Compression::Gzip => Box::new(gzip::Blocks),
            Compression::Zstd => Box::new(zstd::Frames::default()),
            Compression::Lz4 => Box::new(lz4::Frames::new()),
            Compression::Xz => return None,
        };
        Some(Self { find, bytes: head.to_vec(), whole: 0, count: 0, next: None, over: false })
    }

    /// Some whole members; `None` once there are no more that can be told apart.
    pub(super) fn gather(&mut self, input: &mut Input) -> Option<Vec<u8>> {
        while !self.over && self.whole < ENOUGH && self.count < MOST_TOGETHER {
            self.over = !self.pass_member() && !self.read(input).unwrap_or(false);
        }
        if self.whole == 0 {
            return None;
        }
        let rest = self.bytes.split_off(self.whole);
        (self.whole, self.count) = (0, 0);
        Some(std::mem::replace(&mut self.bytes, rest))
    }

    /// Whether another whole member is at hand, which is passed then.
    fn pass_member(&mut self) -> bool {
        let rest = self.bytes.get(self.whole..).unwrap_or_default();
        let end = self.next.take().map_or_else(|| self.find.end(rest), Boundary::At);
        match end {
            Boundary::At(len) if len > LONGEST => self.over = true,
            Boundary::At(len) if len <= rest.len() => {
                self.whole += len;
                self.count += 1;
                return true;
            }
            Boundary::At(len) => self.next = Some(len),
            Boundary::Further => self.over = rest.len() > LONGEST,
            Boundary::Unknown => self.over = true,
        }
        false
    }

    /// Whether more could be read. What could not will be told to whoever reads on.
    fn read(&mut self, input: &mut Input) -> io::Result<bool> {
        if self.over {
            return Ok(false);
        }
        let len = self.bytes.len();
        self.bytes.resize(len + CHUNK, 0);
        let read = input.read(&mut self.bytes[len..]);
        self.bytes.truncate(len + read.as_ref().map_or(0, |count| *count));
        Ok(read? > 0)
    }

    /// What was not handed over.
    pub(super) fn into_rest(self) -> Vec<u8> {
        self.bytes
    }
}
