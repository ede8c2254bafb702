//! Writing, answering, forwarding, drafts.

use super::site::{Site, text};
use crate::app::mail::conduct::rules::{Action, At, Gauge, Per, Rate, Rule, Ruling, Saying, Slowness, When};
use crate::base::{SimDuration, SimTime};
use crate::proto::http::form::File;
use crate::proto::imap::SystemFlag;
use crate::proto::message::first;
use crate::proto::message::original::{files_of, text_of};

fn stored(site: &mut Site, user: &str, folder: &str) -> Vec<Vec<u8>> {
    let messages = site.drop(user).folder_named(folder).map(|folder| folder.messages().to_vec()).unwrap_or_default();
    messages.into_iter().map(|message| message.content.to_vec()).collect()
}

/// The form of a page as a browser hands it in: what is in its fields and checked boxes.
fn filled(page: &str) -> crate::proto::http::form::Form {
    let attribute = |tag: &str, name: &str| {
        let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
        Some(
            value
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&#39;", "'")
                .replace("&amp;", "&"),
        )
    };
    let page = page.split("action=\"/compose\"").nth(1).unwrap();
    let mut form = crate::proto::http::form::Form::default();
    for tag in page.split("<input").skip(1).map(|tag| tag.split('>').next().unwrap()) {
        let (kind, name) = (attribute(tag, "type").unwrap(), attribute(tag, "name").unwrap());
        if kind != "file" && (kind != "checkbox" || tag.ends_with(" checked")) {
            form = form.with(&name, attribute(tag, "value").unwrap());
        }
    }
    let area = page.split("name=\"text\">\n").nth(1).unwrap().split("</textarea>").next().unwrap();
    form.with("text", area.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

#[test]
fn a_message_is_sent_kept_and_counted() {
    let mut site = Site::entered();
    let response = site.send("Carol <carol@crepes.fr>; carol@crepes.fr", "Crêpes", "Tonight?\r\n");
    assert_eq!((response.status, response.fields.first("Location")), (303, Some("/folder?name=INBOX")));
    assert!(text(&site.get("/folder?name=INBOX")).contains("data-sent=\"&lt;w1.alice@crepes.fr&gt;\""));
    let got = stored(&mut site, "carol", "INBOX");
    assert_eq!(got.len(), 1, "one copy for one address");
    assert_eq!(first(&got[0], "Message-ID").as_deref(), Some("<w1.alice@crepes.fr>"));
    assert_eq!(first(&got[0], "Return-Path").as_deref(), Some("<alice@crepes.fr>"));
    let hop = first(&got[0], "Received").unwrap();
    assert!(hop.contains("from [10.0.0.9]") && hop.contains("by crepes.fr with HTTP id Q000001"), "{hop}");
    assert_eq!(text_of(&got[0]), ["Tonight?"]);
    let sent = stored(&mut site, "alice", "Sent");
    assert_eq!(sent.len(), 1);
    assert_eq!(first(&sent[0], "Received"), None);
    for event in ["Composed {", "Accepted {", "Delivered {", "Appended {"] {
        assert_eq!(site.host.log.iter().filter(|line| line.contains(event)).count(), 1, "{event}");
    }
    assert!(site.spool.audit().balances());
}

#[test]
fn an_answer_quotes_threads_and_marks() {
    let mut site = Site::entered();
    let uid = site.deliver(
        "From: Bob <carol@crepes.fr>\nTo: alice@crepes.fr, dave@x.example\nCc: eve@x.example\nSubject: Lunch\n\
         Message-ID: <2@b>\nReferences: <1@b>\n\nAt noon?\n> yes\n",
    );
    let page = text(&site.get(&format!("/compose?about=reply-all&folder=INBOX&uid={uid}")));
    let form = filled(&page);
    assert_eq!(form.text("to"), Some("carol@crepes.fr, dave@x.example"));
    assert_eq!((form.text("cc"), form.text("subject")), (Some("eve@x.example"), Some("Re: Lunch")));
    let page = text(&site.get(&format!("/compose?about=reply&folder=INBOX&uid={uid}")));
    let form = filled(&page).with("do", "send");
    assert!(form.text("text").unwrap().contains("Bob <carol@crepes.fr> wrote:\n> At noon?\n>> yes"), "{form:?}");
    assert_eq!(site.post_files("/compose", &form).status, 303);
    let got = stored(&mut site, "carol", "INBOX");
    assert_eq!(first(&got[0], "In-Reply-To").as_deref(), Some("<2@b>"));
    assert_eq!(first(&got[0], "References").as_deref(), Some("<1@b> <2@b>"));
    assert!(site.drop("alice").messages()[0].flags.has(SystemFlag::Answered));
}

#[test]
fn a_draft_keeps_its_files_and_its_thread() {
    let mut site = Site::entered();
    let uid = site.deliver("From: carol@crepes.fr\nSubject: Lunch\nMessage-ID: <2@b>\n\nAt noon?\n");
    let page = text(&site.get(&format!("/compose?about=reply&folder=INBOX&uid={uid}")));
    let (octets, file) = (vec![0, 255, 13, 10], File { name: "C:\\a\"b.bin".into(), media: "bad type".into() });
    let form = filled(&page).with_file("file", file, octets.clone()).with("do", "save");
    assert_eq!(site.post_files("/compose", &form).status, 303);
    assert!(stored(&mut site, "carol", "INBOX").is_empty());
    let draft = site.drop("alice").folder_named("Drafts").unwrap().messages()[0].clone();
    assert!(draft.flags.has(SystemFlag::Draft));
    let page = text(&site.get(&format!("/message?folder=Drafts&uid={}", draft.uid)));
    assert!(page.contains("/compose?about=draft&amp;folder=Drafts&amp;uid=1") && !page.contains("about=reply"));
    let page = text(&site.get(&format!("/compose?about=draft&folder=Drafts&uid={}", draft.uid)));
    let form = filled(&page).with("do", "send");
    assert_eq!((form.text("to"), form.text("keep")), (Some("carol@crepes.fr"), Some("2")));
    assert_eq!(site.post_files("/compose", &form).status, 303);
    assert!(stored(&mut site, "alice", "Drafts").is_empty(), "it is a draft no more");
    let got = stored(&mut site, "carol", "INBOX");
    let files = files_of(&got[0]);
    assert_eq!((files[0].name.as_deref(), &files[0].content[..]), (Some("a_b.bin"), &octets[..]));
    assert_eq!(files[0].media, "application/octet-stream");
    assert_eq!(first(&got[0], "In-Reply-To").as_deref(), Some("<2@b>"));
}

#[test]
fn what_is_forwarded_takes_its_files_along_unless_they_are_left_out() {
    let mut site = Site::entered();
    let uid = site.deliver(
        "From: bob@b.example\nSubject: Plans\nMessage-ID: <3@b>\nContent-Type: multipart/mixed; boundary=x\n\n\
         --x\n\nsee below\n--x\nContent-Type: text/csv; name=a.csv\n\n1,2\n--x\nContent-Type: message/rfc822\n\nSubject: inner\n\nhi\n--x--\n",
    );
    let page = text(&site.get(&format!("/compose?about=forward&folder=INBOX&uid={uid}")));
    let mut form = filled(&page).with("do", "send");
    assert_eq!(form.texts("keep").collect::<Vec<&str>>(), ["2", "3"]);
    form.0.retain(|field| field.name != "to" && !(field.name == "keep" && field.content == b"2"));
    assert_eq!(site.post_files("/compose", &form.with("to", "carol@crepes.fr")).status, 303);
    let got = stored(&mut site, "carol", "INBOX");
    let files = files_of(&got[0]);
    assert_eq!(files.iter().map(|file| file.media.as_str()).collect::<Vec<&str>>(), ["message/rfc822"]);
    assert!(files[0].content.starts_with(b"Subject: inner\r\n"));
    assert!(text_of(&got[0]).iter().any(|line| line == "From: bob@b.example"));
    assert!(site.drop("alice").messages()[0].flags.has_keyword("$Forwarded"));
}

/// Would break if a form that cannot be sent were lost, or sent in part.
#[test]
fn what_cannot_be_sent_comes_back() {
    let mut site = Site::with(|config| {
        (config.max_message, config.smtp.recipients_per_message) = (2_000, 2);
    });
    site.enter("alice");
    for (to, body, said) in [
        ("", "x", "nobody to send it to"),
        ("not an address", "x", "no address such as"),
        ("nosuch@crepes.fr", "x", "User unknown"),
        ("carol@crepes.fr, nosuch@crepes.fr", "x", "User unknown"),
        ("carol@crepes.fr", &"0123456789 ".repeat(300), "larger than the 2000"),
        ("a@x.example, b@x.example, c@x.example", "x", "more than 2 recipients"),
    ] {
        let response = site.send(to, "Kept <b>", body);
        let page = text(&response);
        assert_eq!(response.status, 422, "{to}");
        assert!(page.contains(said) && page.contains("value=\"Kept &lt;b&gt;\""), "{to}: {page}");
    }
    assert!(stored(&mut site, "carol", "INBOX").is_empty() && stored(&mut site, "alice", "Sent").is_empty());
    assert_eq!(site.spool.audit().accepted, 0);
}

/// Would break if webmail were a way around the rules for those who submit, or asked the greylist.
#[test]
fn rules_of_conduct_hold_for_forms() {
    let rule = |name: &str, at: At, rate: Option<Rate>, action: Action| Rule {
        name: name.into(),
        when: When { at: [at].into(), rate, ..When::default() },
        slow: Slowness::default(),
        action,
    };
    let refuse = |text: &str| Action::Decide { ruling: Ruling::Reply(Saying::parse(text).unwrap()), effect: false };
    let rate = Rate { most: 1, within: SimDuration::from_secs(60), per: Per::Sender, gauge: Gauge::Window };
    let rules = [
        rule("grey", At::Rcpt, None, Action::Greylist(Box::default())),
        rule("limit", At::Body, Some(rate), refuse("450 4.7.1 Too much")),
    ];
    let mut site = Site::with(|config| config.conduct.rules = rules.into());
    site.enter("alice");
    assert_eq!(site.send("carol@crepes.fr", "one", "x").status, 303);
    let refused = site.send("carol@crepes.fr", "two", "x");
    assert!(refused.status == 422 && text(&refused).contains("450 4.7.1 Too much"), "{}", text(&refused));
    assert_eq!(stored(&mut site, "carol", "INBOX").len(), 1);
    let told = |rule: &str| site.host.log.iter().filter(|event| event.contains(&format!("rule: {rule:?}"))).count();
    assert_eq!((told("grey"), told("limit")), (2, 1));
    site.host.now = SimTime::from_nanos(61_000_000_000);
    assert_eq!(site.send("carol@crepes.fr", "three", "x").status, 303);
}
