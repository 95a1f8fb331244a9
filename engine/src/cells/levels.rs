//! The overlays of a cell's packets, from the outermost in.

use super::chains::{Path, PathId};
use super::{Cell, Cells, ShortSet};
use crate::packet::{Layer, Tunnel};
use crate::wire::mac::Mac;

/// One overlay of a cell's packets.
#[derive(Debug, Clone, Copy)]
pub struct Level<'a> {
    /// Its VNI.
    pub vni: u32,
    /// Which way it went.
    pub tunnel: &'a Tunnel,
    /// What wraps it, itself included.
    pub path: PathId,
    /// Where it is around another.
    outer: Option<&'a Layer>,
}

/// Headers around an inner frame, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct HeaderBytes {
    /// UDP's.
    pub udp: u32,
    /// The overlays' own.
    pub overlays: u32,
    /// The carriers', without IP's.
    pub carriers: u32,
}

impl Level<'_> {
    /// Whether the tenant's frame is directly inside.
    #[must_use]
    pub fn is_innermost(&self) -> bool {
        self.outer.is_none()
    }
}

impl Cells {
    /// The overlays of a cell's packets, from the outermost in.
    #[inline]
    pub fn levels<'a>(&'a self, cell: &'a Cell) -> impl Iterator<Item = Level<'a>> {
        let around = self.tunnels.around(self.tunnel(cell)).map_or(&[][..], |chain| &chain.layers);
        let outer = around.iter().map(|(layer, path)| Level {
            vni: layer.vni,
            tunnel: &layer.tunnel,
            path: *path,
            outer: Some(layer),
        });
        outer.chain(std::iter::once(self.innermost(cell)))
    }

    /// The outermost of them.
    #[inline]
    #[must_use]
    pub fn outermost<'a>(&'a self, cell: &'a Cell) -> Level<'a> {
        self.levels(cell).next().unwrap_or_else(|| self.innermost(cell))
    }

    /// The innermost of them, which all cells have.
    #[inline]
    #[must_use]
    pub fn innermost<'a>(&'a self, cell: &'a Cell) -> Level<'a> {
        let (tunnel, path) = (self.tunnel(cell), self.path_of(cell));
        Level { vni: cell.key.vni(), tunnel, path, outer: None }
    }

    /// The directions of all tunnels, of all layers, with their paths; each at least once.
    pub fn tunnels(&self) -> impl Iterator<Item = (&Tunnel, PathId)> {
        let mut is_innermost = vec![false; self.tunnels.len()];
        for cell in self.iter() {
            is_innermost[cell.key.tunnel() as usize] = true;
        }
        let numbers = (0..is_innermost.len() as u32).filter(move |number| is_innermost[*number as usize]);
        let innermost = numbers.map(|number| (self.tunnels.get(number), self.tunnels.stack_of(number)));
        innermost.chain(self.tunnels.layers().map(|(layer, path)| (&layer.tunnel, *path)))
    }

    /// What wraps a cell's inner frames.
    #[inline]
    #[must_use]
    pub fn path_of(&self, cell: &Cell) -> PathId {
        self.tunnels.stack_of(cell.key.tunnel())
    }

    /// The path of a number.
    #[must_use]
    pub fn path(&self, number: PathId) -> &Path {
        self.tunnels.stack(number)
    }

    /// The headers, beside Ethernet's and IP's, that each of a cell's packets has.
    #[must_use]
    pub fn header_bytes(&self, cell: &Cell) -> HeaderBytes {
        let tunnel = self.tunnel(cell);
        let (udp, overlays) = (tunnel.udp_header_len(), tunnel.overlay_header_len());
        match self.tunnels.around(tunnel) {
            None => HeaderBytes { udp, overlays, carriers: 0 },
            Some(chain) => HeaderBytes {
                udp: udp + chain.udp_bytes,
                overlays: overlays + chain.overlay_bytes,
                carriers: chain.carrier_bytes,
            },
        }
    }

    /// Hands over the UDP source ports of the outermost of them, with how many packets each has.
    pub fn port_loads(&self, id: u32, mut each: impl FnMut(u16, u64)) {
        let cell = self.get(id);
        let outermost = self.outermost(cell);
        match outermost.outer {
            _ if !outermost.tunnel.is_over_udp() => {}
            Some(layer) => each(layer.origin.port(), cell.packets),
            None => self.spill.each_port(id, cell, each),
        }
    }

    /// Adds the UDP source ports that one overlay of a cell's packets came from to `ports`.
    pub fn source_ports(&self, id: u32, level: &Level<'_>, ports: &mut ShortSet) {
        match level.outer {
            _ if !level.tunnel.is_over_udp() => {}
            Some(layer) => ports.insert(layer.origin.port()),
            None => self.spill.add_ports_to(ports, id, self.get(id)),
        }
    }

    /// Hands over the groups that the packets of a cell are of in one of its overlays; one may come twice.
    pub fn policies(&self, id: u32, level: &Level<'_>, each: impl FnMut(u16)) {
        match level.outer {
            Some(layer) => layer.policy.map(|policy| policy.id).into_iter().for_each(each),
            None => self.policies.of(id).for_each(each),
        }
    }

    /// Hands over the source MACs of the frames that carried one overlay of a cell's packets.
    pub fn outer_macs(&self, id: u32, level: &Level<'_>, each: impl FnMut(Mac)) {
        match level.outer {
            Some(layer) => layer.origin.mac().into_iter().for_each(each),
            None => self.spill.each_mac(id, self.get(id), each),
        }
    }
}
