//! What people write: texts, files and images, whole messages, and what the sender wants to hear.

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Context;
use crate::app::user::Extras;
use crate::base::DataSize;
use crate::proto::message::build::filler;
use crate::proto::message::letter::made_up;
use crate::proto::message::{self, Encoding, files};
use crate::proto::smtp::{Mailbox, Notify, Ret};
use crate::scenario::problem::Path;
use crate::scenario::resolved::{Body, LimitSpec};
use crate::scenario::schema::{Attachment, EncodingName, Entry, NotifyName, ReturnName, Texts, WholeMessage};

/// The text of a message.
pub(super) fn read_body(cx: &mut Context<'_>, limits: LimitSpec, here: Path<'_>, entry: &Entry) -> Body {
    let (limit, text) = (limits.message_size, entry.body.as_ref());
    if text.is_some() && entry.body_bytes.is_some() {
        cx.problems.at(here.key("body_bytes"), "a message has either `body` or `body_bytes`");
    }
    let lines = text.map_or(&[][..], |text| text.items.as_slice());
    check_text(cx, here.key("body"), text, entry.encoding);
    let total: usize = lines.iter().map(|line| line.len() + 2).sum();
    let size = entry.body_bytes.map_or(DataSize::from_bytes(total as u64), |size| size.0);
    if size > limit {
        let key = if entry.body_bytes.is_some() { "body_bytes" } else { "body" };
        let message = format!("this text is longer than `limits.message_size` ({})", limit.to_text());
        cx.problems.at(here.key(key), message);
    }
    entry.body_bytes.map_or_else(|| Body::Lines(lines.into()), |size| Body::Bytes(size.0))
}

pub(super) fn check_text(cx: &mut Context<'_>, path: Path<'_>, text: Option<&Texts>, encoding: Option<EncodingName>) {
    for (index, line) in text.iter().flat_map(|text| &text.items).enumerate() {
        let place = if text.is_some_and(|text| text.list) { path.index(index) } else { path };
        check_line(cx, place, line, 998);
        if encoding == Some(EncodingName::SevenBit) && !line.is_ascii() {
            let help = "leave `encoding` out: what is not ASCII is then encoded";
            cx.problems.help(place, "7-bit mail text is ASCII (RFC 2045 section 2.7)", help);
        }
    }
}

/// A line of a message (RFC 5322 section 2.1.1).
pub(super) fn check_line(cx: &mut Context<'_>, path: Path<'_>, line: &str, limit: usize) {
    if line.bytes().any(|b| b == b'\n' || b == b'\r') {
        cx.problems.help(path, "a line holds no line break", "write a list of lines: [\"first\", \"second\"]");
    } else if line.bytes().any(|b| b != b'\t' && b.is_ascii_control()) {
        cx.problems.at(path, "a line holds no control characters");
    } else if line.len() > limit {
        cx.problems.at(path, format!("a line has at most {limit} characters (RFC 5322 section 2.1.1)"));
    }
}

pub(super) fn read_subject(cx: &mut Context<'_>, here: Path<'_>, entry: &Entry) -> Arc<str> {
    let subject = entry.subject.clone().unwrap_or_default();
    check_line(cx, here.key("subject"), &subject, 900);
    subject.into()
}

