//! Conditions and formulas over the parameters of a study: `rate * ttl / (1 + rate * ttl)`, `loss < 0.1 or policy == 'none'`.
//!
//! A small language of its own: numbers and quantities in base units (`5min` is 300), texts in quotation marks, names of
//! parameters and constants, arithmetic, comparisons, `and`, `or`, `not`, and a few functions. What is written is checked
//! before anything is computed: every name is known, numbers are compared with numbers, texts are parameter values that
//! exist. It becomes a list of operations on a stack, so that computing it recurses nowhere. Left out: conversion between
//! units beyond that into base units, and whether a sum makes sense in its units.

mod parse;
mod token;

use super::Amount;

pub use parse::{Mistake, compile};

/// An expression has at most so many characters.
pub const MAX_LENGTH: usize = 2_000;

/// What an expression is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number.
    Number,
    /// A text.
    Text,
    /// True or false.
    Truth,
}

/// A parameter as expressions see it.
#[derive(Clone, Debug)]
pub struct Known {
    /// By what names it goes.
    pub names: Vec<String>,
    /// Whether it is a number.
    pub numeric: bool,
    /// The texts that it may be, if they are known.
    pub words: Option<Vec<String>>,
}

/// What names mean in an expression.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// The parameters, in the order of a point's values.
    pub parameters: Vec<Known>,
    /// Names of numbers.
    pub constants: Vec<(String, f64)>,
}

/// An expression that was checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression {
    text: String,
    kind: Type,
    steps: Vec<Step>,
}

/// One operation on the stack.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Number(f64),
    Text(String),
    /// The number of a parameter.
    Value(usize),
    /// The text of a parameter.
    Word(usize),
    Negative,
    Not,
    Two(Operator),
    Call(Function),
}

/// What stands between two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    NotEqual,
    And,
    Or,
}

/// Functions of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Exp,
    Ln,
    Log10,
    Sqrt,
    Abs,
    Floor,
    Ceil,
    Min,
    Max,
}

impl Function {
    const ALL: [(&'static str, Self, usize); 9] = [
        ("exp", Self::Exp, 1),
        ("ln", Self::Ln, 1),
        ("log10", Self::Log10, 1),
        ("sqrt", Self::Sqrt, 1),
        ("abs", Self::Abs, 1),
        ("floor", Self::Floor, 1),
        ("ceil", Self::Ceil, 1),
        ("min", Self::Min, 2),
        ("max", Self::Max, 2),
    ];
}

/// What is on the stack.
#[derive(Clone, Debug, PartialEq)]
enum Cell<'a> {
    Number(f64),
    Text(&'a str),
    Truth(bool),
}

impl Expression {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is about.
    #[must_use]
    pub const fn kind(&self) -> Type {
        self.kind
    }

    /// The number of a formula at a point; none where it is not finite, such as at a division by zero.
    #[must_use]
    pub fn number(&self, values: &[Amount]) -> Option<f64> {
        match self.compute(values)? {
            Cell::Number(number) => Some(number).filter(|number| number.is_finite()),
            Cell::Text(_) | Cell::Truth(_) => None,
        }
    }

    /// Whether a condition holds at a point. What cannot be computed does not hold.
    #[must_use]
    pub fn holds(&self, values: &[Amount]) -> bool {
        matches!(self.compute(values), Some(Cell::Truth(true)))
    }

    fn compute<'a>(&'a self, values: &'a [Amount]) -> Option<Cell<'a>> {
        let mut stack: Vec<Cell<'a>> = Vec::new();
        for step in &self.steps {
            let result = match step {
                Step::Number(number) => Cell::Number(*number),
                Step::Text(text) => Cell::Text(text),
                Step::Value(at) => Cell::Number(values.get(*at)?.number?),
                Step::Word(at) => Cell::Text(&values.get(*at)?.text),
                Step::Negative => Cell::Number(-number(stack.pop()?)?),
                Step::Not => Cell::Truth(!truth(stack.pop()?)?),
                Step::Two(operator) => {
                    let (right, left) = (stack.pop()?, stack.pop()?);
                    operator.apply(left, right)?
                }
                Step::Call(function) => {
                    let last = number(stack.pop()?)?;
                    let first = if function.takes() == 2 { number(stack.pop()?)? } else { last };
                    Cell::Number(function.apply(first, last))
                }
            };
            stack.push(result);
        }
        stack.pop()
    }
}

fn number(cell: Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Number(number) => Some(number),
        Cell::Text(_) | Cell::Truth(_) => None,
    }
}

fn truth(cell: Cell<'_>) -> Option<bool> {
    match cell {
        Cell::Truth(truth) => Some(truth),
        Cell::Text(_) | Cell::Number(_) => None,
    }
}

impl Operator {
    fn apply<'a>(self, left: Cell<'a>, right: Cell<'a>) -> Option<Cell<'a>> {
        match self {
            Self::Equal => return Some(Cell::Truth(left == right)),
            Self::NotEqual => return Some(Cell::Truth(left != right)),
            Self::And => return Some(Cell::Truth(truth(left)? && truth(right)?)),
            Self::Or => return Some(Cell::Truth(truth(left)? || truth(right)?)),
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Power => {}
            Self::Less | Self::AtMost | Self::Greater | Self::AtLeast => {}
        }
        let (left, right) = (number(left)?, number(right)?);
        Some(match self {
            Self::Add => Cell::Number(left + right),
            Self::Subtract => Cell::Number(left - right),
            Self::Multiply => Cell::Number(left * right),
            Self::Divide => Cell::Number(left / right),
            Self::Power => Cell::Number(libm::pow(left, right)),
            Self::Less => Cell::Truth(left < right),
            Self::AtMost => Cell::Truth(left <= right),
            Self::Greater => Cell::Truth(left > right),
            Self::AtLeast => Cell::Truth(left >= right),
            Self::Equal | Self::NotEqual | Self::And | Self::Or => return None,
        })
    }
}

impl Function {
    fn takes(self) -> usize {
        Self::ALL.iter().find(|(_, function, _)| *function == self).map_or(1, |(_, _, takes)| *takes)
    }

    /// The same on every machine, so not by the system's mathematics.
    fn apply(self, first: f64, last: f64) -> f64 {
        match self {
            Self::Exp => libm::exp(last),
            Self::Ln => libm::log(last),
            Self::Log10 => libm::log10(last),
            Self::Sqrt => libm::sqrt(last),
            Self::Abs => last.abs(),
            Self::Floor => last.floor(),
            Self::Ceil => last.ceil(),
            Self::Min => first.min(last),
            Self::Max => first.max(last),
        }
    }
}

#[cfg(test)]
mod tests;
