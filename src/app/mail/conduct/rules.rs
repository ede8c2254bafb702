//! Rules of conduct: what a mail server does to its clients besides serving them.
//!
//! A rule has conditions and an action. Rules are tried in their order at each command. One that
//! only slows lets those after it be tried too, and their delays add up; the first that decides
//! ends the list. Left out: conditions on a message's text, and what real servers ask of DNS
//! (names of addresses, lists of addresses): lists are written down instead.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::greylist::Greylisting;
use super::pattern::{Pattern, Prefix};
use crate::base::{Dist, Probability, SimDuration, SimTime};
use crate::proto::smtp::{Reply, Status};

/// Where in a session something is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum At {
    /// The connection is there, and the greeting due.
    Connect,
    /// HELO.
    Helo,
    /// EHLO.
    Ehlo,
    /// STARTTLS.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA, before the message.
    Data,
    /// BDAT, before its octets.
    Bdat,
    /// The message has come: its final dot, or the last BDAT's octets.
    Body,
    /// RSET.
    Rset,
    /// NOOP.
    Noop,
    /// VRFY.
    Vrfy,
    /// EXPN.
    Expn,
    /// HELP.
    Help,
    /// QUIT.
    Quit,
    /// Any other line.
    Other,
}

impl At {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::Connect,
        Self::Helo,
        Self::Ehlo,
        Self::StartTls,
        Self::Auth,
        Self::Mail,
        Self::Rcpt,
        Self::Data,
        Self::Bdat,
        Self::Body,
        Self::Rset,
        Self::Noop,
        Self::Vrfy,
        Self::Expn,
        Self::Help,
        Self::Quit,
        Self::Other,
    ];

    /// Its name: the command's, or CONNECT, BODY, OTHER.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "CONNECT",
            Self::Helo => "HELO",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL",
            Self::Rcpt => "RCPT",
            Self::Data => "DATA",
            Self::Bdat => "BDAT",
            Self::Body => "BODY",
            Self::Rset => "RSET",
            Self::Noop => "NOOP",
            Self::Vrfy => "VRFY",
            Self::Expn => "EXPN",
            Self::Help => "HELP",
            Self::Quit => "QUIT",
            Self::Other => "OTHER",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|at| at.name() == name)
    }

    /// What a line is, by its first word (RFC 5321 2.4: verbs are not case-sensitive).
    #[must_use]
    pub fn of_line(line: &[u8]) -> Self {
        let end = line.iter().position(|b| !b.is_ascii_alphabetic()).unwrap_or(line.len());
        let verb = &line[..end];
        let commands = Self::ALL.into_iter().filter(|at| !matches!(at, Self::Connect | Self::Body | Self::Other));
        commands.into_iter().find(|at| at.name().as_bytes().eq_ignore_ascii_case(verb)).unwrap_or(Self::Other)
    }
}

/// By what occasions are told apart when they are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// Not at all: the server counts all together.
    #[default]
    Server,
    /// The client's address.
    Client,
    /// The connection.
    Session,
    /// The reverse-path.
    Sender,
    /// The recipients.
    Recipient,
    /// Client, reverse-path and recipients.
    Triplet,
    /// The Message-ID and the recipients; before the message has come, the same as [`Per::Triplet`].
    Message,
}

impl Per {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Server, Self::Client, Self::Session, Self::Sender, Self::Recipient, Self::Triplet, Self::Message];

    /// Its name in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Client => "client",
            Self::Session => "session",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Triplet => "triplet",
            Self::Message => "message",
        }
    }
}

/// How a rate is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gauge {
    /// All that came within the last so much time, refused or not.
    #[default]
    Window,
    /// A bucket that holds `most` tokens and fills evenly; whoever finds none is over the rate and
    /// takes none.
    Bucket,
}

/// A rate that must not be exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many are allowed, at least one.
    pub most: u32,
    /// In so much time, above zero.
    pub within: SimDuration,
    /// Whose rate.
    pub per: Per,
    /// How it is measured.
    pub gauge: Gauge,
}

