//! From the words of an expression to operations on a stack.
//!
//! What binds tightest first: `^`, the sign, `* /`, `+ -`, comparisons, `not`, `and`, `or`. Comparisons do not chain.

use super::token::{self, Placed, Token};
use super::{Expression, Function, MAX_LENGTH, Operator, Scope, Step, Type};
use crate::base::nearest;

/// So deep may brackets, signs and functions stand in each other.
const MAX_DEPTH: usize = 64;

/// Why a text is no expression, and which part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The part, in bytes.
    pub place: (usize, usize),
    /// What is wrong.
    pub message: String,
    /// What would help.
    pub help: Option<String>,
    /// Whether it is about a name that means nothing.
    pub of_name: bool,
}

impl Mistake {
    pub(super) fn new(place: (usize, usize), message: impl Into<String>) -> Self {
        Self { place, message: message.into(), help: None, of_name: false }
    }

    fn help(self, help: Option<String>) -> Self {
        Self { help, ..self }
    }
}

/// Reads an expression about `wanted`.
///
/// # Errors
/// It is none, names something unknown, or is about something else.
pub fn compile(text: &str, wanted: Type, scope: &Scope) -> Result<Expression, Mistake> {
    if text.len() > MAX_LENGTH {
        return Err(Mistake::new((0, 0), format!("an expression has at most {MAX_LENGTH} characters")));
    }
    let tokens = token::read(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, depth: 0, scope, steps: Vec::new() };
    let found = parser.either()?;
    let (token, place) = parser.here();
    if *token != Token::End {
        let comparison = matches!(token, Token::Sign("<" | ">" | "<=" | ">=" | "=" | "==" | "!="));
        let help = comparison.then(|| "write both comparisons, with `and` between them".to_owned());
        return Err(Mistake::new(*place, "the expression should have ended before this").help(help));
    }
    if found.kind != wanted {
        let message = match wanted {
            Type::Truth => format!("this is {}, not a condition", words(found.kind)),
            Type::Number | Type::Text => format!("this is {}, not {}", words(found.kind), words(wanted)),
        };
        let help = (wanted == Type::Truth).then(|| "compare it with something: loss < 0.1".to_owned());
        return Err(Mistake::new(found.place, message).help(help));
    }
    Ok(Expression { text: text.to_owned(), kind: wanted, steps: parser.steps })
}

const fn words(kind: Type) -> &'static str {
    match kind {
        Type::Number => "a number",
        Type::Text => "a text",
        Type::Truth => "true or false",
    }
}

struct Parser<'t> {
    tokens: &'t [Placed<'t>],
    at: usize,
    depth: usize,
    scope: &'t Scope,
    steps: Vec<Step>,
}

/// A part of an expression whose steps were written.
#[derive(Clone, Copy)]
struct Part<'t> {
    kind: Type,
    place: (usize, usize),
    /// The text, if it is one that stands there.
    literal: Option<&'t str>,
    /// The parameter, if it is one alone.
    parameter: Option<usize>,
}

impl<'t> Part<'t> {
    const fn of(kind: Type, place: (usize, usize)) -> Self {
        Self { kind, place, literal: None, parameter: None }
    }
}

