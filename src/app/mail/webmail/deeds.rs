//! What forms do: logging in and out, marking, moving and removing messages, making folders, sending.
//!
//! A message that is sent goes the way of one from port 587 by a user who logged in there: the same limits, the same verdicts on
//! recipients, the same rules of conduct, the same queue. It is composed here, so its life begins here.

use std::net::IpAddr;

use super::asked::{Act, Deed, Source, Submitted};
use super::pages::{Visit, done, folder_url};
use super::{Call, Login, MAX_LOGINS, Notice, Webmail, compose, cookie_field, failure, faulty, page, see};
use crate::app::host::Host;
use crate::app::mail::composed::trace_composed;
use crate::app::mail::conduct;
use crate::app::mail::conduct::rules::Occasion;
use crate::app::mail::mailbox::{Maildrop, StoreError};
use crate::app::mail::queue::Addressee;
use crate::app::mail::spool::{Arrival, Spool};
use crate::app::mail::upkeep;
use crate::proto::http::Response;
use crate::proto::imap::{Flags, NewMessage, StoreAction, SystemFlag, names, utf7};
use crate::proto::mailbox::About;
use crate::proto::message::{Hop, received};
use crate::proto::sasl::Credentials;
use crate::proto::smtp::path::address_literal;
use crate::proto::smtp::{MailOptions, Mailbox, ReversePath};

/// Where copies of what was sent are kept.
const SENT: &str = "Sent";
/// Where messages are kept that are not finished.
const DRAFTS: &str = "Drafts";

impl Webmail {
    pub(super) fn log_in<H: Host>(
        &mut self,
        host: &mut H,
        spool: &Spool,
        client: IpAddr,
        (user, password): (&str, &str),
    ) -> Response {
        if let Some(wait) = self.guesses.wait(client, host.now()) {
            // RFC 6585 section 4: "429 Too Many Requests", which may say how long to wait.
            let mut response = self.login_page(host, 429, Some("Too many wrong passwords. Please wait."), user);
            let seconds = wait.as_nanos().div_ceil(1_000_000_000);
            response.fields = response.fields.with("Retry-After", seconds.to_string());
            return response;
        }
        let credentials =
            Credentials { authorization: String::new(), user: user.trim().to_owned(), password: password.to_owned() };
        let Some(mailbox) = self.accounts.login(&spool.maildrops, &credentials) else {
            self.guesses.failed(client, host.now());
            return self.login_page(host, 401, Some("Wrong user or password."), user);
        };
        if self.logins.len() >= MAX_LOGINS {
            let oldest = self.logins.iter().min_by_key(|(_, login)| login.used).map(|(session, _)| session.clone());
            oldest.and_then(|session| self.logins.remove(&session));
        }
        // A new name for the session: one that was planted in the browser is worth nothing.
        let (session, token) = (self.draw(host), self.draw(host));
        self.logins.insert(session.clone(), Login { mailbox, token, used: host.now(), notice: None });
        let mut response = see(&folder_url(names::INBOX));
        response.fields = response.fields.with("Set-Cookie", cookie_field(&self.session, &session));
        response
    }

