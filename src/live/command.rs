//! What an operator may type, and what it does to the world.

use std::fmt::Write as _;

use crate::app::App;
use crate::app::mail::{MailServer, Maildrop, Status, StoredMessage};
use crate::base::directory::LinkEntry;
use crate::base::trace::Observer;
use crate::base::{HostId, SimDuration, SimTime};
use crate::proto::imap::utf7;
use crate::sim::{Faulty, FlushOrder, World};

use super::chronicle::{Line, clock};
use super::pace::Speed;

/// The commands, for `help`.
pub const HELP: &str = "\
fail HOST [TIME]     switch a host (or link) off, for that long, such as 10min; without a time until `restore`
restore HOST         switch it on again
flush [HOST]         try at once to deliver what waits in the queues; a part with `to DOMAIN` or `from SENDER` behind
queue [HOST]         what lies in the queues
cache [HOST]         what resolvers remember
mail [USER]          what lies in the mailboxes
speed X              virtual seconds in a second: a number, or max
time                 the virtual time
clients              who is connected
hosts                all hosts and their addresses
links                all links and their ends
quit                 end, and write the results";

/// A command.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Switch a host or link off.
    Fail {
        /// Its name.
        name: String,
        /// For how long; none: until it is restored.
        lasts: Option<SimDuration>,
    },
    /// Switch it on again.
    Restore(String),
    /// Try queued copies at once.
    Flush {
        /// The host; none for all.
        host: Option<String>,
        /// What of it.
        what: FlushOrder,
    },
    /// Show queues.
    Queue(Option<String>),
    /// Show caches.
    Cache(Option<String>),
    /// Show mailboxes.
    Mail(Option<String>),
    /// Change the pace.
    Speed(Speed),
    /// Show the virtual time.
    Time,
    /// Show who is connected.
    Clients,
    /// Show all hosts.
    Hosts,
    /// Show all links.
    Links,
    /// End.
    Quit,
    /// Show the commands.
    Help,
}

impl Command {
    /// Whether it does anything to the world, or only looks.
    #[must_use]
    pub const fn changes_the_world(&self) -> bool {
        match self {
            Self::Fail { .. } | Self::Restore(_) | Self::Flush { .. } => true,
            Self::Queue(_)
            | Self::Cache(_)
            | Self::Mail(_)
            | Self::Speed(_)
            | Self::Time
            | Self::Clients
            | Self::Hosts
            | Self::Links
            | Self::Quit
            | Self::Help => false,
        }
    }

    /// Reads a line. None: it is empty.
    ///
    /// # Errors
    /// It is no command; what would be.
    pub fn parse(line: &str) -> Result<Option<Self>, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((verb, rest)) = words.split_first() else { return Ok(None) };
        let optional = |wanted: &str| match rest {
            [] => Ok(None),
            [name] => Ok(Some((*name).to_ascii_lowercase())),
            _ => Err(format!("usage: {wanted}")),
        };
        let required = |wanted: &str| optional(wanted)?.ok_or_else(|| format!("usage: {wanted}"));
        let bare = |command: Self| match rest {
            [] => Ok(command),
            _ => Err(format!("`{verb}` takes nothing more")),
        };
        let command = match verb.to_ascii_lowercase().as_str() {
            "fail" => fail(rest)?,
            "restore" => Self::Restore(required("restore HOST")?),
            "flush" => flush_words(rest)?,
            "queue" => Self::Queue(optional("queue [HOST]")?),
            "cache" => Self::Cache(optional("cache [HOST]")?),
            "mail" => Self::Mail(optional("mail [USER]")?),
            "speed" => Self::Speed(Speed::parse(&required("speed X")?)?),
            "time" => bare(Self::Time)?,
            "clients" => bare(Self::Clients)?,
            "hosts" => bare(Self::Hosts)?,
            "links" => bare(Self::Links)?,
            "quit" | "exit" => bare(Self::Quit)?,
            "help" | "?" => Self::Help,
            _ => {
                return Err(format!("no such command: {}; `help` lists them", Line::new(SimTime::ZERO, "", verb).what));
            }
        };
        Ok(Some(command))
    }
}

