//! A message as somebody reads it who will answer it or pass it on: whom to write to, what it belongs to, its
//! text, its files.
//!
//! Left out: names of people, and the files of messages inside the message, which go along with those.

use std::sync::Arc;

use super::Encoding;
use super::letter::Attachment;
use super::read::address::{self, Address};
use super::read::media::Media;
use super::read::shown::{self, Shown};
use super::read::tree::{self, Entity};
use super::read::{decode, header};

/// So many messages before one are named; of more, the first and the last ones (as RFC 5537 3.4.4 has it).
const MAX_REFERENCES: usize = 21;

/// What the header of a message says to who answers it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Original {
    /// Message-ID, with its angle brackets.
    pub message_id: Option<String>,
    /// The author's address.
    pub from: Option<String>,
    /// Where answers should go: Reply-To, else From.
    pub reply_to: Vec<String>,
    /// Primary recipients.
    pub to: Vec<String>,
    /// Further recipients.
    pub cc: Vec<String>,
    /// Subject, decoded.
    pub subject: String,
    /// When it was written, as it says.
    pub date: Option<String>,
    /// Message-IDs of the messages before it, the oldest first.
    pub before: Vec<String>,
    /// Whether a program wrote it (RFC 3834 5): people do not answer it.
    pub automatic: bool,
}

/// A subject with its `Re: ` or `Fwd: `, which no subject needs twice (RFC 5322 3.6.5).
#[must_use]
pub fn subject_about(word: &str, subject: &str) -> String {
    let marked = subject.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if marked && subject[word.len()..].starts_with(':') { subject.to_owned() } else { format!("{word}: {subject}") }
}

impl Original {
    /// Reads a header section; what follows it does not matter.
    #[must_use]
    pub fn read(octets: &[u8]) -> Self {
        let mut read = Self::default();
        let (mut references, mut answered) = (Vec::new(), Vec::new());
        for field in header::fields(octets) {
            let value = field.unfolded();
            let text = || Some(decode::plain_text(value.trim_ascii()).into_owned());
            match field.name.to_ascii_lowercase().as_slice() {
                b"message-id" if read.message_id.is_none() => read.message_id = message_ids(&value).pop(),
                b"from" if read.from.is_none() => read.from = addresses(&value).into_iter().next(),
                b"reply-to" if read.reply_to.is_empty() => read.reply_to = addresses(&value),
                b"to" => read.to.extend(addresses(&value)),
                b"cc" => read.cc.extend(addresses(&value)),
                b"subject" if read.subject.is_empty() => {
                    decode::field_text(value.trim_ascii()).trim().clone_into(&mut read.subject);
                }
                b"date" if read.date.is_none() => read.date = text(),
                b"references" => references.extend(message_ids(&value)),
                b"in-reply-to" => answered.extend(message_ids(&value)),
                b"auto-submitted" => read.automatic |= !value.trim_ascii().eq_ignore_ascii_case(b"no"),
                _ => {}
            }
        }
        if read.reply_to.is_empty() {
            read.reply_to = read.from.iter().cloned().collect();
        }
        // RFC 5322 3.6.4: without References, an In-Reply-To of one message stands for it.
        read.before = if references.is_empty() && answered.len() == 1 { answered } else { references };
        read
    }

    /// The References of an answer: those before it, and itself (RFC 5322 3.6.4); the last one is what is answered.
    #[must_use]
    pub fn references(&self) -> Vec<String> {
        let mut all = self.before.clone();
        all.retain(|id| Some(id) != self.message_id.as_ref());
        all.extend(self.message_id.clone());
        if all.len() > MAX_REFERENCES {
            all.drain(1..=all.len() - MAX_REFERENCES);
        }
        all
    }

    /// To whom an answer goes that `own` writes: primary and further recipients. Whoever answers a message of
    /// their own writes to its recipients again.
    #[must_use]
    pub fn recipients(&self, own: &str, all: bool) -> (Vec<String>, Vec<String>) {
        let mine = |address: &String| address.eq_ignore_ascii_case(own);
        let mut to: Vec<String> = Vec::new();
        let first = if self.from.as_ref().is_some_and(mine) { &self.to } else { &self.reply_to };
        add(&mut to, first.iter());
        if all {
            add(&mut to, self.to.iter().filter(|address| !mine(address)));
        }
        let mut cc = Vec::new();
        if all {
            let known =
                |address: &&String| !mine(address) && to.iter().all(|other| !other.eq_ignore_ascii_case(address));
            add(&mut cc, self.cc.iter().filter(known));
        }
        (to, cc)
    }
}

