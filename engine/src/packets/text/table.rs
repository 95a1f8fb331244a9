//! Rows of a table as text, for programs that read them as they come.

use super::digits::Clock;
use super::{Form, csv, is_plain, json};
use crate::cells::Cells;
use crate::views::Row;

/// Draws rows of one table into memory, each as a line.
#[derive(Debug)]
pub struct Lines {
    form: Form,
    /// In front of each value.
    labels: Vec<String>,
    clock: Clock,
    rows: u64,
    drawn: Vec<u8>,
    /// Whether all texts so far are plain.
    plain: bool,
}

impl Lines {
    /// Begins a table of rows of type `R`. Of an array only its rows are drawn, each a line: it may never end.
    #[must_use]
    pub fn of<R: Row>(form: Form) -> Self {
        let names = R::COLUMNS.iter().map(|column| column.name);
        let label = |(index, name): (usize, &str)| match (form, index) {
            (Form::Csv, 0) => String::new(),
            (Form::Csv, _) => ",".to_owned(),
            (_, 0) => format!("{{\"{name}\": "),
            (_, _) => format!(", \"{name}\": "),
        };
        let labels = names.enumerate().map(label).collect();
        Self { form, labels, clock: Clock::default(), rows: 0, drawn: Vec::new(), plain: true }
    }

    /// Draws the header, where there is one.
    #[must_use]
    pub fn with_header<R: Row>(mut self) -> Self {
        if self.form == Form::Csv {
            let names: Vec<_> = R::COLUMNS.iter().map(|column| column.name).collect();
            self.drawn.extend(names.join(",").as_bytes());
            self.drawn.push(b'\n');
        }
        self
    }

    /// Draws a row of a table that was rolled up from `cells`.
    pub fn row<R: Row>(&mut self, row: &R, cells: &Cells) {
        self.rows += 1;
        for (column, label) in R::COLUMNS.iter().zip(&self.labels) {
            self.drawn.extend(label.as_bytes());
            let value = (column.value)(row, cells);
            self.plain &= is_plain(&value);
            match self.form {
                Form::Csv => csv(&value, &mut self.clock, &mut self.drawn),
                Form::Json | Form::JsonLines => json(&value, &mut self.clock, &mut self.drawn),
            }
        }
        self.drawn.extend(if self.form == Form::Csv { &b"\n"[..] } else { b"}\n" });
    }

    /// How many rows were drawn.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// What was drawn, where none of it has text that needs an escape.
    #[must_use]
    pub fn into_plain(self) -> Option<Vec<u8>> {
        self.plain.then_some(self.drawn)
    }

    /// What was drawn and not taken away yet.
    pub fn drawn(&mut self) -> &mut Vec<u8> {
        &mut self.drawn
    }
}
