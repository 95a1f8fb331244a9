//! `packets`: one row a frame, as it comes. Its columns, declared once for rows of text and for values.

pub mod text;

use std::borrow::Cow;
use std::io::Write;
use std::ops::ControlFlow;

use crate::capture::NO_TIME;
use crate::disposition::{Disposition, Ending};
use crate::encapsulation::{Around, path};
use crate::error::RunError;
use crate::packet::{Note, Packet};
use crate::scan::{Monitor, Position};
use crate::stream::{Seen, Stream};
use crate::value::Value;
use crate::wire::ethernet;
use crate::wire::ip::{protocol, protocol_name};
use crate::wire::tcp::flag_letters;

use text::Text;

/// What a row is made from.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// Which frame.
    pub position: Position,
    /// Nanoseconds since 1970 UTC, or [`NO_TIME`].
    pub time: i64,
    /// Original length of the frame.
    pub wire_len: u32,
    /// So much of it the capture holds.
    pub captured_len: u32,
    /// How its walk ended.
    pub ending: Ending,
    /// What it is, where it is a VXLAN packet.
    pub packet: Option<&'a Packet>,
    /// What is around its innermost overlay.
    pub around: Around<'a>,
}

impl<'a> Row<'a> {
    /// The row of a frame.
    #[must_use]
    pub fn of(seen: &Seen<'a>) -> Self {
        Self {
            position: seen.position,
            time: seen.frame.time,
            wire_len: seen.frame.wire_len,
            captured_len: seen.frame.data.len() as u32,
            ending: seen.look.ending,
            packet: seen.packet(),
            around: seen.around(),
        }
    }
}

/// Which frames get a row.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Those that are no VXLAN packets, too.
    pub all: bool,
    /// So many rows; `None` for no limit.
    pub limit: Option<u64>,
}