/// All that a message has besides recipients, subject and text; `None` if that is nothing.
pub(super) fn read_extras(
    cx: &mut Context<'_>,
    limits: LimitSpec,
    here: Path<'_>,
    entry: &Entry,
    (cc, bcc): (Arc<[String]>, Arc<[String]>),
) -> Option<Arc<Extras>> {
    let html = entry.html.as_ref();
    check_text(cx, here.key("html"), html, entry.encoding);
    let attachments = read_files(cx, here.key("attachments"), &entry.attachments, false);
    let images = read_files(cx, here.key("images"), &entry.images, true);
    let whole = read_whole(cx, here, entry);
    let [reply_to, in_reply_to] =
        [("reply_to", &entry.reply_to), ("in_reply_to", &entry.in_reply_to)].map(|(key, text)| {
            let path = here.key(key);
            text.as_ref().map(|text| {
                let fits = if key == "reply_to" {
                    Mailbox::parse(text).is_some()
                } else {
                    text.len() <= 900 && text.split(' ').all(is_message_id)
                };
                if !fits {
                    let what = if key == "reply_to" {
                        "mail address"
                    } else {
                        "Message-ID: write it like \"<1.alice@crepes.fr>\""
                    };
                    cx.problems.at(path, format!("this is no {what}"));
                }
                text.as_str().into()
            })
        });
    let octets = attachments.iter().chain(&*images).map(|file| file.content.len());
    let octets: usize = octets.chain(whole.iter().map(|message| message.len())).max().unwrap_or(0);
    if octets as u64 > limits.message_size.bytes() {
        let message = format!("this is longer than `limits.message_size` ({})", limits.message_size.to_text());
        cx.problems.at(here, message);
    }
    let dsn = entry.dsn.as_ref();
    let id = dsn.and_then(|dsn| dsn.id.clone());
    if id.as_ref().is_some_and(|id| id.is_empty() || id.len() > 100 || !id.bytes().all(|b| matches!(b, b' '..=b'~'))) {
        cx.problems.at(here.key("dsn").key("id"), "an envelope has a name of 1 to 100 printable ASCII characters");
    }
    let extras = Extras {
        cc,
        bcc,
        reply_to,
        in_reply_to,
        html: html.map(|html| html.items.as_slice().into()),
        images,
        attachments,
        encoding: entry.encoding.and_then(encoding),
        whole,
        notify: dsn.and_then(|dsn| dsn.notify.as_deref()).map(read_notify),
        ret: dsn.and_then(|dsn| dsn.ret).map(read_return),
        envelope_id: id,
    };
    (extras != Extras::default()).then(|| Arc::new(extras))
}

fn read_notify(names: &[NotifyName]) -> Notify {
    let has = |name| names.contains(&name);
    Notify { success: has(NotifyName::Success), failure: has(NotifyName::Failure), delay: has(NotifyName::Delay) }
}

pub(super) const fn read_return(name: ReturnName) -> Ret {
    match name {
        ReturnName::Full => Ret::Full,
        ReturnName::Headers => Ret::Headers,
    }
}

/// RFC 5322 3.6.4, without the forms that are obsolete.
fn is_message_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or_default();
    let fits =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"<>@,;:\\\"()".contains(&b));
    inner.split_once('@').is_some_and(|(left, right)| fits(left) && fits(right))
}

const fn encoding(name: EncodingName) -> Option<Encoding> {
    match name {
        EncodingName::Auto => None,
        EncodingName::SevenBit => Some(Encoding::SevenBit),
        EncodingName::EightBit => Some(Encoding::EightBit),
        EncodingName::QuotedPrintable => Some(Encoding::QuotedPrintable),
        EncodingName::Base64 => Some(Encoding::Base64),
    }
}

fn read_files(cx: &mut Context<'_>, path: Path<'_>, files: &[Attachment], images: bool) -> Arc<[message::Attachment]> {
    let mut ids = BTreeSet::new();
    let mut read = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let here = path.index(index);
        match &file.id {
            Some(_) if !images => cx.problems.at(here.key("id"), "only images have an `id`"),
            None if images => {
                cx.problems.help(here, "an image needs an `id`", "HTML shows it by <img src=\"cid:ID\">");
            }
            Some(id) if !is_message_id(&format!("<{id}>")) => {
                cx.problems.at(here.key("id"), "this is no Content-ID: write it like \"logo@crepes.fr\"");
            }
            Some(id) if !ids.insert(id) => cx.problems.at(here.key("id"), "another image has this `id`"),
            Some(_) | None => {}
        }
        if let Some(name) = &file.name {
            check_line(cx, here.key("name"), name, 200);
        }
        read.push(read_file(cx, here, file));
    }
    read.into()
}

