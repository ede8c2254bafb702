//! The pages around a mailbox: the frame that all have, logging in, a folder's messages, a message.
//!
//! Plain HTML that works without scripts and at any width. What a program needs to know stands in `data-`
//! attributes next to what people see.

use super::asked::{Act, Place};
use super::html::Html;
use super::letter::{Letter, head_of};
use super::{Login, Notice};
use crate::app::mail::folder::{Folder, StoredMessage};
use crate::app::mail::mailbox::Maildrop;
use crate::proto::http::form::encode;
use crate::proto::imap::names::INBOX;
use crate::proto::imap::{Listed, SystemFlag, utf7};
use crate::proto::mailbox::Criteria;

/// The style sheet of all pages.
pub(super) const STYLE: &str = include_str!("style.css");

/// Messages on a page.
pub(super) const PER_PAGE: usize = 50;

/// Whose mailbox it is, and what it has in it.
pub(super) struct Visit<'a> {
    pub(super) drop: &'a Maildrop,
    pub(super) login: &'a Login,
    /// Told once.
    pub(super) notice: Option<Notice>,
}

/// A page for everybody: `name` is for programs, `title` for people.
pub(super) fn bare(name: &'static str, title: &str, content: &Html) -> Html {
    let mut page = head(name, title);
    page.markup("<main id=\"main\">").part(content).markup("</main></body></html>\n");
    page
}

