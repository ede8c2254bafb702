//! What strangers try.

use proptest::prelude::*;

use super::site::{Site, text, token};
use crate::app::mail::webmail::letter::Letter;
use crate::proto::http::form::{Form, encode};
use crate::proto::http::{Method, Request};

const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'></textarea></pre>";

/// Would break if anything of a message were markup on any page, in any place.
#[test]
fn nothing_that_a_message_says_is_markup() {
    let mut site = Site::entered();
    let uid = site.deliver(&format!(
        "From: \"{}\" <evil\"onload=x@x.example>\nSubject: {HOSTILE}\nTo: {HOSTILE} <a@b.example>\nDate: {HOSTILE}\n\
         Message-ID: <{HOSTILE}>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
         --b\nContent-Type: text/html\n\n<p>{HOSTILE}<a href=\"javascript:alert(1)\">click</a>\n\
         --b\nContent-Type: text/plain\n\n{HOSTILE}\n\
         --b\nContent-Type: text/html; name=\"{}\"\nContent-Disposition: attachment\n\n{HOSTILE}\n--b--\n",
        HOSTILE.replace('"', "\\\""),
        HOSTILE.replace('"', "\\\"")
    ));
    let place = format!("folder=INBOX&uid={uid}");
    for target in [
        "/folder?name=INBOX".to_owned(),
        format!("/folder?name=INBOX&from={}", encode(HOSTILE)),
        format!("/message?{place}"),
        format!("/headers?{place}"),
        format!("/compose?about=reply-all&{place}"),
        format!("/compose?about=forward&{place}"),
    ] {
        let response = site.get(&target);
        assert_eq!(response.status, 200, "{target}");
        let page = text(&response);
        assert!(page.contains("alert(1)"), "it is shown as text: {target}");
        for bad in ["<script", "<img", "onerror=alert(1)>", "href=\"javascript", "</textarea></pre>"] {
            assert!(!page.contains(bad), "{target} has {bad}");
        }
        assert_eq!(page.matches("<textarea").count(), page.matches("</textarea>").count());
        let policy = response.fields.first("Content-Security-Policy").unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("script") && !policy.contains("unsafe"));
        assert_eq!(response.fields.first("X-Content-Type-Options"), Some("nosniff"));
    }
    let file = site.get(&format!("/part?{place}&place=3"));
    assert_eq!(file.fields.first("Content-Type"), Some("application/octet-stream"));
    assert!(file.fields.first("Content-Disposition").unwrap().starts_with("attachment; "));
}

