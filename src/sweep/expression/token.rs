//! The words of an expression.

use super::parse::Mistake;
use crate::sweep::unit::Unit;

/// One word.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    /// A number, or a quantity in its base unit.
    Number(f64),
    /// What stands in quotation marks.
    Text(&'t str),
    /// A name, or one of `and`, `or`, `not`.
    Name(&'t str),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
    /// Nothing more.
    End,
}

/// Signs; of two that begin alike the longer one first.
const SIGNS: [&str; 20] =
    ["<=", ">=", "==", "!=", "&&", "||", "**", "<", ">", "=", "!", "+", "-", "*", "/", "^", "(", ")", ",", "%"];

/// A word and its place in bytes.
pub(super) type Placed<'t> = (Token<'t>, (usize, usize));

/// All words of a text, with [`Token::End`] last.
pub(super) fn read(text: &str) -> Result<Vec<Placed<'_>>, Mistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (token, length) = if first.is_ascii_digit() || first == '.' {
            read_number(rest, at)?
        } else if first.is_ascii_alphabetic() || first == '_' || first == '$' {
            // A `$` before a name, as ranges write it, does no harm.
            let front = usize::from(first == '$');
            let inner = &rest[front..];
            let length = inner.find(|c: char| !is_name(c)).unwrap_or(inner.len());
            (Token::Name(&inner[..length]), front + length)
        } else if first == '\'' || first == '"' {
            let inner = &rest[1..];
            let Some(length) = inner.find(first) else {
                return Err(Mistake::new((at, text.len()), "this text has no end: a quotation mark is missing"));
            };
            (Token::Text(&inner[..length]), length + 2)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            let message = format!("{first:?} means nothing in an expression");
            return Err(Mistake::new((at, at + first.len_utf8()), message));
        };
        tokens.push((token, (at, at + length)));
        at += length;
    }
    tokens.push((Token::End, (text.len(), text.len())));
    Ok(tokens)
}

pub(super) const fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A number such as `0.5` or `1e-3`, or a quantity such as `5min`.
fn read_number(rest: &str, at: usize) -> Result<(Token<'_>, usize), Mistake> {
    let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
    let mut length = digits;
    let tail = &rest[digits..];
    if tail.starts_with(['e', 'E']) {
        let signed = usize::from(tail[1..].starts_with(['+', '-']));
        let power = tail[1 + signed..].find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len() - 1 - signed);
        if power > 0 {
            length += 1 + signed + power;
        }
    }
    let unit = rest[length..].find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len() - length);
    let (number, whole) = (&rest[..length], &rest[..length + unit]);
    let place = (at, at + length + unit);
    if unit > 0 {
        let message = || format!("{whole:?} is neither a number nor a quantity like 5min, 10Mbps or 64kB");
        return match Unit::read(whole) {
            Some((unit, grains)) => Ok((Token::Number(unit.number(grains)), whole.len())),
            None => Err(Mistake::new(place, message())),
        };
    }
    let read: Option<f64> = number.parse().ok();
    match read.filter(|number| number.is_finite()) {
        Some(value) => Ok((Token::Number(value), length)),
        None => Err(Mistake::new(place, format!("{number:?} is no number"))),
    }
}
