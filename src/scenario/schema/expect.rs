//! The key `expect`: what must be true of a run's results, and the file with which exercises are graded.
//!
//! One object says one thing; its first key says about what. A flat object with many keys, like a step of a
//! person, so that a misspelt key is told with its place.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::quantity::{Duration, Texts};

/// What must be true of the results. Exactly one of `metric`, `count`, `sum`, `mean`, `min`, `max`, `quantile`,
/// `message`, `dropped_packets` and `transcript` says about what; the other keys say more about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// A number of the whole run by its name, such as "messages.delivered".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    /// How many rows of this table match `where`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<String>,
    /// The sum of a column, such as "links.bytes", over the rows that match `where`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
    /// Likewise the mean.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<String>,
    /// Likewise the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Likewise the greatest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// A quantile (nearest rank) of the column in `of`: 0.95 is the 95th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// With `quantile`: the column, such as "messages.latency_s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// Which rows count: for each column named here, what its cell must be. Default: all rows.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub only: Option<BTreeMap<String, Cell>>,
    /// The number is exactly this, or within `tolerance` of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equals: Option<Amount>,
    /// Distance from `equals` that is still equal. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tolerance: Option<Amount>,
    /// The number is not below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Amount>,
    /// The number is not above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Amount>,
    /// A message by its Message-ID, such as "<1.alice@crepes.fr>": what follows must be true of each of its copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// With `message`: only of the copy for this recipient. Default: of all copies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// With `message`: its status at the end of the run, or one of several. Default: "delivered", if nothing else is
    /// said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Texts>,
    /// With `message`: it was in the mailbox before this time of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_before: Option<Duration>,
    /// With `message`: it was in the mailbox at most so long after it was composed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_within: Option<Duration>,
    /// With `message`: its reader had it before this time of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrieved_before: Option<Duration>,
    /// With `message`: each of these servers passed it on, or took it from one that did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<Texts>,
    /// With `message`: how often servers tried to pass it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<Cell>,
    /// How many packets were dropped, by links or by hosts: 0, or bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped_packets: Option<Cell>,
    /// With `dropped_packets`: only by this link, in both directions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// With `dropped_packets`: only by the links of this host, in both directions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// What was said, or was not, on the connections of a protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transcript: Option<Transcript>,
    /// What it is called in tables and reports. Default: its own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Shown when it does not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// What it is worth; only in the file of `run --grade`. Default: 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<f64>,
}

/// Dialogues, and the lines in them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Transcript {
    /// Only dialogues in this protocol: "smtp", "pop3", "imap" or "http". Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<String>,
    /// Only on connections that this host opened. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// Only on connections to this host. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// One of these dialogues has a line with this text in it; of several texts each, and in the same dialogue. Lines
    /// begin with "C: " or "S: ".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<Texts>,
    /// No line of any of these dialogues has this text in it, or any of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lacks: Option<Texts>,
}

/// The file of `posthaste run --grade`: what is expected of a student's scenario, and what that is worth.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Key {
    /// The exercise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// For whoever reads the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<Texts>,
    /// What must be true of the results, with `points`.
    pub expect: Vec<Expect>,
}

/// A number, or a quantity with its unit where the number has one: "30min", "64kB", "10Mbps".
#[derive(Clone, Debug, PartialEq)]
pub enum Amount {
    /// A number, in the unit of what it is compared with.
    Number(f64),
    /// A quantity.
    Quantity(String),
}

/// What a cell of a table must be.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// This, or one of these; `*` stands for any characters.
    OneOf(Vec<Amount>, bool),
    /// Within these bounds, or something else than these.
    Bounds(Box<CellBounds>),
}

/// Bounds of a cell.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CellBounds {
    /// Not below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<Amount>,
    /// Not above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<Amount>,
    /// None of these; "" is an empty cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not: Option<Texts>,
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, or a quantity like \"30min\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        Ok(Amount::Quantity(text.to_owned()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Amount, E> {
        Ok(Amount::Number(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "what it is compared with is a float too")]
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Amount, E> {
        Ok(Amount::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "likewise")]
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Amount, E> {
        Ok(Amount::Number(number as f64))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_f64(*number),
            Self::Quantity(text) => serializer.serialize_str(text),
        }
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"], "title": "number or quantity", "examples": [3, "30min", "64kB"] })
    }
}

struct CellVisitor;

impl<'de> Visitor<'de> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, a list of them, or an object with bounds")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Cell, E> {
        AmountVisitor.visit_str(text).map(one)
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Cell, E> {
        AmountVisitor.visit_f64(number).map(one)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Cell, E> {
        AmountVisitor.visit_u64(number).map(one)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Cell, E> {
        AmountVisitor.visit_i64(number).map(one)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cell, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Cell::OneOf(items, true))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Cell, A::Error> {
        CellBounds::deserialize(MapAccessDeserializer::new(map)).map(|bounds| Cell::Bounds(Box::new(bounds)))
    }
}

fn one(amount: Amount) -> Cell {
    Cell::OneOf(vec![amount], false)
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::OneOf(items, list) => match items.as_slice() {
                [only] if !list => only.serialize(serializer),
                items => items.serialize(serializer),
            },
            Self::Bounds(bounds) => bounds.serialize(serializer),
        }
    }
}

impl JsonSchema for Cell {
    fn schema_name() -> Cow<'static, str> {
        "Cell".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (amount, bounds) = (generator.subschema_for::<Amount>(), generator.subschema_for::<CellBounds>());
        json_schema!({ "anyOf": [amount, { "type": "array", "items": amount }, bounds] })
    }
}