    /// Does what a form of this session asks for.
    pub(super) fn act<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        call: &Call<'_>,
        session: &str,
        deed: Deed,
    ) -> Response {
        let Some(key) = self.logins.get(session).map(|login| login.mailbox.clone()) else { return see("/login") };
        let (notice, to) = match deed {
            Deed::Login { .. } => return see("/login"),
            Deed::Logout => {
                self.logins.remove(session);
                let mut response = see("/login");
                response.fields =
                    response.fields.with("Set-Cookie", format!("{}; Max-Age=0", cookie_field(&self.session, "")));
                return response;
            }
            Deed::Act { folder, uids, act } => match apply(host, spool, &key, (&folder, &uids), &act, self.separator) {
                Ok(()) => (Notice::Done(done(&act)), folder_url(&folder)),
                Err(error) => return refused(error),
            },
            Deed::Create { name } => {
                let Some(name) = names::read(utf7::encode(&name).as_bytes(), self.separator) else {
                    return refused(StoreError::Name);
                };
                let made = spool.maildrops.get_mut(&key).map(|drop| drop.create(&name, None, self.separator));
                match made {
                    Some(Ok(())) => (Notice::Done("The folder was made."), folder_url(&name)),
                    Some(Err(error)) => return refused(error),
                    None => return see("/login"),
                }
            }
            Deed::Submit(form) => match self.submit(host, spool, call, &key, &form) {
                Ok(notice) => (notice, folder_url(back_to(&form))),
                Err(wrong) => {
                    let visit = spool.maildrops.get(&key).zip(self.logins.get(session));
                    let Some((drop, login)) = visit else { return see("/login") };
                    // RFC 9110 15.5.21: it was understood, but cannot be done.
                    return page(422, compose::page(&Visit { drop, login, notice: None }, &form, &wrong));
                }
            },
        };
        if let Some(login) = self.logins.get_mut(session) {
            login.notice = Some(notice);
        }
        see(&to)
    }

    /// Sends a message or keeps it as a draft; or says what is wrong with it.
    fn submit<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        call: &Call<'_>,
        key: &str,
        form: &Submitted,
    ) -> Result<Notice, Vec<String>> {
        let (to, cc) = compose::recipients(form)?;
        let gone = || vec!["The message that this is about is not there any more.".to_owned()];
        let drop = spool.maildrops.get(key).ok_or_else(gone)?;
        if form.source != Source::Nothing && compose::source_of(drop, &form.source).is_none() {
            return Err(gone());
        }
        let number = self.composed.get(key).copied().unwrap_or(0) + 1;
        let address = drop.address().to_owned();
        let (local, domain) = address.split_once('@').unwrap_or((&address, &self.name));
        // Programs on users' own computers count from 1: no name of theirs begins like this.
        let message_id = format!("<w{number}.{local}@{domain}>");
        let written = compose::write(drop, form, (&to, &cc), (host.calendar(), &message_id));
        if written.content.len() > self.max_message {
            return Err(vec![format!(
                "With {} octets it is larger than the {} that are allowed.",
                written.content.len(),
                self.max_message
            )]);
        }
        if form.draft {
            keep(host, spool, key, (DRAFTS, &written.content, &[SystemFlag::Seen, SystemFlag::Draft]), self.separator)
                .map_err(|error| vec![error.to_string()])?;
            self.composed.insert(key.to_owned(), number);
            finished(host, spool, key, form);
            return Ok(Notice::Kept(message_id));
        }
        if written.recipients.len() > self.max_recipients {
            return Err(vec![format!("There are more than {} recipients.", self.max_recipients)]);
        }
        let sender = Mailbox::parse(&address).map_or(ReversePath::Null, ReversePath::Mailbox);
        permitted(host, spool, call, (&sender, &written.recipients), (&message_id, written.content.len() as u64))?;
        self.composed.insert(key.to_owned(), number);
        trace_composed(host, (&message_id, &address), &written.recipients, (&written.content, &written.costs));
        let (queue_id, content) = self.stamped(host, spool, call, &written.content);
        spool.accept(
            host,
            Arrival {
                queue_id,
                message_id: message_id.clone(),
                reverse_path: sender,
                recipients: written
                    .recipients
                    .into_iter()
                    .map(|mailbox| Addressee { mailbox, notify: None, original: None })
                    .collect(),
                options: MailOptions::of(&written.content),
                content: content.into(),
                bytes: written.content.len() as u64,
                conn: Some(call.conn),
            },
        );
        // It is sent, whether or not there is room for a copy of it.
        let kept = keep(host, spool, key, (SENT, &written.content, &[SystemFlag::Seen]), self.separator);
        finished(host, spool, key, form);
        Ok(kept.map_or(Notice::Done("The message was sent, but there is no room for a copy of it."), |()| {
            Notice::Sent(message_id)
        }))
    }

    /// A name in the queue, and the message with this server's trace field in front.
    fn stamped<H: Host>(&self, host: &H, spool: &mut Spool, call: &Call<'_>, content: &[u8]) -> (String, Vec<u8>) {
        let queue_id = spool.next_queue_id();
        let client = address_literal(call.address);
        let head = received(&Hop {
            client: &client,
            address: call.address,
            by: &self.name,
            with: "HTTP",
            id: &queue_id,
            date: host.calendar(),
        });
        (queue_id, [head.as_bytes(), content].concat())
    }
}

/// Whether a message may go: its recipients are known, and no rule of conduct stands in its way.
fn permitted<H: Host>(
    host: &mut H,
    spool: &mut Spool,
    call: &Call<'_>,
    (sender, recipients): (&ReversePath, &[Mailbox]),
    (message_id, size): (&str, u64),
) -> Result<(), Vec<String>> {
    let judged = recipients.iter().map(|to| spool.judge(sender, to, (true, size)));
    let wrong: Vec<String> = judged.filter_map(Result::err).map(|refusal| refusal.text).collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let occasion = Occasion {
        sender: Some(sender.as_str().to_owned()),
        recipients: recipients.iter().map(|to| to.as_str().to_owned()).collect(),
        size: Some(size),
        message_id: Some(message_id.to_owned()),
        ..Occasion::default()
    };
    conduct::submitted(&mut spool.conduct, host, (call.conn, call.address), &occasion).map_err(|why| vec![why])
}

