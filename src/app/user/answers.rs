//! What a person writes about another message: an answer that quotes it, or the message passed on with its files.
//!
//! The text quoted is the one that was really retrieved. Left out: HTML; the answer to HTML is plain text.

use std::sync::Arc;

use super::compose::{Body, Draft, Extras};
use crate::base::SimTime;
use crate::proto::message::original::{files_of, subject_about};
use crate::proto::message::{Attachment, Encoding, Original};

/// A message that goes out once, now.
pub(super) fn draft(to: Vec<String>, subject: String, lines: Vec<String>, extras: Extras) -> Draft {
    Draft {
        at: SimTime::ZERO,
        every: None,
        times: 1,
        to: to.into(),
        subject: Some(subject.into()),
        body: Body::Lines(lines.into()),
        extras: (extras != Extras::default()).then(|| Arc::new(extras)),
        nth: 0,
    }
}

/// An answer of `own` to a message; none if there is nobody who could get it.
pub(super) fn reply(own: &str, original: &Original, quote: &[String], all: bool, text: &[String]) -> Option<Draft> {
    let (to, cc) = original.recipients(own, all);
    if to.is_empty() {
        return None;
    }
    let mut lines = original.quoted(original.from.as_deref().unwrap_or("somebody"), quote);
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines.extend(text.iter().cloned());
    let references = original.references().join(" ");
    let in_reply_to = (!references.is_empty()).then(|| references.into());
    let extras = Extras { cc: cc.into(), in_reply_to, ..Extras::default() };
    Some(draft(to, subject_about("Re", &original.subject), lines, extras))
}

/// A message passed on: as a whole, or its text and its files.
pub(super) fn forward(content: &[u8], quote: &[String], to: &[String], text: &[String], whole: bool) -> Draft {
    let original = Original::read(content);
    let mut lines = text.to_vec();
    let attachments = if whole { vec![enclosed(content)] } else { files_of(content) };
    if !whole {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        let people = (original.from.as_deref().unwrap_or_default(), &*original.to.join(", "));
        lines.extend(original.passed_on(people, quote));
    }
    let extras = Extras { attachments: attachments.into(), ..Extras::default() };
    draft(to.to_vec(), subject_about("Fwd", &original.subject), lines, extras)
}

/// RFC 2046 5.2.1: a message inside a message is not encoded; one that could not travel so goes as octets.
fn enclosed(content: &[u8]) -> Attachment {
    let fit = [Encoding::SevenBit, Encoding::EightBit].into_iter().find(|encoding| encoding.carries(content));
    let media = if fit.is_some() { "message/rfc822" } else { "application/octet-stream" };
    Attachment { name: None, media: media.to_owned(), id: None, content: content.into(), encoding: fit }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::UnixTime;
    use crate::proto::message::first;
    use crate::proto::message::original::text_of;

    const FIRST: &[u8] = b"Date: Mon, 05 Jan 2026 09:00:00 +0000\r\nFrom: alice@crepes.fr\r\n\
                           To: bob@hamburger.edu, carol@c.org\r\nSubject: Dinner\r\nMessage-ID: <1.alice@crepes.fr>\r\n\
                           References: <0@c.org>\r\n\r\nDo you like ketchup?\r\n> no\r\n";

    fn built(draft: &Draft) -> Vec<u8> {
        draft.write(UnixTime::DEFAULT_START, ("bob@hamburger.edu", None), "<1.bob@hamburger.edu>").content.to_vec()
    }

    fn lines(all: &[&str]) -> Vec<String> {
        all.iter().map(|line| (*line).to_owned()).collect()
    }

    /// Breaks when an answer would not be found in its thread (RFC 5322 3.6.4), or quote what nobody wrote.
    #[test]
    fn answers_quote_and_name_their_thread() {
        let original = Original::read(FIRST);
        let answer = reply("bob@hamburger.edu", &original, &text_of(FIRST), true, &lines(&["Yes."])).unwrap();
        let content = built(&answer);
        assert_eq!(first(&content, "To").as_deref(), Some("alice@crepes.fr, carol@c.org"));
        assert_eq!(first(&content, "Subject").as_deref(), Some("Re: Dinner"));
        assert_eq!(first(&content, "In-Reply-To").as_deref(), Some("<1.alice@crepes.fr>"));
        assert_eq!(first(&content, "References").as_deref(), Some("<0@c.org> <1.alice@crepes.fr>"));
        let said = "On Mon, 05 Jan 2026 09:00:00 +0000, alice@crepes.fr wrote:";
        assert_eq!(text_of(&content), lines(&[said, "> Do you like ketchup?", ">> no", "", "Yes."]));
        assert!(reply("bob@hamburger.edu", &Original::default(), &[], false, &[]).is_none());
    }

    /// Breaks when what is passed on as a whole is not the message that came.
    #[test]
    fn a_whole_message_goes_along_unchanged() {
        let to = lines(&["carol@c.org"]);
        for message in [FIRST, "Subject: \u{e9}\r\n\r\n\u{e9}\r\n".as_bytes(), b"\r\nbare\n"] {
            let content = built(&forward(message, &[], &to, &lines(&["See below."]), true));
            let files = files_of(&content);
            assert_eq!(files.len(), 1);
            assert_eq!(&files[0].content[..], message);
            assert_eq!(text_of(&content), lines(&["See below."]));
        }
        let content = built(&forward(FIRST, &text_of(FIRST), &to, &[], false));
        assert!(files_of(&content).is_empty());
        assert_eq!(first(&content, "Subject").as_deref(), Some("Fwd: Dinner"));
        assert!(text_of(&content).contains(&"Do you like ketchup?".to_owned()));
    }
}
