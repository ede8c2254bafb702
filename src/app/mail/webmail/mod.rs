//! Webmail: the mailbox as pages for browsers, over HTTP on port 80 of the mail server.
//!
//! Users log in by a form and are known by a cookie from then on. What is shown is a function of the mailbox
//! and the request (`pages`, `compose`); what is done is done here (`deeds`), by the same means as by IMAP and
//! port 587, and answered by a redirection, so that nothing is done twice by reloading (RFC 9110 15.4.4).
//!
//! A request is trusted as little as a message: it must name this server as its host (or a foreign name could be
//! led here), whatever changes something must carry the token of the session's pages (or a foreign page could
//! act for the user), and no text is ever markup (`html`). Cookies and tokens come from the server's
//! own stream: nobody in the simulation can guess them, but whoever knows the seed can compute them.
//! Left out: TLS, address books, HTML as it was meant.

mod asked;
mod compose;
mod deeds;
mod guesses;
mod html;
mod letter;
mod names;
mod pages;
#[cfg(test)]
mod tests;
mod under_way;

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::accounts::Accounts;
use super::config::{MailServerConfig, WebmailConfig};
use super::folder::StoredMessage;
use super::spool::Spool;
use crate::app::host::Host;
use crate::app::sessions::{Attends, Caller, Calls, Talk};
use crate::base::trace::Protocol;
use crate::base::{CloseReason, ConnId, Side, SimTime, SocketId, Stream};
use crate::proto::http::{Conduct, Method, Request, Response, Server, ServerEvent, cookie};
use crate::proto::imap::SystemFlag;
use crate::proto::imap::search::Query;
use crate::proto::mailbox::Criteria;
use crate::proto::session::Input;

use asked::{Asked, Deed, Fault, Place, View};
use guesses::Guesses;
use html::Html;
use pages::{STYLE, Visit};
use under_way::UnderWay;

/// Users logged in at a time; the one who was silent for longest makes room.
const MAX_LOGINS: usize = 10_000;
/// No script, no frame, nothing from elsewhere (Content Security Policy Level 3).
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Who has logged in.
#[derive(Clone, Debug)]
struct Login {
    /// The key of the user's mailbox.
    mailbox: String,
    /// What every form of this session has in it.
    token: String,
    used: SimTime,
    notice: Option<Notice>,
}

/// What is told on the next page.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Notice {
    /// The message of that name was sent.
    Sent(String),
    /// The draft of that name was kept.
    Kept(String),
    Done(&'static str),
}

/// What is known of a browser's connection.
#[derive(Clone, Debug)]
pub(super) struct Known {
    address: IpAddr,
    /// Messages on their way to the browser.
    in_flight: Vec<UnderWay>,
}

/// The webmail server: connections and logins are in memory only.
#[derive(Clone, Debug)]
pub(super) struct Webmail {
    config: Option<WebmailConfig>,
    name: String,
    /// The cookie of who has logged in. It has the server's name in it, since browsers keep the cookies of all ports of an
    /// address together (RFC 6265 8.5).
    session: String,
    /// The cookie of who is about to.
    visit: String,
    /// The names by which it can be called.
    hosts: Vec<String>,
    accounts: Accounts,
    conduct: Conduct,
    max_message: usize,
    max_recipients: usize,
    separator: char,
    calls: Calls<Server, Known>,
    /// What was on its way over connections that this end has closed, and the other has not.
    leaving: BTreeMap<SocketId, (ConnId, Vec<UnderWay>)>,
    /// Messages that the answer to the present request takes along.
    fetched: Vec<UnderWay>,
    /// By the value of the cookie.
    logins: BTreeMap<String, Login>,
    /// How many messages each user wrote here, by mailbox; on disk.
    composed: BTreeMap<String, u64>,
    draws: Option<Stream>,
    guesses: Guesses,
}

/// A request in hand, and from where it came.
struct Call<'a> {
    request: &'a Request,
    conn: ConnId,
    address: IpAddr,
}

