//! How a browser gets what its pages need: which connection carries which request, and what an answer means.

use std::sync::Arc;

use super::Browser;
use super::lines::{Address, Authority, Line, Want};
use crate::app::host::{Host, Input};
use crate::app::sessions::Talk;
use crate::base::trace::{Protocol, Trace, WebSource, WebTrace};
use crate::base::{ConnId, Endpoint, Side, SimTime, SocketId};
use crate::proto::http::html::references;
use crate::proto::http::{Answer, Client, ClientEvent, End, Manner};
use crate::proto::session::{self, Session as _};

/// So many attempts fail before something is given up.
const MAX_FAILURES: u32 = 3;
/// So many redirections are followed for one thing.
const MAX_REDIRECTIONS: u32 = 10;

/// What an answer took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    conn: ConnId,
    sent: SimTime,
    began: SimTime,
    sent_octets: u64,
    received_octets: u64,
}

impl Browser {
    /// Something is needed: from the cache, or from its server.
    pub(super) fn want<H: Host>(&mut self, host: &mut H, want: Want) {
        if let Some(page) = self.pages.get_mut(&want.page) {
            page.open += 1;
        }
        let copy = self.cache.look(&want.url, host.now()).filter(|(_, fresh)| *fresh).map(|(copy, _)| copy.clone());
        if let Some(copy) = copy.filter(|_| self.ways.cache) {
            self.tell(host, &want, (200, WebSource::Cache), None);
            return self.has(host, &want, &copy.media, &copy.content);
        }
        let authority = want.authority();
        self.origins.entry(authority.clone()).or_default().waiting.push_back(want);
        self.pump(host, &authority);
    }

    /// Sends out what waits for a server, as far as connections allow, and forgets a server that nothing waits for.
    pub(super) fn pump<H: Host>(&mut self, host: &mut H, authority: &Authority) {
        loop {
            let Some(origin) = self.origins.get(authority) else { return };
            if origin.waiting.is_empty() {
                if origin.sockets.is_empty() && !matches!(origin.address, Address::Asked) {
                    self.origins.remove(authority);
                }
                return;
            }
            if let Some(socket) = self.free_line(authority) {
                self.ask(host, socket);
                continue;
            }
            let opening = self.lines_of(authority).filter(|(_, line)| line.talk.is_none()).count();
            if origin.waiting.len() <= opening || origin.sockets.len() >= self.ways.parallel.max(1) as usize {
                return;
            }
            match &origin.address {
                Address::Asked => return,
                Address::Unknown => self.look_up(host, authority),
                Address::Known(addresses) => {
                    let Some(address) = addresses.front().copied() else { return };
                    self.open(host, authority, Endpoint::new(address, authority.1));
                }
            }
        }
    }

    fn look_up<H: Host>(&mut self, host: &mut H, authority: &Authority) {
        let Some(origin) = self.origins.get_mut(authority) else { return };
        origin.address = Address::Asked;
        self.asked += 1;
        self.lookups.insert(self.asked, (authority.clone(), host.now()));
        self.stub.ask_addresses(host, &authority.0, self.asked);
    }

    fn open<H: Host>(&mut self, host: &mut H, authority: &Authority, to: Endpoint) {
        let (socket, conn) = host.connect(to);
        let asked = std::collections::VecDeque::new();
        let line = Line { authority: authority.clone(), conn, talk: None, asked, used: false, answered: 0 };
        self.lines.insert(socket, line);
        self.origins.entry(authority.clone()).or_default().sockets.push(socket);
    }

    fn lines_of(&self, authority: &Authority) -> impl Iterator<Item = (SocketId, &Line)> {
        let sockets = self.origins.get(authority).map_or(&[][..], |origin| origin.sockets.as_slice());
        sockets.iter().filter_map(|socket| Some((*socket, self.lines.get(socket)?)))
    }

    /// The open connection with the fewest requests under way that has room for another.
    fn free_line(&self, authority: &Authority) -> Option<SocketId> {
        let most = if self.ways.persistent { self.ways.pipelining.max(1) as usize } else { 1 };
        let wary = self.origins.get(authority).is_some_and(|origin| origin.wary);
        let open = self.lines_of(authority).filter(|(_, line)| {
            let fresh = self.ways.persistent || !line.used;
            // RFC 9112 9.3.2: "MUST NOT pipeline immediately after connection establishment".
            let room = if wary && line.answered == 0 { 1 } else { most };
            fresh && line.asked.len() < room && line.talk.as_ref().is_some_and(|talk| !talk.session.is_over())
        });
        open.min_by_key(|(_, line)| line.asked.len()).map(|(socket, _)| socket)
    }

