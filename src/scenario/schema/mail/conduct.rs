//! The key `conduct` of a mail domain: what its server does to its clients besides serving them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::scenario::schema::quantity::{Chance, Duration, Size, Spread, Texts};

/// What a mail server does to its clients besides serving them.
///
/// It is tried at each command in this order: `tarpit`, `rules`, `blocklist`, `refuse_helo`, `limit`, `max_size`,
/// `greylisting`. What only slows adds up; the first that decides ends it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Conduct {
    /// Refuses mail of clients, senders and recipients that were never seen together, until they come back. {} has
    /// the defaults of postgrey. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greylisting: Option<Greylist>,
    /// Lets each client wait before each reply. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tarpit: Option<Tarpit>,
    /// Clients of which nothing is taken. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocklist: Option<Blocklist>,
    /// Names in HELO or EHLO that are refused; "*" stands for any characters. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub refuse_helo: Vec<String>,
    /// The most that may come in a time. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Limit>,
    /// Larger messages are refused, by what MAIL tells of them or once they have come. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<Size>,
    /// Rules; the first that holds and decides is the last one tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ConductRule>,
}

/// Greylisting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Greylist {
    /// Age of a triplet at which it may pass. Default: "5min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
    /// Age at which a first retry is too late: then it counts as a first attempt. Default: "2d".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_window: Option<Duration>,
    /// Time after which a triplet or client that was not seen is forgotten. Default: "35d".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Duration>,
    /// After so many triplets that passed, at most one an hour counted, a client is let through; 0: never. Default: 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto_whitelist: Option<u32>,
    /// Leading bits of an IPv4 address that tell clients apart. Default: 24.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix4: Option<u8>,
    /// The same for IPv6. Default: 64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix6: Option<u8>,
    /// Clients that it does not concern: prefixes of addresses, and names of hosts or domains. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<String>,
    /// Reverse-paths that it does not concern; "*" stands for any characters, "<>" is the null one. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub senders: Vec<String>,
    /// Recipients that it does not concern. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// What the others are told. Default: "450 4.7.1 Greylisted, try again later".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// A server that lets its clients wait.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Tarpit {
    /// Time before each command takes effect. Default: "1s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Spread>,
    /// So much more for each command of the session that was refused. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_error: Option<Duration>,
    /// Both together are not more. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<Duration>,
    /// Which clients. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Texts>,
}

/// Clients of which nothing is taken.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Blocklist {
    /// Prefixes of addresses, and names of hosts or domains.
    pub clients: Vec<String>,
    /// Where they are refused: "CONNECT", or at a command such as "RCPT". Default: "CONNECT".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Texts>,
    /// Time that it takes to look a client up, whether it is on the list or not. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Spread>,
    /// What they are told. Default: "554 5.7.1 Blocked".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// The most that may come in a time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limit {
    /// So many.
    pub most: u32,
    /// In so much time. Default: "1min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
    /// What is counted. Default: "connections".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub of: Option<LimitedName>,
    /// Whose are counted together. Default: "client".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<PerName>,
    /// How it is measured. Default: "window".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gauge: Option<GaugeName>,
    /// What those are told who are too many. Default: "421 4.7.0 Too many, try again later".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LimitedName {
    /// Connections.
    #[default]
    Connections,
    /// MAIL commands.
    Messages,
    /// RCPT commands.
    Recipients,
    /// All commands.
    Commands,
}

/// By what occasions are told apart when they are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PerName {
    /// Not at all.
    #[default]
    Server,
    /// By the client's address.
    Client,
    /// By the connection.
    Session,
    /// By the reverse-path.
    Sender,
    /// By the recipients.
    Recipient,
    /// By client, reverse-path and recipients.
    Triplet,
    /// By Message-ID and recipients; before the message has come, by triplet.
    Message,
}

/// How a rate is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum GaugeName {
    /// All that came within the last so much time, refused or not.
    #[default]
    Window,
    /// A bucket of tokens that fills evenly; who finds none takes none.
    Bucket,
}

