//! A mail server's webmail without a network: requests in, responses out, cookies kept between them.

use crate::app::host::Host;
use crate::app::mail::config::{MailServerConfig, MailboxConfig, WebmailConfig};
use crate::app::mail::homes::Homes;
use crate::app::mail::mailbox::Maildrop;
use crate::app::mail::retry::RetryPolicy;
use crate::app::mail::spool::Spool;
use crate::app::mail::webmail::{Call, Webmail};
use crate::base::trace::Trace;
use crate::base::{
    Addresses, ConnId, Endpoint, EventId, HostId, QueryId, SimTime, SocketId, Stream, Streams, UnixTime,
};
use crate::proto::http::cookie::Jar;
use crate::proto::http::form::{Form, multipart, urlencoded};
use crate::proto::http::{Method, Request, Response};

/// The server's host, on which time stands still unless it is moved.
pub(super) struct Machine {
    pub(super) now: SimTime,
    pub(super) outside: bool,
    pub(super) log: Vec<String>,
}

impl Host for Machine {
    fn now(&self) -> SimTime {
        self.now
    }
    fn calendar(&self) -> UnixTime {
        UnixTime::DEFAULT_START.plus(self.now)
    }
    fn id(&self) -> HostId {
        HostId(0)
    }
    fn name(&self) -> &str {
        "mail.crepes.fr"
    }
    fn addresses(&self) -> Addresses {
        "10.0.0.1".parse::<std::net::IpAddr>().unwrap().into()
    }
    fn stream(&self, purpose: &str) -> Stream {
        Streams::new(1).stream(purpose)
    }
    fn listen(&mut self, _port: u16) {}
    fn connect(&mut self, _to: Endpoint) -> (SocketId, ConnId) {
        unreachable!("webmail calls nobody")
    }
    fn send(&mut self, _socket: SocketId, _bytes: &[u8]) {}
    fn close(&mut self, _socket: SocketId) {}
    fn abort(&mut self, _socket: SocketId) {}
    fn bind_udp(&mut self, _port: u16) {}
    fn bind_udp_ephemeral(&mut self) -> u16 {
        0
    }
    fn send_datagram(&mut self, _from_port: u16, _to: Endpoint, _bytes: &[u8]) {}
    fn opened_from_outside(&self, _conn: ConnId) -> bool {
        self.outside
    }
    fn next_query(&mut self) -> QueryId {
        QueryId { host: HostId(0), number: 0 }
    }
    fn trace(&mut self, what: Trace<'_>) -> EventId {
        self.log.push(format!("{what:?}"));
        EventId(self.log.len() as u64)
    }
    fn cause(&self) -> EventId {
        EventId(0)
    }
    fn set_cause(&mut self, _cause: EventId) {}
}

/// The server, and one browser.
pub(super) struct Site {
    pub(super) host: Machine,
    pub(super) spool: Spool,
    pub(super) webmail: Webmail,
    pub(super) jar: Jar,
}

impl Site {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(change: impl FnOnce(&mut MailServerConfig)) -> Self {
        let mut config = MailServerConfig::new("crepes.fr");
        config.webmail = Some(WebmailConfig::default());
        for user in ["alice", "carol"] {
            let (address, password) = (format!("{user}@crepes.fr"), "hungry".to_owned());
            config.mailboxes.push(MailboxConfig { address, password });
        }
        change(&mut config);
        let webmail = Webmail::new(&config);
        let MailServerConfig { name, domains, mailboxes, mut routing, conduct, .. } = config;
        routing.book.users.extend(mailboxes.iter().map(|mailbox| mailbox.address.clone()));
        let drops = mailboxes.into_iter().map(|m| (m.address.clone(), Maildrop::new(m.address, Some(m.password))));
        let spool = Spool::new(name, Homes::new(&domains, &routing), &routing, RetryPolicy::default(), drops.collect());
        let spool = spool.with_conduct(conduct.rules);
        let host = Machine { now: SimTime::ZERO, outside: false, log: Vec::new() };
        Self { host, spool, webmail, jar: Jar::default() }
    }

    /// One whose alice has logged in.
    pub(super) fn entered() -> Self {
        let mut site = Self::new();
        site.enter("alice");
        site
    }

    pub(super) fn enter(&mut self, user: &str) {
        let page = self.get("/login");
        let form = Form::default().with("csrf", token(&text(&page))).with("user", user).with("password", "hungry");
        let response = self.post("/login", &form);
        assert_eq!((response.status, response.fields.first("Location")), (303, Some("/folder?name=INBOX")));
    }

    pub(super) fn drop(&mut self, user: &str) -> &mut Maildrop {
        self.spool.maildrops.get_mut(&format!("{user}@crepes.fr")).unwrap()
    }

    /// Delivers a message to alice.
    pub(super) fn deliver(&mut self, content: &str) -> u32 {
        let origin = crate::app::mail::Origin { message_id: "<1@x>".into(), recipient: "alice@crepes.fr".into() };
        let content = content.replace('\n', "\r\n").into_bytes().into();
        let drop = self.drop("alice");
        drop.store(None, origin, content, (SimTime::ZERO, UnixTime::DEFAULT_START));
        drop.messages().last().unwrap().uid
    }

    pub(super) fn ask(&mut self, mut request: Request) -> Response {
        if let Some(cookies) = self.jar.field() {
            request.fields = request.fields.with("Cookie", cookies);
        }
        let address = "10.0.0.9".parse().unwrap();
        let call = Call { request: &request, conn: ConnId { host: HostId(1), number: 1 }, address };
        let response = self.webmail.answer(&mut self.host, &mut self.spool, &call);
        response.fields.all("Set-Cookie").for_each(|field| self.jar.take(field));
        response
    }

    pub(super) fn get(&mut self, target: &str) -> Response {
        self.ask(Request::new(Method::Get, "crepes.fr", target))
    }

    pub(super) fn post(&mut self, target: &str, form: &Form) -> Response {
        let mut request = Request::new(Method::Post, "crepes.fr", target);
        request.fields = request.fields.with("Content-Type", "application/x-www-form-urlencoded");
        request.content = urlencoded(form).into_bytes();
        self.ask(request)
    }

    pub(super) fn post_files(&mut self, target: &str, form: &Form) -> Response {
        let (media, content) = multipart(form);
        let mut request = Request::new(Method::Post, "crepes.fr", target);
        request.fields = request.fields.with("Content-Type", media);
        request.content = content;
        self.ask(request)
    }

    /// The token of the session's forms.
    pub(super) fn token(&mut self) -> String {
        token(&text(&self.get("/compose")))
    }

    /// A form with the session's token.
    pub(super) fn form(&mut self) -> Form {
        let token = self.token();
        Form::default().with("csrf", token)
    }

    /// Fills in and hands in a new message.
    pub(super) fn send(&mut self, to: &str, subject: &str, body: &str) -> Response {
        let form = self.form().with("to", to).with("subject", subject).with("text", body).with("do", "send");
        self.post_files("/compose", &form)
    }
}

pub(super) fn text(response: &Response) -> String {
    String::from_utf8(response.content.clone()).unwrap()
}

pub(super) fn token(page: &str) -> String {
    let at = page.find("name=\"csrf\" value=\"").expect("a token") + 19;
    page[at..].split('"').next().unwrap().to_owned()
}
