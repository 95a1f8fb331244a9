//! Which flows there are: addresses, ports, sizes and times, each from the seed and the flow's number.

use std::net::{IpAddr, Ipv4Addr};

use super::stamp::Template;
use crate::wire::ip::protocol;
use crate::wire::mac::Mac;
use crate::write::mix::{mix, source_port};

/// Client ports of one pair of hosts: from here on, so many.
const FIRST_CLIENT_PORT: u16 = 32_768;
const CLIENT_PORTS: u64 = 28_000;
/// Below the client ports, so that no flow is another one's way back.
const SERVER_PORTS: [u16; 8] = [80, 443, 5201, 5432, 3306, 6379, 8080, 9092];
/// The dynamic ports that RFC 7348, section 5, recommends for the outer source.
/// So many flows to a host, and no more hosts than this in a VNI.
const FLOWS_A_HOST: u64 = 8;
const MOST_HOSTS: u64 = 60_000;
const SECOND: u128 = 1_000_000_000;

/// The weights of flows: 1 in 64 is an elephant, 1 in 8 is large.
const ELEPHANT: u64 = 64;
const LARGE: u64 = 8;

/// What is drawn.
#[derive(Clone, Copy)]
enum Stream {
    Weight = 1,
    Pair,
    Service,
    Protocol,
    Offset,
    Start,
    SourcePort,
    Sequence,
}

/// Mass traffic.
#[derive(Debug)]
pub struct Mass {
    /// Seeds every draw.
    pub seed: u64,
    /// In turn, those that flows are in.
    pub vnis: Vec<u32>,
    /// At least two, of one IP version.
    pub vteps: Vec<(Mac, IpAddr)>,
    /// When the first packet may be, in nanoseconds since 1970.
    pub start: i64,
    /// Packets a second.
    pub rate: u64,
    /// Inner frame lengths, in turn.
    pub sizes: Vec<u32>,
    /// One outer source port for all, or a hash for each direction of a flow.
    pub source_port: Option<u16>,
    /// One for TCP without payload, and one for each protocol and size.
    pub templates: Vec<Template>,
    /// How many packets there are.
    pub total: u64,
    /// How many of them each flow has.
    pub counts: Vec<u32>,
}

/// One flow as it is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flow {
    /// VXLAN network identifier.
    pub vni: u32,
    /// TCP or UDP.
    pub protocol: u8,
    /// The clients's and the server's VTEP, by number.
    pub vteps: [u32; 2],
    /// The client's and the server's address; their MACs follow from it.
    pub hosts: [Ipv4Addr; 2],
    /// Their ports.
    pub ports: [u16; 2],
    /// The outer source port of each direction.
    pub source_ports: [u16; 2],
    /// Where in the pattern of sizes it begins.
    pub offset: u32,
    /// How many packets it has.
    pub packets: u32,
    /// The time of its first packet.
    pub first: i64,
    /// Nanoseconds between two packets.
    pub interval: i64,
}

impl Mass {
    /// How many packets each of `flows` has: at least one each, `packets` in all, by their weights.
    #[must_use]
    pub fn shares(seed: u64, flows: u32, packets: u64) -> Vec<u32> {
        let weight = |flow| u128::from(weight(draw(seed, Stream::Weight, flow)));
        let total: u128 = (0..u64::from(flows)).map(weight).sum();
        let shared = u128::from(packets.saturating_sub(flows.into()));
        let mut before = 0;
        let share = |flow| {
            let after = before + weight(flow);
            let packets = 1 + shared * after / total - shared * before / total;
            before = after;
            packets as u32
        };
        (0..u64::from(flows)).map(share).collect()
    }

    /// How many flows there are.
    #[must_use]
    pub fn flows(&self) -> u32 {
        self.counts.len() as u32
    }

    /// How many hosts each VNI has: a multiple of the VTEPs, and enough for every 5-tuple to be another.
    #[must_use]
    pub fn hosts(&self) -> u64 {
        let vteps = self.vteps.len() as u64;
        let flows_a_vni = u64::from(self.flows()).div_ceil(self.vnis.len() as u64);
        let rounds = flows_a_vni / CLIENT_PORTS + 1;
        let mut each = (flows_a_vni / FLOWS_A_HOST).min(MOST_HOSTS).div_ceil(vteps).max(1);
        while pairs(each * vteps, vteps) < rounds {
            each += 1;
        }
        each * vteps
    }

    /// The initial sequence numbers of a flow's directions.
    #[must_use]
    pub fn first_sequence(&self, number: u32) -> [u32; 2] {
        let bits = draw(self.seed, Stream::Sequence, number.into());
        [bits as u32, (bits >> 32) as u32]
    }

