//! `flows`: both directions of one inner 5-tuple in one VNI.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::pairs::{self, BothWays};
use super::roll_up::RollUp;
use super::tcp_health::milliseconds;
use super::tcp_state::{Party, conn_state};
use super::{Column, Row, encapsulation, first, last, path_order};
use crate::cells::{Cell, Cells, Health, PathId, RoundTrips, Trace};
use crate::packet::{FlowKey, Inside, Key};
use crate::timespan::TimeSpan;
use crate::value::Value;
use crate::wire::ip::{protocol, protocol_name};
use crate::wire::tcp::flag_letters;

/// An inner address with its port, as far as there are any.
type Endpoint = (Option<IpAddr>, Option<u16>);

/// One direction of a flow.
#[derive(Debug, Default)]
struct Way {
    packets: u64,
    inner_bytes: u64,
    /// What went wrong in TCP; in most flows nothing does.
    health: Option<Box<Health>>,
    /// Number of its first cell; cells are numbered in the order of their first packets.
    first_cell: u32,
    tcp_control: u8,
    trace: Trace,
}

impl Way {
    fn add(&mut self, id: u32, cells: &Cells) {
        let cell = cells.get(id);
        if self.packets == 0 || cells.arrival(id) < cells.arrival(self.first_cell) {
            self.first_cell = id;
        }
        self.packets += cell.packets;
        self.inner_bytes += cell.inner_bytes;
        if cell.key.is_rest() {
            return;
        }
        self.tcp_control |= cell.tcp_control;
        self.trace.merge(cell.trace());
        let health = &cells.rare(id).health;
        if *health != Health::GOOD {
            self.health.get_or_insert_default().add(health);
        }
    }

    /// Adds the same way of a flow in another VNI.
    fn join(&mut self, mut other: Way, cells: &Cells) {
        if other.is_before(self, cells) {
            std::mem::swap(self, &mut other);
        }
        self.packets += other.packets;
        self.inner_bytes += other.inner_bytes;
        self.tcp_control |= other.tcp_control;
        self.trace.merge(other.trace);
        if *other.health() != Health::GOOD {
            self.health.get_or_insert_default().add(other.health());
        }
    }

    /// The VNI of its first packet, if it has any.
    fn vni(&self, cells: &Cells) -> Option<u32> {
        (self.packets > 0).then(|| cells.get(self.first_cell).key.vni())
    }

    fn health(&self) -> &Health {
        self.health.as_deref().unwrap_or(&Health::GOOD)
    }

    fn party(&self) -> Party {
        Party { trace: self.trace, sent: self.packets > 0 }
    }

    /// Whether its first packet came before the other's.
    fn is_before(&self, other: &Way, cells: &Cells) -> bool {
        let came = |way: &Way| cells.arrival(way.first_cell);
        self.packets > 0 && (other.packets == 0 || came(self) < came(other))
    }

    /// The VTEPs of its first packet: source and destination.
    fn vteps(&self, cells: &Cells) -> Option<(IpAddr, IpAddr)> {
        let cell = cells.get(self.first_cell);
        let tunnel = cells.tunnel(cell);
        (self.packets > 0 && !cell.key.is_rest()).then(|| (tunnel.source(), tunnel.destination()))
    }

    fn opened(&self, answer: &Way) -> bool {
        self.trace.sent_syn() || answer.trace.sent_syn_ack()
    }
}

/// One flow. What its packets have in common stands in its cells, so that a million flows stay small.
pub struct FlowRow {
    payload_bytes: u64,
    wire_bytes: u64,
    seen: TimeSpan,
    checksum_wrong: u64,
    checksum_partial: u64,
    /// From the lower endpoint to the higher one while cells are added; from who opened it in the end.
    forward: Way,
    reverse: Way,
}

