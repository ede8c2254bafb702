//! The `steps` key: what a person does in one session with the mailbox.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::message::{Attachment, EncodingName};
use super::quantity::{Duration, Size, Texts};

/// How a person gets at the mailbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProtocolName {
    /// POP3: what is new is downloaded and deleted on the server, and read when the connection is closed.
    #[default]
    Pop3,
    /// POP3: what is new is downloaded, and stays on the server too.
    Pop3Keep,
    /// IMAP: everything stays on the server, and what is wanted is fetched.
    Imap,
    /// Pages of the mail server, in a browser.
    Webmail,
}

/// Something that a person does: exactly one of the keys but for `which`, `text` and `whole`, which say more about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Step {
    /// Lists this folder; "INBOX" is where mail arrives. By POP3 all that is new is downloaded then. What follows acts on
    /// this list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<String>,
    /// Leaves in the list only what matches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Criteria>,
    /// Shows the text of these messages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub open: Option<Pick>,
    /// Fetches this file of a message: 1 for its first, 0 for all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment: Option<u32>,
    /// Answers its sender: this is written below the quoted text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<Texts>,
    /// Answers all whom it went to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_all: Option<Texts>,
    /// Passes a message on to these addresses, its files with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward: Option<Texts>,
    /// With `forward`: what is written above. Default: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Texts>,
    /// With `forward`: whether the message goes along unchanged, as a file. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whole: Option<bool>,
    /// Writes a message and sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub write: Option<Letter>,
    /// Writes a message and keeps it among the drafts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<Letter>,
    /// Adds this to the draft that was kept last, and sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish: Option<Texts>,
    /// Puts messages into this folder, which is made if need be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Deletes these messages for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delete: Option<Pick>,
    /// Sets a mark of messages or takes it away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<MarkName>,
    /// Does nothing for so long.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Duration>,
    /// Waits for new mail, so long at most, and lists it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Duration>,
    /// On which messages of the list this acts. Default: "opened".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub which: Option<Pick>,
}

/// What a search looks for; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Criteria {
    /// In the From field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// In the Subject field.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Anywhere in the message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether only what was not read yet is found. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unread: Option<bool>,
}

/// A mark of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MarkName {
    /// It was read.
    Read,
    /// It was not.
    Unread,
    /// It is singled out.
    Flagged,
    /// It is not.
    Unflagged,
}

/// A message that somebody writes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Letter {
    /// To whom: an address or a list of addresses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Texts>,
    /// Who else gets it, as its header says. Default: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cc: Option<Texts>,
    /// Who else gets it, though its header does not say so. Default: nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bcc: Option<Texts>,
    /// Whether these may be addresses that do not exist. Default: false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_unknown: Option<bool>,
    /// Subject. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Text, as one line or a list of lines. Default: an empty text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Texts>,
    /// Length of a made-up text in place of `body`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body_bytes: Option<Size>,
    /// Files that go with it. Default: none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The transfer encoding of the text. Default: "auto".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<EncodingName>,
}

/// Which messages of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pick {
    /// By a word.
    Named(PickName),
    /// By what is in their header.
    Where(Box<Where>),
}

/// A word for messages of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PickName {
    /// Those that were opened last.
    Opened,
    /// The last of the list.
    Newest,
    /// The first of the list.
    Oldest,
    /// Those not read yet.
    Unread,
    /// All of the list.
    All,
}

/// Messages whose header contains these texts, whatever the case of letters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Where {
    /// In the sender's address. Default: any sender.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// In the subject. Default: any subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

struct PickVisitor;

impl<'de> Visitor<'de> for PickVisitor {
    type Value = Pick;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"opened\", \"newest\", \"oldest\", \"unread\", \"all\", or an object { \"from\", \"subject\" }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Pick, E> {
        let known: [(&str, PickName); 5] = [
            ("opened", PickName::Opened),
            ("newest", PickName::Newest),
            ("oldest", PickName::Oldest),
            ("unread", PickName::Unread),
            ("all", PickName::All),
        ];
        let found = known.into_iter().find(|(name, _)| *name == text).map(|(_, pick)| Pick::Named(pick));
        found.ok_or_else(|| E::unknown_variant(text, &["opened", "newest", "oldest", "unread", "all"]))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Pick, A::Error> {
        Where::deserialize(MapAccessDeserializer::new(map)).map(|found| Pick::Where(Box::new(found)))
    }
}

impl<'de> Deserialize<'de> for Pick {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PickVisitor)
    }
}

impl Serialize for Pick {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Named(name) => name.serialize(serializer),
            Self::Where(found) => found.serialize(serializer),
        }
    }
}

impl JsonSchema for Pick {
    fn schema_name() -> Cow<'static, str> {
        "Pick".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<PickName>(), generator.subschema_for::<Where>()] })
    }
}
