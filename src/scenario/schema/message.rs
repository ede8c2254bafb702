//! What messages consist of besides their text: files, images, encodings, whole messages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantity::{Size, Texts};

/// A file or an image that goes with a message: exactly one of `size`, `text`, `file` and `base64` says what is in it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Attachment {
    /// Its file name, of any characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its media type. Default: by the end of its name, else "application/octet-stream".
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// Images only: the name by which HTML shows it, as in `<img src="cid:logo@crepes.fr">`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// So many made-up octets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// This text, as one line or a list of lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Texts>,
    /// What this file holds, which lies in the scenario's folder or below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// These octets, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
    /// Its transfer encoding. Default: "auto".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<EncodingName>,
}

/// A transfer encoding (RFC 2045 section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum EncodingName {
    /// The shortest that any server takes.
    #[serde(rename = "auto")]
    Auto,
    /// ASCII in lines, as it is.
    #[serde(rename = "7bit")]
    SevenBit,
    /// Any text in lines, as it is: for servers with 8BITMIME.
    #[serde(rename = "8bit")]
    EightBit,
    /// ASCII stays readable.
    #[serde(rename = "quoted-printable")]
    QuotedPrintable,
    /// Four characters for three octets.
    #[serde(rename = "base64")]
    Base64,
}

/// A message written as a whole, with its header: exactly one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WholeMessage {
    /// Its lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<String>>,
    /// Its octets, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

/// What the sender wants to hear of a message (RFC 3461).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Dsn {
    /// Of what: any of "success", "failure" and "delay"; an empty list: of nothing. Default: what the servers
    /// think fit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<Vec<NotifyName>>,
    /// How much of the message comes back with a report of failure. Default: what the server thinks fit.
    #[serde(rename = "return", skip_serializing_if = "Option::is_none")]
    pub ret: Option<ReturnName>,
    /// The sender's own name for the message, which reports mention. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// Something that a sender may want to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum NotifyName {
    /// That it is in the mailbox, or was passed to a server that does not report.
    Success,
    /// That it was given up.
    Failure,
    /// That it is late.
    Delay,
}

/// How much of a message comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReturnName {
    /// All of it.
    Full,
    /// Its header.
    Headers,
}
