//! pcap, version 2.4, in little endian whatever the machine (draft-ietf-opsawg-pcap).

use std::io;

use super::encoder::ticks;
use super::{Record, Writing};
use crate::capture::LinkType;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// Appends the file header.
pub(super) fn header(writing: Writing, link: LinkType, block: &mut Vec<u8>) {
    let magic = if writing.nanoseconds { NANOSECONDS } else { MICROSECONDS };
    block.extend(magic.to_le_bytes());
    block.extend([2, 0, 4, 0]);
    // Time zone and accuracy, which nobody uses.
    block.extend([0; 8]);
    block.extend(writing.snap_length.to_le_bytes());
    block.extend(link.0.to_le_bytes());
}

/// Appends a record.
pub(super) fn record(writing: Writing, record: &Record<'_>, block: &mut Vec<u8>) -> io::Result<()> {
    let second = if writing.nanoseconds { 1_000_000_000 } else { 1_000_000 };
    let ticks = ticks(writing, record.time)?;
    let seconds = u32::try_from(ticks / second).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "a time that pcap cannot hold: after 2106")
    })?;
    for field in [seconds, (ticks % second) as u32, record.data.len() as u32, record.wire_len] {
        block.extend(field.to_le_bytes());
    }
    block.extend(record.data);
    Ok(())
}