fn head(name: &'static str, title: &str) -> Html {
    let mut page = Html::default();
    page.markup("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">")
        .markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>")
        .text(title)
        .markup("</title><link rel=\"stylesheet\" href=\"/style.css\"></head>\n<body")
        .attribute("data-page", name)
        .markup("><a class=\"skip\" href=\"#main\">Skip to content</a>\n");
    page
}

/// A page that says what went wrong.
pub(super) fn failure(title: &str, text: &str) -> Html {
    let mut content = Html::default();
    content.markup("<h1>").text(title).markup("</h1><p role=\"alert\">").text(text);
    content.markup("</p><p><a href=\"/\">To the mailbox</a></p>");
    bare("failure", title, &content)
}

/// Where users log in.
pub(super) fn login(csrf: &str, server: &str, error: Option<&str>, user: &str) -> Html {
    let mut content = Html::default();
    content.markup("<h1>Mail of ").text(server).markup("</h1>");
    if let Some(error) = error {
        content.markup("<p role=\"alert\">").text(error).markup("</p>");
    }
    content.markup("<form method=\"post\" action=\"/login\">").hidden("csrf", csrf);
    content
        .markup("<label for=\"user\">User</label><input type=\"text\" id=\"user\" name=\"user\" autocomplete=\"username\" required")
        .attribute("value", user)
        .markup("><label for=\"password\">Password</label><input type=\"password\" id=\"password\" name=\"password\" ")
        .markup("autocomplete=\"current-password\" required><button>Log in</button></form>");
    bare("login", "Log in", &content)
}

impl Visit<'_> {
    /// A page for who has logged in.
    pub(super) fn page(&self, name: &'static str, title: &str, folder: Option<&str>, content: &Html) -> Html {
        let mut page = head(name, title);
        page.markup("<header><p><strong>").text(self.drop.address()).markup("</strong></p><p><a href=\"/compose\">");
        page.markup("Write a message</a></p><form method=\"post\" action=\"/logout\">")
            .hidden("csrf", &self.login.token);
        page.markup("<button>Log out</button></form></header>\n<nav aria-label=\"Folders\"><ul>");
        for Listed { name, counts, .. } in self.drop.listed().existing {
            page.markup("<li><a").attribute("href", &folder_url(&name));
            if folder == Some(name.as_str()) {
                page.markup(" aria-current=\"page\"");
            }
            page.attribute("data-folder", &name).markup(">").text(&folder_shown(&name));
            match counts.unseen {
                0 => {}
                unseen => _ = page.text(&format!(" ({unseen} new)")),
            }
            page.markup("</a></li>");
        }
        page.markup("</ul></nav>\n<main id=\"main\">");
        match &self.notice {
            Some(Notice::Sent(message)) => {
                page.markup("<p role=\"status\"").attribute("data-sent", message).markup(">The message was sent.</p>");
            }
            Some(Notice::Kept(message)) => {
                page.markup("<p role=\"status\"").attribute("data-kept", message).markup(">The draft was kept.</p>");
            }
            Some(Notice::Done(text)) => _ = page.markup("<p role=\"status\">").text(text).markup("</p>"),
            None => {}
        }
        page.part(content).markup("</main></body></html>\n");
        page
    }

    /// A folder, or what is found in it, newest first.
    pub(super) fn folder(
        &self,
        name: &str,
        folder: &Folder,
        (page, criteria): (usize, &Criteria),
        found: &[&StoredMessage],
    ) -> Html {
        let mut out = Html::default();
        let shown = folder_shown(name);
        out.markup("<h1>").text(&shown).markup("</h1>");
        search_form(&mut out, name, criteria);
        let pages = found.len().div_ceil(PER_PAGE).max(1);
        let messages: Vec<&&StoredMessage> =
            found.iter().rev().skip((page - 1).saturating_mul(PER_PAGE)).take(PER_PAGE).collect();
        let searched = *criteria != Criteria::default();
        let what = if searched { "found" } else { "in this folder" };
        out.markup("<p>").text(&format!("{} messages {what}", found.len())).markup("</p>");
        out.markup("<form method=\"post\" action=\"/act\">").hidden("csrf", &self.login.token).hidden("folder", name);
        out.markup("<table").attribute("data-folder", name).attribute("data-validity", &folder.validity().to_string());
        out.markup("><caption>Messages, newest first</caption><thead><tr><th scope=\"col\">Choose</th><th scope=\"col\">Subject</th>");
        out.markup(
            "<th scope=\"col\">From</th><th scope=\"col\">Date</th><th scope=\"col\">Octets</th></tr></thead><tbody>\n",
        );
        for message in messages {
            row(&mut out, name, message);
        }
        out.markup("</tbody></table>");
        if !found.is_empty() {
            actions(&mut out, &self.drop.listed().existing, name);
        }
        out.markup("</form>");
        out.markup("<p>").text(&format!("Page {page} of {pages}"));
        for (number, rel, text) in [(page.saturating_sub(1), "prev", "Newer"), (page + 1, "next", "Older")] {
            if (1..=pages).contains(&number) {
                let url = format!("{}&page={number}{}", folder_url(name), search_query(criteria));
                out.markup(" <a").attribute("rel", rel).attribute("href", &url).markup(">").text(text).markup("</a>");
            }
        }
        out.markup("</p><form method=\"post\" action=\"/folders\">").hidden("csrf", &self.login.token);
        out.markup("<label for=\"name\">New folder</label><input type=\"text\" id=\"name\" name=\"name\" required><button>Make</button></form>");
        self.page("folder", &format!("{shown} – {}", self.drop.address()), Some(name), &out)
    }

    /// A message.
    pub(super) fn message(&self, place: &Place, message: &StoredMessage) -> Html {
        let letter = Letter::read(&message.content);
        let head = &letter.head;
        let mut out = Html::default();
        out.markup("<article").attribute("data-uid", &place.uid.to_string()).attribute("data-folder", &place.folder);
        out.attribute("data-size", &message.content.len().to_string()).attribute("data-id", &head.message_id);
        out.attribute("data-flags", &message.flags.to_string())
            .markup("><h1>")
            .text(subject(&head.subject))
            .markup("</h1><dl>");
        for (name, people) in [("From", &head.from), ("To", &head.to), ("Cc", &head.cc)] {
            if !people.is_empty() {
                let shown: Vec<String> = people.iter().map(super::letter::Person::shown).collect();
                out.markup("<dt>").text(name).markup("</dt><dd>").text(&shown.join(", ")).markup("</dd>");
            }
        }
        // A line feed at the beginning is not shown (HTML 13.1.2.5), so there is one.
        out.markup("<dt>Date</dt><dd>")
            .text(&head.date)
            .markup("</dd></dl>\n<pre id=\"text\">\n")
            .text(&letter.text)
            .markup("</pre>\n");
        if !letter.enclosed.is_empty() {
            out.markup("<h2>Attachments</h2><ul>");
            for part in &letter.enclosed {
                out.markup("<li><a")
                    .attribute("href", &part_url(place, &part.place))
                    .attribute("data-place", &part.place);
                out.attribute("data-media", &part.media).attribute("data-octets", &part.octets.to_string());
                out.attribute("download", &part.name).markup(">").text(&part.name).markup("</a> ");
                out.text(&format!("({}, {} octets)", part.media, part.octets)).markup("</li>");
            }
            out.markup("</ul>");
        }
        out.markup("</article>\n<h2>What to do</h2><ul>");
        let links: &[(&str, &'static str)] = if message.flags.has(SystemFlag::Draft) {
            &[("draft", "Go on writing")]
        } else {
            &[("reply", "Reply"), ("reply-all", "Reply to all"), ("forward", "Forward")]
        };
        for (about, text) in links {
            let url = format!("/compose?about={about}&{}", place_query(place));
            out.markup("<li><a").attribute("href", &url).markup(">").text(text).markup("</a></li>");
        }
        for (path, text) in [("/headers", "Show the header"), ("/raw", "Download the source")] {
            out.markup("<li><a")
                .attribute("href", &format!("{path}?{}", place_query(place)))
                .markup(">")
                .text(text)
                .markup("</a></li>");
        }
        out.markup("</ul><form method=\"post\" action=\"/act\">").hidden("csrf", &self.login.token);
        out.hidden("folder", &place.folder).hidden("uid", &place.uid.to_string());
        actions(&mut out, &self.drop.listed().existing, &place.folder);
        out.markup("</form>");
        self.page("message", subject(&head.subject), Some(&place.folder), &out)
    }

    /// The header of a message.
    pub(super) fn headers(&self, place: &Place, message: &StoredMessage) -> Html {
        let header = crate::proto::message::header::header_section(&message.content);
        let mut out = Html::default();
        out.markup("<h1>Header</h1><pre id=\"text\">\n");
        out.text(&crate::proto::message::read::decode::plain_text(header).replace("\r\n", "\n")).markup("</pre><p><a");
        out.attribute("href", &message_url(place)).markup(">Back to the message</a></p>");
        self.page("headers", "Header", Some(&place.folder), &out)
    }
}

fn row(out: &mut Html, folder: &str, message: &StoredMessage) {
    let head = head_of(&message.content);
    let from = head.from.first();
    let uid = message.uid.to_string();
    let seen = message.flags.has(SystemFlag::Seen);
    let place = Place { folder: folder.to_owned(), uid: message.uid };
    out.markup(if seen { "<tr" } else { "<tr class=\"new\"" }).attribute("data-uid", &uid);
    out.attribute("data-size", &message.content.len().to_string()).attribute("data-id", &head.message_id);
    out.attribute("data-from", from.map_or("", |from| &from.address))
        .attribute("data-flags", &message.flags.to_string());
    let parts: Vec<String> = Letter::read(&message.content)
        .enclosed
        .iter()
        .map(|part| format!("{} {} {}", part.place, part.media, part.octets))
        .collect();
    if !parts.is_empty() {
        out.attribute("data-parts", &parts.join(";"));
    }
    let id = format!("uid-{uid}");
    out.markup("><td><input type=\"checkbox\" name=\"uid\"").attribute("id", &id).attribute("value", &uid);
    out.attribute("aria-label", &format!("Choose: {}", subject(&head.subject)));
    out.markup("></td><th scope=\"row\"><a")
        .attribute("href", &message_url(&place))
        .markup(">")
        .text(subject(&head.subject));
    out.markup("</a>");
    for (flag, text) in
        [(SystemFlag::Answered, " (answered)"), (SystemFlag::Flagged, " (flagged)"), (SystemFlag::Draft, " (draft)")]
    {
        if message.flags.has(flag) {
            out.markup(text);
        }
    }
    if !seen {
        out.markup(" (new)");
    }
    let shown = from.map(super::letter::Person::shown).unwrap_or_default();
    out.markup("</th><td>").text(&shown).markup("</td><td>").text(&head.date).markup("</td><td class=\"size\">");
    out.text(&message.content.len().to_string()).markup("</td></tr>\n");
}

/// What a message without a subject is called.
fn subject(subject: &str) -> &str {
    if subject.trim().is_empty() { "(no subject)" } else { subject }
}

fn actions(out: &mut Html, folders: &[Listed], own: &str) {
    out.markup("<fieldset><legend>Messages</legend>");
    for (value, text) in [
        ("delete", "Delete"),
        ("seen", "Mark as read"),
        ("unseen", "Mark as new"),
        ("flag", "Flag"),
        ("unflag", "Unflag"),
    ] {
        out.markup("<button name=\"do\"").attribute("value", value).markup(">").text(text).markup("</button>");
    }
    let others: Vec<&str> = folders.iter().map(|listed| listed.name.as_str()).filter(|name| *name != own).collect();
    if !others.is_empty() {
        out.markup("<label for=\"to\">Move to</label><select id=\"to\" name=\"to\">");
        for name in others {
            out.markup("<option").attribute("value", name).markup(">").text(&folder_shown(name)).markup("</option>");
        }
        out.markup("</select><button name=\"do\" value=\"move\">Move</button>");
    }
    out.markup("</fieldset>");
}

fn search_form(out: &mut Html, name: &str, criteria: &Criteria) {
    let searched = *criteria != Criteria::default();
    out.markup(if searched { "<details open>" } else { "<details>" }).markup("<summary>Search</summary>");
    out.markup("<form method=\"get\" action=\"/folder\" role=\"search\">").hidden("name", name);
    for (field, label, value) in
        [("from", "From", &criteria.from), ("subject", "Subject", &criteria.subject), ("text", "Text", &criteria.text)]
    {
        out.markup("<label").attribute("for", field).markup(">").text(label).markup("</label><input type=\"search\"");
        out.attribute("id", field)
            .attribute("name", field)
            .attribute("value", value.as_deref().unwrap_or_default())
            .markup(">");
    }
    out.markup("<input type=\"checkbox\" id=\"unseen\" name=\"unseen\" value=\"1\"");
    if criteria.unseen {
        out.markup(" checked");
    }
    out.markup(
        "><label class=\"choice\" for=\"unseen\">New ones only</label> <button>Search</button></form></details>",
    );
}

fn search_query(criteria: &Criteria) -> String {
    let mut out = String::new();
    for (name, value) in [("from", &criteria.from), ("subject", &criteria.subject), ("text", &criteria.text)] {
        if let Some(value) = value {
            out.push_str(&format!("&{name}={}", encode(value)));
        }
    }
    if criteria.unseen {
        out.push_str("&unseen=1");
    }
    out
}

/// A folder's name as people read it.
fn folder_shown(name: &str) -> String {
    if name == INBOX { "Inbox".to_owned() } else { utf7::decode(name).unwrap_or_else(|| name.to_owned()) }
}

pub(super) fn folder_url(name: &str) -> String {
    format!("/folder?name={}", encode(name))
}

fn place_query(place: &Place) -> String {
    format!("folder={}&uid={}", encode(&place.folder), place.uid)
}

pub(super) fn message_url(place: &Place) -> String {
    format!("/message?{}", place_query(place))
}

fn part_url(place: &Place, part: &str) -> String {
    format!("/part?{}&place={}", place_query(place), encode(part))
}

/// What is told when it was done.
pub(super) const fn done(act: &Act) -> &'static str {
    match act {
        Act::Delete => "Deleted.",
        Act::Move(_) => "Moved.",
        Act::Seen(_) | Act::Flagged(_) | Act::Answered(_) | Act::Deleted(_) | Act::Draft(_) => "Marked.",
    }
}
