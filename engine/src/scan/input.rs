//! Where a run's captures come from.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::waiting::{Growing, Piped};
use crate::capture::Capture;
use crate::error::CaptureError;

/// Where a capture's bytes are.
pub enum Origin {
    /// A file, a named pipe, a device.
    Path(PathBuf),
    /// A file that is still being written: its end is waited at for more.
    Growing(PathBuf),
    /// Standard input.
    Stdin,
    /// Memory.
    Bytes(Arc<[u8]>),
    /// A reader, which can be read once.
    Reader(Box<dyn Read + Send>),
}

/// One capture of a run.
pub struct Input {
    name: String,
    origin: Option<Origin>,
    /// Open already, with its first frame looked at.
    open: Option<Capture>,
    /// What was read of an origin that can be read once.
    kept: Option<File>,
    /// Which regular file it is.
    file: Option<Identity>,
    size: Option<u64>,
}

/// What tells a file from any other: device and inode.
type Identity = (u64, u64);

impl Input {
    /// A capture; `name` is for messages and reports.
    #[must_use]
    pub fn new(name: &str, origin: Origin) -> Self {
        let (file, size) = match &origin {
            Origin::Path(path) => regular_file(path).map(|file| (identity(&file), file.len())).unzip(),
            Origin::Bytes(bytes) => (None, Some(bytes.len() as u64)),
            Origin::Growing(_) | Origin::Stdin | Origin::Reader(_) => (None, None),
        };
        Self { name: name.to_owned(), origin: Some(origin), open: None, kept: None, file, size }
    }

    /// The name it is shown by.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of input, where that is known.
    pub(super) fn size(&self) -> Option<u64> {
        self.size
    }

    /// Makes sure that it can be read twice: what is not a regular file is copied to a temporary one as it is read.
    pub(super) fn keep(&mut self) -> Result<(), CaptureError> {
        if self.size.is_none() {
            self.kept = Some(tempfile::tempfile().map_err(|source| self.error(source))?);
        }
        Ok(())
    }

    /// Opens it, or takes up again what [`Self::give_back`] gave back.
    pub(super) fn open(&mut self) -> Result<Capture, CaptureError> {
        if let Some(capture) = self.open.take() {
            return Ok(capture);
        }
        match &self.origin {
            Some(Origin::Path(path)) if self.size.is_some() => {
                let file = open_file(path).and_then(|file| self.same(file));
                let file = file.map_err(|source| self.error(source))?;
                Capture::open_at(&self.name, Arc::new(file))
            }
            Some(Origin::Bytes(bytes)) => Capture::open_at(&self.name, Arc::new(Arc::clone(bytes))),
            _ => {
                let reader = self.once().map_err(|source| self.error(source))?;
                Capture::open(&self.name, reader)
            }
        }
    }

    /// The file, where it is the one that was asked for: it may be opened twice, and must not be two.
    fn same(&self, file: File) -> io::Result<File> {
        if self.file == Some(identity(&file.metadata()?)) {
            Ok(file)
        } else {
            Err(io::Error::other("another file has taken its place"))
        }
    }

    /// A capture whose first frame was looked at. Regular files are opened anew in their turn, so that many captures
    /// need neither many open files nor many buffers.
    pub(super) fn give_back(&mut self, capture: Capture) {
        if self.size.is_none() {
            self.open = Some(capture);
        }
    }

    /// What can be read once, or was kept when it was.
    fn once(&mut self) -> io::Result<Box<dyn Read + Send>> {
        let once: Box<dyn Read + Send> = match self.origin.take() {
            Some(Origin::Growing(path)) if regular_file(&path).is_some() => {
                Box::new(Growing::new(open_file(&path)?, path))
            }
            Some(Origin::Path(path) | Origin::Growing(path)) => Box::new(Piped::new(open_file(&path)?)),
            Some(Origin::Stdin) => {
                Box::new(Piped::new(File::from(io::stdin().as_fd().try_clone_to_owned()?)))
            }
            Some(Origin::Reader(reader)) => reader,
            Some(Origin::Bytes(_)) | None => return self.kept_reader(),
        };
        match &self.kept {
            Some(file) => Ok(Box::new(Tee { reader: once, copy: file.try_clone()? })),
            None => Ok(once),
        }
    }

    fn kept_reader(&mut self) -> io::Result<Box<dyn Read + Send>> {
        let mut file = self.kept.take().ok_or_else(|| io::Error::other("it can be read only once"))?;
        file.rewind()?;
        Ok(Box::new(file))
    }

    fn error(&self, source: io::Error) -> CaptureError {
        CaptureError::Io { name: self.name.clone(), source }
    }
}

fn regular_file(path: &Path) -> Option<Metadata> {
    path.metadata().ok().filter(Metadata::is_file)
}

fn identity(file: &Metadata) -> Identity {
    (file.dev(), file.ino())
}

/// A folder opens like a file, and only reading it fails, with words that do not say so.
fn open_file(path: &Path) -> io::Result<File> {
    let file = Piped::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(
            io::ErrorKind::IsADirectory,
            "expected a capture file, found a directory",
        ));
    }
    Ok(file)
}

/// Copies what is read.
struct Tee {
    reader: Box<dyn Read + Send>,
    copy: File,
}

impl Read for Tee {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(into)?;
        self.copy.write_all(&into[..count])?;
        Ok(count)
    }
}
