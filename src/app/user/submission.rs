//! Submitting mail: the outbox, and the SMTP session that empties it.
//!
//! One session hands over all that is in the outbox, message after message. When it fails,
//! everything left is tried again after five minutes, as long as it takes: a log-in that is refused is
//! for the user to mend. Each time the trace says why. A copy that was refused for good is
//! traced as refused and dropped.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use super::UserAgentConfig;
use crate::app::host::Host;
use crate::app::mail::failure::Reason;
use crate::app::mail::fitting::fit;
use crate::app::sessions::Talk;
use crate::base::trace::{MailTrace, Phase, Protocol, Trace};
use crate::base::{CloseReason, ConnId, Endpoint, Side, SimDuration, SimTime, SocketId};
use crate::proto::sasl::{Credentials, Mechanism};
use crate::proto::session::{Input, Session as _};
use crate::proto::smtp::path::{address_literal, is_client_name};
use crate::proto::smtp::{
    Client, ClientConfig, ClientEvent, Dialect, Envelope, ForwardPath, MailOptions, Mailbox, Notify, Recipient,
    ReversePath, TlsUse, Transaction, Trouble, Verdict,
};

/// How mail is submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubmissionConfig {
    /// 587, or 25.
    pub port: u16,
    /// How commands are written.
    pub dialect: Dialect,
    /// How the agent logs in where AUTH is offered (RFC 4954), if it does.
    pub login: Option<Mechanism>,
    /// Whether commands are sent in groups where PIPELINING is offered.
    pub pipelining: bool,
    /// Whether TLS is begun.
    pub tls: TlsUse,
}

impl SubmissionConfig {
    /// To that port, in that manner, without log-in or TLS.
    #[must_use]
    pub const fn new(port: u16, dialect: Dialect) -> Self {
        Self { port, dialect, login: None, pipelining: false, tls: TlsUse::Never }
    }
}

/// How long the agent waits after a failed submission.
const RETRY: SimDuration = SimDuration::from_secs(300);

/// So many recipients every server takes at once (RFC 5321 4.5.3.1.8); a message for more is
/// handed over in several transactions.
const RECIPIENTS_AT_ONCE: usize = 100;

/// A message that was not handed over yet.
#[derive(Clone, Debug)]
pub(super) struct Outgoing {
    pub(super) message_id: String,
    pub(super) content: Arc<[u8]>,
    /// Recipients left.
    pub(super) to: Vec<Mailbox>,
    /// What the envelope says.
    pub(super) options: MailOptions,
    pub(super) notify: Option<Notify>,
    /// Whether its submission has begun.
    pub(super) begun: bool,
}

#[derive(Clone, Debug)]
enum Stage {
    Idle,
    /// The server's addresses are asked for.
    Resolving,
    Connecting {
        socket: SocketId,
        conn: ConnId,
        to: IpAddr,
    },
    /// The session runs; `current` says whether the first of the outbox is under way.
    Talking {
        talk: Box<Talk<Client>>,
        to: IpAddr,
        current: bool,
        again: bool,
    },
}

/// The outbox and its session.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    config: SubmissionConfig,
    credentials: Credentials,
    reverse_path: ReversePath,
    outbox: VecDeque<Outgoing>,
    /// How many of the outbox are not begun.
    fresh: usize,
    /// Those that the server wants later: they go back to the outbox when the session ends.
    postponed: VecDeque<Outgoing>,
    retry_at: SimTime,
    /// Why the submission under way failed last.
    trouble: Option<Reason>,
    /// Its last connection.
    conn: Option<ConnId>,
    /// Addresses of the server not tried yet.
    addresses: VecDeque<IpAddr>,
    /// The address with which TLS did not come to be, and to which the next session goes without.
    in_clear: Option<IpAddr>,
    stage: Stage,
}

impl Submission {
    pub(super) fn new(config: &UserAgentConfig) -> Self {
        let sender = Mailbox::parse(&config.address);
        Self {
            config: config.submission,
            // The whole address, for a server of several domains.
            credentials: Credentials::of(config.address.clone(), config.password.clone()),
            reverse_path: sender.map_or(ReversePath::Null, ReversePath::Mailbox),
            outbox: VecDeque::new(),
            fresh: 0,
            postponed: VecDeque::new(),
            retry_at: SimTime::NEVER,
            trouble: None,
            conn: None,
            addresses: VecDeque::new(),
            in_clear: None,
            stage: Stage::Idle,
        }
    }

    pub(super) fn put(&mut self, message: Outgoing) {
        self.fresh += usize::from(!message.begun);
        self.outbox.push_back(message);
    }

    pub(super) fn deadline(&self) -> SimTime {
        match &self.stage {
            Stage::Idle => self.retry_at,
            Stage::Talking { talk, .. } => talk.session.deadline(),
            Stage::Resolving | Stage::Connecting { .. } => SimTime::NEVER,
        }
    }

