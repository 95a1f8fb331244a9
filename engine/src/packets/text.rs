//! Rows as text for programs: JSON, JSON Lines, CSV. Letter by letter what `vxinspect/render/machine.py` would draw.

mod digits;
mod table;

use super::{COLUMNS, Of, Row};
use crate::value::Value;

use digits::{Clock, push_ip, push_mac, push_number, push_real};
pub use table::Lines;

/// How rows are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One array, an object a line.
    Json,
    /// An object a line.
    JsonLines,
    /// A header and rows (RFC 4180), with line feeds.
    Csv,
}

/// Draws rows into memory.
#[derive(Debug)]
pub struct Text {
    form: Form,
    /// Of each capture of the run, its name as this form tells it; empty where there is only one.
    names: Vec<String>,
    /// In front of each value.
    labels: Vec<String>,
    clock: Clock,
    rows: u64,
    drawn: Vec<u8>,
}

impl Text {
    /// Begins. `names`: how this form tells each capture, quotes included; none where there is only one capture.
    #[must_use]
    pub fn new(form: Form, names: Vec<String>) -> Self {
        let label = |(index, column): (usize, &super::Column)| match (form, index) {
            (Form::Csv, 0) => String::new(),
            (Form::Csv, _) => ",".to_owned(),
            (_, 0) => format!("{{\"{}\": ", column.name),
            (_, _) => format!(", \"{}\": ", column.name),
        };
        let labels = COLUMNS.iter().enumerate().map(label).collect();
        let mut text = Self { form, names, labels, clock: Clock::default(), rows: 0, drawn: Vec::new() };
        if form == Form::Csv {
            let header: Vec<_> = COLUMNS.iter().map(|column| column.name).collect();
            text.drawn.extend(header.join(",").as_bytes());
            text.drawn.push(b'\n');
        }
        text
    }

    /// Draws a row.
    pub fn row(&mut self, row: &Row<'_>) {
        if self.form == Form::Json {
            self.drawn.extend(if self.rows == 0 { &b"[\n  "[..] } else { b",\n  " });
        }
        self.rows += 1;
        for (column, label) in COLUMNS.iter().zip(&self.labels) {
            self.drawn.extend(label.as_bytes());
            let value = match column.value {
                Of::Run => {
                    let absent = if self.form == Form::Csv { "" } else { "null" };
                    let name = self.names.get(row.position.capture).map_or(absent, String::as_str);
                    self.drawn.extend(name.as_bytes());
                    continue;
                }
                Of::Frame(value) => value(row),
                Of::Packet(value) => row.packet.map_or(Value::Null, value),
                Of::Around(value) => row.packet.map_or(Value::Null, |packet| value(packet, row.around)),
            };
            match self.form {
                Form::Csv => csv(&value, &mut self.clock, &mut self.drawn),
                Form::Json | Form::JsonLines => json(&value, &mut self.clock, &mut self.drawn),
            }
        }
        match self.form {
            Form::Json => self.drawn.push(b'}'),
            Form::JsonLines => self.drawn.extend(b"}\n"),
            Form::Csv => self.drawn.push(b'\n'),
        }
    }

    /// Ends.
    pub fn end(&mut self) {
        if self.form == Form::Json {
            self.drawn.extend(if self.rows == 0 { &b"[]\n"[..] } else { b"\n]\n" });
        }
    }

    /// How many rows were drawn.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What was drawn and not taken away yet.
    pub fn drawn(&mut self) -> &mut Vec<u8> {
        &mut self.drawn
    }
}

/// Whether a value has no text that a form has to escape, or a spreadsheet would take for a formula. Of what rows
/// have, names of captures and of stations may be otherwise.
fn is_plain(value: &Value) -> bool {
    let plain = |text: &str| {
        let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\' | b',');
        text.bytes().all(is_plain) && !text.starts_with(['=', '+', '-', '@'])
    };
    match value {
        Value::Text(text) => plain(text),
        Value::Texts(texts) => texts.iter().all(|text| plain(text)),
        _ => true,
    }
}

/// A value as JSON, where its text is plain.
fn json(value: &Value, clock: &mut Clock, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend(b"null"),
        Value::Texts(texts) => list(texts, |text, out| out.extend(text.as_bytes()), out),
        Value::Counts(numbers) => {
            out.push(b'[');
            for (index, number) in numbers.iter().enumerate() {
                out.extend(if index == 0 { &b""[..] } else { b", " });
                push_number(*number, out);
            }
            out.push(b']');
        }
        Value::Macs(macs) => list(macs, |mac, out| push_mac(*mac, out), out),
        Value::Ips(ips) => list(ips, |ip, out| push_ip(*ip, out), out),
        Value::Count(_) | Value::Signed(_) | Value::Real(_) => bare(value, clock, out),
        quoted => {
            out.push(b'"');
            bare(quoted, clock, out);
            out.push(b'"');
        }
    }
}

/// A list of texts as JSON.
fn list<T>(all: &[T], push: impl Fn(&T, &mut Vec<u8>), out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, each) in all.iter().enumerate() {
        out.extend(if index == 0 { &b"\""[..] } else { b", \"" });
        push(each, out);
        out.push(b'"');
    }
    out.push(b']');
}

/// Several, with a space between two.
fn spaced<T>(all: &[T], push: impl Fn(&T, &mut Vec<u8>), out: &mut Vec<u8>) {
    for (index, each) in all.iter().enumerate() {
        out.extend(if index == 0 { &b""[..] } else { b" " });
        push(each, out);
    }
}

fn csv(value: &Value, clock: &mut Clock, out: &mut Vec<u8>) {
    match value {
        Value::Texts(texts) => spaced(texts, |text, out| out.extend(text.as_bytes()), out),
        Value::Counts(numbers) => spaced(numbers, |number, out| push_number(*number, out), out),
        Value::Macs(macs) => spaced(macs, |mac, out| push_mac(*mac, out), out),
        Value::Ips(ips) => spaced(ips, |ip, out| push_ip(*ip, out), out),
        value => bare(value, clock, out),
    }
}

fn bare(value: &Value, clock: &mut Clock, out: &mut Vec<u8>) {
    match value {
        Value::Count(number) => push_number(*number, out),
        Value::Signed(number) => {
            if *number < 0 {
                out.push(b'-');
            }
            push_number(number.unsigned_abs(), out);
        }
        Value::Real(number) => push_real(*number, out),
        Value::Time(nanos) => clock.push(*nanos, out),
        Value::Mac(mac) => push_mac(*mac, out),
        Value::Ip(ip) => push_ip(*ip, out),
        Value::Text(text) => out.extend(text.as_bytes()),
        Value::Null => {}
        Value::Counts(_) | Value::Macs(_) | Value::Ips(_) | Value::Texts(_) => {
            debug_assert!(false, "lists are drawn by those who call this");
        }
    }
}