/// A line quoted; quote marks stand together (RFC 3676 4.5).
fn quoted_line(line: &str) -> String {
    if line.starts_with('>') { format!(">{line}") } else { format!("> {line}") }
}

impl Original {
    /// The text of a message as an answer quotes it, below who wrote it; no lines for no text.
    #[must_use]
    pub fn quoted(&self, who: &str, text: &[String]) -> Vec<String> {
        if text.is_empty() {
            return Vec::new();
        }
        let when = self.date.as_ref().map_or_else(String::new, |date| format!("On {date}, "));
        let said = format!("{when}{who} wrote:");
        std::iter::once(said).chain(text.iter().map(|line| quoted_line(line))).collect()
    }

    /// The text of a message as it is passed on, below what its header says; `from` and `to` as they are shown.
    #[must_use]
    pub fn passed_on(&self, (from, to): (&str, &str), text: &[String]) -> Vec<String> {
        let date = self.date.as_deref().unwrap_or_default();
        let fields = [("From", from), ("Date", date), ("Subject", &self.subject), ("To", to)];
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let mut lines = vec!["---------- Forwarded message ----------".to_owned()];
        lines.extend(fields.map(|(name, value)| format!("{name}: {value}")));
        lines.push(String::new());
        lines.extend(text.iter().cloned());
        lines
    }
}

fn add<'a>(list: &mut Vec<String>, more: impl Iterator<Item = &'a String>) {
    for address in more {
        if list.iter().all(|known| !known.eq_ignore_ascii_case(address)) {
            list.push(address.clone());
        }
    }
}

/// The addresses of a field; those that no message could go to are left out.
fn addresses(value: &[u8]) -> Vec<String> {
    let one = |address: Address| {
        let (local, domain) = (address.mailbox?, address.host.filter(|host| !host.is_empty())?);
        let text = format!("{}@{}", decode::plain_text(&local), decode::plain_text(&domain));
        text.bytes().all(|b| !b.is_ascii_control() && b != b' ').then_some(text)
    };
    address::list(value).into_iter().filter_map(one).collect()
}

/// What stands in angle brackets (RFC 5322 3.6.4), as long as it fits a line.
fn message_ids(value: &[u8]) -> Vec<String> {
    let text = decode::plain_text(value);
    let ids = text.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(id, _)| id);
    let fits = |id: &&str| !id.is_empty() && id.len() <= 900 && id.bytes().all(|b| b.is_ascii_graphic());
    ids.filter(fits).map(|id| format!("<{id}>")).collect()
}

/// The lines of a message's text, as a reader sees it.
#[must_use]
pub fn text_of(whole: &[u8]) -> Vec<String> {
    lines(&Shown::of(whole, &tree::parse(whole)).text(whole))
}

/// The lines of a text, without those at its end that are empty.
#[must_use]
pub fn lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    lines
}

/// The files of a message, their transfer encoding undone.
#[must_use]
pub fn files_of(whole: &[u8]) -> Vec<Attachment> {
    let root = tree::parse(whole);
    let file = |(_, part): &(String, &Entity)| Attachment {
        name: shown::file_name(whole, part),
        media: media_text(&part.media),
        id: None,
        content: Arc::from(&shown::content(whole, part)[..]),
        encoding: enclosed_encoding(&part.media, &whole[part.body.clone()]),
    };
    Shown::of(whole, &root).files.iter().map(file).collect()
}

/// RFC 2046 5.2.1: a message inside a message is not encoded, and must not be; other media leave the choice.
fn enclosed_encoding(media: &Media, body: &[u8]) -> Option<Encoding> {
    let eight_bit = if body.is_ascii() { Encoding::SevenBit } else { Encoding::EightBit };
    media.is(b"message", Some(b"rfc822")).then_some(eight_bit)
}