    /// The session is gone; the outbox is on disk.
    pub(super) fn crash(&mut self) {
        (self.stage, self.in_clear) = (Stage::Idle, None);
        self.retry_at = SimTime::NEVER;
        self.outbox.append(&mut self.postponed);
    }

    /// Whether [`Submission::begin`] would do something.
    pub(super) fn is_due(&self, now: SimTime) -> bool {
        let waiting = !self.retry_at.is_never() && self.retry_at > now;
        !waiting && (self.fresh > 0 || !self.outbox.is_empty() && matches!(self.stage, Stage::Idle))
    }

    /// Begins to submit when there is something and the last failure is long enough ago;
    /// true when the server's addresses are wanted.
    pub(super) fn begin<H: Host>(&mut self, host: &mut H) -> bool {
        let waiting = !self.retry_at.is_never() && self.retry_at > host.now();
        if self.outbox.is_empty() || waiting {
            return false;
        }
        self.begin_fresh(host);
        if !matches!(self.stage, Stage::Idle) {
            return false;
        }
        (self.retry_at, self.trouble, self.conn) = (SimTime::NEVER, None, None);
        self.stage = Stage::Resolving;
        true
    }

    /// The submission of all that is in the outbox begins. What is new stands near its end.
    fn begin_fresh<H: Host>(&mut self, host: &mut H) {
        let mut first = self.outbox.len();
        while self.fresh > 0 && first > 0 {
            first -= 1;
            self.fresh -= usize::from(!self.outbox[first].begun);
        }
        for message in self.outbox.range_mut(first..).filter(|message| !message.begun) {
            message.begun = true;
            message.trace(host, Phase::Submission);
        }
    }

    /// The server's addresses, at least one, or why there is none.
    pub(super) fn resolved<H: Host>(&mut self, host: &mut H, addresses: Result<VecDeque<IpAddr>, Reason>) {
        if !matches!(self.stage, Stage::Resolving) {
            return;
        }
        match addresses {
            Ok(addresses) => {
                self.addresses = addresses;
                self.connect(host);
            }
            Err(reason) if reason.is_temporary() => {
                self.trouble = Some(reason);
                self.later(host);
            }
            Err(reason) => {
                (self.stage, self.fresh) = (Stage::Idle, 0);
                for message in std::mem::take(&mut self.outbox) {
                    message.to.iter().for_each(|to| refused(host, (&message.message_id, to), &reason, None));
                }
            }
        }
    }

    /// Tries the server's next address.
    fn connect<H: Host>(&mut self, host: &mut H) {
        let Some(to) = self.addresses.pop_front() else { return self.later(host) };
        let (socket, conn) = host.connect(Endpoint::new(to, self.config.port));
        self.stage = Stage::Connecting { socket, conn, to };
        self.conn = Some(conn);
    }

    /// Puts off what is left. Why, is told of each copy once: of those that had their own verdict it was.
    fn later<H: Host>(&mut self, host: &mut H) {
        (self.stage, self.in_clear) = (Stage::Idle, None);
        if let Some(reason) = &self.trouble.take() {
            for message in &self.outbox {
                message.to.iter().for_each(|to| postponed(host, (&message.message_id, to), reason, self.conn));
            }
        }
        self.outbox.append(&mut self.postponed);
        self.retry_at = if self.outbox.is_empty() { SimTime::NEVER } else { again(host) };
    }

    pub(super) fn connected<H: Host>(&mut self, host: &mut H, connected: SocketId) {
        let Stage::Connecting { socket, conn, to } = self.stage else { return };
        if socket != connected {
            return;
        }
        let SubmissionConfig { dialect, login, pipelining, tls, .. } = self.config;
        let tls = if self.in_clear.take() == Some(to) { TlsUse::Never } else { tls };
        let login = login.map(|mechanism| (mechanism, self.credentials.clone()));
        let config = ClientConfig { login, pipelining, tls, ..ClientConfig::new(client_name(host, to), dialect) };
        let client = Client::with(config);
        let talk = Box::new(Talk::new(socket, conn, Side::Client, Protocol::Smtp, client));
        self.stage = Stage::Talking { talk, to, current: false, again: false };
        self.feed(host, socket, Input::Start);
    }

    pub(super) fn closed<H: Host>(&mut self, host: &mut H, closed: SocketId, reason: CloseReason) {
        if matches!(self.stage, Stage::Connecting { socket, .. } if socket == closed) {
            self.trouble = Some(Reason::closed(reason));
            self.connect(host);
        }
        self.feed(host, closed, Input::EndOfStream);
    }

    pub(super) fn wake<H: Host>(&mut self, host: &mut H) {
        if let Stage::Talking { talk, .. } = &self.stage {
            let socket = talk.socket();
            self.feed(host, socket, Input::Tick);
        }
    }