/// When a rule holds: all that is given must be so.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct When {
    /// At one of these; anywhere when empty.
    pub at: BTreeSet<At>,
    /// The client's address lies in one of these; any when empty.
    pub clients: Vec<Prefix>,
    /// The port that was called is one of these; any when empty.
    pub ports: Vec<u16>,
    /// The name in HELO or EHLO; any when empty.
    pub helo: Vec<Pattern>,
    /// The reverse-path; any when empty.
    pub senders: Vec<Pattern>,
    /// A recipient; any when empty.
    pub recipients: Vec<Pattern>,
    /// The message, or the size that MAIL tells of it, has more octets.
    pub larger_than: Option<u64>,
    /// So many commands of the session were answered 4yz or 5yz so far.
    pub errors: u32,
    /// Not before.
    pub from: SimTime,
    /// Not from then on; none: for ever.
    pub until: Option<SimTime>,
    /// The rate of what fulfils all of the above is exceeded.
    pub rate: Option<Rate>,
    /// With this probability; none: always. The draw is that of the message's envelope, or of the
    /// client where there is none, and of how often it came here: nobody else's mail moves it.
    pub probability: Option<Probability>,
    /// Not the first so many that fulfil all of the above.
    pub skip: u64,
    /// Only so many after these; none: all.
    pub first: Option<u64>,
    /// How the two count.
    pub per: Per,
}

/// What is said instead of a server's own reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saying {
    /// Reply code.
    pub code: u16,
    /// Enhanced status code such as `4.7.1`, for those who said EHLO (RFC 2034); empty: none.
    pub status: String,
    /// Text, in lines.
    pub lines: Vec<String>,
}

impl Saying {
    /// The reply of that code, status code and text.
    #[must_use]
    pub fn new(code: u16, status: &str, text: &str) -> Self {
        Self { code, status: status.to_owned(), lines: vec![text.to_owned()] }
    }

    /// Reads `450 4.7.1 Come back later`; several lines are divided by `\n`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (code, rest) = text.split_at_checked(3)?;
        if !code.bytes().all(|b| b.is_ascii_digit()) || !(rest.is_empty() || rest.starts_with(' ')) {
            return None;
        }
        let code = code.parse().ok().filter(|code| (200..600).contains(code))?;
        let rest = rest.trim_start();
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        let (status, text) = if is_status(word) { (word, after) } else { ("", rest) };
        Some(Self { code, status: status.to_owned(), lines: text.split('\n').map(str::to_owned).collect() })
    }

    /// The text that [`Saying::parse`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        let status = if self.status.is_empty() { String::new() } else { format!("{} ", self.status) };
        format!("{} {status}{}", self.code, self.lines.join("\n")).trim_end().to_owned()
    }

    /// The status code for who says the reply himself.
    #[must_use]
    pub fn status(&self) -> Status {
        let mut parts = self.status.split('.').skip(1).map(|part| part.parse().unwrap_or(0));
        Status::new(parts.next().unwrap_or(0), parts.next().unwrap_or(0))
    }

    /// The reply as it is sent.
    #[must_use]
    pub fn reply(&self, extended: bool) -> Reply {
        let prefix = if extended && !self.status.is_empty() { format!("{} ", self.status) } else { String::new() };
        Reply { code: self.code, lines: self.lines.iter().map(|line| format!("{prefix}{line}")).collect() }
    }
}

/// RFC 2034 section 4: class, subject and detail.
fn is_status(word: &str) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3 && matches!(parts[0], "2" | "4" | "5") && parts.iter().all(number)
}

/// What decides a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// It takes its ordinary course.
    Pass,
    /// This is the reply. After 421 the connection is closed (RFC 5321 4.2.1).
    Reply(Saying),
    /// The connection is closed, or reset.
    Drop {
        /// By a reset.
        reset: bool,
    },
    /// The connection is closed, or reset, when so many octets of the message have come.
    Cut {
        /// Octets.
        after: u64,
        /// By a reset.
        reset: bool,
    },
    /// Nothing is said, now and later.
    Silent,
    /// These octets are sent, whatever they mean.
    Octets(Arc<[u8]>),
    /// The command takes its ordinary course; after its reply the server ends its direction and goes
    /// on to listen.
    HalfClose,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It only slows.
    Slow,
    /// It decides.
    Decide {
        /// How.
        ruling: Ruling,
        /// Whether the command takes effect all the same: then the client is told something else
        /// than what happened.
        effect: bool,
    },
    /// It refuses who has not waited long enough.
    Greylist(Box<Greylisting>),
}

/// How a rule slows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slowness {
    /// Time before the command takes effect.
    pub before: Option<Dist>,
    /// So much more for each command of the session that was answered 4yz or 5yz.
    pub per_error: SimDuration,
    /// Both together are not more than this.
    pub most: Option<SimDuration>,
    /// Time between the effect and the reply.
    pub late: Option<Dist>,
    /// The reply is sent octet by octet with such pauses.
    pub drip: Option<SimDuration>,
}

