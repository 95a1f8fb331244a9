//! `flows`: both directions of one inner 5-tuple in one VNI.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr};

use super::roll_up::RollUp;
use super::{Column, Row, first, last};
use crate::cells::{Cell, Cells, End, Trace};
use crate::timespan::TimeSpan;
use crate::value::Value;
use crate::wire::ip::{protocol, protocol_name};
use crate::wire::tcp::flag_letters;

/// An inner address with its port, where there is one.
type Endpoint = (IpAddr, Option<u16>);

/// One direction of a flow.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    packets: u64,
    inner_bytes: u64,
    /// Number of its first cell; cells are numbered in the order of their first packets.
    first_cell: u32,
    tcp_control: u8,
    trace: Trace,
}

impl Way {
    fn add(&mut self, id: u32, cell: &Cell) {
        if self.packets == 0 {
            self.first_cell = id;
        }
        self.packets += cell.packets;
        self.inner_bytes += cell.inner_bytes;
        self.tcp_control |= cell.tcp_control;
        self.trace.merge(cell.trace);
    }

    /// Whether its first packet came before the other's.
    fn is_before(&self, other: &Way) -> bool {
        self.packets > 0 && (other.packets == 0 || self.first_cell < other.first_cell)
    }

    /// The VTEPs of its first packet: source and destination.
    fn vteps(&self, cells: &Cells) -> Option<(IpAddr, IpAddr)> {
        let tunnel = cells.tunnel(cells.get(self.first_cell));
        (self.packets > 0).then(|| (tunnel.source(), tunnel.destination()))
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
    /// From the lower endpoint to the higher one while cells are added; from who opened it in the end.
    forward: Way,
    reverse: Way,
}

impl Row for FlowRow {
    const COLUMNS: &'static [Column<Self>] = &[
        Column { name: "vni", value: |r, cells| Value::Count(r.tuple(cells).vni.into()) },
        Column { name: "protocol", value: |r, cells| Value::Text(protocol_name(r.tuple(cells).protocol)) },
        Column { name: "src_ip", value: |r, cells| Value::Ip(r.tuple(cells).source.0) },
        Column { name: "src_port", value: |r, cells| port(r.tuple(cells).source) },
        Column { name: "dst_ip", value: |r, cells| Value::Ip(r.tuple(cells).destination.0) },
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
    ];

    fn wire_bytes(&self) -> u64 {
        self.wire_bytes
    }

    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering {
        self.tuple(cells).cmp(&other.tuple(cells))
    }
}

/// VNI and 5-tuple, from source to destination.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Tuple {
    vni: u32,
    protocol: u8,
    source: Endpoint,
    destination: Endpoint,
}

impl Tuple {
    /// Of no cell that a flow is made of.
    const NONE: Self = {
        let nowhere = (IpAddr::V4(Ipv4Addr::UNSPECIFIED), None);
        Self { vni: 0, protocol: 0, source: nowhere, destination: nowhere }
    };

    /// Of a cell; `None` where the inner addresses are not known or not an IP packet's.
    fn of(cell: &Cell) -> Option<Self> {
        let (source, destination) = cell.key.addresses()?;
        let (source_port, destination_port) = cell.key.ports().unzip();
        let (source, destination) = ((source, source_port), (destination, destination_port));
        Some(Self { vni: cell.key.vni(), protocol: cell.key.protocol()?, source, destination })
    }

    fn reversed(self) -> Self {
        Self { source: self.destination, destination: self.source, ..self }
    }
}

fn port(endpoint: Endpoint) -> Value {
    Value::maybe(endpoint.1, |port| Value::Count(port.into()))
}

fn control(way: &Way) -> Value {
    if way.tcp_control == 0 { Value::Null } else { Value::Text(flag_letters(way.tcp_control).into()) }
}

impl FlowRow {
    fn new() -> Self {
        let (forward, reverse) = (Way::default(), Way::default());
        Self { payload_bytes: 0, wire_bytes: 0, seen: TimeSpan::default(), forward, reverse }
    }

    fn add(&mut self, id: u32, cell: &Cell, is_forward: bool) {
        self.payload_bytes += cell.payload_bytes;
        self.wire_bytes += cell.wire_bytes;
        self.seen.merge(cell.seen);
        let way = if is_forward { &mut self.forward } else { &mut self.reverse };
        way.add(id, cell);
    }