/// A rule of conduct.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConductRule {
    /// Its name in tables and metrics. Default: "rule" and its number, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When it holds. Default: always.
    pub when: ConductWhen,
    /// What it does.
    pub then: ConductThen,
}

/// Conditions of a rule: every key that is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConductWhen {
    /// Where: "CONNECT" (before the greeting), "HELO", "EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "BDAT", "BODY"
    /// (the message has come), "RSET", "NOOP", "VRFY", "EXPN", "HELP", "QUIT" or "OTHER". Default: anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Texts>,
    /// Clients: prefixes of addresses, and names of hosts or domains. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<Texts>,
    /// The port called: 25 or 587. Default: both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Names in HELO or EHLO; "*" stands for any characters. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub helo: Option<Texts>,
    /// Reverse-paths; "*" stands for any characters, "<>" is the null one. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sender: Option<Texts>,
    /// Recipients. Default: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipient: Option<Texts>,
    /// The message, or what MAIL tells of it, is larger. Default: any size.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub larger_than: Option<Size>,
    /// At least so many commands of the session were refused. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<u32>,
    /// Not before. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Duration>,
    /// Not from then on. Default: for ever.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
    /// More than so many of what holds so far have come in a time. Default: no matter how many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<ConductRate>,
    /// Only with this probability. Default: always.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<Chance>,
    /// Not the first so many times that all of the above holds. Default: 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u64>,
    /// Only so many times after these. Default: without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<u64>,
    /// Whose times `skip` and `first` count. Default: "server".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<PerName>,
}

/// A rate that is exceeded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ConductRate {
    /// More than so many.
    pub most: u32,
    /// In so much time. Default: "1min".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<Duration>,
    /// Whose are counted together. Default: "client".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<PerName>,
    /// How it is measured. Default: "window".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gauge: Option<GaugeName>,
}

/// What a rule does. A text alone is `do`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConductThen {
    /// The keys.
    pub keys: ThenKeys,
    /// Whether the file has the text alone.
    pub short: bool,
}

/// What a rule does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThenKeys {
    /// A reply such as "450 4.7.1 Come back later"; or "close" or "reset" (the connection), "silent" (nothing is
    /// answered any more), "half_close" (the server ends its direction after its reply), or "pass" (the rules after
    /// this one are not tried). Default: nothing; the rule only slows.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// In place of `do`: octets that are sent as they are in place of a reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub garbage: Option<String>,
    /// Whether the command takes effect all the same. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<bool>,
    /// With "close" or "reset" at DATA: only when so much of the message has come. Default: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Size>,
    /// Time before the command takes effect. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay: Option<Spread>,
    /// So much more for each command of the session that was refused. Default: "0s".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_error: Option<Duration>,
    /// `delay` and `per_error` together are not more. Default: no bound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub most: Option<Duration>,
    /// Time between the effect and the reply. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late: Option<Spread>,
    /// The reply is sent octet by octet with such pauses. Default: at once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drip: Option<Duration>,
}

struct ThenVisitor;

impl<'de> Visitor<'de> for ThenVisitor {
    type Value = ConductThen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a reply like \"450 4.7.1 Come back later\", a word like \"close\", or an object")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<ConductThen, E> {
        let keys = ThenKeys { action: Some(text.to_owned()), ..ThenKeys::default() };
        Ok(ConductThen { keys, short: true })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ConductThen, A::Error> {
        let keys = ThenKeys::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ConductThen { keys, short: false })
    }
}

impl<'de> Deserialize<'de> for ConductThen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ThenVisitor)
    }
}

impl Serialize for ConductThen {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.keys.action {
            Some(text) if self.short => serializer.serialize_str(text),
            Some(_) | None => self.keys.serialize(serializer),
        }
    }
}

impl JsonSchema for ConductThen {
    fn schema_name() -> Cow<'static, str> {
        "ConductThen".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keys = generator.subschema_for::<ThenKeys>();
        json_schema!({ "anyOf": [{ "type": "string", "examples": ["450 4.7.1 Come back later", "close"] }, keys] })
    }
}
