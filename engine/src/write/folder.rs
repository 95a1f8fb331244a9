//! A folder of captures, one for each VNI or tunnel.
//!
//! There may be tens of thousands, so none is kept open: frames gather in memory, up to a bound for all together, and a
//! file is open while what gathered for it is appended.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::compressed::Sink;
use super::output::{Part, Piece, SplitBy};
use super::{BUFFER, Record, Writing};
use crate::capture::Compression;
use crate::packet::Tunnel;
use crate::scan::{Monitor, Progress};

/// So many bytes of frames gather in all...
const MOST_PENDING: usize = 64 << 20;
/// ... in at most so many captures, beyond which a folder helps nobody.
const MOST_FILES: usize = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Vni(u32),
    /// The lower address first; of a multicast group, its sender.
    Tunnel(IpAddr, IpAddr),
}

impl Key {
    fn of(by: SplitBy, vni: u32, tunnel: &Tunnel) -> Self {
        let (source, destination) = (tunnel.source(), tunnel.destination());
        match by {
            SplitBy::Vni => Key::Vni(vni),
            SplitBy::Tunnel if destination.is_multicast() || source <= destination => {
                Key::Tunnel(source, destination)
            }
            SplitBy::Tunnel => Key::Tunnel(destination, source),
        }
    }

    /// A name for a file: no colon, which some file systems refuse.
    fn name(self) -> String {
        match self {
            Key::Vni(vni) => format!("vni-{vni}"),
            Key::Tunnel(a, b) => format!("{a}-{b}").replace(':', "_"),
        }
    }
}

struct Capture {
    name: String,
    part: Part,
    frames: u64,
    begun: bool,
}

/// The folder.
pub(super) struct Folder {
    path: PathBuf,
    by: SplitBy,
    writing: Writing,
    captures: HashMap<Key, Capture>,
    most_pending: usize,
    pending: usize,
}

impl Folder {
    pub(super) fn new(path: PathBuf, by: SplitBy, writing: Writing) -> Self {
        Self { path, by, writing, captures: HashMap::new(), most_pending: MOST_PENDING, pending: 0 }
    }

    /// Appends a frame to its capture.
    pub(super) fn put(&mut self, piece: &Piece<'_>, record: &Record<'_>) -> io::Result<()> {
        let Some((vni, tunnel)) = piece.overlay else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "a frame of no VNI"));
        };
        let key = Key::of(self.by, vni, &tunnel);
        if self.captures.len() >= MOST_FILES && !self.captures.contains_key(&key) {
            let words = format!("more than {MOST_FILES} captures to write: select some of them");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        }
        let writing = self.writing;
        let capture = self.captures.entry(key).or_insert_with(|| {
            let suffix = if writing.pcapng { "pcapng" } else { "pcap" };
            let name = format!("{}.{suffix}", key.name());
            Capture { name, part: Part::new(writing), frames: 0, begun: false }
        });
        self.pending += capture.part.put(piece.interface, record)?;
        capture.frames += 1;
        if capture.part.pending().len() >= BUFFER {
            self.pending -= capture.append(&self.path)?;
        }
        if self.pending >= self.most_pending { self.append_all() } else { Ok(()) }
    }

    fn append_all(&mut self) -> io::Result<()> {
        for capture in self.captures.values_mut() {
            capture.append(&self.path)?;
        }
        self.pending = 0;
        Ok(())
    }

    /// Ends all captures and compresses them one after the other. The answer is their names and numbers of frames.
    pub(super) fn finish(mut self, monitor: &mut dyn Monitor) -> io::Result<Vec<(String, u64)>> {
        self.append_all()?;
        let mut files: Vec<_> =
            self.captures.into_values().map(|capture| (capture.name, capture.frames)).collect();
        files.sort();
        if let Some(compression) = self.writing.compression {
            for (name, _) in &mut files {
                *name = compressed(&self.path, name, compression, monitor)?;
            }
        }
        Ok(files)
    }
}

impl Capture {
    /// Appends to the file what is pending, and returns how much that was.
    fn append(&mut self, folder: &Path) -> io::Result<usize> {
        let pending = std::mem::take(self.part.pending());
        if pending.is_empty() {
            return Ok(0);
        }
        let mut file = opened(&folder.join(&self.name), self.begun)?;
        self.begun = true;
        file.write_all(&pending)?;
        Ok(pending.len())
    }
}

/// What only the user may read and write.
const PRIVATE: u32 = 0o600;

