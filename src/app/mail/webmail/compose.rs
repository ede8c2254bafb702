//! Writing: the form, what it begins with, and the message that comes of it.
//!
//! A form that cannot be sent comes back with what is wrong and all that was written, but for files, which
//! browsers do not fill in again. Left out: HTML, blind copies, the display name of the writer.

use std::sync::Arc;

use super::asked::{Place, Source, Submitted, about_name};
use super::html::Html;
use super::letter::{Enclosed, Letter, Person, part};
use super::names::{file_name, harmless};
use super::pages::Visit;
use crate::app::mail::folder::StoredMessage;
use crate::app::mail::mailbox::Maildrop;
use crate::base::UnixTime;
use crate::proto::mailbox::About;
use crate::proto::message::mime::Cost;
use crate::proto::message::original::{Original, lines, subject_about};
use crate::proto::message::{self, Attachment, Encoding};
use crate::proto::smtp::Mailbox;

/// Longest subject and longest list of addresses that a form may have, in octets.
const MAX_FIELD: usize = 64 << 10;

/// The message that a source names.
pub(super) fn source_of<'a>(drop: &'a Maildrop, source: &Source) -> Option<&'a StoredMessage> {
    match source {
        Source::Nothing => None,
        Source::About(Place { folder, uid }, _) | Source::Draft(Place { folder, uid }) => {
            drop.folder_named(folder)?.message(*uid)
        }
    }
}

/// A form as it begins.
pub(super) fn begin(drop: &Maildrop, source: Source) -> Option<Submitted> {
    let message = source_of(drop, &source);
    if message.is_none() && source != Source::Nothing {
        return None;
    }
    let mut form = Submitted { source, ..Submitted::default() };
    let Some(message) = message else { return Some(form) };
    let (letter, original) = (Letter::read(&message.content), Original::read(&message.content));
    let all = |people: &[Person]| people.iter().map(|one| one.address.clone()).collect::<Vec<String>>().join(", ");
    match &form.source {
        Source::Nothing => {}
        Source::Draft(_) => {
            (form.to, form.cc) = (all(&letter.head.to), all(&letter.head.cc));
            (form.subject, form.text) = (letter.head.subject, letter.text);
            form.keep = letter.enclosed.into_iter().map(|part| part.place).collect();
        }
        Source::About(_, About::Forward) => {
            form.subject = subject_about("Fwd", &original.subject);
            let head = &letter.head;
            let names = |people: &[Person]| people.iter().map(Person::shown).collect::<Vec<String>>().join(", ");
            let people = (&*names(&head.from), &*names(&head.to));
            form.text = below(&original.passed_on(people, &lines(&letter.text)));
            form.keep = letter.enclosed.into_iter().map(|part| part.place).collect();
        }
        Source::About(_, about @ (About::Reply | About::ReplyAll)) => {
            let (to, cc) = original.recipients(drop.address(), *about == About::ReplyAll);
            (form.to, form.cc) = (to.join(", "), cc.join(", "));
            form.subject = subject_about("Re", &original.subject);
            let who = letter.head.from.first().map(Person::shown).unwrap_or_default();
            form.text = below(&original.quoted(&who, &lines(&letter.text)));
        }
    }
    Some(form)
}

/// What stands below the empty lines into which a person writes.
fn below(lines: &[String]) -> String {
    format!("\n\n{}", lines.join("\n"))
}

/// The form with what is in it.
pub(super) fn page(visit: &Visit<'_>, form: &Submitted, wrong: &[String]) -> Html {
    let mut out = Html::default();
    out.markup("<h1>Write a message</h1>");
    if !wrong.is_empty() {
        out.markup("<div role=\"alert\"><p>The message was not sent. Files must be chosen again.</p><ul>");
        for text in wrong {
            out.markup("<li>").text(text).markup("</li>");
        }
        out.markup("</ul></div>");
    }
    out.markup("<form method=\"post\" action=\"/compose\" enctype=\"multipart/form-data\">");
    out.hidden("csrf", &visit.login.token);
    let (about, place) = match &form.source {
        Source::Nothing => ("", None),
        Source::About(place, about) => (about_name(*about), Some(place)),
        Source::Draft(place) => ("draft", Some(place)),
    };
    out.hidden("about", about);
    if let Some(place) = place {
        out.hidden("folder", &place.folder).hidden("uid", &place.uid.to_string());
    }
    for (id, label, value) in [("to", "To", &form.to), ("cc", "Cc", &form.cc), ("subject", "Subject", &form.subject)] {
        out.markup("<label").attribute("for", id).markup(">").text(label).markup("</label><input type=\"text\"");
        out.attribute("id", id).attribute("name", id).attribute("value", value).markup(">");
    }
    // A line feed at the beginning is not shown (HTML 13.1.2.5), so there is one.
    out.markup("<label for=\"text\">Text</label><textarea id=\"text\" name=\"text\">\n").text(&form.text);
    out.markup("</textarea>");
    kept(&mut out, visit.drop, form);
    out.markup("<label for=\"file\">Files</label><input type=\"file\" id=\"file\" name=\"file\" multiple><div>");
    out.markup(
        "<button name=\"do\" value=\"send\">Send</button><button name=\"do\" value=\"save\">Save as draft</button>",
    );
    out.markup("</div></form>");
    visit.page("compose", "Write a message", None, &out)
}

