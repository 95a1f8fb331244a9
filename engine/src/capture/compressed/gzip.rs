//! gzip (RFC 1952): members one after another, zeros after the last.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Decode, Decoded};

const WINDOW_BITS: u8 = 15;

pub(super) struct Gzip {
    inflate: Decompress,
    /// Whether no member is under way.
    between: bool,
    /// Whether the decoder has to be made ready for another member.
    used: bool,
}

impl Gzip {
    pub(super) fn new() -> Self {
        Self { inflate: Decompress::new_gzip(WINDOW_BITS), between: true, used: false }
    }

    fn begin(&mut self) {
        if self.used {
            self.inflate.reset(true);
        }
        self.used = true;
        self.between = false;
    }
}

impl Decode for Gzip {
    fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Decoded {
        if self.between {
            // Block devices and some writers pad with zeros; gzip itself passes over them.
            let padding = input.iter().take_while(|byte| **byte == 0).count();
            if self.used && padding > 0 || input.is_empty() {
                return Decoded { read: padding, ..Decoded::default() };
            }
            self.begin();
        }
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let result = self.inflate.decompress(input, output, FlushDecompress::None);
        let fault = match result {
            Ok(status) => {
                self.between = status == Status::StreamEnd;
                None
            }
            Err(error) => Some(error.message().unwrap_or("corrupt deflate data").to_owned()),
        };
        Decoded {
            read: (self.inflate.total_in() - read) as usize,
            written: (self.inflate.total_out() - written) as usize,
            fault,
        }
    }

    fn may_end(&mut self) -> bool {
        self.between
    }
}
