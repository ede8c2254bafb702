//! Expectations about rows of a table: the table, its columns, and what cells must be.

use super::known::Names;
use super::{check_order, read_amount, read_bounds};
use crate::metrics::column_values::known_words;
use crate::metrics::{Kind, Names as Named, TableDoc, columns};
use crate::scenario::check::Context;
use crate::scenario::problem::{Path, did_you_mean, nearest, quote, some_of};
use crate::scenario::resolved::{CellIs, CellTest, Fold, What, host_index};
use crate::scenario::schema::{Amount, Cell, CellBounds, Cwnd, Expect};

/// A number made of the rows of a table.
pub(super) fn read(cx: &mut Context<'_>, here: Path<'_>, expect: &Expect, names: &mut Names<'_>) -> Option<What> {
    let (table, fold) = if let Some(name) = &expect.count {
        (table(cx, here.key("count"), name)?, Fold::Count)
    } else if let Some(share) = expect.quantile {
        if !(share > 0.0 && share <= 1.0) {
            let message = format!("a quantile is above 0 and at most 1, not {share}");
            cx.problems.help(here.key("quantile"), message, "0.95 is the 95th percentile");
        }
        let Some(name) = &expect.of else {
            let help = "add a column like \"of\": \"messages.latency_s\"";
            cx.problems.help(here, "this quantile does not say of what it is", help);
            return None;
        };
        let (table, position) = column(cx, here.key("of"), name)?;
        (table, Fold::Quantile(position, share))
    } else {
        let given = [("sum", &expect.sum), ("mean", &expect.mean), ("min", &expect.min), ("max", &expect.max)];
        let (key, name) = given.into_iter().find_map(|(key, name)| Some((key, name.as_ref()?)))?;
        let (table, position) = column(cx, here.key(key), name)?;
        let fold = match key {
            "sum" => Fold::Sum,
            "mean" => Fold::Mean,
            "min" => Fold::Min,
            _ => Fold::Max,
        };
        (table, fold(position))
    };
    if table.name == "cwnd" && matches!(cx.scenario.outputs.cwnd, None | Some(Cwnd::Switch(false))) {
        let help = "say \"outputs\": { \"cwnd\": true }";
        names.look(cx, |cx| cx.problems.help(here, "the table cwnd is only there when it is asked for", help));
    }
    let mut tests = Vec::new();
    let path = here.key("where");
    for (column, cell) in expect.only.iter().flatten() {
        let Some(position) = table.position(column) else {
            unknown_column(cx, path.name(column), table, column);
            continue;
        };
        let (column, _) = table.columns[position];
        let kind = Kind::of(table.name, column);
        check_names(cx, path.key(column), (table, column), cell, names);
        if let Some(is) = read_cell(cx, path.key(column), cell, kind) {
            tests.push(CellTest { column, position, is });
        }
    }
    let kind = match fold {
        Fold::Count => Kind::Number,
        Fold::Sum(at) | Fold::Mean(at) | Fold::Min(at) | Fold::Max(at) | Fold::Quantile(at, _) => {
            Kind::of(table.name, table.columns[at].0)
        }
    };
    read_bounds(cx, here, expect, kind).map(|bounds| What::Rows(fold, table, tests, bounds))
}

fn table(cx: &mut Context<'_>, path: Path<'_>, name: &str) -> Option<&'static TableDoc> {
    let found = columns::table(name);
    if found.is_none() {
        let names = columns::all().map(|table| table.name);
        cx.problems.unknown(path, "table", name, names);
    }
    found
}

/// A column of numbers, written TABLE.COLUMN.
fn column(cx: &mut Context<'_>, path: Path<'_>, name: &str) -> Option<(&'static TableDoc, usize)> {
    let Some((of, column)) = name.split_once('.') else {
        let help = "write it like \"messages.latency_s\"";
        cx.problems.help(path, format!("{} is no column: a table stands before it", quote(name)), help);
        return None;
    };
    let table = table(cx, path, of)?;
    let Some(position) = table.position(column) else {
        unknown_column(cx, path, table, column);
        return None;
    };
    if Kind::of(table.name, column) == Kind::Text {
        let help = some_of("columns of numbers there", table.numeric());
        cx.problems.add(path, format!("the column {} holds texts, not numbers", quote(column)), help);
        return None;
    }
    Some((table, position))
}

fn unknown_column(cx: &mut Context<'_>, path: Path<'_>, table: &TableDoc, column: &str) {
    let names = table.columns.iter().map(|(name, _)| *name);
    let help = nearest(column, names.clone()).map(did_you_mean).or_else(|| some_of("columns there", names));
    cx.problems.add(path, format!("the table {} has no column {}", table.name, quote(column)), help);
}

