//! `underlay`: how the underlay treats each direction of a tunnel.

use std::cmp::Ordering;
use std::net::IpAddr;

use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

use super::roll_up::{Members, RollUp};
use super::{Column, Row, Sums, first, last, numbers};
use crate::cells::{Cell, Cells, Errors, Treatment};
use crate::packet::{FlowKey, Tunnel, ecn};
use crate::value::Value;

/// From which VTEP to which, or to which group.
type Way = (IpAddr, IpAddr);

/// One direction of a tunnel.
pub struct UnderlayRow {
    way: Way,
    vnis: Members<u32>,
    sums: Sums,
    treatment: Treatment,
    /// Packets of each outer source port.
    ports: HashMap<u16, u64>,
    /// Inner flows.
    flows: u64,
    errors: Errors,
}

impl Row for UnderlayRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "src_vtep", value: |r, _| Value::Ip(r.way.0) },
        Column { name: "dst_vtep", value: |r, _| Value::Ip(r.way.1) },
        Column { name: "vnis", value: |r, _| numbers(&r.vnis) },
        Column { name: "packets", value: |r, _| Value::Count(r.sums.packets) },
        Column { name: "wire_bytes", value: |r, _| Value::Count(r.sums.wire_bytes) },
        Column { name: "ttl_min", value: |r, _| r.seen(u64::from(r.treatment.ttl.0)) },
        Column { name: "ttl_max", value: |r, _| r.seen(u64::from(r.treatment.ttl.1)) },
        Column { name: "ttl_changes", value: |r, _| Value::Count(r.treatment.ttl_changes) },
        Column { name: "dscp", value: |r, _| Value::Counts(r.dscps()) },
        Column { name: "dscp_mismatch_packets", value: |r, _| Value::Count(r.treatment.dscp_mismatches) },
        Column { name: "ecn", value: |r, _| Value::Texts(r.ecns()) },
        Column { name: "ce_packets", value: |r, _| Value::Count(r.treatment.ecn[usize::from(ecn::CE)]) },
        Column { name: "ecn_mismatch_packets", value: |r, _| Value::Count(r.treatment.ecn_mismatches) },
        Column { name: "source_ports", value: |r, _| Value::Count(r.ports.len() as u64) },
        Column {
            name: "busiest_port",
            value: |r, _| Value::maybe(r.busiest(), |(port, _)| Value::Count(port.into())),
        },
        Column {
            name: "busiest_port_percent",
            value: |r, _| {
                Value::maybe(r.busiest(), |(_, packets)| {
                    Value::percent(packets.cast_signed(), r.sums.packets)
                })
            },
        },
        Column { name: "flows_per_port", value: |r, _| r.flows_per_port() },
        Column { name: "df_packets", value: |r, _| r.dont_fragment() },
        Column { name: "fragments", value: |r, _| Value::Count(r.treatment.fragments) },
        Column { name: "icmp_frag_needed", value: |r, _| Value::Count(r.errors.too_big) },
        Column { name: "icmp_mtu", value: |r, _| Value::maybe(r.errors.mtu, |mtu| Value::Count(mtu.into())) },
        Column { name: "icmp_unreachable", value: |r, _| Value::Count(r.errors.unreachable) },
        Column { name: "icmp_time_exceeded", value: |r, _| Value::Count(r.errors.time_exceeded) },
        Column { name: "icmp_parameter_problem", value: |r, _| Value::Count(r.errors.parameter_problem) },
        Column { name: "icmp_vnis", value: |r, _| r.error_vnis() },
        Column { name: "first_seen", value: |r, _| first(r.sums.seen) },
        Column { name: "last_seen", value: |r, _| last(r.sums.seen) },
    ];

    fn wire_bytes(&self) -> u64 {
        self.sums.wire_bytes
    }

    fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
        self.way.cmp(&other.way)
    }
}

