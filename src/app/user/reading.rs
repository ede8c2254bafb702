//! Reading mail at given times. A session whose time comes while another one runs is left out, one that fails is not
//! repeated; the next is as planned. One whose time came while the PC was down is made up for when it starts.
//!
//! A session says what was read without the server knowing, asks what is new and what became of the rest, and takes
//! one new message after the other: it fetches what it wants of it, shows it, marks it as read, and files or deletes
//! it. Then it ends, or stays and waits for news. A message is deleted only when it is here. What was read on
//! another device is not shown again.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use super::UserAgentConfig;
use super::access::{Access, Account, Way, shown};
use super::disk::Disk;
use super::manner::{Fetch, Manner, ReadJob, next_time};
use crate::app::host::Host;
use crate::base::{CloseReason, SimDuration, SimTime, SocketId, Stream};
use crate::proto::mailbox::{Detail, Done, Handle, MailboxEvent, Mark, Part, Summary, Task};
use crate::proto::message::first;
use crate::proto::pop3::reader::describe;
use crate::proto::session::Input;

/// What a task was for.
#[derive(Clone, Debug)]
enum For {
    /// What is behind the last message known.
    New,
    /// What became of the rest.
    Rest,
    /// To have its header, by POP3.
    Header(Box<Summary>, SimTime),
    /// To show it, and when the look began that found it.
    Show(Box<Summary>, SimTime),
    /// To have one more part.
    Part,
    /// To say that it was read.
    Say(Handle),
    /// To have it out of here.
    Away(Handle),
    Watch,
    Quit,
}

/// The reader of one mailbox on one device.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    access: Access,
    jobs: Vec<ReadJob>,
    /// How the session under way reads.
    manner: Manner,
    /// What the device knows of each folder, by the protocol that told it.
    disks: BTreeMap<(Way, String), Disk>,
    asked: VecDeque<For>,
    /// Messages that are still to be taken, and when the look began that found them.
    new: VecDeque<(Summary, SimTime)>,
    /// Until when the session stays.
    until: SimTime,
}

impl Reading {
    pub(super) fn new(config: &UserAgentConfig) -> Self {
        let account = Account {
            address: config.address.clone(),
            password: config.password.clone(),
            server: config.server.clone(),
            dialect: config.dialect,
        };
        Self {
            access: Access::new(account),
            jobs: config.reads.clone(),
            manner: Manner::new(Way::Pop3),
            disks: BTreeMap::new(),
            asked: VecDeque::new(),
            new: VecDeque::new(),
            until: SimTime::ZERO,
        }
    }

    pub(super) fn deadline(&self) -> SimTime {
        let due = self.jobs.iter().map(|job| job.at).min().unwrap_or(SimTime::NEVER);
        due.min(self.access.deadline())
    }

    pub(super) fn unfinished<H: Host>(&self, host: &mut H) {
        self.access.unfinished(host, "the run ended");
    }

    pub(super) fn crash<H: Host>(&mut self, host: &mut H) {
        self.access.crash(host);
        self.over();
    }

    /// Takes the readings whose time has come; true when the server's addresses are wanted.
    pub(super) fn due(&mut self, now: SimTime) -> bool {
        let mut wanted = None;
        for job in self.jobs.iter_mut().filter(|job| job.at <= now) {
            wanted = Some(job.manner.clone());
            job.at = next_time(job, now);
        }
        self.jobs.retain(|job| !job.at.is_never());
        let Some(manner) = wanted else { return false };
        if !self.access.open(now, manner.way) {
            return false;
        }
        self.until = now.saturating_add(manner.stay);
        self.manner = manner;
        true
    }

    /// The server's addresses; none: it has none, or they cannot be found.
    pub(super) fn resolved<H: Host>(&mut self, host: &mut H, addresses: VecDeque<IpAddr>) {
        self.access.resolved(host, addresses);
        self.go_on(host);
    }

