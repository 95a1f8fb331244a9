//! The .xz format: streams one after another, with stream padding.

use std::io;

use liblzma::stream::{Action, CONCATENATED, Status, Stream};

use super::{Decode, Decoded, MEMORY_LIMIT};

pub(super) struct Xz {
    stream: Stream,
}

impl Xz {
    pub(super) fn new() -> io::Result<Self> {
        let stream = Stream::new_stream_decoder(MEMORY_LIMIT, CONCATENATED)?;
        Ok(Self { stream })
    }
}

impl Decode for Xz {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Decoded {
        let (read, written) = (self.stream.total_in(), self.stream.total_out());
        let result = self.stream.process(input, output, Action::Run);
        Decoded {
            read: (self.stream.total_in() - read) as usize,
            written: (self.stream.total_out() - written) as usize,
            fault: result.err().map(|error| error.to_string()),
        }
    }

    /// Only the decoder knows whether padding adds up to whole groups of four.
    fn is_between(&self) -> bool {
        // It does not tell.
        false
    }

    fn may_end(&mut self) -> bool {
        matches!(self.stream.process(&[], &mut [], Action::Finish), Ok(Status::StreamEnd))
    }
}