impl Webmail {
    pub(super) fn new(config: &MailServerConfig) -> Self {
        let mut hosts: Vec<String> = config.domains.clone();
        hosts.push(config.name.clone());
        let most = config.smtp.max_message.and_then(|most| usize::try_from(most).ok()).unwrap_or(usize::MAX);
        let max_message = most.min(config.max_message);
        let keep_alive = config.webmail.clone().unwrap_or_default().keep_alive;
        Self {
            config: config.webmail.clone(),
            name: config.name.clone(),
            session: format!("session.{}", config.name),
            visit: format!("visit.{}", config.name),
            hosts,
            accounts: Accounts::new(&config.domains),
            // Fields and boundaries besides the files.
            conduct: Conduct { keep_alive, content: max_message.saturating_add(1 << 20), ..Conduct::default() },
            max_message,
            max_recipients: config.smtp.recipients_per_message.max(1),
            separator: config.separator,
            calls: Calls::default(),
            leaving: BTreeMap::new(),
            fetched: Vec::new(),
            logins: BTreeMap::new(),
            composed: BTreeMap::new(),
            draws: None,
            guesses: Guesses::default(),
        }
    }

    pub(super) const fn is_offered(&self) -> bool {
        self.config.is_some()
    }

    pub(super) fn deadline(&self) -> SimTime {
        self.calls.deadline()
    }

    pub(super) fn crash<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        let callers = self.calls.take_all().into_iter().flat_map(|caller| caller.known.in_flight);
        let leaving = std::mem::take(&mut self.leaving).into_values().flat_map(|(_, in_flight)| in_flight);
        callers.chain(leaving).for_each(|message| message.cut(host, spool));
        self.logins.clear();
        self.guesses.clear();
    }

    pub(super) fn owns(&self, socket: SocketId) -> bool {
        self.calls.owns(socket) || self.leaving.contains_key(&socket)
    }

    pub(super) fn accepted<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        (socket, conn): (SocketId, ConnId),
        address: IpAddr,
    ) {
        let talk = Talk::new(socket, conn, Side::Server, Protocol::Http, Server::new(self.conduct.clone()));
        self.accept(host, spool, talk, Known { address, in_flight: Vec::new() });
    }

    /// A connection is no more. One that both ends have closed took along what was sent over it.
    pub(super) fn ended<H: Host>(&mut self, host: &mut H, spool: &mut Spool, socket: SocketId, reason: CloseReason) {
        self.closed(host, spool, socket);
        let Some((conn, in_flight)) = self.leaving.remove(&socket) else { return };
        for message in in_flight {
            if reason == CloseReason::Finished { message.came(host, spool, conn) } else { message.cut(host, spool) }
        }
    }

    /// Answers a request.
    fn answer<H: Host>(&mut self, host: &mut H, spool: &mut Spool, call: &Call<'_>) -> Response {
        let Some(request) = self.addressed(host, call) else {
            // RFC 9110 15.5.20: the client came to the wrong server.
            return failure(421, "Wrong server", "There is no such host here.");
        };
        let asked = match asked::asked(&request) {
            Ok(asked) => asked,
            Err(fault) => return faulty(fault),
        };
        let call = Call { request: &request, ..*call };
        self.logins.retain(|_, login| {
            let patience = self.config.as_ref().map(|config| config.session).unwrap_or_default();
            host.now() < login.used.saturating_add(patience)
        });
        let cookie = cookie::sent(request.fields.all("Cookie"), &self.session).map(str::to_owned);
        let session = cookie.filter(|cookie| self.logins.contains_key(cookie));
        if let Some(login) = session.as_ref().and_then(|session| self.logins.get_mut(session)) {
            login.used = host.now();
        }
        match asked {
            Asked::Show(View::Style) => {
                let mut response = Response::new(200, "text/css; charset=utf-8", STYLE);
                response.fields = response.fields.with("Cache-Control", "max-age=86400");
                guarded(response)
            }
            Asked::Show(view) => match (session, view) {
                (None, View::Login) => self.login_page(host, 200, None, ""),
                (None, _) => see("/login"),
                (Some(_), View::Login | View::Start) => see(&pages::folder_url("INBOX")),
                (Some(session), view) => self.show(host, spool, &call, &session, view),
            },
            Asked::Do(_, _) if !is_from_here(&request) => {
                failure(403, "Not from here", "The form was not on a page of this server.")
            }
            Asked::Do(Deed::Login { user, password }, token) => {
                let visit = cookie::sent(request.fields.all("Cookie"), &self.visit);
                if token.is_empty() || visit != Some(token.as_str()) {
                    return self.login_page(host, 403, Some("Please try again: cookies must be allowed."), &user);
                }
                self.log_in(host, spool, call.address, (&user, &password))
            }
            Asked::Do(deed, token) => {
                let Some(session) = session else { return see("/login") };
                if self.logins.get(&session).is_none_or(|login| login.token != token) {
                    return failure(
                        403,
                        "Not from here",
                        "The form is not of this session. Please go back and reload.",
                    );
                }
                self.act(host, spool, &call, &session, deed)
            }
        }
    }

    /// The request with its target as a path, if this server is meant (RFC 9112 3.2.2: the host of an absolute
    /// target counts instead of the field).
    fn addressed<H: Host>(&self, host: &H, call: &Call<'_>) -> Option<Request> {
        let mut request = call.request.clone();
        let mut named = request.fields.first("Host").unwrap_or_default().to_owned();
        if let Some(rest) = request.target.strip_prefix("http://") {
            let at = rest.find(['/', '?']).unwrap_or(rest.len());
            named = rest[..at].to_owned();
            let path = rest[at..].to_owned();
            request.target = if path.starts_with('/') { path } else { format!("/{path}") };
        }
        let name = match named.rsplit_once(':') {
            Some((name, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => name,
            Some(_) | None => &named,
        };
        let name = name.trim_end_matches('.');
        let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>().ok();
        let outside = host.opened_from_outside(call.conn);
        let known = self.hosts.iter().any(|own| own.eq_ignore_ascii_case(name))
            || host.name().eq_ignore_ascii_case(name)
            || address.is_some_and(|address| host.addresses().contains(address) || outside && address.is_loopback())
            || outside && name.eq_ignore_ascii_case("localhost");
        known.then_some(request)
    }

    fn login_page<H: Host>(&mut self, host: &H, status: u16, error: Option<&str>, user: &str) -> Response {
        let token = self.draw(host);
        let mut response = page(status, pages::login(&token, &self.name, error, user));
        response.fields = response.fields.with("Set-Cookie", cookie_field(&self.visit, &token));
        response
    }

    /// 128 bits that nobody knows, as a text.
    fn draw<H: Host>(&mut self, host: &H) -> String {
        let draws = self.draws.get_or_insert_with(|| host.stream("webmail/sessions"));
        format!("{:016x}{:016x}", draws.next_u64(), draws.next_u64())
    }

    fn show<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        call: &Call<'_>,
        session: &str,
        view: View,
    ) -> Response {
        let Some(login) = self.logins.get_mut(session) else { return see("/login") };
        let is_page = !matches!(view, View::Part(..) | View::Raw(_)) && call.request.method == Method::Get;
        let notice = if is_page { login.notice.take() } else { None };
        let key = login.mailbox.clone();
        let Some(login) = self.logins.get(session) else { return see("/login") };
        if let View::Message(place) | View::Raw(place) = &view
            && call.request.method == Method::Get
        {
            self.fetched.extend(under_way::begin(host, spool, (&key, place), matches!(view, View::Message(_))));
        }
        let Some(drop) = spool.maildrops.get(&key) else { return see("/login") };
        shown(&Visit { drop, login, notice }, &view).unwrap_or_else(|| faulty(Fault::NotFound))
    }
}

