//! Listing, opening, searching, filing.

use super::site::{Site, text};
use crate::proto::http::{Method, Request};
use crate::proto::imap::SystemFlag;

const MIXED: &str = "From: Bob <bob@b.example>\nTo: alice@crepes.fr\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\
    Message-ID: <m@b.example>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=o\n\n\
    --o\nContent-Type: multipart/alternative; boundary=i\n\n--i\nContent-Type: text/plain; charset=utf-8\n\
    Content-Transfer-Encoding: quoted-printable\n\nH=C3=A9 & <ho>\n--i\nContent-Type: text/html\n\n<b>no</b>\n--i--\n\
    --o\nContent-Type: image/png; name=\"../a b.png\"\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--o--\n";

#[test]
fn a_message_is_listed_opened_and_its_file_fetched() {
    let mut site = Site::entered();
    let uid = site.deliver(MIXED);
    let list = text(&site.get("/folder?name=INBOX"));
    assert!(list.contains("data-uid=\"1\" data-size=") && list.contains("data-id=\"&lt;m@b.example&gt;\""), "{list}");
    assert!(
        list.contains("data-parts=\"2 image/png 12\"") && list.contains(">Grüße</a>") && list.contains("Inbox (1 new)")
    );
    let head = Request::new(Method::Head, "crepes.fr", &format!("/message?folder=INBOX&uid={uid}"));
    assert_eq!(site.ask(head).status, 200);
    assert!(!site.drop("alice").messages()[0].flags.has(SystemFlag::Seen), "HEAD changes nothing");
    let page = text(&site.get(&format!("/message?folder=INBOX&uid={uid}")));
    assert!(page.contains("<pre id=\"text\">\nHé &amp; &lt;ho&gt;</pre>"), "{page}");
    assert!(
        page.contains("data-place=\"2\" data-media=\"image/png\" data-octets=\"12\" download=\"a b.png\""),
        "{page}"
    );
    let message = &site.drop("alice").messages()[0];
    assert!(message.flags.has(SystemFlag::Seen) && !message.retrieved, "it is under way");
    assert!(site.host.log.iter().any(|event| event.contains("Retrieval")));
    let file = site.get(&format!("/part?folder=INBOX&uid={uid}&place=2"));
    assert_eq!(file.content, b"\x89PNG\r\n\x1a\n");
    assert_eq!(file.fields.first("Content-Type"), Some("image/png"));
    let raw = site.get(&format!("/raw?folder=INBOX&uid={uid}"));
    assert_eq!(raw.content, site.drop("alice").messages()[0].content.to_vec());
}

/// Would break if older messages could not be reached, or one were listed twice.
#[test]
fn long_folders_have_pages() {
    let mut site = Site::entered();
    for number in 1..=120 {
        site.deliver(&format!("Subject: number {number}\n\nx\n"));
    }
    let uids = |page: &str| -> Vec<u32> {
        page.split("<tr")
            .skip(1)
            .filter_map(|row| row.split("data-uid=\"").nth(1)?.split('"').next()?.parse().ok())
            .collect()
    };
    let (mut all, mut target) = (Vec::new(), "/folder?name=INBOX".to_owned());
    loop {
        let page = text(&site.get(&target));
        all.extend(uids(&page));
        let Some(next) = page.split("rel=\"next\" href=\"").nth(1) else { break };
        target = next.split('"').next().unwrap().replace("&amp;", "&");
    }
    assert_eq!(all, (1..=120).rev().collect::<Vec<u32>>());
    let found = text(&site.get("/folder?name=INBOX&subject=number%2011"));
    assert_eq!(uids(&found), [119, 118, 117, 116, 115, 114, 113, 112, 111, 110, 11]);
    assert!(found.contains("11 messages found"));
    assert!(text(&site.get("/folder?name=INBOX&page=99")).contains("Page 99 of 3"));
}

#[test]
fn messages_are_marked_moved_and_deleted() {
    let mut site = Site::entered();
    let uids =
        [site.deliver("Subject: a\n\nx\n"), site.deliver("Subject: b\n\nx\n"), site.deliver("Subject: c\n\nx\n")];
    let form = site.form().with("name", "Büro");
    assert_eq!(site.post("/folders", &form).fields.first("Location"), Some("/folder?name=B%26APw-ro"));
    assert!(text(&site.get("/folder?name=B%26APw-ro")).contains("<h1>Büro</h1>"));
    assert_eq!(site.post("/folders", &form).status, 409, "there is one");
    let act = |site: &mut Site, uids: &[u32], what: &str, to: &str| {
        let form = site.form().with("folder", "INBOX").with("do", what).with("to", to);
        let form = uids.iter().fold(form, |form, uid| form.with("uid", uid.to_string()));
        site.post("/act", &form).status
    };
    assert_eq!(act(&mut site, &uids[..2], "flag", ""), 303);
    assert_eq!(act(&mut site, &uids[..1], "unflag", ""), 303);
    let flagged = |site: &mut Site| -> Vec<bool> {
        site.drop("alice").messages().iter().map(|message| message.flags.has(SystemFlag::Flagged)).collect()
    };
    assert_eq!(flagged(&mut site), [false, true, false]);
    assert_eq!(act(&mut site, &uids[..1], "move", "B&APw-ro"), 303);
    assert_eq!(act(&mut site, &uids[..2], "delete", ""), 404, "one of them is not there: nothing is done");
    assert_eq!(act(&mut site, &uids[1..2], "delete", ""), 303);
    assert!(text(&site.get("/folder?name=INBOX")).contains("role=\"status\">Deleted."));
    assert!(!text(&site.get("/folder?name=INBOX")).contains("role=\"status\""), "it is told once");
    assert_eq!(act(&mut site, &[], "delete", ""), 404);
    let drop = site.drop("alice");
    assert_eq!(drop.messages().iter().map(|message| message.uid).collect::<Vec<u32>>(), [3]);
    assert_eq!(drop.folder_named("B&APw-ro").unwrap().messages().len(), 1);
    assert_eq!(site.host.log.iter().filter(|event| event.contains("Deleted {")).count(), 1);
}

/// Would break if a page lacked what screen readers and keyboards need.
#[test]
fn pages_are_accessible() {
    let mut site = Site::entered();
    let uid = site.deliver(MIXED);
    for target in ["/folder?name=INBOX".to_owned(), format!("/message?folder=INBOX&uid={uid}"), "/compose".into()] {
        let page = text(&site.get(&target));
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"en\">"));
        assert!(
            page.contains("name=\"viewport\"")
                && page.contains("href=\"#main\"")
                && page.contains("<main id=\"main\">")
        );
        assert_eq!(page.matches("<h1>").count(), 1, "{target}");
        assert!(page.matches("<th ").count() == page.matches(" scope=\"").count());
        assert!(!page.contains("<script") && !page.contains(" onclick") && !page.contains(" style="));
        for field in
            page.split("<input ").skip(1).chain(page.split("<select ").skip(1)).chain(page.split("<textarea ").skip(1))
        {
            let field = field.split('>').next().unwrap();
            let id = field.split("id=\"").nth(1).map(|id| id.split('"').next().unwrap());
            let labelled = id.is_some_and(|id| {
                page.contains(&format!("<label for=\"{id}\"")) || page.contains(&format!("for=\"{id}\""))
            });
            assert!(
                labelled || field.contains("type=\"hidden\"") || field.contains("aria-label="),
                "{target}: {field}"
            );
        }
        let ids: Vec<&str> = page.split(" id=\"").skip(1).map(|id| id.split('"').next().unwrap()).collect();
        let mut unique = ids.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), ids.len(), "{target}: {ids:?}");
    }
}