    pub(super) fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: Input<'_>) {
        let Stage::Talking { talk, .. } = &mut self.stage else { return };
        if talk.socket() != socket {
            return;
        }
        talk.feed(host, input);
        loop {
            let Stage::Talking { talk, to, again, .. } = &mut self.stage else { return };
            let Some(event) = talk.next_event(host) else { break };
            match event {
                ClientEvent::Ready => self.next_message(host.now()),
                ClientEvent::Transferring => {}
                ClientEvent::Ended(verdicts) => self.ended(host, &verdicts),
                // RFC 7435 section 3: where TLS is only used when it is offered, it is done without at once.
                ClientEvent::Failed(Trouble::Unsecured(_)) if !matches!(self.config.tls, TlsUse::Required(_)) => {
                    self.in_clear = Some(*to);
                    self.addresses.push_front(*to);
                }
                ClientEvent::Failed(trouble) => {
                    *again = true;
                    self.trouble = Some(Reason::trouble(&trouble));
                }
            }
        }
        if let Stage::Talking { talk, again, .. } = &self.stage
            && talk.is_closed()
        {
            let again = *again || !self.postponed.is_empty();
            self.stage = Stage::Idle;
            if self.in_clear.is_some() {
                self.connect(host);
            } else if again {
                self.later(host);
            }
        }
    }

    fn next_message(&mut self, now: SimTime) {
        let Stage::Talking { talk, current, .. } = &mut self.stage else { return };
        let Some(message) = self.outbox.front() else { return talk.session.quit(now) };
        let to = message.to.iter().take(RECIPIENTS_AT_ONCE).cloned();
        let recipients =
            to.map(ForwardPath::Mailbox).map(|path| Recipient { path, notify: message.notify, original: None });
        let (reverse_path, options) = (self.reverse_path.clone(), message.options.clone());
        let envelope = Envelope { reverse_path, recipients: recipients.collect(), options };
        *current = true;
        let transaction = Transaction { envelope, content: Arc::clone(&message.content) };
        let transaction = fit(transaction, talk.session.offers());
        talk.session.begin(now, transaction);
    }

    fn ended<H: Host>(&mut self, host: &mut H, verdicts: &[Verdict]) {
        let Stage::Talking { current, .. } = &mut self.stage else { return };
        let Some(mut message) = self.outbox.pop_front().filter(|_| std::mem::take(current)) else { return };
        let untried = message.to.split_off(message.to.len().min(RECIPIENTS_AT_ONCE));
        if !untried.is_empty() {
            self.outbox.push_front(Outgoing { to: untried, ..message.clone() });
        }
        let mut left = Vec::new();
        for (to, verdict) in message.to.drain(..).zip(verdicts) {
            match verdict {
                Verdict::Accepted => {}
                Verdict::Refused(reply) if reply.is_permanent_failure() => {
                    refused(host, (&message.message_id, &to), &Reason::reply(reply), self.conn);
                }
                Verdict::Unsendable(why) => {
                    refused(host, (&message.message_id, &to), &Reason::unsendable(*why), self.conn);
                }
                Verdict::Refused(reply) => {
                    postponed(host, (&message.message_id, &to), &Reason::reply(reply), self.conn);
                    left.push(to);
                }
                Verdict::Broken { trouble, .. } => {
                    postponed(host, (&message.message_id, &to), &Reason::trouble(trouble), self.conn);
                    left.push(to);
                }
            }
        }
        if !left.is_empty() {
            message.to = left;
            self.postponed.push_back(message);
        }
    }
}

impl Outgoing {
    fn trace<H: Host>(&self, host: &mut H, phase: Phase) {
        for to in &self.to {
            host.trace(Trace::Mail(MailTrace::Phase { message: &self.message_id, to: to.as_str(), phase }));
        }
    }
}

fn refused<H: Host>(host: &mut H, (message, to): (&str, &Mailbox), reason: &Reason, conn: Option<ConnId>) {
    let (to, failure) = (to.as_str(), reason.as_trace());
    host.trace(Trace::Mail(MailTrace::Refused { message, to, failure, conn }));
}

fn postponed<H: Host>(host: &mut H, (message, to): (&str, &Mailbox), reason: &Reason, conn: Option<ConnId>) {
    let (to, failure, next) = (to.as_str(), reason.as_trace(), again(host));
    host.trace(Trace::Mail(MailTrace::Postponed { message, to, failure, next, conn }));
}

/// When an outbox is tried again that could not be emptied now.
fn again<H: Host>(host: &H) -> SimTime {
    host.now().saturating_add(RETRY)
}

/// What HELO says to a server: the PC's name, or the address from which it speaks when that name
/// is none that SMTP knows (RFC 5321 4.1.1.1).
fn client_name<H: Host>(host: &H, server: IpAddr) -> String {
    if is_client_name(host.name()) {
        return host.name().to_owned();
    }
    address_literal(host.addresses().source_for(server))
}