impl Attends<Spool> for Webmail {
    type Session = Server;
    type Known = Known;

    fn calls(&mut self) -> &mut Calls<Server, Known> {
        &mut self.calls
    }

    fn event<H: Host>(
        &mut self,
        host: &mut H,
        spool: &mut Spool,
        caller: &mut Caller<Server, Known>,
        event: ServerEvent,
    ) {
        match event {
            ServerEvent::Request(request) => {
                let (conn, known) = (caller.talk.conn(), &mut caller.known);
                // Who asks for more has what was all sent.
                if host.unsent(caller.talk.socket()) == 0 {
                    known.in_flight.drain(..).for_each(|message| message.came(host, spool, conn));
                }
                let call = Call { request: &request, conn, address: known.address };
                let response = self.answer(host, spool, &call);
                known.in_flight.append(&mut self.fetched);
                caller.talk.session.respond(host.now(), &response);
            }
            ServerEvent::Refused(_) => {}
        }
    }

    /// What was on its way is so until the other end has closed, too.
    fn over<H: Host>(&mut self, _host: &mut H, _spool: &mut Spool, caller: Caller<Server, Known>) {
        if !caller.known.in_flight.is_empty() {
            self.leaving.insert(caller.talk.socket(), (caller.talk.conn(), caller.known.in_flight));
        }
    }