impl Wanted {
    /// Hands over a frame that gets a row, and tells whether more are wanted.
    #[inline]
    pub fn take(&mut self, seen: &Seen<'_>, row: impl FnOnce(&Seen<'_>)) -> ControlFlow<()> {
        if !(seen.look.selected || self.all && seen.packet().is_none()) {
            return ControlFlow::Continue(());
        }
        row(seen);
        self.limit = self.limit.map(|limit| limit.saturating_sub(1));
        if self.limit == Some(0) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// So much text is written at a time, in bytes, where frames come fast.
const HANDED_ON: usize = 1 << 18;

/// Writes the rows of a run as they come: whenever the next may take its time, all of those before are written.
pub fn write(
    stream: &mut Stream,
    mut wanted: Wanted,
    mut text: Text,
    target: &mut dyn Write,
    monitor: &mut dyn Monitor,
) -> Result<u64, RunError> {
    let read = loop {
        let step = stream.step(monitor, &mut |seen| wanted.take(seen, |seen| text.row(&Row::of(seen))));
        if step.is_err() || matches!(step, Ok(false)) {
            break step;
        }
        if text.drawn().len() >= HANDED_ON || stream.is_live() {
            hand_on(&mut text, target)?;
        }
    };
    // An array is closed even where a later capture cannot be read.
    if read.is_ok() || text.rows() > 0 {
        text.end();
        hand_on(&mut text, target)?;
    }
    read?;
    Ok(text.rows())
}

fn hand_on(text: &mut Text, target: &mut dyn Write) -> Result<(), RunError> {
    target.write_all(text.drawn())?;
    target.flush()?;
    text.drawn().clear();
    Ok(())
}

/// A column.
pub struct Column {
    /// Its name in the contract.
    pub name: &'static str,
    /// Its value.
    pub value: Of,
}

/// Where a column has its value from.
pub enum Of {
    /// The frame.
    Frame(fn(&Row<'_>) -> Value),
    /// The VXLAN packet; null for any other frame.
    Packet(fn(&Packet) -> Value),
    /// The VXLAN packet, and what is around its innermost overlay; null for any other frame.
    Around(fn(&Packet, Around<'_>) -> Value),
    /// The run: the name of the capture, where it reads several.
    Run,
}

impl Column {
    /// Its value in `row`; `name` is that of the row's capture, where there are several.
    pub fn of(&self, row: &Row<'_>, name: impl FnOnce() -> Option<String>) -> Value {
        match self.value {
            Of::Frame(value) => value(row),
            Of::Packet(value) => row.packet.map_or(Value::Null, value),
            Of::Around(value) => row.packet.map_or(Value::Null, |packet| value(packet, row.around)),
            Of::Run => Value::maybe(name(), |name| Value::Text(name.into())),
        }
    }
}

/// All columns, in the order of the contract.
pub const COLUMNS: &[Column] = &[
    Column { name: "number", value: Of::Frame(|row| Value::Count(row.position.number)) },
    Column { name: "capture", value: Of::Run },
    Column {
        name: "time",
        value: Of::Frame(|row| if row.time == NO_TIME { Value::Null } else { Value::Time(row.time) }),
    },
    Column { name: "src_vtep", value: Of::Packet(|packet| Value::Ip(packet.tunnel.source())) },
    Column { name: "dst_vtep", value: Of::Packet(|packet| Value::Ip(packet.tunnel.destination())) },
    Column {
        name: "outer_src_port",
        value: Of::Packet(|packet| count(packet.tunnel.source_port(packet.origin))),
    },
    Column { name: "udp_port", value: Of::Packet(|packet| count(packet.tunnel.udp_port())) },
    Column { name: "vni", value: Of::Packet(|packet| Value::Count(packet.key.vni().into())) },
    Column {
        name: "src_mac",
        value: Of::Packet(|packet| Value::maybe(packet.key.macs(), |(source, _)| Value::Mac(source))),
    },
    Column {
        name: "dst_mac",
        value: Of::Packet(|packet| {
            Value::maybe(packet.key.macs(), |(_, destination)| Value::Mac(destination))
        }),
    },
    Column { name: "vlan", value: Of::Packet(|packet| count(packet.key.tag())) },
    Column {
        name: "ethertype",
        value: Of::Packet(|packet| {
            Value::maybe(packet.key.ethertype(), |ethertype| Value::Text(ethernet::name(ethertype)))
        }),
    },
    Column {
        name: "src_ip",
        value: Of::Packet(|packet| Value::maybe(packet.key.addresses(), |(source, _)| Value::Ip(source))),
    },
    Column {
        name: "dst_ip",
        value: Of::Packet(|packet| {
            Value::maybe(packet.key.addresses(), |(_, destination)| Value::Ip(destination))
        }),
    },
    Column {
        name: "protocol",
        value: Of::Packet(|packet| {
            Value::maybe(packet.key.protocol(), |number| Value::Text(protocol_name(number)))
        }),
    },
    Column {
        name: "src_port",
        value: Of::Packet(|packet| count(packet.key.ports().map(|(source, _)| source))),
    },
    Column {
        name: "dst_port",
        value: Of::Packet(|packet| count(packet.key.ports().map(|(_, destination)| destination))),
    },
    Column {
        name: "tcp_flags",
        value: Of::Packet(|packet| {
            Value::maybe(tcp_control(packet), |control| Value::Text(flag_letters(control).into()))
        }),
    },
    Column { name: "wire_length", value: Of::Frame(|row| Value::Count(row.wire_len.into())) },
    Column { name: "captured_length", value: Of::Frame(|row| Value::Count(row.captured_len.into())) },
    Column { name: "inner_length", value: Of::Packet(|packet| Value::Count(packet.inner_len.into())) },
    Column { name: "payload_length", value: Of::Packet(payload_length) },
    Column {
        name: "disposition",
        value: Of::Frame(|row| Value::Text(row.ending.disposition().name().into())),
    },
    Column { name: "reason", value: Of::Frame(|row| Value::maybe(reason(row.ending), text)) },
    Column { name: "notes", value: Of::Packet(notes) },
    Column {
        name: "encapsulation",
        value: Of::Around(|packet, around| Value::Text(path(around, packet.tunnel.encapsulation()))),
    },
    Column { name: "depth", value: Of::Around(|_, around| Value::Count(around.layers.len() as u64 + 1)) },
    Column { name: "policy_id", value: Of::Packet(|packet| count(packet.group_policy().map(|it| it.id))) },
    Column { name: "flow_id", value: Of::Packet(|packet| count(packet.tunnel.flow_id(packet.origin))) },
];

fn count(number: Option<u16>) -> Value {
    Value::maybe(number, |number| Value::Count(number.into()))
}

fn text(name: &'static str) -> Value {
    Value::Text(Cow::Borrowed(name))
}

/// Control bits of inner TCP. Where the capture or the packet ends before them the walk left 0 there, which real
/// segments do not have.
fn tcp_control(packet: &Packet) -> Option<u8> {
    let has_header = packet.key.protocol() == Some(protocol::TCP) && packet.key.ports().is_some();
    let lacks = packet.notes.has(Note::InnerHeaderCut) || packet.notes.has(Note::InnerMalformed);
    Some(packet.tcp_control).filter(|control| has_header && (*control != 0 || !lacks))
}

/// Where headers are cut, how long they are may not be known, and what they carry neither.
fn payload_length(packet: &Packet) -> Value {
    let unknown = packet.notes.has(Note::InnerHeaderCut) && packet.payload_len == 0;
    if unknown { Value::Null } else { Value::Count(packet.payload_len.into()) }
}

fn reason(ending: Ending) -> Option<&'static str> {
    let plain = matches!(ending.disposition(), Disposition::Vxlan | Disposition::Fragment);
    (!plain).then(|| ending.name())
}

fn notes(packet: &Packet) -> Value {
    let notes = Note::ALL.into_iter().filter(|note| packet.notes.has(*note));
    Value::Texts(notes.map(|note| note.name().into()).collect())
}