    /// Gives a connection the first of what waits for its server.
    fn ask<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        let Some(line) = self.lines.get_mut(&socket) else { return };
        let Some(want) = self.origins.get_mut(&line.authority).and_then(|origin| origin.waiting.pop_front()) else {
            return;
        };
        let mut request = want.request();
        if self.ways.cache {
            self.cache.condition(&want.url, &mut request);
        }
        line.used = true;
        line.asked.push_back(want);
        if let Some(talk) = &mut line.talk {
            talk.session.ask(host.now(), &request);
        }
        self.go_on(host, socket);
    }

    /// What befell a connection.
    pub(super) fn line_input<H: Host>(&mut self, host: &mut H, input: Input<'_>) {
        match input {
            Input::Connected { socket } => self.connected(host, socket),
            Input::Data { socket, bytes } => self.feed(host, socket, session::Input::Bytes(bytes)),
            Input::PeerClosed { socket } => {
                self.feed(host, socket, session::Input::EndOfStream);
                host.close(socket);
            }
            Input::Closed { socket, .. } => {
                self.feed(host, socket, session::Input::EndOfStream);
                if let Some(line) = self.lines.get(&socket) {
                    // it never came to be: the next address, if there is one
                    let authority = line.authority.clone();
                    if let Some(origin) = self.origins.get_mut(&authority)
                        && let Address::Known(addresses) = &mut origin.address
                    {
                        addresses.rotate_left(1.min(addresses.len()));
                    }
                    let waits = self.origins.get_mut(&authority).and_then(|origin| origin.waiting.pop_front());
                    self.drop_line(socket);
                    if let Some(want) = waits {
                        self.failed(host, want, None);
                    }
                    self.pump(host, &authority);
                }
            }
            Input::Boot
            | Input::Crash
            | Input::Accepted { .. }
            | Input::Drained { .. }
            | Input::Datagram { .. }
            | Input::Unreachable { .. }
            | Input::Wake
            | Input::Flush(_) => {}
        }
    }

    pub(super) fn tick<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        self.feed(host, socket, session::Input::Tick);
    }

    fn connected<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        let Some(line) = self.lines.get_mut(&socket) else { return };
        let manner = Manner { version: self.ways.version, persistent: self.ways.persistent, ..Manner::default() };
        let talk = Talk::new(socket, line.conn, Side::Client, Protocol::Http, Client::new(manner));
        let authority = line.authority.clone();
        line.talk = Some(talk);
        self.feed(host, socket, session::Input::Start);
        self.pump(host, &authority);
    }

    fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: session::Input<'_>) {
        let Some(line) = self.lines.get_mut(&socket) else { return };
        if let Some(talk) = &mut line.talk {
            talk.feed(host, input);
            let authority = line.authority.clone();
            self.go_on(host, socket);
            self.pump(host, &authority);
        }
    }

    /// Does what a session wants done, and takes what it tells.
    fn go_on<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        let cause = host.cause();
        loop {
            let Some(line) = self.lines.get_mut(&socket) else { return };
            let Some(talk) = &mut line.talk else { return };
            let conn = line.conn;
            match talk.next_event(host) {
                None => break,
                Some(ClientEvent::Answered(answer)) => {
                    line.answered += 1;
                    if let Some(want) = line.asked.pop_front() {
                        self.answered(host, want, conn, *answer);
                    }
                }
                Some(ClientEvent::Ended(end)) => self.ended(host, socket, end),
            }
            host.set_cause(cause);
        }
        if let Some(talk) = self.lines.get(&socket).and_then(|line| line.talk.as_ref()) {
            self.timers.set(socket, talk.session.deadline());
        }
    }

    /// A connection ends; what was asked on it and not answered is asked again elsewhere.
    ///
    /// That a server answers so many requests on a connection and closes it is no failure of those behind them.
    fn ended<H: Host>(&mut self, host: &mut H, socket: SocketId, end: End) {
        let Some(line) = self.lines.get_mut(&socket) else { return };
        let (conn, authority, answered) = (line.conn, line.authority.clone(), line.answered);
        let asked = std::mem::take(&mut line.asked);
        // the session still wants its socket closed
        if let Some(talk) = &mut line.talk {
            let nothing = talk.next_event(host);
            debug_assert!(nothing.is_none(), "an end is the last event");
        }
        self.drop_line(socket);
        if let Some(origin) = self.origins.get_mut(&authority) {
            origin.wary |= asked.len() + answered > 1 && !asked.is_empty();
        }
        for (behind, want) in asked.into_iter().enumerate().rev() {
            match end {
                End::Fault(_) => self.give_up(host, &want, Some(conn)),
                End::Over if answered > 0 => self.again(want),
                End::Cut if answered > 0 && behind > 0 => self.again(want),
                End::Over | End::Cut => self.failed(host, want, Some(conn)),
            }
        }
        self.pump(host, &authority);
    }

    fn drop_line(&mut self, socket: SocketId) {
        self.timers.set(socket, SimTime::NEVER);
        if let Some(line) = self.lines.remove(&socket)
            && let Some(origin) = self.origins.get_mut(&line.authority)
        {
            origin.sockets.retain(|own| *own != socket);
        }
    }

    /// An attempt came to nothing: the next one goes first.
    fn failed<H: Host>(&mut self, host: &mut H, mut want: Want, conn: Option<ConnId>) {
        want.failures += 1;
        if want.failures >= MAX_FAILURES {
            return self.give_up(host, &want, conn);
        }
        self.again(want);
    }

    fn again(&mut self, want: Want) {
        self.origins.entry(want.authority()).or_default().waiting.push_front(want);
    }

    /// It cannot be had.
    pub(super) fn give_up<H: Host>(&mut self, host: &mut H, want: &Want, conn: Option<ConnId>) {
        let now = host.now();
        let cost = conn.map(|conn| Cost { conn, sent: now, began: now, sent_octets: 0, received_octets: 0 });
        self.tell(host, want, (0, WebSource::Nowhere), cost);
        self.lacks(host, want);
    }

    fn answered<H: Host>(&mut self, host: &mut H, want: Want, conn: ConnId, answer: Answer) {
        let Answer { response, asked, began, request_octets, response_octets } = answer;
        let cost = Cost { conn, sent: asked, began, sent_octets: request_octets, received_octets: response_octets };
        if let Some(page) = self.pages.get_mut(&want.page) {
            page.conns.insert(conn);
            if want.is_document {
                page.status = response.status;
            }
        }
        let status = response.status;
        if status == 304
            && let Some(copy) = self.cache.renew(&want.url, &response, host.now())
        {
            self.tell(host, &want, (status, WebSource::Validated), Some(cost));
            return self.has(host, &want, &copy.media, &copy.content);
        }
        self.tell(host, &want, (status, WebSource::Network), Some(cost));
        let location = response.fields.first("Location").filter(|_| matches!(status, 301 | 302 | 303 | 307 | 308));
        if let Some(url) = location.and_then(|to| want.url.join(to)).filter(|_| want.redirected < MAX_REDIRECTIONS) {
            if let Some(page) = self.pages.get_mut(&want.page) {
                if want.is_document {
                    page.url = url.clone();
                }
                page.open = page.open.saturating_sub(1);
            }
            let redirected = want.redirected + 1;
            return self.want(host, Want { url, redirected, failures: 0, since: host.now(), ..want });
        }
        let media = response.fields.first("Content-Type").unwrap_or_default().to_owned();
        let content: Arc<[u8]> = response.content.as_slice().into();
        if self.ways.cache {
            self.cache.keep(&want.url, &response, &content, host.now());
        }
        if (200..300).contains(&status) { self.has(host, &want, &media, &content) } else { self.lacks(host, &want) }
    }

    fn tell<H: Host>(&mut self, host: &mut H, want: &Want, (status, source): (u16, WebSource), cost: Option<Cost>) {
        let now = host.now();
        let figures = cost.map(|cost| (cost.sent, cost.began, cost.sent_octets, cost.received_octets));
        let (sent, began, sent_octets, received_octets) = figures.unwrap_or((now, now, 0, 0));
        if let Some(page) = self.pages.get_mut(&want.page) {
            page.count(source);
            page.sent_octets += sent_octets;
            page.received_octets += received_octets;
            if want.is_document && source == WebSource::Cache {
                page.status = status;
            }
        }
        host.trace(Trace::Web(WebTrace::Fetched {
            page: want.page,
            url: &want.url.to_string(),
            method: "GET",
            status,
            source,
            conn: cost.map(|cost| cost.conn),
            sent_octets,
            received_octets,
            wanted: want.since,
            sent,
            began,
        }));
    }

    /// Something is there; a page's objects are wanted from then on.
    fn has<H: Host>(&mut self, host: &mut H, want: &Want, media: &str, content: &[u8]) {
        let html = media.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/html");
        if want.is_document && html {
            let found: Vec<String> = references(content);
            for url in found.iter().filter_map(|reference| want.url.join(reference)) {
                let Some(page) = self.pages.get_mut(&want.page) else { break };
                if page.seen.insert(url.clone()) {
                    page.objects += 1;
                    let want = Want {
                        page: want.page,
                        url,
                        is_document: false,
                        since: host.now(),
                        failures: 0,
                        redirected: 0,
                    };
                    self.want(host, want);
                }
            }
        }
        self.done(host, want.page);
    }

    fn lacks<H: Host>(&mut self, host: &mut H, want: &Want) {
        if let Some(page) = self.pages.get_mut(&want.page) {
            page.missing += u32::from(!want.is_document);
        }
        self.done(host, want.page);
    }

    fn done<H: Host>(&mut self, host: &mut H, number: u64) {
        let Some(page) = self.pages.get_mut(&number) else { return };
        page.open = page.open.saturating_sub(1);
        if page.open == 0 {
            page.tell(host, number);
            self.pages.remove(&number);
        }
    }
}
