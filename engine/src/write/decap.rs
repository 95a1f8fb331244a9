//! `decap`: inner frames out of their VXLAN packets.

use std::fmt::Write;
use std::io;

use super::output::{Interface, Output, Piece};
use super::rewrite::Job;
use crate::packet::{Packet, Tunnel};
use crate::stream::Seen;

/// Writes the inner frames of selected packets, with the time of the packet and their own length.
#[derive(Debug, Default)]
pub struct Decap {
    /// Which VNI and tunnel the comment at hand names. Packets of one come in a row.
    commented: Option<(u32, Tunnel)>,
    comment: String,
}

impl Decap {
    fn put(&mut self, packet: &Packet, data: &[u8], output: &mut Output) -> io::Result<()> {
        let overlay = (packet.key.vni(), packet.tunnel);
        if self.commented != Some(overlay) {
            self.commented = Some(overlay);
            self.comment.clear();
            let (vni, tunnel) = overlay;
            let _ = write!(self.comment, "VNI {vni}, {} -> {}", tunnel.source(), tunnel.destination());
        }
        output.put(&Piece {
            interface: Interface::Vni(overlay.0),
            overlay: Some(overlay),
            time: packet.time,
            data,
            wire_len: packet.inner_len,
            comment: Some(&self.comment),
        })
    }
}

impl Job for Decap {
    fn take(&mut self, seen: &Seen<'_>, output: &mut Output) -> io::Result<()> {
        match seen.packet() {
            Some(packet) if seen.look.selected && packet.key.is_without_ethernet() => {
                output.leave_out_not_ethernet();
                Ok(())
            }
            Some(packet) if seen.look.selected => self.put(packet, seen.inner(), output),
            _ => Ok(()),
        }
    }

    fn end(&mut self, _: &mut Output) -> io::Result<()> {
        Ok(())
    }
}