    /// The plan of flow `number`.
    #[must_use]
    pub fn flow(&self, number: u32) -> Flow {
        let drawn = |stream| draw(self.seed, stream, number.into());
        let (number, vnis) = (number as usize, self.vnis.len());
        let (vteps, hosts) = (self.vteps.len() as u64, self.hosts());
        let in_vni = (number / vnis) as u64;
        let (port, round) = (in_vni % CLIENT_PORTS, in_vni / CLIENT_PORTS);
        // All flows of one client port have pairs of hosts of their own, in a row from where a draw begins.
        let pair = (draw(self.seed, Stream::Pair, port) % (1 << 32) + round) % pairs(hosts, vteps);
        let (client, apart) = (pair % hosts, pair / hosts);
        // Never a multiple of the VTEPs: the two are behind different ones.
        let server = (client + apart / (vteps - 1) * vteps + 1 + apart % (vteps - 1)) % hosts;
        let packets = self.counts[number];
        let (first, life) = self.life(number as u64);
        let source_ports = drawn(Stream::SourcePort);
        let hashed = [source_port(source_ports), source_port(source_ports >> 32)];
        Flow {
            vni: self.vnis[number % vnis],
            protocol: if drawn(Stream::Protocol) % 10 < 8 { protocol::TCP } else { protocol::UDP },
            vteps: [(client % vteps) as u32, (server % vteps) as u32],
            hosts: [address(client), address(server)],
            ports: [
                FIRST_CLIENT_PORT + port as u16,
                SERVER_PORTS[(drawn(Stream::Service) % SERVER_PORTS.len() as u64) as usize],
            ],
            source_ports: self.source_port.map_or(hashed, |port| [port; 2]),
            offset: (drawn(Stream::Offset) % self.sizes.len() as u64) as u32,
            packets,
            first: self.start + first.cast_signed(),
            interval: (life / u64::from(packets)).max(1).cast_signed(),
        }
    }

    /// When a flow begins, from the start on, and how long it lives, in nanoseconds: an elephant all the time, any other
    /// a quarter of it.
    fn life(&self, number: u64) -> (u64, u64) {
        let whole = (u128::from(self.total) * SECOND / u128::from(self.rate)) as u64;
        if weight(draw(self.seed, Stream::Weight, number)) == ELEPHANT {
            return (0, whole);
        }
        let life = whole / 4;
        (draw(self.seed, Stream::Start, number) % (whole - life).max(1), life)
    }
}

/// Ordered pairs of `hosts` behind different VTEPs.
fn pairs(hosts: u64, vteps: u64) -> u64 {
    hosts * (hosts - hosts / vteps)
}

fn address(host: u64) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0001 + host as u32)
}

fn weight(bits: u64) -> u64 {
    match bits % 64 {
        0 => ELEPHANT,
        1..=8 => LARGE,
        _ => 1,
    }
}

/// 64 bits that depend on the arguments alone.
fn draw(seed: u64, stream: Stream, index: u64) -> u64 {
    let step = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mix(seed.wrapping_add(step) ^ (stream as u64).wrapping_mul(0xd6e8_feb8_6659_fd93))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn mass(vnis: u32, vteps: u8, flows: u32, packets: u64) -> Mass {
        Mass {
            seed: 7,
            vnis: (0..vnis).collect(),
            vteps: (0..vteps)
                .map(|last| (Mac::from_bits(last.into()), IpAddr::from([192, 0, 2, last])))
                .collect(),
            start: 0,
            rate: 1000,
            sizes: vec![64],
            source_port: None,
            templates: Vec::new(),
            total: packets,
            counts: Mass::shares(7, flows, packets),
        }
    }

    /// Every packet is shared out, and every flow has one.
    #[test]
    fn packets_add_up() {
        for (flows, packets) in [(1, 1), (1, 1000), (1000, 1000), (1000, 1_000_003)] {
            let counts = Mass::shares(3, flows, packets);
            assert_eq!(counts.iter().map(|count| u64::from(*count)).sum::<u64>(), packets);
            assert!(counts.iter().all(|count| *count > 0));
        }
    }

    /// No two flows of a VNI have the same 5-tuple, either way, and no flow stays behind one VTEP.
    #[test]
    fn five_tuples_are_distinct() {
        for (vnis, vteps, flows) in [(1, 2, 100_000), (3, 5, 60_000), (1, 7, 300_000), (16, 8, 1000)] {
            let mass = mass(vnis, vteps, flows, flows.into());
            let mut seen = HashSet::new();
            for number in 0..flows {
                let flow = mass.flow(number);
                assert_ne!(flow.vteps[0], flow.vteps[1]);
                assert_ne!(flow.hosts[0], flow.hosts[1]);
                let mut ends = [(flow.hosts[0], flow.ports[0]), (flow.hosts[1], flow.ports[1])];
                ends.sort_unstable();
                assert!(seen.insert((flow.vni, ends)));
            }
        }
    }
}