/// The type without its name, which is written anew.
fn media_text(media: &Media) -> String {
    let bare = media.name();
    let charset = media.parameter(b"charset").map(|octets| decode::plain_text(octets).to_ascii_lowercase());
    match charset.filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')) {
        Some(charset) => format!("{bare}; charset={charset}"),
        None => bare,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Draft, Letter};
    use super::*;

    fn strings(all: &[&str]) -> Vec<String> {
        all.iter().map(|one| (*one).to_owned()).collect()
    }

    /// Breaks when a thread would fall apart, or an answer go to the wrong people.
    #[test]
    fn an_answer_knows_its_thread_and_its_people() {
        let read = Original::read(
            b"Message-ID: <3@a>\r\nReferences: <1@a>\r\n <2@a>\r\nIn-Reply-To: <2@a>\r\n\
              From: \"A, B\" <alice@crepes.fr>\r\nTo: bob@b.org, Carol <carol@c.org>\r\nCc: dave@d.org, BOB@b.org\r\n\
              Subject: =?utf-8?q?Cr=C3=AApes?=\r\nDate: Mon, 05 Jan 2026 09:00:00 +0000\r\n\r\nTo: nobody@e.org\r\n",
        );
        assert_eq!(read.references(), strings(&["<1@a>", "<2@a>", "<3@a>"]));
        assert_eq!(read.subject, "Crêpes");
        assert_eq!(read.recipients("bob@b.org", false), (strings(&["alice@crepes.fr"]), vec![]));
        let all = (strings(&["alice@crepes.fr", "carol@c.org"]), strings(&["dave@d.org"]));
        assert_eq!(read.recipients("bob@b.org", true), all);
        let own = (strings(&["bob@b.org", "carol@c.org"]), vec![]);
        assert_eq!(read.recipients("alice@crepes.fr", false), own);
        let alone = Original::read(b"Message-ID: <2@a>\r\nIn-Reply-To: <1@a>\r\nReply-To: x@y\r\nFrom: z@y\r\n\r\n");
        assert_eq!(alone.references(), strings(&["<1@a>", "<2@a>"]));
        assert_eq!(alone.recipients("b@b", false).0, strings(&["x@y"]));
        // RFC 5322 3.6.4: several in In-Reply-To and no References tell nothing of the order.
        let several = Original::read(b"Message-ID: <3@a>\r\nIn-Reply-To: <1@a> <2@a>\r\n\r\n");
        assert_eq!(several.references(), strings(&["<3@a>"]));
    }

    #[test]
    fn long_threads_keep_their_first_and_their_last() {
        let ids: String = (0..40).map(|n| format!("<{n}@a>\r\n ")).collect();
        let read = Original::read(format!("References: {ids}\r\nMessage-ID: <40@a>\r\n\r\n").as_bytes());
        let kept = read.references();
        assert_eq!(kept.len(), MAX_REFERENCES);
        assert_eq!((kept[0].as_str(), kept[1].as_str(), kept[20].as_str()), ("<0@a>", "<21@a>", "<40@a>"));
    }

    #[test]
    fn subjects_are_marked_once() {
        assert_eq!(subject_about("Re", "Dinner"), "Re: Dinner");
        assert_eq!(subject_about("Re", "RE: Dinner"), "RE: Dinner");
        assert_eq!(subject_about("Re", "Recipe"), "Re: Recipe");
        assert_eq!(subject_about("Fwd", "é"), "Fwd: é");
    }

    /// Breaks when what is passed on is not what came.
    #[test]
    fn texts_and_files_come_back_as_they_were() {
        let body = strings(&["Voilà:", "", "the menu"]);
        let file = |name: &str, media: &str, content: &[u8]| Attachment {
            name: Some(name.to_owned()),
            media: media.to_owned(),
            id: None,
            content: content.into(),
            encoding: None,
        };
        let files = [file("menü.pdf", "application/pdf", &[0, 1, 2, 255]), file("a.txt", "text/plain", b"one\r\n")];
        let draft = Draft { message_id: "<1@a>", from: "a@a", body: &body, ..Draft::EMPTY };
        let (whole, _) = Letter { draft, attachments: &files, ..Letter::EMPTY }.build();
        assert_eq!(text_of(&whole), body);
        let back = files_of(&whole);
        let facts: Vec<_> = back.iter().map(|file| (file.name.as_deref(), &file.content[..])).collect();
        assert_eq!(facts, [(Some("menü.pdf"), &[0, 1, 2, 255][..]), (Some("a.txt"), &b"one\r\n"[..])]);
        assert_eq!(
            text_of(b"Content-Type: text/html\r\n\r\n<p>1 &lt; 2</p>and<br>so\r\n"),
            strings(&["1 < 2", "", "and", "so"])
        );
    }

    proptest! {
        #[test]
        fn any_octets_are_read(octets in proptest::collection::vec(any::<u8>(), 0..200), from in "[ -~]{0,40}") {
            let whole = [format!("From: {from}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n").as_bytes(), &octets].concat();
            for one in [&octets[..], &whole] {
                let read = Original::read(one);
                prop_assert!(read.references().len() <= MAX_REFERENCES);
                let _ = (text_of(one), files_of(one), read.recipients("a@b", true));
            }
        }
    }
}