fn refused(error: StoreError) -> Response {
    match error {
        StoreError::NoSuchFolder | StoreError::Gone => faulty(super::Fault::NotFound),
        StoreError::Exists
        | StoreError::Use
        | StoreError::Name
        | StoreError::Inbox
        | StoreError::TooMany
        | StoreError::Full
        | StoreError::Keywords => failure(409, "Not possible", &error.to_string()),
    }
}

/// Where the writer came from.
fn back_to(form: &Submitted) -> &str {
    match &form.source {
        Source::Nothing => names::INBOX,
        Source::About(place, _) | Source::Draft(place) => &place.folder,
    }
}

/// Puts a message into a folder, which is made if need be.
fn keep<H: Host>(
    host: &mut H,
    spool: &mut Spool,
    key: &str,
    (name, content, marks): (&str, &[u8], &[SystemFlag]),
    separator: char,
) -> Result<(), StoreError> {
    let quota = spool.homes.quota(key);
    let drop = spool.maildrops.get_mut(key).ok_or(StoreError::NoSuchFolder)?;
    // No folder is made for what there is no room for.
    drop.has_room(1, content.len() as u64, quota)?;
    let validity = named_or_made(drop, name, separator)?;
    let mut flags = Flags::default();
    marks.iter().for_each(|mark| flags.insert(*mark));
    upkeep::append(host, drop, validity, quota, vec![NewMessage { flags, date: None, content: content.into() }])?;
    spool.touched.push((key.to_owned(), validity));
    Ok(())
}

fn named_or_made(drop: &mut Maildrop, name: &str, separator: char) -> Result<u32, StoreError> {
    match drop.named(name) {
        Ok(validity) => Ok(validity),
        Err(_) => {
            drop.create(name, None, separator)?;
            drop.named(name)
        }
    }
}

/// What the form came from is answered, or is a draft no more.
fn finished<H: Host>(host: &mut H, spool: &mut Spool, key: &str, form: &Submitted) {
    let (place, act) = match &form.source {
        Source::Nothing => return,
        Source::Draft(place) => (place, Act::Delete),
        Source::About(..) if form.draft => return,
        Source::About(place, About::Reply | About::ReplyAll) => (place, Act::Answered(true)),
        Source::About(place, About::Forward) => return forwarded(spool, key, &place.folder, place.uid),
    };
    // It was there when the form was read.
    let _ = apply(host, spool, key, (&place.folder, &[place.uid]), &act, '/');
}

/// RFC 9051 2.3.2: `$Forwarded`, a keyword; where the folder knows too many it is left out.
fn forwarded(spool: &mut Spool, key: &str, name: &str, uid: u32) {
    let Some(drop) = spool.maildrops.get_mut(key) else { return };
    let Ok(validity) = drop.named(name) else { return };
    let Ok(folder) = drop.folder(validity) else { return };
    let mut named = Flags::default();
    named.insert_keyword("$Forwarded".into());
    let named = folder.message(uid).is_some().then(|| folder.known(&named)).flatten();
    if let Some(named) = named {
        folder.change_flags(uid, StoreAction::Add, &named);
        spool.touched.push((key.to_owned(), validity));
    }
}

/// Marks, moves or removes messages; all of them, or none if one is not there.
fn apply<H: Host>(
    host: &mut H,
    spool: &mut Spool,
    key: &str,
    (name, uids): (&str, &[u32]),
    act: &Act,
    separator: char,
) -> Result<(), StoreError> {
    let quota = spool.homes.quota(key);
    let drop = spool.maildrops.get_mut(key).ok_or(StoreError::NoSuchFolder)?;
    let validity = drop.named(name)?;
    let folder = drop.folder(validity)?;
    if uids.is_empty() || uids.iter().any(|uid| folder.message(*uid).is_none()) {
        return Err(StoreError::Gone);
    }
    let (flag, on) = match act {
        Act::Seen(on) => (SystemFlag::Seen, *on),
        Act::Flagged(on) => (SystemFlag::Flagged, *on),
        Act::Answered(on) => (SystemFlag::Answered, *on),
        Act::Deleted(on) => (SystemFlag::Deleted, *on),
        Act::Draft(on) => (SystemFlag::Draft, *on),
        Act::Delete => {
            upkeep::delete(host, drop, validity, uids)?;
            spool.touched.push((key.to_owned(), validity));
            return Ok(());
        }
        Act::Move(to) => {
            let to = named_or_made(drop, to, separator)?;
            if to != validity {
                upkeep::copy(host, drop, (validity, uids), (to, true), quota)?;
                spool.touched.extend([(key.to_owned(), validity), (key.to_owned(), to)]);
            }
            return Ok(());
        }
    };
    let action = if on { StoreAction::Add } else { StoreAction::Remove };
    for uid in uids {
        folder.change_flags(*uid, action, &flag.into());
    }
    spool.touched.push((key.to_owned(), validity));
    Ok(())
}