fn flush_words(rest: &[&str]) -> Result<Command, String> {
    let lower = |name: &&str| name.to_ascii_lowercase();
    let (host, what) = match rest {
        [] => (None, FlushOrder::All),
        ["to", domain] => (None, FlushOrder::Destination(lower(domain))),
        ["from", sender] => (None, FlushOrder::Sender(lower(sender))),
        [host] => (Some(lower(host)), FlushOrder::All),
        [host, "to", domain] => (Some(lower(host)), FlushOrder::Destination(lower(domain))),
        [host, "from", sender] => (Some(lower(host)), FlushOrder::Sender(lower(sender))),
        _ => return Err("usage: flush [HOST] [to DOMAIN | from SENDER]".to_owned()),
    };
    Ok(Command::Flush { host, what })
}

fn fail(rest: &[&str]) -> Result<Command, String> {
    let (name, lasts) = match rest {
        [name] => (name, None),
        [name, time] => {
            let lasts = SimDuration::parse(time).map_err(|error| error.to_string())?;
            if lasts == SimDuration::ZERO {
                return Err("the time must be above zero".to_owned());
            }
            (name, Some(lasts))
        }
        _ => return Err("usage: fail HOST [TIME]".to_owned()),
    };
    Ok(Command::Fail { name: name.to_ascii_lowercase(), lasts })
}

/// The host or link of that name, as something that breaks.
fn breakable<O: Observer>(world: &World<O>, name: &str) -> Result<Faulty, String> {
    if let Some(host) = host(world, name) {
        return Ok(Faulty::Host(host));
    }
    let mut links = (0_u32..).zip(world.directory().links());
    let link = links.find(|(_, link)| link.name.eq_ignore_ascii_case(name)).map(|(number, _)| Faulty::Link(number));
    link.ok_or_else(|| {
        let links = world.directory().links().iter().map(|link| link.name.as_str());
        format!("there is no host or link {}{}", quoted(name), nearest(name, hosts(world).chain(links)))
    })
}

fn hosts<O: Observer>(world: &World<O>) -> impl Iterator<Item = &str> {
    world.directory().hosts().iter().map(|host| host.name.as_str())
}

/// What was perhaps meant.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let distance = |known: &str| strsim::damerau_levenshtein(&known.to_ascii_lowercase(), name);
    let near = known.map(|known| (distance(known), known)).min();
    let near = near.filter(|(distance, known)| *distance <= known.len().div_ceil(4));
    near.map_or_else(|| "; `hosts` and `links` list them".to_owned(), |(_, known)| format!("; do you mean {known}?"))
}

/// All hosts with their addresses.
pub fn list_hosts<O: Observer>(world: &World<O>) -> String {
    let mut text = String::new();
    for (id, host) in (0_u32..).map(HostId).zip(world.directory().hosts()) {
        let addresses: Vec<String> = host.addresses.by_precedence().map(|address| address.to_string()).collect();
        let router = if host.router { ", router" } else { "" };
        let state = if world.network().host_is_up(id) { "" } else { ", down" };
        let _ = writeln!(text, "{} ({}{router}{state})", host.name, addresses.join(", "));
    }
    or_empty(text, "none")
}

/// All links with their ends.
pub fn list_links<O: Observer>(world: &World<O>) -> String {
    let directory = world.directory();
    let line = |link: &LinkEntry| {
        let [one, other] = link.ends.map(|end| directory.host_name(end));
        format!("{}: {one} - {other}\n", link.name)
    };
    or_empty(directory.links().iter().map(line).collect(), "none")
}

fn quoted(name: &str) -> String {
    format!("`{}`", Line::new(SimTime::ZERO, "", name).what)
}

fn host<O: Observer>(world: &World<O>, name: &str) -> Option<HostId> {
    let mut hosts = (0_u32..).map(HostId).zip(world.directory().hosts());
    hosts.find(|(_, host)| host.name == name).map(|(id, _)| id)
}