    fn wake<H: Host>(&mut self, host: &mut H, spool: &mut Spool) {
        for socket in self.calls.due_when_sent(host) {
            self.feed(host, spool, socket, Input::Tick);
        }
    }
}

/// What a view shows; nothing if it is not there.
fn shown(visit: &Visit<'_>, view: &View) -> Option<Response> {
    let find = |place: &Place| visit.drop.folder_named(&place.folder)?.message(place.uid);
    Some(match view {
        // Answered for everybody.
        View::Start | View::Login | View::Style => return None,
        View::Folder { folder: name, page: number, criteria } => {
            let folder = visit.drop.folder_named(name)?;
            let found: Vec<&StoredMessage> = if *criteria == Criteria::default() {
                folder.messages().iter().collect()
            } else {
                found(folder.messages(), criteria)
            };
            page(200, visit.folder(name, folder, (*number, criteria), &found))
        }
        View::Message(place) => page(200, visit.message(place, find(place)?)),
        View::Headers(place) => page(200, visit.headers(place, find(place)?)),
        View::Raw(place) => file("message.eml", "text/plain", find(place)?.content.to_vec()),
        View::Part(place, part) => {
            let (part, content) = letter::part(&find(place)?.content, part)?;
            file(&part.name, &part.media, content)
        }
        View::Compose(source) => {
            let form = compose::begin(visit.drop, source.clone())?;
            page(200, compose::page(visit, &form, &[]))
        }
    })
}

fn found<'a>(messages: &'a [StoredMessage], criteria: &Criteria) -> Vec<&'a StoredMessage> {
    let query = Query::of(criteria);
    let found = |message: &&StoredMessage| query.finds(&message.content, message.flags.has(SystemFlag::Seen));
    messages.iter().filter(found).collect()
}

/// Whether the browser says that a form was on a page of this server, as far as it says anything (RFC 6454 7,
/// and Fetch Metadata).
fn is_from_here(request: &Request) -> bool {
    let own = format!("http://{}", request.fields.first("Host").unwrap_or_default());
    let origin = request.fields.first("Origin").is_none_or(|origin| origin.eq_ignore_ascii_case(&own));
    origin && request.fields.first("Sec-Fetch-Site").is_none_or(|site| matches!(site, "same-origin" | "none"))
}

fn cookie_field(name: &str, value: &str) -> String {
    // No Secure: there is no TLS here.
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict")
}

fn page(status: u16, page: Html) -> Response {
    let mut response = Response::new(status, "text/html; charset=utf-8", page.into_bytes());
    response.fields = response.fields.with("Content-Language", "en").with("Cache-Control", "no-store");
    guarded(response)
}

/// RFC 9110 15.4.4: what came of it is to be seen elsewhere.
fn see(location: &str) -> Response {
    let mut response = page(303, pages::failure("Elsewhere", "This is to be seen elsewhere."));
    response.fields = response.fields.with("Location", location);
    response
}

fn file(name: &str, media: &str, content: Vec<u8>) -> Response {
    let mut response = Response::new(200, names::harmless(media), content);
    response.fields =
        response.fields.with("Content-Disposition", names::download(name)).with("Cache-Control", "no-store");
    guarded(response)
}

/// With what keeps browsers from doing more than to show it.
fn guarded(mut response: Response) -> Response {
    response.fields = response
        .fields
        .with("Content-Security-Policy", POLICY)
        .with("X-Content-Type-Options", "nosniff")
        .with("X-Frame-Options", "DENY")
        // Not no-referrer, with which browsers leave their forms' origin out.
        .with("Referrer-Policy", "same-origin")
        .with("Cross-Origin-Resource-Policy", "same-origin");
    response
}

fn failure(status: u16, title: &str, text: &str) -> Response {
    page(status, pages::failure(title, text))
}

fn faulty(fault: Fault) -> Response {
    match fault {
        Fault::NotFound => failure(404, "Not here", "There is no such page, folder or message."),
        Fault::Method(allowed) => {
            let mut response = failure(405, "Not so", "This page cannot be asked for in this way.");
            response.fields = response.fields.with("Allow", allowed);
            response
        }
        Fault::Form(error) => failure(400, "Not understood", &format!("The form cannot be read: {error}.")),
        Fault::Field(name) => failure(400, "Not understood", &format!("The field {name} is missing or wrong.")),
    }
}
