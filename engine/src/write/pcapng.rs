//! pcapng, one section, in little endian whatever the machine (draft-ietf-opsawg-pcapng).

use std::io;

use super::encoder::ticks;
use super::{Record, Writing};
use crate::capture::LinkType;

const SECTION: u32 = 0x0a0d_0d0a;
const INTERFACE: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const COMMENT: u16 = 1;
const NAME: u16 = 2;
const RESOLUTION: u16 = 9;

/// Appends the section header, its length left open.
pub(super) fn section(block: &mut Vec<u8>) {
    framed(SECTION, block, |body| {
        body.extend(BYTE_ORDER.to_le_bytes());
        body.extend([1, 0, 0, 0]);
        body.extend([0xff; 8]);
    });
}

/// Appends the description of an interface.
pub(super) fn interface(
    writing: Writing,
    link: LinkType,
    name: Option<&str>,
    block: &mut Vec<u8>,
) -> io::Result<()> {
    let number = u16::try_from(link.0).map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidInput, "frames of an interface that was never described")
    })?;
    framed(INTERFACE, block, |body| {
        body.extend(number.to_le_bytes());
        body.extend([0; 2]);
        body.extend(writing.snap_length.to_le_bytes());
        if let Some(name) = name {
            option(NAME, name.as_bytes(), body);
        }
        option(RESOLUTION, &[if writing.nanoseconds { 9 } else { 6 }], body);
        body.extend([0; 4]);
    });
    Ok(())
}

/// Appends an Enhanced Packet Block.
pub(super) fn packet(writing: Writing, record: &Record<'_>, block: &mut Vec<u8>) -> io::Result<()> {
    let ticks = ticks(writing, record.time)?;
    framed(ENHANCED_PACKET, block, |body| {
        let (high, low) = ((ticks >> 32) as u32, ticks as u32);
        for field in [record.interface, high, low, record.data.len() as u32, record.wire_len] {
            body.extend(field.to_le_bytes());
        }
        padded(record.data, body);
        if let Some(comment) = record.comment {
            option(COMMENT, comment.as_bytes(), body);
            body.extend([0; 4]);
        }
    });
    Ok(())
}

fn framed(kind: u32, block: &mut Vec<u8>, fill: impl FnOnce(&mut Vec<u8>)) {
    let start = block.len();
    block.extend(kind.to_le_bytes());
    block.extend([0; 4]);
    fill(block);
    let length = (block.len() - start + 4) as u32;
    block[start + 4..start + 8].copy_from_slice(&length.to_le_bytes());
    block.extend(length.to_le_bytes());
}

/// Appends an option; `value` is shorter than 64 KiB.
fn option(code: u16, value: &[u8], body: &mut Vec<u8>) {
    body.extend(code.to_le_bytes());
    body.extend((value.len() as u16).to_le_bytes());
    padded(value, body);
}

fn padded(value: &[u8], body: &mut Vec<u8>) {
    body.extend(value);
    body.extend(&[0; 3][..value.len().next_multiple_of(4) - value.len()]);
}
