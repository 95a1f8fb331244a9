//! A table: rows in order, with named columns.

use std::cmp::Ordering;

use crate::cells::Cells;
use crate::value::Value;

/// A column of rows of type `R`.
pub struct Column<R> {
    /// Its name in the contract.
    pub name: &'static str,
    /// Its value in a row of the table that was rolled up from these cells.
    pub value: fn(&R, &Cells) -> Value,
}

/// A row of a table.
pub trait Row: Sized + Send + Sync + 'static {
    /// The columns, in the order of the contract.
    const COLUMNS: &'static [Column<Self>];

    /// Rows are in descending order of wire bytes...
    fn wire_bytes(&self) -> u64;

    /// ... and then in the order of their keys.
    fn key_order(&self, other: &Self, cells: &Cells) -> Ordering;
}

/// A sort names a column that the table does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a column of this table ({columns}), found {name:?}")]
pub struct UnknownColumn {
    /// What was asked for.
    pub name: String,
    /// What there is, joined with ", ".
    pub columns: String,
}

/// Columns to sort by, first things first, and whether the largest value comes first.
pub type Sort = [(String, bool)];

/// Rows in order.
struct Table<R> {
    rows: Vec<R>,
    total: usize,
}

/// `rows` sorted by `sort`, then in the contract's order; at most `limit` of them.
pub fn table<R: Row>(
    mut rows: Vec<R>,
    cells: &Cells,
    sort: &Sort,
    limit: Option<usize>,
) -> Result<Box<dyn AnyTable>, UnknownColumn> {
    let total = rows.len();
    let columns: Vec<_> = sort
        .iter()
        .map(|(name, descending)| Ok((column::<R>(name)?, *descending)))
        .collect::<Result<_, _>>()?;
    let order = |a: &R, b: &R| {
        for (column, descending) in &columns {
            let order = (column.value)(a, cells).order(&(column.value)(b, cells));
            if order.is_ne() {
                return if *descending { order.reverse() } else { order };
            }
        }
        b.wire_bytes().cmp(&a.wire_bytes()).then_with(|| a.key_order(b, cells))
    };
    // Only what is asked for gets sorted.
    if let Some(limit) = limit.filter(|limit| *limit < total) {
        if limit > 0 {
            rows.select_nth_unstable_by(limit - 1, &order);
        }
        rows.truncate(limit);
        rows.shrink_to_fit();
    }
    rows.sort_unstable_by(order);
    Ok(Box::new(Table { rows, total }))
}

fn column<R: Row>(name: &str) -> Result<&'static Column<R>, UnknownColumn> {
    R::COLUMNS.iter().find(|column| column.name == name).ok_or_else(|| {
        let columns: Vec<_> = R::COLUMNS.iter().map(|column| column.name).collect();
        UnknownColumn { name: name.to_owned(), columns: columns.join(", ") }
    })
}

/// A table whose type of row is not of interest.
pub trait AnyTable: Send + Sync {
    /// Names of the columns.
    fn columns(&self) -> Vec<&'static str>;
    /// How many rows there are.
    fn len(&self) -> usize;
    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// How many there were before the limit.
    fn total(&self) -> usize;
    /// The values of one row, in the order of the columns; `cells` are those that the table was rolled up from.
    fn values(&self, row: usize, cells: &Cells) -> Option<Vec<Value>>;
}

impl<R: Row> AnyTable for Table<R> {
    fn columns(&self) -> Vec<&'static str> {
        R::COLUMNS.iter().map(|column| column.name).collect()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn total(&self) -> usize {
        self.total
    }

    fn values(&self, row: usize, cells: &Cells) -> Option<Vec<Value>> {
        let row = self.rows.get(row)?;
        Some(R::COLUMNS.iter().map(|column| (column.value)(row, cells)).collect())
    }
}