impl UnderlayRow {
    fn new(way: Way) -> Self {
        Self {
            way,
            vnis: Members::default(),
            sums: Sums::default(),
            treatment: Treatment::default(),
            ports: HashMap::new(),
            flows: 0,
            errors: Errors::default(),
        }
    }

    fn add(&mut self, id: u32, cell: &Cell, cells: &Cells) {
        self.vnis.add(cells.outermost(cell).vni);
        self.sums.add(id, cells);
        cells.port_loads(id, |port, packets| *self.ports.entry(port).or_default() += packets);
    }

    /// `count`, where there are packets to tell it of.
    fn seen(&self, count: u64) -> Value {
        if self.sums.packets == 0 { Value::Null } else { Value::Count(count) }
    }

    fn dscps(&self) -> Vec<u64> {
        (0..64).filter(|dscp| self.treatment.dscps >> dscp & 1 != 0).collect()
    }

    fn ecns(&self) -> Vec<std::borrow::Cow<'static, str>> {
        let seen = ecn::NAMES.iter().zip(self.treatment.ecn).filter(|(_, packets)| *packets > 0);
        seen.map(|(name, _)| (*name).into()).collect()
    }

    /// The port that most packets came from, the lowest of several, and how many they are.
    fn busiest(&self) -> Option<(u16, u64)> {
        let ports = self.ports.iter().map(|(port, packets)| (*port, *packets));
        ports.max_by_key(|(port, packets)| (*packets, std::cmp::Reverse(*port)))
    }

    fn flows_per_port(&self) -> Value {
        if self.ports.is_empty() {
            Value::Null
        } else {
            Value::Real(self.flows as f64 / self.ports.len() as f64)
        }
    }

    /// IPv6 has no such flag.
    fn dont_fragment(&self) -> Value {
        if self.way.0.is_ipv6() { Value::Null } else { Value::Count(self.treatment.dont_fragment) }
    }

    fn error_vnis(&self) -> Value {
        Value::Counts(self.errors.vnis.iter().map(|vni| u64::from(*vni)).collect())
    }
}

fn way(tunnel: &Tunnel) -> Way {
    (tunnel.source(), tunnel.destination())
}

/// The directions of tunnels that have packets, or that ICMP errors are about.
#[must_use]
pub fn rows(cells: &Cells) -> Vec<UnderlayRow> {
    let mut by_way: RollUp<UnderlayRow> = RollUp::new();
    let mut flows: HashSet<(Way, FlowKey), RandomState> = HashSet::default();
    let key = |row: &UnderlayRow| row.way;
    for (id, cell) in cells.numbered() {
        let way = way(cells.outermost(cell).tunnel);
        let row = by_way.row(&way, key, || UnderlayRow::new(way));
        row.add(id, cell, cells);
        let flow = cells.flow(cell).filter(|_| cell.packets > 0);
        row.flows += u64::from(flow.is_some_and(|(flow, _)| flows.insert((way, flow))));
    }
    for (tunnel, treatment) in cells.treatments() {
        let way = way(tunnel);
        by_way.row(&way, key, || UnderlayRow::new(way)).treatment.merge(&treatment);
    }
    for (tunnel, errors) in cells.errors() {
        let way = way(tunnel);
        by_way.row(&way, key, || UnderlayRow::new(way)).errors.merge(errors);
    }
    by_way.into_rows()
}

/// The ICMP errors about each direction, those with most first, then by address.
#[must_use]
pub fn errors(cells: &Cells) -> Vec<(IpAddr, IpAddr, Errors)> {
    let mut by_way: RollUp<(Way, Errors)> = RollUp::new();
    for (tunnel, errors) in cells.errors() {
        let way = way(tunnel);
        by_way.row(&way, |row| row.0, || (way, Errors::default())).1.merge(errors);
    }
    let mut rows = by_way.into_rows();
    rows.sort_unstable_by(|(a, these), (b, those)| those.total().cmp(&these.total()).then_with(|| a.cmp(b)));
    rows.into_iter().map(|((source, destination), errors)| (source, destination, errors)).collect()
}