impl<'t> Parser<'t> {
    /// The next word; behind the last one that is [`Token::End`].
    fn here(&self) -> &'t Placed<'t> {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn take(&mut self, signs: &[(&str, Operator)]) -> Option<Operator> {
        let word = match &self.here().0 {
            Token::Sign(sign) => *sign,
            Token::Name(name) => name,
            Token::Number(_) | Token::Text(_) | Token::End => return None,
        };
        let (_, operator) = signs.iter().find(|(sign, _)| *sign == word)?;
        self.at += 1;
        Some(*operator)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Mistake>) -> Result<T, Mistake> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Mistake::new(self.here().1, "this expression is nested too deeply"));
        }
        let done = read(self);
        self.depth -= 1;
        done
    }

    fn must(part: Part<'_>, kind: Type) -> Result<(), Mistake> {
        if part.kind == kind {
            return Ok(());
        }
        Err(Mistake::new(part.place, format!("expected {}, and this is {}", words(kind), words(part.kind))))
    }

    /// Operands of one kind with operators between them.
    fn row(
        &mut self,
        signs: &[(&str, Operator)],
        kind: Type,
        next: impl Fn(&mut Self) -> Result<Part<'t>, Mistake>,
    ) -> Result<Part<'t>, Mistake> {
        let mut left = next(self)?;
        while let Some(operator) = self.take(signs) {
            let right = next(self)?;
            Self::must(left, kind)?;
            Self::must(right, kind)?;
            self.steps.push(Step::Two(operator));
            left = Part::of(kind, (left.place.0, right.place.1));
        }
        Ok(left)
    }

    fn either(&mut self) -> Result<Part<'t>, Mistake> {
        self.row(&[("or", Operator::Or), ("||", Operator::Or)], Type::Truth, Self::both)
    }

    fn both(&mut self) -> Result<Part<'t>, Mistake> {
        self.row(&[("and", Operator::And), ("&&", Operator::And)], Type::Truth, Self::denial)
    }

    fn denial(&mut self) -> Result<Part<'t>, Mistake> {
        let (token, place) = self.here();
        if !matches!(token, Token::Name("not") | Token::Sign("!")) {
            return self.comparison();
        }
        self.at += 1;
        let inner = self.deeper(Self::denial)?;
        Self::must(inner, Type::Truth)?;
        self.steps.push(Step::Not);
        Ok(Part::of(Type::Truth, (place.0, inner.place.1)))
    }

    fn comparison(&mut self) -> Result<Part<'t>, Mistake> {
        let left = self.sum()?;
        let ordered = self.take(&[
            ("<=", Operator::AtMost),
            (">=", Operator::AtLeast),
            ("<", Operator::Less),
            (">", Operator::Greater),
        ]);
        let equality = [("==", Operator::Equal), ("=", Operator::Equal), ("!=", Operator::NotEqual)];
        let Some(operator) = ordered.or_else(|| self.take(&equality)) else { return Ok(left) };
        let right = self.sum()?;
        if ordered.is_some() {
            Self::must(left, Type::Number)?;
            Self::must(right, Type::Number)?;
        } else {
            Self::must(right, left.kind)?;
            self.check_word(left, right)?;
            self.check_word(right, left)?;
        }
        self.steps.push(Step::Two(operator));
        Ok(Part::of(Type::Truth, (left.place.0, right.place.1)))
    }

    /// A text that a parameter is compared with is one of its values.
    fn check_word(&self, parameter: Part<'_>, text: Part<'_>) -> Result<(), Mistake> {
        let known = parameter.parameter.and_then(|at| self.scope.parameters.get(at));
        let (Some(known), Some(word)) = (known, text.literal) else { return Ok(()) };
        let Some(words) = known.words.as_ref().filter(|words| !words.iter().any(|one| one == word)) else {
            return Ok(());
        };
        let name = known.names.first().map_or("", String::as_str);
        let help = match nearest(word, words.iter().map(String::as_str)) {
            Some(near) => format!("did you mean '{near}'?"),
            None => format!("its values: {}", words.join(", ")),
        };
        Err(Mistake::new(text.place, format!("{name} is never '{word}'")).help(Some(help)))
    }

    fn sum(&mut self) -> Result<Part<'t>, Mistake> {
        self.row(&[("+", Operator::Add), ("-", Operator::Subtract)], Type::Number, Self::product)
    }

    fn product(&mut self) -> Result<Part<'t>, Mistake> {
        self.row(&[("*", Operator::Multiply), ("/", Operator::Divide)], Type::Number, Self::signed)
    }

    fn signed(&mut self) -> Result<Part<'t>, Mistake> {
        let (token, place) = self.here();
        if *token != Token::Sign("-") {
            return self.power();
        }
        self.at += 1;
        let inner = self.deeper(Self::signed)?;
        Self::must(inner, Type::Number)?;
        self.steps.push(Step::Negative);
        Ok(Part::of(Type::Number, (place.0, inner.place.1)))
    }

    fn power(&mut self) -> Result<Part<'t>, Mistake> {
        let base = self.operand()?;
        if self.take(&[("^", Operator::Power), ("**", Operator::Power)]).is_none() {
            return Ok(base);
        }
        // 2^-1, and 2^3^2 is 2^(3^2)
        let exponent = self.deeper(Self::signed)?;
        Self::must(base, Type::Number)?;
        Self::must(exponent, Type::Number)?;
        self.steps.push(Step::Two(Operator::Power));
        Ok(Part::of(Type::Number, (base.place.0, exponent.place.1)))
    }

    fn operand(&mut self) -> Result<Part<'t>, Mistake> {
        let (token, place) = self.here();
        self.at += 1;
        match token {
            Token::Number(number) => {
                self.steps.push(Step::Number(*number));
                Ok(Part::of(Type::Number, *place))
            }
            Token::Text(text) => {
                self.steps.push(Step::Text((*text).to_owned()));
                Ok(Part { literal: Some(text), ..Part::of(Type::Text, *place) })
            }
            Token::Sign("(") => {
                let inner = self.deeper(Self::either)?;
                self.close(*place)?;
                Ok(inner)
            }
            Token::Name(name) if self.here().0 == Token::Sign("(") => self.call(name, *place),
            Token::Name(name) => self.name(name, *place),
            Token::Sign(sign) => {
                Err(Mistake::new(*place, format!("a number, a name or a text is missing before {sign:?}")))
            }
            Token::End => Err(Mistake::new(*place, "the expression ends too early: something is missing here")),
        }
    }

    fn close(&mut self, opened: (usize, usize)) -> Result<(), Mistake> {
        if self.here().0 != Token::Sign(")") {
            return Err(Mistake::new(opened, "this bracket is never closed"));
        }
        self.at += 1;
        Ok(())
    }

    fn call(&mut self, name: &str, place: (usize, usize)) -> Result<Part<'t>, Mistake> {
        let found = Function::ALL.iter().find(|(known, _, _)| *known == name);
        let Some((_, function, takes)) = found else {
            let names = Function::ALL.map(|(known, _, _)| known);
            let help = match nearest(name, names.into_iter()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("functions: {}", names.join(", ")),
            };
            return Err(Mistake::new(place, format!("there is no function {name:?}")).help(Some(help)));
        };
        let opened = self.here().1;
        self.at += 1;
        for argument in 0..*takes {
            if argument > 0 {
                if self.here().0 != Token::Sign(",") {
                    return Err(Mistake::new(
                        place,
                        format!("{name} takes {takes} numbers, with a comma between them"),
                    ));
                }
                self.at += 1;
            }
            let part = self.deeper(Self::either)?;
            Self::must(part, Type::Number)?;
        }
        if self.here().0 == Token::Sign(",") {
            return Err(Mistake::new(self.here().1, format!("{name} takes no more numbers")));
        }
        self.close(opened)?;
        self.steps.push(Step::Call(*function));
        Ok(Part::of(Type::Number, (place.0, opened.1)))
    }

    fn name(&mut self, name: &str, place: (usize, usize)) -> Result<Part<'t>, Mistake> {
        let scope = self.scope;
        let parameter = scope.parameters.iter().position(|known| known.names.iter().any(|one| one == name));
        if let Some(at) = parameter {
            let numeric = scope.parameters[at].numeric;
            self.steps.push(if numeric { Step::Value(at) } else { Step::Word(at) });
            let kind = if numeric { Type::Number } else { Type::Text };
            return Ok(Part { parameter: Some(at), ..Part::of(kind, place) });
        }
        if let Some((_, number)) = scope.constants.iter().find(|(known, _)| known == name) {
            self.steps.push(Step::Number(*number));
            return Ok(Part::of(Type::Number, place));
        }
        let names = scope.parameters.iter().filter_map(|known| known.names.first().map(String::as_str));
        let names = names.chain(scope.constants.iter().map(|(name, _)| name.as_str()));
        let help = match nearest(name, names.clone()) {
            Some(near) => Some(format!("did you mean {near}?")),
            None => Some(names.collect::<Vec<_>>().join(", "))
                .filter(|all| !all.is_empty())
                .map(|all| format!("known here: {all}")),
        };
        let mistake = Mistake::new(place, format!("there is no parameter or constant {name:?}"));
        Err(Mistake { help, of_name: true, ..mistake })
    }
}
