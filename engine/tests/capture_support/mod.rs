//! An encoder of captures that shares nothing with the reader, and ways to read one.

// Each test binary uses a part of it.
#![allow(dead_code, unreachable_pub)]

use std::io::{self, Read};
use std::ops::ControlFlow;

use vxinspect_engine::capture::{Capture, Facts, Frame, Step};
use vxinspect_engine::error::CaptureError;

/// Numbers in the byte order of a capture.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub big: bool,
}

pub const LITTLE: Order = Order { big: false };
pub const BIG: Order = Order { big: true };

impl Order {
    pub fn u16(self, number: u16) -> [u8; 2] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub fn u32(self, number: u32) -> [u8; 4] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub fn u64(self, number: u64) -> [u8; 8] {
        if self.big { number.to_be_bytes() } else { number.to_le_bytes() }
    }

    pub fn words(self, numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| self.u32(*number)).collect()
    }
}

/// A record of a pcap: seconds, fraction, original length, captured bytes.
pub type Record = (u32, u32, u32, Vec<u8>);

pub fn pcap_header(order: Order, nanoseconds: bool, snap_length: u32, network: u32) -> Vec<u8> {
    let magic = if nanoseconds { 0xa1b2_3c4d } else { 0xa1b2_c3d4 };
    let mut bytes = order.u32(magic).to_vec();
    bytes.extend(order.u16(2));
    bytes.extend(order.u16(4));
    bytes.extend(order.words(&[0, 0, snap_length, network]));
    bytes
}

pub fn pcap(order: Order, nanoseconds: bool, records: &[Record]) -> Vec<u8> {
    let mut bytes = pcap_header(order, nanoseconds, 65_535, 1);
    for (seconds, fraction, original, data) in records {
        bytes.extend(order.words(&[*seconds, *fraction, data.len() as u32, *original]));
        bytes.extend(data);
    }
    bytes
}

/// A pcapng being written, block by block.
pub struct Pcapng {
    pub order: Order,
    pub bytes: Vec<u8>,
}

impl Pcapng {
    pub fn new(order: Order) -> Self {
        let bytes = Vec::new();
        let mut pcapng = Self { order, bytes };
        pcapng.section(order);
        pcapng
    }

    pub fn section(&mut self, order: Order) -> &mut Self {
        self.order = order;
        let mut body = order.u32(0x1a2b_3c4d).to_vec();
        body.extend(order.u16(1));
        body.extend(order.u16(0));
        body.extend(order.u64(u64::MAX));
        self.block(0x0a0d_0d0a, &body)
    }

    /// `options` as they stand in the file, padded.
    pub fn interface(&mut self, link: u16, snap_length: u32, options: &[u8]) -> &mut Self {
        let mut body = self.order.u16(link).to_vec();
        body.extend([0, 0]);
        body.extend(self.order.u32(snap_length));
        body.extend(options);
        self.block(1, &body)
    }

    pub fn option(&self, code: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = self.order.u16(code).to_vec();
        bytes.extend(self.order.u16(value.len() as u16));
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    pub fn enhanced(&mut self, interface: u32, ticks: u64, original: u32, data: &[u8]) -> &mut Self {
        let fields = [interface, (ticks >> 32) as u32, ticks as u32, data.len() as u32, original];
        let mut body = self.order.words(&fields);
        body.extend(data);
        self.block(6, &body)
    }

    pub fn obsolete(&mut self, interface: u16, ticks: u64, original: u32, data: &[u8]) -> &mut Self {
        let mut body = self.order.u16(interface).to_vec();
        body.extend(self.order.u16(0xffff));
        let fields = [(ticks >> 32) as u32, ticks as u32, data.len() as u32, original];
        body.extend(self.order.words(&fields));
        body.extend(data);
        self.block(2, &body)
    }

    pub fn simple(&mut self, original: u32, data: &[u8]) -> &mut Self {
        let mut body = self.order.u32(original).to_vec();
        body.extend(data);
        self.block(3, &body)
    }

    pub fn block(&mut self, kind: u32, body: &[u8]) -> &mut Self {
        let padded = body.len().next_multiple_of(4);
        let length = self.order.u32(padded as u32 + 12);
        self.bytes.extend(self.order.u32(kind));
        self.bytes.extend(length);
        self.bytes.extend(body);
        self.bytes.resize(self.bytes.len() + padded - body.len(), 0);
        self.bytes.extend(length);
        self
    }
}

/// A frame that outlives its capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owned {
    pub data: Vec<u8>,
    pub wire_len: u32,
    pub time: i64,
    pub link: u32,
}

impl From<Frame<'_>> for Owned {
    fn from(frame: Frame<'_>) -> Self {
        Self { data: frame.data.to_vec(), wire_len: frame.wire_len, time: frame.time, link: frame.link.0 }
    }
}

/// Everything a capture gave.
#[derive(Debug)]
pub struct Run {
    pub frames: Vec<Owned>,
    pub facts: Facts,
}

impl Run {
    /// What does not depend on how the input was read. Where damage ends a run, how much was read
    /// does.
    pub fn essence(&self) -> (&[Owned], Facts) {
        let mut facts = self.facts.clone();
        if facts.damage.is_some() {
            facts.bytes = 0;
        }
        (&self.frames, facts)
    }
}

/// Gives at most so many bytes a read; with 0 instead an interruption.
pub struct Trickle {
    pub bytes: Vec<u8>,
    pub at: usize,
    pub sizes: Vec<usize>,
    pub turn: usize,
}

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        if size == 0 {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let size = size.min(into.len());
        let count = (&self.bytes[self.at..]).read(&mut into[..size])?;
        self.at += count;
        Ok(count)
    }
}

pub fn open(bytes: &[u8]) -> Result<Capture, CaptureError> {
    Capture::open("test", Box::new(io::Cursor::new(bytes.to_vec())))
}

pub fn open_in_pieces(bytes: &[u8], sizes: &[usize]) -> Result<Capture, CaptureError> {
    let trickle = Trickle { bytes: bytes.to_vec(), at: 0, sizes: sizes.to_vec(), turn: 0 };
    Capture::open("test", Box::new(trickle))
}

pub fn finish(mut capture: Capture) -> Result<Run, CaptureError> {
    let mut frames = Vec::new();
    let mut each = |frame: Frame<'_>| {
        frames.push(Owned::from(frame));
        ControlFlow::Continue(())
    };
    while capture.drain(&mut each)? != Step::End {}
    Ok(Run { frames, facts: capture.facts() })
}

pub fn read(bytes: &[u8]) -> Result<Run, CaptureError> {
    finish(open(bytes)?)
}

pub fn read_in_pieces(bytes: &[u8], sizes: &[usize]) -> Result<Run, CaptureError> {
    finish(open_in_pieces(bytes, sizes)?)
}