/// The host of that name, or all.
fn chosen<O: Observer>(world: &World<O>, name: Option<&str>) -> Result<Option<HostId>, String> {
    let Some(name) = name else { return Ok(None) };
    let unknown = || format!("there is no host {}{}", quoted(name), nearest(name, hosts(world)));
    host(world, name).map(Some).ok_or_else(unknown)
}

/// Switches a host or link off.
///
/// # Errors
/// There is none of that name.
pub fn fail_now<O: Observer>(world: &mut World<O>, name: &str, lasts: Option<SimDuration>) -> Result<String, String> {
    let what = breakable(world, name)?;
    let end = lasts.map(|lasts| clock(world.now().saturating_add(lasts)));
    let others = world.break_now(&what, lasts);
    let until = end.unwrap_or_else(|| format!("`restore {name}`"));
    let longer = if others { ", or for as long as the scenario has it down" } else { "" };
    Ok(format!("{name} is down until {until}{longer}"))
}

/// Switches a host or link on again.
///
/// # Errors
/// There is none of that name.
pub fn restore<O: Observer>(world: &mut World<O>, name: &str) -> Result<String, String> {
    let what = breakable(world, name)?;
    Ok(match world.mend_now(&what) {
        0 => format!("{name} was not down"),
        _ => format!("{name} is up"),
    })
}

/// Makes the mail servers try what waits.
///
/// # Errors
/// There is no host of that name.
pub fn flush<O: Observer>(world: &mut World<O>, name: Option<&str>, what: &FlushOrder) -> Result<String, String> {
    let only = chosen(world, name)?;
    let servers = world.apps().filter(|(_, app)| matches!(app, App::MailServer(_))).map(|(host, _)| host);
    let servers: Vec<HostId> = servers.filter(|host| only.is_none_or(|only| only == *host)).collect();
    if servers.is_empty() {
        return Err("no mail server there".to_owned());
    }
    if world.copies_queued() == 0 {
        return Ok("the queue is empty".to_owned());
    }
    for host in servers {
        world.flush_some(host, what.as_asked());
    }
    Ok("what waited is tried now".to_owned())
}

/// What lies in the queues.
///
/// # Errors
/// There is no host of that name.
pub fn queues<O: Observer>(world: &World<O>, name: Option<&str>) -> Result<String, String> {
    let only = chosen(world, name)?;
    let mut text = String::new();
    for (host, app) in world.apps().filter(|(host, _)| only.is_none_or(|only| only == *host)) {
        let App::MailServer(server) = app else { continue };
        for line in queue_lines(server) {
            let _ = writeln!(text, "{}: {line}", world.directory().host_name(host));
        }
    }
    Ok(or_empty(text, "the queue is empty"))
}

/// What lies in the queue of one server, a line for each copy.
#[must_use]
pub fn queue_lines(server: &MailServer) -> Vec<String> {
    let mut lines = Vec::new();
    for message in server.queue() {
        for copy in &message.copies {
            let until = match copy.status {
                Status::Scheduled => "being tried".to_owned(),
                Status::TemporarilyFailed { until, give_up: false } => format!("retry at {}", clock(until)),
                Status::TemporarilyFailed { until, give_up: true } => format!("returned at {}", clock(until)),
                Status::Completed | Status::PermanentlyFailed => continue,
            };
            let last = copy.last_failure.as_ref().map_or_else(String::new, |last| format!(" ({})", last.text));
            let to = copy.recipient.as_str();
            let attempts = counted(copy.attempts as usize, "attempt");
            let line = format!("{} for {to}: {attempts}, {until}{last}", message.queue_id);
            lines.push(Line::new(SimTime::ZERO, "", &line).what);
        }
    }
    lines
}

/// What resolvers remember.
///
/// # Errors
/// There is no host of that name, or it has no cache.
pub fn caches<O: Observer>(world: &World<O>, name: Option<&str>) -> Result<String, String> {
    let only = chosen(world, name)?;
    let (mut text, mut found) = (String::new(), false);
    for (host, app) in world.apps().filter(|(host, _)| only.is_none_or(|only| only == *host)) {
        let App::Resolver(resolver) = app else { continue };
        found = true;
        let _ = writeln!(text, "{}:", world.directory().host_name(host));
        for line in resolver.cache().lines(world.now()) {
            let _ = writeln!(text, "  {}", Line::new(SimTime::ZERO, "", &line).what);
        }
    }
    if found { Ok(or_empty(text, "nothing")) } else { Err("no resolver there".to_owned()) }
}

