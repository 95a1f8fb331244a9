//! What a batch of packets touches beside its cells, fetched ahead.
//!
//! A new cell is tied to its station and, if it is of TCP, to its connection: each a look-up in a table that may be larger
//! than the cache, and then a look at the other cells that it leads to. One after the other they are what the program waits
//! for; so each step is taken for all packets of a batch before the next one.

use super::{BATCH, Cell, Cells, NONE, mark};
use crate::memory::prefetch;
use crate::packet::Packet;

impl Cells {
    /// Finds the cells of `packets`, of which one is likely new at the least, and fetches what those packets need that are
    /// to be looked at. In `ids` are the likely cells, and then the right ones.
    #[inline(never)]
    pub(super) fn prepare(&mut self, hashes: &[u64; BATCH], packets: &[Packet], ids: &mut [u32; BATCH]) {
        let known = self.len() as u32;
        for ((packet, hash), id) in packets.iter().zip(hashes).zip(&mut *ids) {
            if *id == NONE || self.all[*id].key != packet.key {
                *id = self.find_or_enter(*hash, packet.key, packet.origin);
            }
        }
        self.fetch_connections(packets, ids);
        self.settle_new(known, packets, ids);
    }

    /// Settles the new cells, all from number `known` on.
    fn settle_new(&mut self, known: u32, packets: &[Packet], ids: &[u32; BATCH]) {
        let new = known..self.len() as u32;
        let mut stations = [None; BATCH];
        for (id, station) in new.clone().zip(&mut stations) {
            *station = self.moves.fetch_slot(&self.all[id], &self.tunnels);
        }
        for station in stations.iter().flatten() {
            self.moves.fetch_head(*station, &self.all, &self.links);
        }
        let mut next = new.start;
        for (packet, id) in packets.iter().zip(ids) {
            if *id == next {
                self.settle(next, packet.time);
                next += 1;
            }
        }
    }

    /// Fetches the connections of the packets that are no plainly next segments, and the cells that these lead to.
    fn fetch_connections(&self, packets: &[Packet], ids: &[u32; BATCH]) {
        let mut careful = [NONE; BATCH];
        let is_careful = |packet: &Packet, cell: &Cell| packet.tcp_control != 0 && cell.has(mark::CARE);
        let with_ids = packets.iter().zip(ids);
        let all = with_ids.filter(|(packet, id)| is_careful(packet, &self.all[**id]));
        let mut count = 0;
        for ((_, id), place) in all.zip(&mut careful) {
            prefetch(&self.links[*id]);
            *place = *id;
            count += 1;
        }
        let careful = &careful[..count];
        let mut hashes = [None; BATCH];
        for (id, hash) in careful.iter().zip(&mut hashes) {
            if self.links[*id].side == NONE {
                *hash = self.connections.fetch_slot(&self.all[*id], &self.tunnels);
            }
        }
        let mut numbers = [None; BATCH];
        for ((id, hash), number) in careful.iter().zip(hashes).zip(&mut numbers) {
            let side = self.links[*id].side;
            *number = match hash {
                Some(hash) => self.connections.likely(hash),
                None => Some(side >> 1).filter(|_| side != NONE),
            };
            if let Some(number) = *number {
                self.connections.fetch(number);
            }
        }
        for number in numbers.into_iter().flatten() {
            self.connections.fetch_cells(number, &self.all);
        }
    }
}