    /// One of its cells.
    fn cell<'a>(&self, cells: &'a Cells) -> &'a Cell {
        let way = if self.forward.packets > 0 { &self.forward } else { &self.reverse };
        cells.get(way.first_cell)
    }

    /// VNI and 5-tuple, from the source of [`Self::forward`].
    fn tuple(&self, cells: &Cells) -> Tuple {
        let tuple = Tuple::of(self.cell(cells)).unwrap_or(Tuple::NONE);
        if self.forward.packets > 0 { tuple } else { tuple.reversed() }
    }

    /// The sender of the SYN is the source; without one, or with one each, the sender of the first packet.
    fn oriented(self) -> Self {
        let turn = match (self.forward.opened(&self.reverse), self.reverse.opened(&self.forward)) {
            (true, false) => false,
            (false, true) => true,
            _ => self.reverse.is_before(&self.forward),
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

    /// The state of a TCP connection, in the names of Zeek's `conn_state`.
    fn tcp_state(&self, cells: &Cells) -> Value {
        if self.tuple(cells).protocol != protocol::TCP {
            return Value::Null;
        }
        Value::Text(conn_state(&self.forward, &self.reverse).into())
    }
}

/// What one side of a connection came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// It sent nothing.
    Inactive,
    /// It sent something, and neither SYN, FIN nor RST.
    Partial,
    SynSent,
    SynAckSent,
    Established,
    Closed,
    Reset,
}

impl State {
    fn of(way: &Way, peer: &Way) -> Self {
        match way.trace.end() {
            End::Reset => return State::Reset,
            End::Closed => return State::Closed,
            End::Open => {}
        }
        let (syn, syn_ack) = (way.trace.sent_syn(), way.trace.sent_syn_ack());
        if (syn && peer.trace.sent_syn_ack()) || (syn_ack && peer.trace.sent_syn()) {
            State::Established
        } else if syn {
            State::SynSent
        } else if syn_ack {
            State::SynAckSent
        } else if way.packets > 0 {
            State::Partial
        } else {
            State::Inactive
        }
    }

    fn is_inactive(self) -> bool {
        matches!(self, State::Inactive | State::Partial)
    }
}

/// Zeek's names, decided in Zeek's order (its documentation of `conn_state`).
fn conn_state(forward: &Way, reverse: &Way) -> &'static str {
    let (originator, responder) = (State::of(forward, reverse), State::of(reverse, forward));
    let no_data = !(forward.trace.sent_data() || reverse.trace.sent_data());
    match (originator, responder) {
        (State::SynSent | State::SynAckSent, State::Reset) => "REJ",
        (State::Reset, State::Reset) if no_data => "REJ",
        (o, State::Reset) => {
            if o.is_inactive() {
                "RSTRH"
            } else {
                "RSTR"
            }
        }
        (State::Reset, r) => {
            if r.is_inactive() {
                "RSTOS0"
            } else {
                "RSTO"
            }
        }
        (State::Closed, State::Closed) => "SF",
        (State::Closed, r) => {
            if r.is_inactive() {
                "SH"
            } else {
                "S2"
            }
        }
        (o, State::Closed) => {
            if o.is_inactive() {
                "SHR"
            } else {
                "S3"
            }
        }
        (State::SynSent, State::Inactive) => "S0",
        (State::Established, State::Established) => "S1",
        _ => "OTH",
    }
}

/// The flows. Inner packets whose addresses are not known are in none.
#[must_use]
pub fn rows(cells: &Cells) -> Vec<FlowRow> {
    let mut by_tuple: RollUp<FlowRow> = RollUp::new();
    let key = |row: &FlowRow| row.cell(cells).key.flow().map(|(flow, _)| flow);
    for (id, cell) in cells.numbered() {
        if let Some((flow, is_forward)) = cell.key.flow() {
            by_tuple.row(&Some(flow), key, FlowRow::new).add(id, cell, is_forward);
        }
    }
    by_tuple.into_rows().into_iter().map(FlowRow::oriented).collect()
}

/// The VNI of each flow.
pub(super) fn vnis(cells: &Cells) -> impl Iterator<Item = u32> {
    rows(cells).into_iter().map(|row| row.cell(cells).key.vni())
}