/// The parts of another message that can go along.
fn kept(out: &mut Html, drop: &Maildrop, form: &Submitted) {
    let takes = matches!(form.source, Source::Draft(_) | Source::About(_, About::Forward));
    let Some(message) = source_of(drop, &form.source).filter(|_| takes) else { return };
    let enclosed = Letter::read(&message.content).enclosed;
    if enclosed.is_empty() {
        return;
    }
    out.markup("<fieldset><legend>Attachments that go along</legend>");
    for Enclosed { place, name, media, octets } in enclosed {
        let id = format!("keep-{place}");
        out.markup("<p><input type=\"checkbox\" name=\"keep\"").attribute("id", &id).attribute("value", &place);
        if form.keep.contains(&place) {
            out.markup(" checked");
        }
        out.markup("> <label class=\"choice\"").attribute("for", &id).markup(">");
        out.text(&format!("{name} ({media}, {octets} octets)")).markup("</label></p>");
    }
    out.markup("</fieldset>");
}

/// A message that was written.
pub(super) struct Written {
    pub(super) content: Vec<u8>,
    pub(super) costs: Vec<Cost>,
    pub(super) recipients: Vec<Mailbox>,
}

/// Reads the addresses of a form, or says what is wrong with it.
pub(super) fn recipients(form: &Submitted) -> Result<(Vec<String>, Vec<String>), Vec<String>> {
    let mut wrong = Vec::new();
    if [&form.to, &form.cc, &form.subject].into_iter().any(|field| field.len() > MAX_FIELD) {
        wrong.push("The addresses or the subject are too long.".to_owned());
        return Err(wrong);
    }
    let mut list = |text: &str| {
        let mut found = Vec::new();
        for piece in text.split([',', ';', '\n', '\r']).map(str::trim).filter(|piece| !piece.is_empty()) {
            // Whoever copies "Name <address>" means the address.
            let inner =
                piece.strip_suffix('>').and_then(|piece| piece.rsplit_once('<')).map_or(piece, |(_, inner)| inner);
            match Mailbox::parse(inner) {
                Some(mailbox) => found.push(mailbox.as_str().to_owned()),
                None => wrong.push(format!("“{piece}” is no address such as alice@crepes.fr.")),
            }
        }
        found
    };
    let (to, cc) = (list(&form.to), list(&form.cc));
    if to.is_empty() && cc.is_empty() && wrong.is_empty() && !form.draft {
        wrong.push("There is nobody to send it to.".to_owned());
    }
    if wrong.is_empty() || form.draft { Ok((to, cc)) } else { Err(wrong) }
}

/// Writes the message of a form.
pub(super) fn write(
    drop: &Maildrop,
    form: &Submitted,
    (to, cc): (&[String], &[String]),
    (date, message_id): (UnixTime, &str),
) -> Written {
    let source = source_of(drop, &form.source);
    let original = source.map(|message| Original::read(&message.content)).unwrap_or_default();
    let (references, answered) = match form.source {
        Source::Nothing | Source::About(_, About::Forward) => (Vec::new(), None),
        Source::About(_, About::Reply | About::ReplyAll) => (original.references(), original.message_id),
        Source::Draft(_) => (original.before.clone(), original.before.last().cloned()),
    };
    let mut files: Vec<Attachment> = Vec::new();
    if let Some(message) = source.filter(|_| matches!(form.source, Source::Draft(_) | Source::About(_, About::Forward)))
    {
        files.extend(form.keep.iter().filter_map(|place| part(&message.content, place)).map(|(part, content)| {
            let enclosed = part.media == "message/rfc822";
            attachment(part.name, part.media, content, enclosed)
        }));
    }
    files.extend(form.files.iter().map(|(name, media, content)| {
        let media = message::mime::bare(media).to_ascii_lowercase();
        // RFC 2046 5.1 and 5.2: composite types are not for files.
        let token = |part: &str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
        };
        let fits = media
            .split_once('/')
            .is_some_and(|(kind, subtype)| token(kind) && token(subtype) && kind != "multipart" && kind != "message");
        let media = if fits { media } else { harmless("").to_owned() };
        attachment(file_name(name, "1", &media), media, content.clone(), false)
    }));
    let subject: String = form.subject.split(['\r', '\n']).collect::<Vec<&str>>().join(" ");
    let body = lines(&form.text);
    let draft = message::Draft {
        date,
        from: drop.address(),
        to,
        cc,
        subject: Some(subject.trim()).filter(|subject| !subject.is_empty()),
        message_id,
        in_reply_to: answered.as_deref(),
        references: &references,
        body: &body,
        ..message::Draft::EMPTY
    };
    let letter = message::Letter { draft, attachments: &files, ..message::Letter::EMPTY };
    let (content, costs) = letter.build();
    let mut recipients: Vec<Mailbox> = Vec::new();
    for mailbox in to.iter().chain(cc).filter_map(|text| Mailbox::parse(text)) {
        if recipients.iter().all(|known| known.key() != mailbox.key()) {
            recipients.push(mailbox);
        }
    }
    Written { content, costs, recipients }
}

fn attachment(name: String, media: String, content: Vec<u8>, enclosed: bool) -> Attachment {
    // RFC 2046 5.2.1: a message inside a message is not encoded, and must not be.
    let encoding = enclosed.then_some(if content.is_ascii() { Encoding::SevenBit } else { Encoding::EightBit });
    Attachment { name: Some(name), media, id: None, content: Arc::from(content), encoding }
}