impl Row for FlowRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vni", value: |r, cells| Value::Count(r.tuple(cells).vni.into()) },
        Column { name: "protocol", value: |r, cells| protocol_of(r.tuple(cells)) },
        Column { name: "src_ip", value: |r, cells| Value::maybe(r.tuple(cells).source.0, Value::Ip) },
        Column { name: "src_port", value: |r, cells| port(r.tuple(cells).source) },
        Column { name: "dst_ip", value: |r, cells| Value::maybe(r.tuple(cells).destination.0, Value::Ip) },
        Column { name: "dst_port", value: |r, cells| port(r.tuple(cells).destination) },
        Column { name: "src_vtep", value: |r, cells| Value::maybe(r.source_vtep(cells), Value::Ip) },
        Column { name: "dst_vtep", value: |r, cells| Value::maybe(r.destination_vtep(cells), Value::Ip) },
        Column { name: "packets", value: |r, _| Value::Count(r.forward.packets + r.reverse.packets) },
        Column { name: "packets_fwd", value: |r, _| Value::Count(r.forward.packets) },
        Column { name: "packets_rev", value: |r, _| Value::Count(r.reverse.packets) },
        Column {
            name: "inner_bytes",
            value: |r, _| Value::Count(r.forward.inner_bytes + r.reverse.inner_bytes),
        },
        Column { name: "inner_bytes_fwd", value: |r, _| Value::Count(r.forward.inner_bytes) },
        Column { name: "inner_bytes_rev", value: |r, _| Value::Count(r.reverse.inner_bytes) },
        Column { name: "payload_bytes", value: |r, _| Value::Count(r.payload_bytes) },
        Column { name: "wire_bytes", value: |r, _| Value::Count(r.wire_bytes) },
        Column { name: "first_seen", value: |r, _| first(r.seen) },
        Column { name: "last_seen", value: |r, _| last(r.seen) },
        Column { name: "duration_s", value: |r, _| Value::maybe(r.seen.seconds(), Value::Real) },
        Column { name: "tcp_flags_fwd", value: |r, _| control(&r.forward) },
        Column { name: "tcp_flags_rev", value: |r, _| control(&r.reverse) },
        Column { name: "tcp_state", value: |r, cells| r.tcp_state(cells) },
        Column { name: "retransmitted_fwd", value: |r, _| r.count(&r.forward, |h| h.retransmitted) },
        Column { name: "retransmitted_rev", value: |r, _| r.count(&r.reverse, |h| h.retransmitted) },
        Column { name: "out_of_order_fwd", value: |r, _| r.count(&r.forward, |h| h.out_of_order) },
        Column { name: "out_of_order_rev", value: |r, _| r.count(&r.reverse, |h| h.out_of_order) },
        Column { name: "duplicate_acks_fwd", value: |r, _| r.count(&r.forward, |h| h.duplicate_acks) },
        Column { name: "duplicate_acks_rev", value: |r, _| r.count(&r.reverse, |h| h.duplicate_acks) },
        Column { name: "missing_bytes_fwd", value: |r, _| r.count(&r.forward, |h| h.missing_bytes) },
        Column { name: "missing_bytes_rev", value: |r, _| r.count(&r.reverse, |h| h.missing_bytes) },
        Column { name: "zero_windows_fwd", value: |r, _| r.count(&r.forward, |h| h.zero_windows) },
        Column { name: "zero_windows_rev", value: |r, _| r.count(&r.reverse, |h| h.zero_windows) },
        Column { name: "resets_fwd", value: |r, _| r.count(&r.forward, |h| h.resets) },
        Column { name: "resets_rev", value: |r, _| r.count(&r.reverse, |h| h.resets) },
        Column { name: "syn_retries", value: |r, _| r.syn_retries() },
        Column { name: "rtt_syn_ms", value: |r, cells| nanoseconds(r.round_trips(cells).to_answer) },
        Column { name: "rtt_ack_ms", value: |r, cells| nanoseconds(r.round_trips(cells).to_end) },
        Column { name: "encapsulation", value: |r, cells| encapsulation(cells, r.path(cells)) },
        Column { name: "checksum_wrong", value: |r, cells| verified(r.checksum_wrong, cells) },
        Column { name: "checksum_partial", value: |r, cells| verified(r.checksum_partial, cells) },
        Column { name: "icmp_errors", value: |r, cells| Value::Count(r.icmp_errors(cells)) },
        Column {
            name: "vni_rev",
            value: |r, cells| Value::maybe(r.reverse_vni(cells), |vni| Value::Count(vni.into())),
        },
    ];

    fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering {
        let order = self.tuple(cells).cmp(&other.tuple(cells));
        order.then_with(|| path_order(cells, self.path(cells), other.path(cells)))
    }
}

/// VNI and 5-tuple, from source to destination. That of flows that there was no room for is the VNI alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Tuple {
    vni: u32,
    protocol: Option<u8>,
    source: Endpoint,
    destination: Endpoint,
}

impl Tuple {
    fn of(key: &Key) -> Self {
        let (source, destination) = key.addresses().unzip();
        let (source_port, destination_port) = key.ports().unzip();
        let (source, destination) = ((source, source_port), (destination, destination_port));
        Self { vni: key.vni(), protocol: key.protocol(), source, destination }
    }

    fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source, ..self }
    }
}

/// A count of checksums; null where nobody looked.
fn verified(count: u64, cells: &Cells) -> Value {
    if cells.has_verdicts() { Value::Count(count) } else { Value::Null }
}

fn protocol_of(tuple: Tuple) -> Value {
    Value::maybe(tuple.protocol, |number| Value::Text(protocol_name(number)))
}

