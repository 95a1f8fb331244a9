//! Compression of what is written: one thread, and nothing of the moment in it, so that bytes are always the same.

use std::io::{self, Write};

use flate2::GzBuilder;
use flate2::write::GzEncoder;
use liblzma::write::XzEncoder;
use lz4_flex::frame::FrameEncoder;

use crate::capture::Compression;

const ZSTD_LEVEL: i32 = 3;
const XZ_LEVEL: u32 = 6;

/// Where bytes go, in large pieces.
pub(super) enum Sink<W: Write> {
    Plain(W),
    Gzip(GzEncoder<W>),
    Zstd(zstd::Encoder<'static, W>),
    Lz4(Box<FrameEncoder<W>>),
    Xz(XzEncoder<W>),
}

impl<W: Write> Sink<W> {
    pub(super) fn new(target: W, compression: Option<Compression>) -> io::Result<Self> {
        Ok(match compression {
            None => Sink::Plain(target),
            Some(Compression::Gzip) => {
                Sink::Gzip(GzBuilder::new().mtime(0).write(target, flate2::Compression::default()))
            }
            Some(Compression::Zstd) => Sink::Zstd(zstd::Encoder::new(target, ZSTD_LEVEL)?),
            Some(Compression::Lz4) => Sink::Lz4(Box::new(FrameEncoder::new(target))),
            Some(Compression::Xz) => Sink::Xz(XzEncoder::new(target, XZ_LEVEL)),
        })
    }

    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Sink::Plain(writer) => writer.write_all(bytes),
            Sink::Gzip(writer) => writer.write_all(bytes),
            Sink::Zstd(writer) => writer.write_all(bytes),
            Sink::Lz4(writer) => writer.write_all(bytes),
            Sink::Xz(writer) => writer.write_all(bytes),
        }
    }

    /// Writes what is left.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Sink::Plain(writer) => Ok(writer),
            Sink::Gzip(writer) => writer.finish(),
            Sink::Zstd(writer) => writer.finish(),
            Sink::Lz4(writer) => writer.finish().map_err(io::Error::other),
            Sink::Xz(writer) => writer.finish(),
        }
    }
}
