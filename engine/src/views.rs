//! The tables: each a roll-up of the cells, so that they agree with each other by construction.

pub mod addresses;
pub mod bursts;
mod checksums;
pub mod conversations;
pub mod doubles;
pub mod fdb;
pub mod flows;
pub mod losses;
pub mod overhead;
mod pairs;
mod roll_up;
pub mod sources;
pub mod strays;
pub mod summary;
mod table;
mod tcp_health;
mod tcp_state;
pub mod tunnels;
pub mod underlay;
pub mod vnis;
pub mod vteps;

pub use checksums::verdicts;
pub use table::{AnyTable, Column, Demand, Row, Sort, UnknownColumn, table};

use std::cmp::Ordering;

use crate::cells::{Cell, Cells, PathId};
use crate::timespan::TimeSpan;
use crate::value::Value;

use conversations::{IpEnd, MacEnd};
use roll_up::Members;

/// What every table adds up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sums {
    pub(crate) packets: u64,
    pub(crate) wire_bytes: u64,
    pub(crate) inner_bytes: u64,
    pub(crate) payload_bytes: u64,
    pub(crate) seen: TimeSpan,
}

impl Sums {
    pub(crate) fn add(&mut self, id: u32, cells: &Cells) {
        let cell = cells.get(id);
        self.packets += cell.packets;
        self.wire_bytes += cell.wire_bytes;
        self.inner_bytes += cell.inner_bytes;
        self.payload_bytes += cell.payload_bytes;
        self.seen.merge(cells.seen(id));
    }

    pub(crate) fn join(&mut self, other: &Sums) {
        self.packets += other.packets;
        self.wire_bytes += other.wire_bytes;
        self.inner_bytes += other.inner_bytes;
        self.payload_bytes += other.payload_bytes;
        self.seen.merge(other.seen);
    }

    pub(crate) fn overhead_bytes(&self) -> i64 {
        self.wire_bytes.cast_signed() - self.inner_bytes.cast_signed()
    }

    pub(crate) fn overhead_percent(&self) -> Value {
        Value::percent(self.overhead_bytes(), self.wire_bytes)
    }
}

fn first(seen: TimeSpan) -> Value {
    Value::maybe(seen.ends(), |(first, _)| Value::Time(first))
}

fn last(seen: TimeSpan) -> Value {
    Value::maybe(seen.ends(), |(_, last)| Value::Time(last))
}

/// What wraps the packets of a row.
fn encapsulation(cells: &Cells, path: PathId) -> Value {
    Value::Text(cells.path(path).text.clone())
}

/// Which overlay from outside a row is about.
fn depth(cells: &Cells, path: PathId) -> Value {
    Value::Count(cells.path(path).depth.into())
}

fn path_order(cells: &Cells, a: PathId, b: PathId) -> Ordering {
    if a == b { Ordering::Equal } else { cells.path(a).text.cmp(&cells.path(b).text) }
}

fn numbers(members: &Members<u32>) -> Value {
    Value::Counts(members.sorted().into_iter().map(u64::from).collect())
}

/// Packets and inner bytes of one direction.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Direction {
    pub(crate) packets: u64,
    pub(crate) inner_bytes: u64,
}

impl Direction {
    pub(crate) fn add(&mut self, cell: &Cell) {
        self.packets += cell.packets;
        self.inner_bytes += cell.inner_bytes;
    }
}

/// A table of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// [`vnis`]
    Vnis,
    /// [`flows`]
    Flows,
    /// [`flows::paired`]
    FlowsPaired,
    /// [`flows::across_vnis`]
    FlowsAcrossVnis,
    /// [`conversations`] between MAC addresses.
    ConversationsByMac,
    /// [`conversations::paired`] between MAC addresses.
    ConversationsByMacPaired,
    /// [`conversations::across_vnis`] between MAC addresses.
    ConversationsByMacAcrossVnis,
    /// [`conversations`] between IP addresses.
    ConversationsByIp,
    /// [`conversations::paired`] between IP addresses.
    ConversationsByIpPaired,
    /// [`conversations::across_vnis`] between IP addresses.
    ConversationsByIpAcrossVnis,
    /// [`tunnels`]
    Tunnels,
    /// [`underlay`]
    Underlay,
    /// [`vteps`]
    Vteps,
    /// [`fdb`]
    Fdb,
    /// [`addresses`]
    Addresses,
    /// [`overhead`] of all packets.
    OverheadTotal,
    /// [`overhead`] by VNI.
    OverheadByVni,
    /// [`overhead`] by tunnel.
    OverheadByTunnel,
    /// [`bursts`], for findings.
    Bursts,
    /// [`losses`], for findings.
    Losses,
    /// [`doubles`], for findings.
    Doubles,
    /// [`strays`], for findings.
    Strays,
    /// [`strays::one_way_tunnels`], for findings.
    OneWayTunnels,
    /// [`sources`], for findings.
    Sources,
}

impl View {
    /// Rolls the table up from `cells`: sorted by `sort`, then in the contract's order; at most `limit` rows.
    pub fn table(
        self,
        cells: &Cells,
        sort: &Sort,
        limit: Option<usize>,
    ) -> Result<Box<dyn AnyTable>, UnknownColumn> {
        match self {
            Self::Vnis => table(vnis::rows(cells), cells, sort, limit),
            Self::Flows => table(flows::rows(cells), cells, sort, limit),
            Self::FlowsPaired => table(flows::paired(cells), cells, sort, limit),
            Self::FlowsAcrossVnis => table(flows::across_vnis(cells), cells, sort, limit),
            Self::ConversationsByMac => table(conversations::rows::<MacEnd>(cells), cells, sort, limit),
            Self::ConversationsByMacPaired => {
                table(conversations::paired::<MacEnd>(cells), cells, sort, limit)
            }
            Self::ConversationsByMacAcrossVnis => {
                table(conversations::across_vnis::<MacEnd>(cells), cells, sort, limit)
            }
            Self::ConversationsByIp => table(conversations::rows::<IpEnd>(cells), cells, sort, limit),
            Self::ConversationsByIpPaired => table(conversations::paired::<IpEnd>(cells), cells, sort, limit),
            Self::ConversationsByIpAcrossVnis => {
                table(conversations::across_vnis::<IpEnd>(cells), cells, sort, limit)
            }
            Self::Tunnels => table(tunnels::rows(cells), cells, sort, limit),
            Self::Underlay => table(underlay::rows(cells), cells, sort, limit),
            Self::Vteps => table(vteps::rows(cells), cells, sort, limit),
            Self::Fdb => table(fdb::rows(cells), cells, sort, limit),
            Self::Addresses => table(addresses::rows(cells), cells, sort, limit),
            Self::OverheadTotal => table(overhead::total(cells), cells, sort, limit),
            Self::OverheadByVni => table(overhead::rows::<overhead::Vni>(cells), cells, sort, limit),
            Self::Bursts => table(bursts::bursts(cells), cells, sort, limit),
            Self::Losses => table(losses::losses(cells), cells, sort, limit),
            Self::Doubles => table(doubles::doubles(cells), cells, sort, limit),
            Self::Strays => table(strays::strays(cells), cells, sort, limit),
            Self::OneWayTunnels => table(strays::one_way_tunnels(cells), cells, sort, limit),
            Self::Sources => table(sources::sources(cells), cells, sort, limit),
            Self::OverheadByTunnel => table(overhead::rows::<overhead::Tunnel>(cells), cells, sort, limit),
        }
    }
}
