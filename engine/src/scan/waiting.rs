//! Readers of what is still being written. While nothing comes they say that they were interrupted, so that whoever
//! reads looks at signals and at the clock: a signal that came just before a read would not interrupt it.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

/// So long is waited at a time.
const PATIENCE: Duration = Duration::from_millis(100);

/// A pipe, or what else may take its time.
pub(super) struct Piped {
    file: File,
}

impl Piped {
    pub(super) fn new(file: File) -> Self {
        Self { file }
    }

    /// Opens a named pipe without waiting for one who writes to it: that is waited for by reading.
    pub(super) fn open(path: &Path) -> io::Result<File> {
        OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)
    }
}

impl Read for Piped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let time = Timespec { tv_sec: 0, tv_nsec: PATIENCE.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&self.file, PollFlags::IN)], Some(&time)) {
            Ok(0) | Err(Errno::INTR) => return Err(ErrorKind::Interrupted.into()),
            // Where there is no telling, the read tells.
            Ok(_) | Err(_) => {}
        }
        match self.file.read(into) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Err(ErrorKind::Interrupted.into()),
            read => read,
        }
    }
}

/// What became of a file that was to grow.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Changed(String);

/// A file that grows while it is read, and ends when it is another.
pub(super) struct Growing {
    file: File,
    path: PathBuf,
    position: u64,
    /// What was found to have become of it when nothing came the last time. Who replaces a file may still have
    /// something to write to it.
    changed: Option<Changed>,
}

impl Growing {
    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Self { file, path, position: 0, changed: None }
    }

    fn change(&self) -> io::Result<Option<Changed>> {
        let known = self.file.metadata()?;
        if known.len() < self.position {
            return Ok(Some(Changed(format!("one that was cut to {} bytes", known.len()))));
        }
        Ok(match self.path.metadata() {
            Ok(found) if (found.dev(), found.ino()) == (known.dev(), known.ino()) => None,
            Ok(_) => Some(Changed("another in its place".to_owned())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Some(Changed("none in its place".to_owned()))
            }
            // Where it is can be out of reach for a while.
            Err(_) => None,
        })
    }
}

impl Read for Growing {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        if count > 0 {
            self.position += count as u64;
            self.changed = None;
            return Ok(count);
        }
        let change = self.change()?;
        if let (Some(_), Some(change)) = (self.changed.take(), &change) {
            return Err(io::Error::other(Changed(change.0.clone())));
        }
        self.changed = change;
        std::thread::sleep(PATIENCE);
        Err(ErrorKind::Interrupted.into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use super::*;

    fn growing(name: &str) -> (tempfile::TempDir, PathBuf, Growing) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, b"abc").unwrap();
        let file = Growing::new(File::open(&path).unwrap(), path.clone());
        (folder, path, file)
    }

    /// Reads until something comes, or something is wrong.
    fn next(file: &mut Growing) -> Result<Vec<u8>, String> {
        let mut room = [0; 16];
        for _ in 0..3 {
            match file.read(&mut room) {
                Ok(count) => return Ok(room[..count].to_vec()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        Ok(Vec::new())
    }

    #[test]
    fn the_end_of_a_file_that_grows_is_no_end() {
        let (_folder, path, mut file) = growing("a");
        assert_eq!(next(&mut file).unwrap(), b"abc");
        assert_eq!(next(&mut file).unwrap(), b"");
        OpenOptions::new().append(true).open(path).unwrap().write_all(b"de").unwrap();
        assert_eq!(next(&mut file).unwrap(), b"de");
    }

    #[test]
    fn a_file_that_shrinks_is_an_error() {
        let (_folder, path, mut file) = growing("a");
        assert_eq!(next(&mut file).unwrap(), b"abc");
        OpenOptions::new().write(true).open(path).unwrap().set_len(2).unwrap();
        assert_eq!(next(&mut file).unwrap_err(), "one that was cut to 2 bytes");
    }

    #[test]
    fn a_file_that_was_replaced_is_read_to_its_end_first() {
        let (folder, path, mut file) = growing("a");
        assert_eq!(next(&mut file).unwrap(), b"abc");
        let aside = folder.path().join("a.1");
        fs::rename(&path, &aside).unwrap();
        fs::write(&path, b"new").unwrap();
        OpenOptions::new().append(true).open(aside).unwrap().write_all(b"late").unwrap();
        assert_eq!(next(&mut file).unwrap(), b"late");
        assert_eq!(next(&mut file).unwrap_err(), "another in its place");
    }

    #[test]
    fn a_file_that_is_gone_is_an_error() {
        let (_folder, path, mut file) = growing("a");
        fs::remove_file(path).unwrap();
        assert_eq!(next(&mut file).unwrap(), b"abc");
        assert_eq!(next(&mut file).unwrap_err(), "none in its place");
    }

    #[test]
    fn a_silent_pipe_interrupts_its_reader() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut piped = Piped::new(File::from(std::os::fd::OwnedFd::from(reader)));
        let mut room = [0; 16];
        assert_eq!(piped.read(&mut room).unwrap_err().kind(), ErrorKind::Interrupted);
        writer.write_all(b"abc").unwrap();
        assert_eq!(piped.read(&mut room).unwrap(), 3);
        drop(writer);
        assert_eq!(piped.read(&mut room).unwrap(), 0);
    }
}