/// What lies in the mailboxes.
///
/// # Errors
/// There is no mailbox of that address.
pub fn mailboxes<O: Observer>(world: &World<O>, user: Option<&str>) -> Result<String, String> {
    let (mut text, mut found) = (String::new(), false);
    for (_, app) in world.apps() {
        let App::MailServer(server) = app else { continue };
        for drop in server.mailboxes() {
            let address = drop.address();
            let named = user.is_none_or(|user| user == address || address.split('@').next() == Some(user));
            found |= named;
            if named && (user.is_some() || !drop.messages().is_empty()) {
                for line in mailbox_lines(drop, user.is_some()) {
                    let _ = writeln!(text, "{line}");
                }
            }
        }
    }
    if found || user.is_none() {
        Ok(or_empty(text, "all mailboxes are empty"))
    } else {
        Err("no such mailbox".to_owned())
    }
}

/// What lies in one mailbox: a line of sums for INBOX and one for each other folder, and if asked one for each message.
#[must_use]
pub fn mailbox_lines(drop: &Maildrop, each: bool) -> Vec<String> {
    let most = if each { usize::MAX } else { 0 };
    let (messages, octets) = (counted(drop.messages().len(), "message"), drop.inbox().octets());
    let mut lines = vec![format!("{}: {messages}, {octets} bytes", drop.address())];
    lines.extend(drop.messages().iter().take(most).map(message_line));
    for (name, folder) in drop.others() {
        let name = utf7::decode(name).unwrap_or_else(|| name.to_owned());
        let (messages, octets) = (counted(folder.messages().len(), "message"), folder.octets());
        lines.push(Line::new(SimTime::ZERO, "", &format!("  in {name}: {messages}, {octets} bytes")).what);
        lines.extend(folder.messages().iter().take(most).map(message_line).map(|line| format!("  {line}")));
    }
    lines
}

/// So many of a thing.
fn counted(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

fn message_line(message: &StoredMessage) -> String {
    let name = message.origin.as_ref().map_or("a client's message", |origin| &origin.message_id);
    let line = format!("{name} stored at {}", clock(message.stored));
    format!("  {}", Line::new(SimTime::ZERO, "", &line).what)
}

fn or_empty(text: String, otherwise: &str) -> String {
    if text.is_empty() { otherwise.to_owned() } else { text.trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_and_mistakes_explained() {
        let ten = Some(SimDuration::from_secs(600));
        let fail = |name: &str, lasts| Command::Fail { name: name.to_owned(), lasts };
        assert_eq!(Command::parse("  FAIL Hamburger.edu 10min "), Ok(Some(fail("hamburger.edu", ten))));
        assert_eq!(Command::parse("fail x"), Ok(Some(fail("x", None))));
        assert_eq!(Command::parse("queue"), Ok(Some(Command::Queue(None))));
        assert_eq!(Command::parse("cache r.fr"), Ok(Some(Command::Cache(Some("r.fr".into())))));
        assert_eq!(Command::parse("speed max"), Ok(Some(Command::Speed(Speed::Max))));
        assert_eq!(Command::parse("   "), Ok(None));
        for wrong in ["fail", "fail a b", "fail a 10", "restore", "speed", "speed x", "quit now", "queue a b", "\u{7}"]
        {
            assert!(Command::parse(wrong).is_err(), "{wrong}");
        }
        for line in HELP.lines() {
            let verb = line.split_whitespace().next().unwrap();
            let argument = if verb == "speed" {
                " 1"
            } else if matches!(verb, "fail" | "restore") {
                " x"
            } else {
                ""
            };
            assert!(Command::parse(&format!("{verb}{argument}")).is_ok(), "{verb} is in the help");
        }
    }
}