/// The texts of a condition, each with its place.
fn each_text(path: Path<'_>, cell: &Cell, mut look: impl FnMut(Path<'_>, &str)) {
    match cell {
        Cell::OneOf(amounts, list) => {
            for (index, amount) in amounts.iter().enumerate() {
                if let Amount::Quantity(text) = amount {
                    look(if *list { path.index(index) } else { path }, text);
                }
            }
        }
        Cell::Bounds(bounds) => {
            let not = path.key("not");
            for (index, text) in bounds.not.iter().flat_map(|texts| texts.items.iter().enumerate()) {
                look(if bounds.not.as_ref().is_some_and(|texts| texts.list) { not.index(index) } else { not }, text);
            }
        }
    }
}

/// Texts without a `*` are words or names that can stand in the column.
fn check_names(
    cx: &mut Context<'_>,
    path: Path<'_>,
    (table, column): (&TableDoc, &str),
    cell: &Cell,
    names: &mut Names<'_>,
) {
    if Kind::of(table.name, column) != Kind::Text {
        return;
    }
    let words = known_words(table.name, column);
    each_text(path, cell, |here, text| {
        if text.is_empty() || text.contains('*') {
            return;
        }
        if !words.is_empty() {
            if !words.contains(&text) {
                cx.problems.unknown(here, column, text, words.iter().copied());
            }
            return;
        }
        match Named::of(table.name, column) {
            Named::Hosts => {
                let address = text.parse::<std::net::IpAddr>().is_ok();
                if !address && host_index(cx.hosts, &text.to_ascii_lowercase()).is_none() {
                    names.any_host(cx, here, text);
                }
            }
            Named::Links => {
                names.link(cx, here, text);
            }
            Named::Addresses => names.address(cx, here, text),
            Named::Messages => names.message(cx, here, text),
            Named::Anything => {}
        }
    });
}

/// What a cell of that kind must be.
pub(super) fn read_cell(cx: &mut Context<'_>, path: Path<'_>, cell: &Cell, kind: Kind) -> Option<CellIs> {
    let bounds = match cell {
        Cell::OneOf(amounts, _) if amounts.is_empty() => {
            cx.problems.at(path, "nothing is one of none: this list is empty");
            return None;
        }
        Cell::OneOf(amounts, list) if kind == Kind::Text => {
            let mut texts = Vec::with_capacity(amounts.len());
            for (index, amount) in amounts.iter().enumerate() {
                match amount {
                    Amount::Quantity(text) => texts.push(text.clone()),
                    Amount::Number(number) => {
                        let here = if *list { path.index(index) } else { path };
                        cx.problems.at(here, format!("this column holds texts: write \"{number}\""));
                        return None;
                    }
                }
            }
            return Some(CellIs::OneOf(texts));
        }
        Cell::OneOf(amounts, list) => {
            let empty = |amount: &Amount| matches!(amount, Amount::Quantity(text) if text.is_empty());
            let mut numbers = Vec::with_capacity(amounts.len());
            for (index, amount) in amounts.iter().enumerate().filter(|(_, amount)| !empty(amount)) {
                let here = if *list { path.index(index) } else { path };
                numbers.push(read_amount(cx, here, amount, kind)?);
            }
            return Some(CellIs::Number(numbers, amounts.iter().any(empty)));
        }
        Cell::Bounds(bounds) => bounds,
    };
    read_cell_bounds(cx, path, bounds, kind)
}

fn read_cell_bounds(cx: &mut Context<'_>, path: Path<'_>, bounds: &CellBounds, kind: Kind) -> Option<CellIs> {
    let CellBounds { at_least, at_most, not } = bounds;
    if at_least.is_none() && at_most.is_none() && not.as_ref().is_none_or(|texts| texts.items.is_empty()) {
        cx.problems.help(path, "this compares with nothing", "give \"at_least\", \"at_most\" or \"not\"");
        return None;
    }
    if kind == Kind::Text {
        for (key, bound) in [("at_least", at_least), ("at_most", at_most)] {
            if bound.is_some() {
                cx.problems.at(path.name(key), "this column holds texts, which have no order here");
            }
        }
        return not.as_ref().map(|texts| CellIs::NoneOf(texts.items.clone()));
    }
    let mut number = |key: &str, given: &Option<Amount>| match given {
        Some(amount) => read_amount(cx, path.key(key), amount, kind).map(Some),
        None => Some(None),
    };
    let (at_least, at_most) = (number("at_least", at_least)?, number("at_most", at_most)?);
    check_order(cx, path, at_least, at_most);
    let mut others = Vec::new();
    for (index, text) in not.iter().flat_map(|texts| texts.items.iter().enumerate()) {
        let path = path.key("not");
        let path = if not.as_ref().is_some_and(|texts| texts.list) { path.index(index) } else { path };
        // An empty cell is no number, so it is none within bounds already.
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => others.push(number),
            Ok(_) | Err(_) if text.is_empty() => {}
            Ok(_) | Err(_) => others.push(read_amount(cx, path, &Amount::Quantity(text.clone()), kind)?),
        }
    }
    Some(CellIs::Within { at_least, at_most, not: others })
}