    pub(super) fn connected<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        self.access.connected(host, socket);
        self.go_on(host);
    }

    pub(super) fn closed<H: Host>(&mut self, host: &mut H, socket: SocketId, reason: CloseReason) {
        self.access.closed(host, socket, reason);
        self.go_on(host);
    }

    pub(super) fn wake<H: Host>(&mut self, host: &mut H) {
        self.access.wake(host);
        self.go_on(host);
    }

    pub(super) fn drained<H: Host>(&mut self, host: &mut H, socket: SocketId) {
        self.access.drained(host, socket);
        self.go_on(host);
    }

    pub(super) fn feed<H: Host>(&mut self, host: &mut H, socket: SocketId, input: Input<'_>) {
        self.access.feed(host, socket, input);
        self.go_on(host);
    }

    fn go_on<H: Host>(&mut self, host: &mut H) {
        while let Some(event) = self.access.next_event() {
            match event {
                MailboxEvent::Open => self.look(host),
                MailboxEvent::Done(done) => {
                    if let Some(asked) = self.asked.pop_front() {
                        self.done(host, asked, done);
                    }
                    if self.asked.is_empty() {
                        self.next(host);
                    }
                }
                MailboxEvent::Finished | MailboxEvent::Failed(_) => self.over(),
            }
        }
    }

    fn over(&mut self) {
        self.asked.clear();
        self.new.clear();
    }

    fn ask<H: Host>(&mut self, host: &mut H, what: For, task: Task) {
        self.asked.push_back(what);
        self.access.ask(host, task);
    }

    fn disk(&mut self) -> &mut Disk {
        self.disks.entry((self.manner.way, self.manner.folder.clone())).or_default()
    }

    /// By IMAP messages have numbers that only grow, and marks.
    const fn is_online(&self) -> bool {
        match self.manner.way {
            Way::Pop3 => false,
            Way::Imap | Way::Webmail => true,
        }
    }

    /// Looks at the folder.
    fn look<H: Host>(&mut self, host: &mut H) {
        let folder = self.manner.folder.clone();
        let detail = match self.manner.fetch {
            Fetch::Whole if !self.manner.remembers => Detail::Bare,
            Fetch::Headers | Fetch::Text if self.is_online() => Detail::Lines,
            Fetch::Headers | Fetch::Text | Fetch::Whole => Detail::Sizes,
        };
        let online = self.is_online();
        let behind = if online { self.disk().last() } else { None };
        self.ask(host, For::New, Task::List { folder: folder.clone(), behind, detail });
        // A browser keeps nothing that could have changed.
        if online && self.manner.way != Way::Webmail && !self.disk().is_empty() {
            self.ask(host, For::Rest, Task::List { folder, behind: None, detail: Detail::Bare });
        }
    }

    fn done<H: Host>(&mut self, host: &mut H, asked: For, done: Done) {
        let now = host.now();
        match (asked, done) {
            (For::New, Done::Listed(list)) => self.found(host, list),
            (For::Rest, Done::Listed(list)) => self.rest(host, &list),
            (For::Show(summary, found), Done::Opened { content, part, .. }) => {
                self.shown(host, *summary, found, (&content, part == Part::Whole));
            }
            (For::Header(mut summary, found), Done::Opened { content, .. }) => {
                describe(&mut summary, &content);
                self.offer(host, *summary, found);
            }
            (For::Say(message), Done::Changed) => self.disk().said(message),
            // By POP3 it stays until QUIT (RFC 1939 6): the next listing tells.
            (For::Away(message), Done::Changed) if self.is_online() => self.disk().forget(message),
            (For::Away(message), Done::Refused(_)) => self.disk().file(message, None),
            (For::Watch, Done::News) => self.look(host),
            // Without means to wait for news there is nothing to stay for.
            (For::Watch, Done::NoNews | Done::Refused(_)) => self.until = now,
            // The folder is not there, or a message went meanwhile.
            (_, _) => {}
        }
    }

    /// What is new is to be taken.
    fn found<H: Host>(&mut self, host: &mut H, list: Vec<Summary>) {
        if self.is_online() && self.disk().is_another(&list) {
            return self.look(host);
        }
        let (now, since) = (host.now(), self.access.looking_since());
        if self.manner.way == Way::Webmail {
            self.say_unsaid(host);
        } else if self.manner.way == Way::Pop3 && self.manner.remembers {
            self.disk().learn(&list);
        }
        for summary in list {
            match self.disk().known(&summary).map(|known| known.since) {
                None => self.new.push_back((summary, since)),
                Some(known) => self.leave(host, summary.message, now, known),
            }
        }
    }

    fn say_unsaid<H: Host>(&mut self, host: &mut H) {
        let unsaid: Vec<Handle> = self.disk().unsaid().collect();
        unsaid.into_iter().for_each(|message| self.say(host, message));
    }

    /// What became of messages that are here; what was done to those still there is done on the server, too.
    fn rest<H: Host>(&mut self, host: &mut H, list: &[Summary]) {
        if self.disk().is_another(list) {
            return self.look(host);
        }
        let learned = self.disk().learn(list);
        self.access.learned(learned.marked + learned.gone);
        self.say_unsaid(host);
        let now = host.now();
        for summary in list {
            let Some(known) = self.disk().known(summary) else { continue };
            match (known.goes.clone(), known.since) {
                (Some(folder), _) => self.file(host, summary.message, folder),
                (None, since) => self.leave(host, summary.message, now, since),
            }
        }
    }

    /// Deletes a message that is here for long enough.
    fn leave<H: Host>(&mut self, host: &mut H, message: Handle, now: SimTime, since: Option<SimTime>) {
        let due = self.manner.leave_for.zip(since).is_some_and(|(time, since)| since.saturating_add(time) <= now);
        if due {
            self.ask(host, For::Away(message), Task::Delete { message });
        }
    }

    fn file<H: Host>(&mut self, host: &mut H, message: Handle, folder: String) {
        self.ask(host, For::Away(message), Task::Move { message, folder });
    }

    fn say<H: Host>(&mut self, host: &mut H, message: Handle) {
        self.ask(host, For::Say(message), Task::Mark { message, mark: Mark::Seen, on: true });
    }

    /// All that was asked is done: the next message, or the end.
    fn next<H: Host>(&mut self, host: &mut H) {
        while let Some((summary, found)) = self.new.pop_front() {
            if self.manner.fetch == Fetch::Headers && !self.is_online() {
                let (message, part) = (summary.message, Part::Header);
                return self.ask(host, For::Header(Box::new(summary), found), Task::Open { message, part });
            }
            if self.offer(host, summary, found) {
                return;
            }
        }
        let now = host.now();
        if now < self.until && self.is_online() {
            let until = self.until;
            return self.ask(host, For::Watch, Task::Watch { until });
        }
        self.ask(host, For::Quit, Task::Quit);
    }

    /// A message of which there is what a list shows: is more of it wanted?
    fn offer<H: Host>(&mut self, host: &mut H, summary: Summary, found: SimTime) -> bool {
        let message = summary.message;
        let part = match self.manner.fetch {
            Fetch::Whole => Some(Part::Whole),
            // Somebody has read it elsewhere.
            Fetch::Text | Fetch::Headers if summary.marks.contains(&Mark::Seen) => None,
            Fetch::Text => Some(Part::Text),
            Fetch::Headers => self.draws(host, &summary).chance(self.manner.open).then_some(Part::Text),
        };
        match part {
            Some(part) => self.ask(host, For::Show(Box::new(summary), found), Task::Open { message, part }),
            None => self.disk().keep(&summary, None),
        }
        !self.asked.is_empty()
    }

    /// What is decided about one message is drawn from a stream of its own.
    fn draws<H: Host>(&self, host: &H, summary: &Summary) -> Stream {
        let name = summary.message_id.as_deref().or(summary.unique.as_deref()).unwrap_or_default();
        host.stream(&format!("user/{}/reading/{name}", self.access.account().address))
    }

    /// A message is here: it is shown, unless it was before, and then filed or deleted as the user is wont to.
    fn shown<H: Host>(&mut self, host: &mut H, summary: Summary, found: SimTime, (content, whole): (&[u8], bool)) {
        let (now, message) = (host.now(), summary.message);
        let read = summary.marks.contains(&Mark::Seen);
        if !read {
            let from_header = || first(content, "Message-ID").filter(|_| whole);
            let id = summary.message_id.clone().or_else(from_header).unwrap_or_default();
            shown(host, &self.access.account().address, &id, (found, now, SimDuration::ZERO));
        }
        if self.manner.remembers {
            self.disk().keep(&summary, whole.then_some(now));
        }
        if self.is_online() && !read {
            self.disk().read(message);
            if self.manner.way == Way::Webmail && !whole {
                // The server knows whom it showed a message.
                self.disk().said(message);
            } else {
                self.say(host, message);
            }
        }
        if !whole {
            let mut draws = self.draws(host, &summary);
            if self.manner.fetch == Fetch::Headers {
                // That it is opened is the first that was drawn.
                draws.next_u64();
            }
            for file in summary.parts.into_iter().filter(|part| part.file) {
                if draws.chance(self.manner.attachments) {
                    self.ask(host, For::Part, Task::Open { message, part: Part::Place(file.place) });
                }
            }
        }
        match self.manner.file_into.clone() {
            Some(folder) => {
                self.disk().file(message, Some(&folder));
                self.file(host, message, folder);
            }
            None => self.leave(host, message, now, whole.then_some(now)),
        }
    }
}