/// A rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name, unique among the server's rules.
    pub name: Arc<str>,
    /// When it holds.
    pub when: When,
    /// How it slows.
    pub slow: Slowness,
    /// What it does.
    pub action: Action,
}

/// An occasion to decide something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occasion {
    /// Where in the session; none before it began.
    pub at: Option<At>,
    /// The name in HELO or EHLO.
    pub helo: Option<String>,
    /// The reverse-path, empty for the null one; none outside of a transaction.
    pub sender: Option<String>,
    /// The recipient asked for, or those accepted.
    pub recipients: Vec<String>,
    /// Octets of the message, or what MAIL tells of them.
    pub size: Option<u64>,
    /// The message's name, once it has come.
    pub message_id: Option<String>,
    /// Commands of the session that were answered 4yz or 5yz.
    pub errors: u32,
    /// Whether the client has logged in.
    pub authenticated: bool,
}

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The client's address.
    pub client: IpAddr,
    /// The port called.
    pub port: u16,
    /// The session, told apart from all others.
    pub session: u64,
}

impl When {
    /// Whether all holds that needs no memory.
    pub(super) fn holds(&self, caller: Caller, occasion: &Occasion, now: SimTime) -> bool {
        let text = |patterns: &[Pattern], text: Option<&str>| {
            patterns.is_empty() || text.is_some_and(|text| patterns.iter().any(|pattern| pattern.fits(text)))
        };
        (self.at.is_empty() || occasion.at.is_some_and(|at| self.at.contains(&at)))
            && (self.clients.is_empty() || self.clients.iter().any(|prefix| prefix.contains(caller.client)))
            && (self.ports.is_empty() || self.ports.contains(&caller.port))
            && text(&self.helo, occasion.helo.as_deref())
            && text(&self.senders, occasion.sender.as_deref())
            && (self.recipients.is_empty() || occasion.recipients.iter().any(|to| text(&self.recipients, Some(to))))
            && self.larger_than.is_none_or(|most| occasion.size.is_some_and(|size| size > most))
            && occasion.errors >= self.errors
            && now >= self.from
            && self.until.is_none_or(|until| now < until)
    }
}

/// What happens at an occasion, all rules considered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Time before the command takes effect.
    pub before: SimDuration,
    /// Time between the effect and the reply.
    pub late: SimDuration,
    /// The pause between two octets of the reply.
    pub drip: Option<SimDuration>,
    /// What decides the command.
    pub ruling: Ruling,
    /// Whether it takes effect though the ruling is not to let it pass.
    pub effect: bool,
}

impl Default for Decision {
    fn default() -> Self {
        Self { before: SimDuration::ZERO, late: SimDuration::ZERO, drip: None, ruling: Ruling::Pass, effect: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_known_by_their_verb() {
        for (line, at) in [
            ("HELO a", At::Helo),
            ("mail from:<>", At::Mail),
            ("RCPT TO:<a@b>", At::Rcpt),
            ("data", At::Data),
            ("BDAT 10 LAST", At::Bdat),
            ("STARTTLS", At::StartTls),
            ("connect", At::Other),
            ("BODY", At::Other),
            ("", At::Other),
            ("QUITE", At::Other),
        ] {
            assert_eq!(At::of_line(line.as_bytes()), at, "{line}");
        }
        assert!(At::ALL.iter().all(|at| At::from_name(at.name()) == Some(*at)));
    }

    #[test]
    fn sayings_are_read_and_said() {
        let grey = Saying::parse("450 4.7.1 Come back").unwrap();
        assert_eq!(grey, Saying::new(450, "4.7.1", "Come back"));
        assert_eq!(grey.reply(true).to_bytes(), b"450 4.7.1 Come back\r\n");
        assert_eq!(grey.reply(false).to_bytes(), b"450 Come back\r\n");
        let lines = Saying::parse("550 a\nb").unwrap();
        assert_eq!(lines.reply(true).to_bytes(), b"550-a\r\n550 b\r\n");
        for text in ["450 4.7.1 Come back", "550 a\nb", "421", "421 4.3.2"] {
            assert_eq!(Saying::parse(text).unwrap().to_text(), text);
        }
        for text in ["", "45", "abc no", "199 low", "600 high", "4501 long", "450-x", "4é0 x"] {
            assert_eq!(Saying::parse(text), None, "{text}");
        }
    }
}