fn port(endpoint: Endpoint) -> Value {
    Value::maybe(endpoint.1, |port| Value::Count(port.into()))
}

fn nanoseconds(count: Option<u64>) -> Value {
    milliseconds(count.map(|count| count as f64))
}

fn control(way: &Way) -> Value {
    if way.tcp_control == 0 { Value::Null } else { Value::Text(flag_letters(way.tcp_control).into()) }
}

impl FlowRow {
    fn new() -> Self {
        let (forward, reverse) = (Way::default(), Way::default());
        Self {
            payload_bytes: 0,
            wire_bytes: 0,
            seen: TimeSpan::default(),
            checksum_wrong: 0,
            checksum_partial: 0,
            forward,
            reverse,
        }
    }

    fn add(&mut self, id: u32, is_forward: bool, cells: &Cells) {
        let cell = cells.get(id);
        self.payload_bytes += cell.payload_bytes;
        self.wire_bytes += cell.wire_bytes;
        self.seen.merge(cells.seen(id));
        if let Some(verdicts) = cells.verdicts(id) {
            self.checksum_wrong += verdicts.inside(Inside::Wrong);
            self.checksum_partial += verdicts.inside(Inside::Partial);
        }
        let way = if is_forward { &mut self.forward } else { &mut self.reverse };
        way.add(id, cells);
    }

    /// The VNI of the way back, where that is another.
    fn reverse_vni(&self, cells: &Cells) -> Option<u32> {
        let (ahead, back) = (self.forward.vni(cells)?, self.reverse.vni(cells)?);
        (ahead != back).then_some(back)
    }

    /// One of its cells.
    fn cell<'a>(&self, cells: &'a Cells) -> &'a Cell {
        cells.get(self.first_cell())
    }

    fn path(&self, cells: &Cells) -> PathId {
        cells.path_of(self.cell(cells))
    }

    /// VNI and 5-tuple, from the source of [`Self::forward`].
    fn tuple(&self, cells: &Cells) -> Tuple {
        let tuple = Tuple::of(&self.cell(cells).key);
        if self.forward.packets > 0 { tuple } else { tuple.reversed() }
    }

    /// The sender of the SYN is the source; without one, or with one each, the sender of the first packet.
    fn oriented(self, cells: &Cells) -> Self {
        let turn = match (self.forward.opened(&self.reverse), self.reverse.opened(&self.forward)) {
            (true, false) => false,
            (false, true) => true,
            _ => self.reverse.is_before(&self.forward, cells),
        };
        if turn { Self { forward: self.reverse, reverse: self.forward, ..self } } else { self }
    }

    fn source_vtep(&self, cells: &Cells) -> Option<IpAddr> {
        let answered = self.reverse.vteps(cells).map(|(_, destination)| destination);
        self.forward.vteps(cells).map(|(source, _)| source).or(answered)
    }

    /// The VTEP that the source's first packet went to; where that was flooded to a group, the one that answered.
    fn destination_vtep(&self, cells: &Cells) -> Option<IpAddr> {
        let sent_to = self.forward.vteps(cells).map(|(_, destination)| destination);
        let answered = self.reverse.vteps(cells).map(|(source, _)| source);
        sent_to.filter(|ip| !ip.is_multicast()).or(answered).or(sent_to)
    }

    /// Whether it is of TCP and the capture holds a header.
    fn is_tcp(&self) -> bool {
        self.forward.tcp_control | self.reverse.tcp_control != 0
    }

    /// A count of a direction of a TCP connection; null for what is none.
    fn count(&self, way: &Way, of: fn(&Health) -> u64) -> Value {
        if self.is_tcp() { Value::Count(of(way.health())) } else { Value::Null }
    }

    fn syn_retries(&self) -> Value {
        let both = self.forward.health().syn_retries + self.reverse.health().syn_retries;
        if self.is_tcp() { Value::Count(both) } else { Value::Null }
    }

    /// How long the handshake took.
    fn round_trips(&self, cells: &Cells) -> RoundTrips {
        let way = if self.forward.packets > 0 { &self.forward } else { &self.reverse };
        cells.round_trips(way.first_cell)
    }

    /// ICMP errors that quote its packets.
    fn icmp_errors(&self, cells: &Cells) -> u64 {
        let about = |cell: &Cell| cells.flow(cell).map_or(0, |(flow, _)| cells.errors_about(&flow));
        let back = self.reverse_vni(cells).map(|_| cells.get(self.reverse.first_cell));
        about(self.cell(cells)) + back.map_or(0, about)
    }

    /// The state of a TCP connection, in the names of Zeek's `conn_state`.
    fn tcp_state(&self, cells: &Cells) -> Value {
        if self.tuple(cells).protocol != Some(protocol::TCP) {
            return Value::Null;
        }
        Value::Text(conn_state(self.forward.party(), self.reverse.party()).into())
    }
}