/// A file that is new, or was made by this run. A link that somebody put in its place is not followed.
fn opened(path: &Path, begun: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create_new(!begun).mode(PRIVATE).custom_flags(libc::O_NOFOLLOW).open(path)
}

/// Compresses a file, and returns its new name.
fn compressed(
    folder: &Path,
    name: &str,
    compression: Compression,
    monitor: &mut dyn Monitor,
) -> io::Result<String> {
    let suffix = match compression {
        Compression::Gzip => "gz",
        Compression::Zstd => "zst",
        Compression::Lz4 => "lz4",
        Compression::Xz => "xz",
    };
    let (plain, name) = (folder.join(name), format!("{name}.{suffix}"));
    let mut sink = Sink::new(opened(&folder.join(&name), false)?, Some(compression))?;
    let mut source = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(&plain)?;
    let mut buffer = vec![0; BUFFER];
    loop {
        let count = source.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        sink.write_all(&buffer[..count])?;
        if monitor.look(Progress::default(), false).is_break() {
            return Err(io::ErrorKind::Interrupted.into());
        }
    }
    sink.finish()?.flush()?;
    fs::remove_file(plain)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::LinkType;
    use crate::scan::Unwatched;
    use crate::write::output::Interface;

    const WRITING: Writing =
        Writing { pcapng: false, nanoseconds: false, compression: None, snap_length: 99 };

    fn put(folder: &mut Folder, vni: u32, data: &[u8]) -> io::Result<()> {
        let tunnel = Tunnel::new(false, 0x0a00_0001, 0x0a00_0002, 4789);
        let interface = Interface::Plain(LinkType::ETHERNET);
        let overlay = Some((vni, tunnel));
        let wire_len = data.len() as u32;
        let piece = Piece { interface, overlay, time: 0, data, wire_len, comment: None };
        folder.put(&piece, &Record { time: 0, data, wire_len, interface: 0, comment: None })
    }

    /// What is appended bit by bit is what one go would have written: one header, then all records.
    #[test]
    fn captures_that_take_turns_are_whole() {
        let target = tempfile::tempdir().unwrap();
        let mut folder =
            Folder { most_pending: 30, ..Folder::new(target.path().into(), SplitBy::Vni, WRITING) };
        for _ in 0..3 {
            put(&mut folder, 7, b"seven").unwrap();
            put(&mut folder, 8, b"eight").unwrap();
        }
        let written = folder.finish(&mut Unwatched).unwrap();
        assert_eq!(written, [("vni-7.pcap".to_owned(), 3), ("vni-8.pcap".to_owned(), 3)]);
        let bytes = fs::read(target.path().join("vni-7.pcap")).unwrap();
        assert_eq!(bytes.len(), 24 + 3 * (16 + 5));
        assert_eq!(bytes.windows(5).filter(|window| window == b"seven").count(), 3);
    }

    /// Whoever puts a link in the place of a capture that is being written does not get it written elsewhere.
    #[test]
    fn links_are_not_followed() {
        let (target, outside) = (tempfile::tempdir().unwrap(), tempfile::NamedTempFile::new().unwrap());
        let mut folder =
            Folder { most_pending: 0, ..Folder::new(target.path().into(), SplitBy::Vni, WRITING) };
        put(&mut folder, 7, b"seven").unwrap();
        let file = target.path().join("vni-7.pcap");
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink(outside.path(), &file).unwrap();
        put(&mut folder, 7, b"seven").unwrap_err();
        std::os::unix::fs::symlink(outside.path(), target.path().join("vni-8.pcap")).unwrap();
        put(&mut folder, 8, b"eight").unwrap_err();
        assert_eq!(fs::read(outside.path()).unwrap(), b"");
    }

    /// A tunnel's name is the same for both directions, and a file's on every system.
    #[test]
    fn names() {
        let name = |is_v6, a, b| Key::of(SplitBy::Tunnel, 7, &Tunnel::new(is_v6, a, b, 4789)).name();
        assert_eq!(name(false, 0x0a00_0002, 0x0a00_0001), "10.0.0.1-10.0.0.2");
        assert_eq!(name(false, 0x0a00_0001, 0x0a00_0002), "10.0.0.1-10.0.0.2");
        assert_eq!(name(false, 0xf000_0000, 0xe000_0001), "240.0.0.0-224.0.0.1");
        assert_eq!(name(true, 2, 1), "__1-__2");
    }
}
