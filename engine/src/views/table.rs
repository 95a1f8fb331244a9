//! A table: rows in order, with named columns.

use std::cmp::Ordering;
use std::ops::Range;

use crate::cells::Cells;
use crate::packets::text::{Form, Lines};
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

/// What rows must have to be picked. An absent value meets no demand.
#[derive(Debug, Default)]
pub struct Demand {
    /// Columns with numbers, and the least that will do.
    pub least: Vec<(String, f64)>,
    /// Columns with numbers, and the most that will do.
    pub most: Vec<(String, f64)>,
    /// Columns with names, and the names that will do.
    pub words: Vec<(String, Vec<String>)>,
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
    /// These rows as text, each a line; nothing where some text in them needs an escape.
    fn lines(&self, form: Form, rows: Range<usize>, cells: &Cells) -> Option<Vec<u8>>;
    /// The values of some columns in the rows that meet a demand.
    fn pick(
        &self,
        demand: &Demand,
        columns: &[String],
        cells: &Cells,
    ) -> Result<Vec<Vec<Value>>, UnknownColumn>;
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

    fn lines(&self, form: Form, rows: Range<usize>, cells: &Cells) -> Option<Vec<u8>> {
        let mut lines = Lines::of::<R>(form);
        for row in self.rows.get(rows).unwrap_or_default() {
            lines.row(row, cells);
        }
        lines.into_plain()
    }

    fn pick(
        &self,
        demand: &Demand,
        columns: &[String],
        cells: &Cells,
    ) -> Result<Vec<Vec<Value>>, UnknownColumn> {
        let picked: Vec<_> = columns.iter().map(|name| column::<R>(name)).collect::<Result<_, _>>()?;
        let least = resolved::<R, _>(&demand.least)?;
        let most = resolved::<R, _>(&demand.most)?;
        let words = resolved::<R, _>(&demand.words)?;
        let meets = |row: &&R| {
            let number = |column: &Column<R>| (column.value)(row, cells).number();
            least.iter().all(|(column, least)| number(column).is_some_and(|number| number >= **least))
                && most.iter().all(|(column, most)| number(column).is_some_and(|number| number <= **most))
                && words.iter().all(|(column, words)| match (column.value)(row, cells) {
                    Value::Text(text) => words.iter().any(|word| *word == text),
                    _ => false,
                })
        };
        let rows = self.rows.iter().filter(meets);
        Ok(rows.map(|row| picked.iter().map(|column| (column.value)(row, cells)).collect()).collect())
    }
}

/// The columns that a demand names, with what it asks of each.
fn resolved<R: Row, T>(named: &[(String, T)]) -> Result<Vec<(&'static Column<R>, &T)>, UnknownColumn> {
    named.iter().map(|(name, asked)| Ok((column::<R>(name)?, asked))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fruit(&'static str, Option<u64>);

    impl Row for Fruit {
        const COLUMNS: &'static [Column<Self>] = &[
            Column { name: "name", value: |r, _| Value::Text(r.0.into()) },
            Column { name: "seeds", value: |r, _| Value::maybe(r.1, Value::Count) },
        ];

        fn wire_bytes(&self) -> u64 {
            0
        }

        fn key_order(&self, other: &Self, _: &Cells) -> Ordering {
            self.0.cmp(other.0)
        }
    }

    fn picked(demand: &Demand) -> Vec<Value> {
        let cells = Cells::default();
        let rows = vec![Fruit("apple", Some(5)), Fruit("banana", None), Fruit("cherry", Some(1))];
        let table = table(rows, &cells, &[], None).unwrap_or_else(|_| unreachable!("nothing to sort by"));
        let names = ["name".to_owned()];
        table.pick(demand, &names, &cells).unwrap_or_default().into_iter().flatten().collect()
    }

    /// Every demand must be met, bounds belong to what will do, and an absent value never does.
    #[test]
    fn absent_values_meet_no_demand() {
        let seeds = |number: f64| vec![("seeds".to_owned(), number)];
        let names =
            |names: &[&str]| names.iter().map(|name| Value::Text((*name).to_owned().into())).collect();
        let demand = |least, most| Demand { least, most, words: Vec::new() };
        let all: Vec<Value> = names(&["apple", "banana", "cherry"]);
        assert_eq!(picked(&Demand::default()), all);
        assert_eq!(picked(&demand(seeds(0.0), Vec::new())), names(&["apple", "cherry"]) as Vec<Value>);
        assert_eq!(picked(&demand(seeds(1.0), seeds(4.0))), names(&["cherry"]) as Vec<Value>);
        let words = vec![("name".to_owned(), vec!["apple".to_owned(), "banana".to_owned()])];
        let both = Demand { most: seeds(5.0), words, ..Demand::default() };
        assert_eq!(picked(&both), names(&["apple"]) as Vec<Value>);
    }

    /// A column that is not there is told, not passed over.
    #[test]
    fn demands_of_unknown_columns_are_told() {
        let cells = Cells::default();
        let table = table(vec![Fruit("apple", None)], &cells, &[], None);
        let demand = Demand { least: vec![("weight".to_owned(), 1.0)], ..Demand::default() };
        let told = table.map(|table| table.pick(&demand, &[], &cells).map(|rows| rows.len()));
        assert!(matches!(told, Ok(Err(UnknownColumn { name, .. })) if name == "weight"));
    }
}