impl BothWays for FlowRow {
    type Ends = FlowKey;
    type Sender = IpAddr;

    fn is_one_way(&self) -> bool {
        self.forward.packets == 0 || self.reverse.packets == 0
    }

    fn first_cell(&self) -> u32 {
        if self.forward.packets > 0 { self.forward.first_cell } else { self.reverse.first_cell }
    }

    fn ends(cell: &Cell, cells: &Cells) -> Option<(FlowKey, bool)> {
        cells.flow(cell).map(|(flow, is_ahead)| (flow.across_vnis(), is_ahead))
    }

    fn sender(cell: &Cell) -> Option<IpAddr> {
        cell.key.addresses().map(|(source, _)| source)
    }

    fn join(&mut self, other: Self, cells: &Cells) {
        self.payload_bytes += other.payload_bytes;
        self.wire_bytes += other.wire_bytes;
        self.seen.merge(other.seen);
        self.checksum_wrong += other.checksum_wrong;
        self.checksum_partial += other.checksum_partial;
        self.forward.join(other.forward, cells);
        self.reverse.join(other.reverse, cells);
    }
}

/// The flows. Inner packets whose addresses are not known are in none; those of flows that there was no room for are one
/// row for each VNI.
#[must_use]
pub fn rows(cells: &Cells) -> Vec<FlowRow> {
    rows_where(cells, |_| true)
}

/// The flows, and how many pairs of them would be one in [`paired`].
#[must_use]
pub fn rows_and_pairs(cells: &Cells) -> (Vec<FlowRow>, u64) {
    let rows = by_vni(cells, |_| true);
    let pairs = pairs::count(&rows, cells);
    (rows.into_iter().map(|row| row.oriented(cells)).collect(), pairs)
}

/// The same, but that two which are each other's way back in another VNI, and nobody else's, are one.
#[must_use]
pub fn paired(cells: &Cells) -> Vec<FlowRow> {
    let rows = pairs::joined(by_vni(cells, |_| true), cells);
    rows.into_iter().map(|row| row.oriented(cells)).collect()
}

/// The flows, whatever their VNI: one for each inner 5-tuple, and the rest of each VNI.
#[must_use]
pub fn across_vnis(cells: &Cells) -> Vec<FlowRow> {
    across_vnis_where(cells, |_| true)
}

/// The same, of those cells that are `wanted`.
fn across_vnis_where(cells: &Cells, wanted: impl Fn(u32) -> bool) -> Vec<FlowRow> {
    let mut by_tuple: RollUp<FlowRow> = RollUp::new();
    let key = |row: &FlowRow| {
        let cell = row.cell(cells);
        let rest = cell.key.is_rest().then(|| cell.key.vni());
        (cells.flow_or_rest(cell).map(|(flow, _)| flow.across_vnis()), rest)
    };
    for row in by_vni(cells, wanted) {
        by_tuple.row(&key(&row), key, FlowRow::new).join(row, cells);
    }
    by_tuple.into_rows().into_iter().map(|row| row.oriented(cells)).collect()
}

/// The flows of those cells that are `wanted`, in each VNI or `across_vnis`.
pub fn ended(cells: &Cells, across_vnis: bool, wanted: impl Fn(u32) -> bool) -> Vec<FlowRow> {
    if across_vnis { across_vnis_where(cells, wanted) } else { rows_where(cells, wanted) }
}

fn rows_where(cells: &Cells, wanted: impl Fn(u32) -> bool) -> Vec<FlowRow> {
    by_vni(cells, wanted).into_iter().map(|row| row.oriented(cells)).collect()
}

/// Those of each VNI, forward from the lower end.
fn by_vni(cells: &Cells, wanted: impl Fn(u32) -> bool) -> Vec<FlowRow> {
    let mut by_tuple: RollUp<FlowRow> = RollUp::new();
    let key = |row: &FlowRow| cells.flow_or_rest(row.cell(cells)).map(|(flow, _)| flow);
    let held = cells.numbered().filter(|(id, cell)| cell.packets > 0 && wanted(*id));
    for (id, cell) in held {
        if let Some((flow, is_forward)) = cells.flow_or_rest(cell) {
            by_tuple.row(&Some(flow), key, FlowRow::new).add(id, is_forward, cells);
        }
    }
    by_tuple.into_rows()
}

/// The VNI of each flow that is known, and its path.
pub(super) fn vnis(cells: &Cells) -> impl Iterator<Item = (u32, PathId)> {
    let known = rows(cells).into_iter().filter(|row| !row.cell(cells).key.is_rest());
    known.map(|row| (row.cell(cells).key.vni(), row.path(cells)))
}