/// Would break if a form of a foreign page, or one without the session's token, did anything.
#[test]
fn forms_of_others_do_nothing() {
    let mut site = Site::entered();
    let uid = site.deliver("Subject: x\n\nx\n");
    let good = site.form().with("folder", "INBOX").with("uid", uid.to_string()).with("do", "delete");
    let mut bad = good.clone();
    bad.0[0].content = b"0".repeat(32);
    assert_eq!(site.post("/act", &bad).status, 403);
    bad.0.remove(0);
    assert_eq!(site.post("/act", &bad).status, 400);
    let with = |name: &str, value: &str| {
        let mut request = Request::new(Method::Post, "crepes.fr", "/act");
        request.fields = request.fields.with("Content-Type", "application/x-www-form-urlencoded").with(name, value);
        request.content = crate::proto::http::form::urlencoded(&good).into_bytes();
        request
    };
    for (name, value) in [("Origin", "http://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
        assert_eq!(site.ask(with(name, value)).status, 403, "{name}: {value}");
    }
    assert_eq!(site.get(&format!("/act?{}", crate::proto::http::form::urlencoded(&good))).status, 405);
    assert_eq!(site.drop("alice").messages().len(), 1, "it is still there");
    assert_eq!(site.ask(with("Origin", "http://crepes.fr")).status, 303);
    assert_eq!(site.drop("alice").messages().len(), 0);
}

/// Would break if one could log in with a form of another page, or keep a session that was planted.
#[test]
fn logging_in_needs_the_form_and_gives_a_new_session() {
    let mut site = Site::new();
    let form = Form::default().with("csrf", "x").with("user", "alice").with("password", "hungry");
    assert_eq!(site.post("/login", &form).status, 403, "no cookie");
    site.jar.take("session.crepes.fr=planted");
    let page = site.get("/login");
    let wrong = Form::default().with("csrf", token(&text(&page))).with("user", "<b>\"").with("password", "no");
    let refused = site.post("/login", &wrong);
    assert_eq!(refused.status, 401);
    assert!(text(&refused).contains("value=\"&lt;b&gt;&quot;\""));
    site.enter("alice");
    assert!(!site.jar.field().unwrap().contains("planted"));
    let cookie = site.get("/login");
    assert_eq!(cookie.fields.first("Location"), Some("/folder?name=INBOX"));
    let form = site.form();
    assert_eq!(site.post("/logout", &form).fields.first("Location"), Some("/login"));
    assert_eq!(site.get("/folder?name=INBOX").fields.first("Location"), Some("/login"));
}

/// RFC 6585 4. Would break if passwords could be guessed as fast as forms come, or if somebody were kept out for ever, or
/// for what another client did.
#[test]
fn whoever_guesses_passwords_waits() {
    let mut site = Site::new();
    let second = |seconds: u64| crate::base::SimTime::from_nanos(seconds * 1_000_000_000);
    let try_at = |site: &mut Site, seconds: u64, password: &str| {
        site.host.now = second(seconds);
        let page = site.get("/login");
        let form = Form::default().with("csrf", token(&text(&page))).with("user", "alice").with("password", password);
        site.post("/login", &form)
    };
    for number in 0..10 {
        assert_eq!(try_at(&mut site, number, "guess").status, 401, "{number}");
    }
    let refused = try_at(&mut site, 10, "hungry");
    assert_eq!((refused.status, refused.fields.first("Retry-After")), (429, Some("50")));
    assert_eq!(try_at(&mut site, 59, "hungry").status, 429);
    assert_eq!(site.webmail.guesses.wait("10.0.0.7".parse().unwrap(), second(59)), None);
    // The oldest counts no longer.
    assert_eq!(try_at(&mut site, 60, "guess").status, 401);
    assert_eq!(try_at(&mut site, 60, "hungry").status, 429);
    assert_eq!(try_at(&mut site, 121, "hungry").status, 303);
}

/// Would break if a session never ended, or survived the server.
#[test]
fn sessions_end_by_silence_and_by_a_crash() {
    let mut site = Site::entered();
    site.host.now = crate::base::SimTime::from_nanos(3_599_000_000_000);
    assert_eq!(site.get("/folder?name=INBOX").status, 200);
    site.host.now = crate::base::SimTime::from_nanos(7_200_000_000_000);
    assert_eq!(site.get("/folder?name=INBOX").status, 303);
    let before = site.jar.clone();
    site.enter("alice");
    assert_ne!(site.jar, before, "draws never come twice");
    site.webmail.crash(&mut site.host, &mut site.spool);
    assert_eq!(site.get("/folder?name=INBOX").status, 303);
}

/// Would break if a foreign name that leads here were served (DNS rebinding), or the own names were not.
#[test]
fn only_own_names_are_served() {
    let mut site = Site::new();
    let status = |site: &mut Site, host: &str| site.ask(Request::new(Method::Get, host, "/login")).status;
    for host in ["crepes.fr", "CREPES.FR.", "crepes.fr:80", "mail.crepes.fr", "10.0.0.1", "10.0.0.1:80"] {
        assert_eq!(status(&mut site, host), 200, "{host}");
    }
    for host in [
        "",
        "evil.example",
        "crepes.fr.evil.example",
        "127.0.0.1",
        "localhost:2080",
        "[::1]",
        "10.0.0.2",
        "crepes.fr:x",
    ] {
        assert_eq!(status(&mut site, host), 421, "{host}");
    }
    site.host.outside = true;
    for host in ["127.0.0.1:2080", "localhost:2080", "[::1]:2080"] {
        assert_eq!(status(&mut site, host), 200, "{host}");
    }
    let absolute = |target: &str| Request::new(Method::Get, "evil.example", target);
    assert_eq!(site.ask(absolute("http://crepes.fr/login")).status, 200);
    assert_eq!(site.ask(absolute("http://evil.example/login")).status, 421);
}

/// Would break if a name could lead out of the mailbox, or to somebody else's.
#[test]
fn names_lead_only_into_the_own_mailbox() {
    let mut site = Site::entered();
    site.deliver("Subject: x\n\nx\n");
    for target in [
        "/folder?name=../carol",
        "/folder?name=/etc/passwd",
        "/folder?name=carol@crepes.fr",
        "/message?folder=INBOX&uid=999",
        "/message?folder=..%2F..&uid=1",
        "/part?folder=INBOX&uid=1&place=9",
        "/part?folder=INBOX&uid=1&place=../1",
        "/../etc/passwd",
        "/%2e%2e/",
        "/style.css/../folder",
    ] {
        assert_eq!(site.get(target).status, 404, "{target}");
    }
    for target in ["/message?folder=INBOX&uid=-1", "/message?uid=1", "/folder?name=%ff", "/folder?name=INBOX&page=0"] {
        assert_eq!(site.get(target).status, 400, "{target}");
    }
    let form = site.form().with("name", "a/../b\u{0}*");
    assert_eq!(site.post("/folders", &form).status, 409);
}

/// Would break if a header field of a message could be written by what a form says.
#[test]
fn no_form_writes_header_fields() {
    let mut site = Site::entered();
    let form = site
        .form()
        .with("to", "carol@crepes.fr\r\nBcc: evil@x.example")
        .with("subject", "Hi\r\nBcc: evil@x.example\r\n\r\n<b>")
        .with("text", "x")
        .with("do", "send");
    let refused = site.post_files("/compose", &form);
    assert_eq!(refused.status, 422, "{}", text(&refused));
    assert!(text(&refused).contains("role=\"alert\""));
    assert_eq!(site.send("carol@crepes.fr", "Hi\r\nBcc: evil@x.example\r\n\r\nbody", "x").status, 303);
    let content = site.drop("carol").messages()[0].content.to_vec();
    let content = String::from_utf8(content).unwrap();
    assert!(!content.contains("\r\nBcc:"), "{content}");
    assert!(content.contains("Subject: Hi  Bcc: evil@x.example    body\r\n"), "{content}");
}

proptest! {
    /// Would break if a request could bring the server down, or make it write a broken field.
    #[test]
    fn no_request_panics(
        target in "/(login|folder|message|part|compose|act|raw)?[?&=%a-z0-9+./-]{0,40}",
        content in proptest::collection::vec(any::<u8>(), 0..120),
        post in any::<bool>(),
    ) {
        let mut site = Site::entered();
        site.deliver("Subject: x\n\nx\n");
        let mut request = Request::new(if post { Method::Post } else { Method::Get }, "crepes.fr", &target);
        request.fields = request.fields.with("Content-Type", "application/x-www-form-urlencoded");
        request.content = content;
        let response = site.ask(request);
        prop_assert!((200..500).contains(&response.status));
        for (_, value) in &response.fields.0 {
            prop_assert!(!value.contains(['\r', '\n', '\0']));
        }
    }

    /// Would break if a message of any octets could not be shown.
    #[test]
    fn any_message_is_shown(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut site = Site::entered();
        let text = String::from_utf8_lossy(&octets).into_owned();
        let uid = site.deliver(&text);
        Letter::read(&octets);
        for path in ["/message", "/headers", "/raw", "/compose"] {
            let query = format!("{path}?about=forward&folder=INBOX&uid={uid}");
            prop_assert_eq!(site.get(&query).status, 200);
        }
        prop_assert_eq!(site.get("/folder?name=INBOX").status, 200);
    }
}