fn read_file(cx: &mut Context<'_>, here: Path<'_>, file: &Attachment) -> message::Attachment {
    let media = file.media.clone().unwrap_or_else(|| by_name(file.name.as_deref().unwrap_or_default()).to_owned());
    if !is_media_type(&media) {
        cx.problems.at(here.key("type"), "this is no media type: write it like \"application/pdf\"");
    }
    let named = [file.size.is_some(), file.text.is_some(), file.file.is_some(), file.base64.is_some()];
    if named.iter().filter(|is| **is).count() != 1 {
        let help = "give one of \"size\", \"text\", \"file\" and \"base64\"";
        cx.problems.help(here, "it must be said once what is in it", help);
    }
    let is_text = media.starts_with("text/");
    let content = if let Some(text) = &file.text {
        check_text(cx, here.key("text"), Some(text), file.encoding);
        text.items.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
    } else if let Some(text) = &file.base64 {
        STANDARD.decode(text).unwrap_or_else(|_| {
            cx.problems.at(here.key("base64"), "this is no base64 (RFC 4648 section 4)");
            Vec::new()
        })
    } else if let Some(size) = file.size {
        let most = DataSize::from_bytes(64 << 20);
        if size.0 > most {
            cx.problems.at(here.key("size"), "a file has at most 64 MiB");
        }
        let octets = size.0.min(most).bytes();
        if is_text {
            let mut text: Vec<u8> =
                filler(octets + 2).iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
            text.truncate(usize::try_from(octets).unwrap_or(0));
            text
        } else {
            made_up(octets)
        }
    } else {
        Vec::new()
    };
    let wish = file.encoding.and_then(encoding);
    if let Some(wish) = wish.filter(|wish| !wish.carries(&content)) {
        let message = format!("what is in this file cannot travel in {} (RFC 2045 section 2)", wish.name());
        cx.problems.at(here.key("encoding"), message);
    }
    message::Attachment { name: file.name.clone(), media, id: file.id.clone(), content: content.into(), encoding: wish }
}

fn is_media_type(text: &str) -> bool {
    let token = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b))
    };
    let bare = message::mime::bare(text);
    let composite = ["multipart/", "message/"].iter().any(|kind| bare.to_ascii_lowercase().starts_with(kind));
    let parameter = |text: &str| {
        let (name, value) = text.trim().split_once('=').unwrap_or_default();
        token(name) && !value.is_empty() && value.bytes().all(|b| matches!(b, b' '..=b'~'))
    };
    bare.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
        && !composite
        && text.split(';').skip(1).all(parameter)
}

/// The media type of a file by the end of its name.
fn by_name(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        "txt" => "text/plain; charset=utf-8",
        "html" | "htm" => "text/html; charset=utf-8",
        "csv" => "text/csv; charset=utf-8",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "json" => "application/json",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

/// Messages that are written as a whole.
fn read_whole(cx: &mut Context<'_>, here: Path<'_>, entry: &Entry) -> Arc<[Arc<[u8]>]> {
    if !entry.messages.is_empty() {
        let others = [
            ("subject", entry.subject.is_some()),
            ("body", entry.body.is_some()),
            ("body_bytes", entry.body_bytes.is_some()),
            ("html", entry.html.is_some()),
            ("attachments", !entry.attachments.is_empty()),
            ("images", !entry.images.is_empty()),
            ("encoding", entry.encoding.is_some()),
            ("reply_to", entry.reply_to.is_some()),
            ("in_reply_to", entry.in_reply_to.is_some()),
        ];
        for (key, _) in others.into_iter().filter(|(_, given)| *given) {
            cx.problems.at(here.name(key), format!("a message that is given as a whole has no `{key}`"));
        }
    }
    let path = here.key("messages");
    let messages = entry.messages.iter().enumerate();
    messages.map(|(index, message)| read_message(cx, path.index(index), message).into()).collect()
}

fn read_message(cx: &mut Context<'_>, here: Path<'_>, message: &WholeMessage) -> Vec<u8> {
    let octets = match (&message.lines, &message.base64) {
        (Some(lines), None) => {
            for (index, line) in lines.iter().enumerate() {
                check_line(cx, here.key("lines").index(index), line, 998);
            }
            lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect()
        }
        (None, Some(text)) => STANDARD.decode(text).unwrap_or_else(|_| {
            cx.problems.at(here.key("base64"), "this is no base64 (RFC 4648 section 4)");
            b"\r\n".to_vec()
        }),
        (Some(_), Some(_)) | (None, None) => {
            cx.problems.at(here, "a message has either `lines` or `base64`");
            b"\r\n".to_vec()
        }
    };
    if let Err(fault) = files::eml(&octets) {
        cx.problems.at(here, fault.said);
    }
    octets
}
