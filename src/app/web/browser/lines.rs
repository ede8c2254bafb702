//! A browser's connections to one server, and what waits for them.

use std::collections::VecDeque;
use std::net::IpAddr;

use crate::app::sessions::Talk;
use crate::base::{ConnId, SocketId};
use crate::proto::http::{Client, Request, Url};

/// Who is called: host name and port.
pub(super) type Authority = (String, u16);

/// Something that a page needs.
#[derive(Clone, Debug)]
pub(super) struct Want {
    pub(super) page: u64,
    pub(super) url: Url,
    /// Whether it is the page itself.
    pub(super) is_document: bool,
    /// When the browser learnt that it wants it.
    pub(super) since: crate::base::SimTime,
    /// Attempts that came to nothing.
    pub(super) failures: u32,
    /// Redirections on the way here.
    pub(super) redirected: u32,
}

impl Want {
    pub(super) fn authority(&self) -> Authority {
        (self.url.host.clone(), self.url.port)
    }

    pub(super) fn request(&self) -> Request {
        let mut request = Request::new(crate::proto::http::Method::Get, &self.url.authority(), &self.url.target);
        request.fields = request.fields.with("User-Agent", "Posthaste");
        request
    }
}

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) authority: Authority,
    pub(super) conn: ConnId,
    /// None while it is being opened.
    pub(super) talk: Option<Talk<Client>>,
    /// What was asked and not answered yet.
    pub(super) asked: VecDeque<Want>,
    /// Whether anything was asked before.
    pub(super) used: bool,
    /// Requests that were answered.
    pub(super) answered: usize,
}

/// How a server's address stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Address {
    /// It was not asked for.
    Unknown,
    /// The stub looks it up.
    Asked,
    /// In the order in which they are tried.
    Known(VecDeque<IpAddr>),
}

/// A server that the browser needs something of, or is connected to.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) address: Address,
    pub(super) waiting: VecDeque<Want>,
    pub(super) sockets: Vec<SocketId>,
    /// Whether a connection ended before all that was pipelined on it was answered.
    pub(super) wary: bool,
}

impl Default for Origin {
    fn default() -> Self {
        Self { address: Address::Unknown, waiting: VecDeque::new(), sockets: Vec::new(), wary: false }
    }
}
