//! The key `dns_scripted` of a host: a name server that goes by a script.
//!
//! Cases of `posthaste dns-replay` have the same rules, so both are read by these types.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::quantity::Duration;
use crate::base::SimDuration;

/// A name server that does what its rules say.
///
/// If `dns.servers` gives the host zones, these are delegated to it as to any name server, and it can answer from them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Scripted {
    /// Rules; the first that holds for a query answers it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ScriptRule>,
    /// What it does with queries for which there is no rule. Default: "answer" if it has zones, else "silent".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behaviour: Option<BehaviourName>,
    /// In place of `behaviour`: "drop", or a response code such as "notimp".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
    /// Time until it sends what it answers from its zones, such as "2s". Default: none; "2s" if it is "slow".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Seconds>,
    /// Forged responses that it sends without being asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unasked: Vec<Unasked>,
}

/// What a name server does with queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum BehaviourName {
    /// It answers from its zones, as it should.
    #[default]
    Answer,
    /// It says nothing.
    Silent,
    /// REFUSED: it does not want to know of the zone that is delegated to it.
    Refuse,
    /// SERVFAIL: it cannot answer.
    Fail,
    /// It does not know its zone, and refers to the root.
    Lame,
    /// It answers late from its zones.
    Slow,
    /// Each answer over UDP is an empty one with TC; over TCP it answers from its zones.
    Truncate,
}

/// Forged responses: messages in the name of another server, for a resolver that may wait for one.
///
/// Whoever forges does not see what the resolver asks: it must guess the ID.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unasked {
    /// When the first is sent.
    pub at: Duration,
    /// The host that is to believe them.
    pub to: String,
    /// The host in whose name they are sent.
    #[serde(rename = "as")]
    pub source: String,
    /// The port to which they are sent. Default: that from which `to` last asked this server something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How many. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// The time between two. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<Duration>,
    /// The question that they answer.
    pub question: ScriptQuestion,
    /// How the ID is guessed. Default: "random".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ids: Option<IdsName>,
    /// The message. With `id` nothing is guessed.
    pub reply: ScriptReply,
}

/// How the ID of a query is guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum IdsName {
    /// At random, each time anew.
    #[default]
    Random,
    /// One after the other, from 0.
    Counting,
}

/// A rule: queries of a kind, and what is sent for each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScriptRule {
    /// Steps of a replay in which the rule holds. In a scenario there are none: leave it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steps: Option<Vec<u32>>,
    /// How often the rule holds. Default: without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The queries for which it holds. Default: all.
    #[serde(rename = "match")]
    pub matching: ScriptMatch,
    /// What is sent: a message, a list of messages one after another, or null for none.
    pub reply: Replies,
}

/// A kind of query: every key that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScriptMatch {
    /// "QUERY", "NOTIFY", ... or a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opcode: Option<String>,
    /// The name asked for; the case of its letters does not matter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qname: Option<String>,
    /// The type asked for, such as "A", or "TYPE" and its number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qtype: Option<String>,
    /// The name asked for is this one or lies beneath it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subdomain_of: Option<String>,
    /// How the query came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transport: Option<TransportName>,
    /// Whether it has an OPT record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edns: Option<bool>,
    /// Whether its OPT record has the flag DO.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub dnssec_ok: Option<bool>,
}

/// UDP or TCP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransportName {
    /// In a datagram.
    #[default]
    Udp,
    /// Over a connection.
    Tcp,
}

/// A message that is sent as it is written here, however wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScriptReply {
    /// Response code, such as "NXDOMAIN", or a number. Default: "NOERROR".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rcode: Option<String>,
    /// Exactly the flags that are set: of QR, AA, TC, RD, RA, AD, CD. Default: QR, and RD if the query has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flags: Option<Vec<String>>,
    /// "QUERY", "NOTIFY", ... or a number. Default: "QUERY".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opcode: Option<String>,
    /// The message's ID. Default: the query's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u16>,
    /// The question section; [] for none. Default: the query's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub question: Option<Vec<ScriptQuestion>>,
    /// Records "owner ttl class type rdata" as in a master file, with absolute names. RDATA may be written as
    /// octets ("\\# 4 0a000001"), which are sent even where they are malformed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answer: Vec<String>,
    /// As `answer`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub authority: Vec<String>,
    /// As `answer`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub additional: Vec<String>,
    /// The OPT record. Default: none, whatever the query had.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edns: Option<ScriptEdns>,
    /// The whole message in hexadecimal digits, sent as it is but for the ID, in place of all but `id` and `delay`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wire: Option<String>,
    /// Time from the query until this is sent, such as "2s"; a bare number is in seconds. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Seconds>,
}

/// A question.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScriptQuestion {
    /// The name.
    pub qname: String,
    /// The type, such as "A", or "TYPE" and its number.
    pub qtype: String,
    /// The class. Default: "IN".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qclass: Option<String>,
}

/// An OPT record.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ScriptEdns {
    /// The flag DO.
    #[serde(rename = "do")]
    pub dnssec_ok: bool,
    /// Its options, in hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub options: Option<String>,
}

/// A message, several, or none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Replies(pub Vec<ScriptReply>);

struct RepliesVisitor;

impl<'de> Visitor<'de> for RepliesVisitor {
    type Value = Replies;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message { ... }, a list of them, or null")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Replies, E> {
        Ok(Replies::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Replies, A::Error> {
        ScriptReply::deserialize(MapAccessDeserializer::new(map)).map(|reply| Replies(vec![reply]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Replies, A::Error> {
        let mut replies = Vec::new();
        while let Some(reply) = seq.next_element()? {
            replies.push(reply);
        }
        Ok(Replies(replies))
    }
}

impl<'de> Deserialize<'de> for Replies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RepliesVisitor)
    }
}

impl Serialize for Replies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [] => serializer.serialize_unit(),
            [only] => only.serialize(serializer),
            several => several.serialize(serializer),
        }
    }
}

impl JsonSchema for Replies {
    fn schema_name() -> Cow<'static, str> {
        "Replies".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let reply = generator.subschema_for::<ScriptReply>();
        json_schema!({ "anyOf": [reply, { "type": "array", "items": reply }, { "type": "null" }] })
    }
}

/// A time: a bare number of seconds, or a text with a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seconds(pub SimDuration);

/// A hundred years: no time in a file is longer.
const LONGEST_S: f64 = 100.0 * 365.0 * 86_400.0;

struct SecondsVisitor;

impl Visitor<'_> for SecondsVisitor {
    type Value = Seconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds, or a duration like \"5ms\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Seconds, E> {
        let duration = SimDuration::parse(text).map_err(E::custom)?;
        self.visit_f64(duration.as_secs_f64()).map(|_| Seconds(duration))
    }

    #[expect(clippy::cast_precision_loss, reason = "such large numbers are refused")]
    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<Seconds, E> {
        self.visit_f64(seconds as f64)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<Seconds, E> {
        Err(E::custom("a time is never negative"))
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bounds are checked")]
    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<Seconds, E> {
        if !(0.0..=LONGEST_S).contains(&seconds) {
            return Err(E::custom("a time lies between nothing and 100 years"));
        }
        Ok(Seconds(SimDuration::from_nanos((seconds * 1e9).round() as u64)))
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SecondsVisitor)
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.to_text())
    }
}

impl JsonSchema for Seconds {
    fn schema_name() -> Cow<'static, str> {
        "Seconds".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "type": "string" }, { "type": "number", "minimum": 0 }], "examples": ["2s", 0.5] })
    }
}
