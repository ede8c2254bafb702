//! The workload: which kind an entry is, who takes part, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::dns::read_type;
use super::lookups::{read_hosts, read_lookups};
use super::mail::{Remedy, is_address, is_caught, unknown_user};
use super::message::{read_body, read_extras, read_subject};
use super::people::read_habits;
use super::reading::read_reading;
use super::steps::read_session;
use super::web::read_browse;
use super::{Context, user_index};
use crate::base::{HostId, SimDuration};
use crate::scenario::names::{check_owner_name, expand};
use crate::scenario::problem::{Path, quote};
use crate::scenario::resolved::{LimitSpec, LookupWork, MessageWork, PoissonWork, RunSpec, Schedule, UserSpec, Work};
use crate::scenario::schema::{Entry, Texts};

/// So many items may a workload stand for.
pub(super) const MAX_ITEMS: usize = 1_000_000;
pub(super) const EVERY_USER: &str = "every-user";
pub(super) const ANY_USER: &str = "any-user";

/// What all entries share.
pub(super) struct Shared<'a> {
    pub(super) users: &'a [UserSpec],
    pub(super) people: &'a Arc<[usize]>,
    pub(super) run: RunSpec,
    pub(super) limits: LimitSpec,
}

/// The kinds of entries, with the keys that each may have besides `at`, `until` and `on`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Read,
    Poisson,
    Lookup,
    Lookups,
    Session,
    People,
    Browse,
}

impl Kind {
    const fn what(self) -> &'static str {
        match self {
            Self::Message => "writes a message",
            Self::Read => "fetches mail",
            Self::Poisson => "writes at random",
            Self::Lookup => "looks up a name",
            Self::Lookups => "looks up names at random",
            Self::Session => "goes through steps",
            Self::People => "goes by habits",
            Self::Browse => "visits a page",
        }
    }

    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Message => &[
                "every",
                "times",
                "from",
                "to",
                "allow_unknown",
                "subject",
                "body",
                "body_bytes",
                "cc",
                "bcc",
                "reply_to",
                "in_reply_to",
                "html",
                "images",
                "attachments",
                "encoding",
                "messages",
                "dsn",
            ],
            Self::Read => &["every", "times", "user", "read", "reading", "spread"],
            Self::Poisson => &[
                "poisson",
                "from",
                "to",
                "subject",
                "body",
                "body_bytes",
                "html",
                "images",
                "attachments",
                "encoding",
                "dsn",
            ],
            Self::Lookup => &["every", "times", "lookup", "type", "web"],
            Self::Lookups => &["times", "lookups", "type", "spread", "web"],
            Self::Session => &["every", "times", "user", "steps", "protocol", "spread"],
            Self::People => {
                &["people", "user", "to", "subject", "body", "body_bytes", "html", "images", "attachments", "encoding"]
            }
            Self::Browse => &["every", "times", "user", "browse", "browser", "spread"],
        }
    }
}

/// All items, in file order; an entry for many users is one item a user, in the order of addresses.
pub(super) fn read(
    cx: &mut Context<'_>,
    users: &[UserSpec],
    people: &Arc<[usize]>,
    run: RunSpec,
    limits: LimitSpec,
) -> Vec<Work> {
    let shared = Shared { users, people, run, limits };
    let path = Path::Root.key("workload");
    let mut items = Vec::new();
    let mut readings = vec![0; users.len()];
    let mut habits = vec![0; users.len()];
    let mut browsings = BTreeMap::new();
    for (index, entry) in cx.scenario.workload.iter().enumerate() {
        let here = path.index(index);
        let Some(kind) = read_kind(cx, here, entry) else { continue };
        check_keys(cx, here, entry, kind);
        match kind {
            Kind::Message => items.extend(read_message(cx, &shared, here, index, entry).unwrap_or_default()),
            Kind::Read => items.extend(read_reading(cx, &shared, here, (index, entry), &mut readings)),
            Kind::Poisson => items.extend(read_poisson(cx, &shared, here, index, entry)),
            Kind::Lookup => items.extend(read_lookup(cx, &shared, here, index, entry)),
            Kind::Session => items.extend(read_session(cx, &shared, here, (index, entry), &mut readings)),
            Kind::People => items.extend(read_habits(cx, &shared, here, (index, entry), &mut habits)),
            Kind::Lookups => {
                let schedule = read_schedule(cx, &shared, here, entry);
                items.extend(read_lookups(cx, here, (index, entry), schedule));
            }
            Kind::Browse => {
                let schedule = read_schedule(cx, &shared, here, entry);
                let hosts = read_browsers(cx, &shared, here, entry);
                items.extend(read_browse(cx, here, (index, entry, schedule), (hosts, run), &mut browsings));
            }
        }
        if items.len() > MAX_ITEMS {
            cx.problems.at(here, format!("the workload stands for more than {MAX_ITEMS} activities"));
            break;
        }
    }
    items
}

fn read_kind(cx: &mut Context<'_>, here: Path<'_>, entry: &Entry) -> Option<Kind> {
    let named: Vec<Kind> = [
        (entry.read.is_some(), Kind::Read),
        (entry.poisson.is_some(), Kind::Poisson),
        (entry.lookup.is_some(), Kind::Lookup),
        (entry.lookups.is_some(), Kind::Lookups),
        (entry.steps.is_some(), Kind::Session),
        (entry.people.is_some(), Kind::People),
        (entry.browse.is_some(), Kind::Browse),
    ]
    .into_iter()
    .filter_map(|(is, kind)| is.then_some(kind))
    .collect();
    match named.as_slice() {
        [kind] => Some(*kind),
        [] if entry.from.is_some() || entry.to.is_some() => Some(Kind::Message),
        [] if entry.user.is_some() => Some(Kind::Read),
        [] => {
            let help = "give \"from\" and \"to\", or \"user\" and one of \"read\", \"steps\" and \"people\", or \"poisson\", \
                        or \"lookup\", or \"lookups\", or \"browse\"";
            cx.problems.help(here, "this entry does nothing", help);
            None
        }
        [first, second, ..] => {
            let message = format!("this entry {} and {}", first.what(), second.what());
            cx.problems.help(here, message, "make two entries of it");
            None
        }
    }
}

fn check_keys(cx: &mut Context<'_>, here: Path<'_>, entry: &Entry, kind: Kind) {
    let given = [
        ("every", entry.every.is_some()),
        ("times", entry.times.is_some()),
        ("from", entry.from.is_some()),
        ("to", entry.to.is_some()),
        ("allow_unknown", entry.allow_unknown.is_some()),
        ("subject", entry.subject.is_some()),
        ("body", entry.body.is_some()),
        ("body_bytes", entry.body_bytes.is_some()),
        ("cc", entry.cc.is_some()),
        ("bcc", entry.bcc.is_some()),
        ("reply_to", entry.reply_to.is_some()),
        ("in_reply_to", entry.in_reply_to.is_some()),
        ("html", entry.html.is_some()),
        ("images", !entry.images.is_empty()),
        ("attachments", !entry.attachments.is_empty()),
        ("encoding", entry.encoding.is_some()),
        ("messages", !entry.messages.is_empty()),
        ("dsn", entry.dsn.is_some()),
        ("user", entry.user.is_some()),
        ("read", entry.read.is_some()),
        ("reading", entry.reading.is_some()),
        ("spread", entry.spread.is_some()),
        ("steps", entry.steps.is_some()),
        ("protocol", entry.protocol.is_some()),
        ("people", entry.people.is_some()),
        ("lookup", entry.lookup.is_some()),
        ("type", entry.rtype.is_some()),
        ("lookups", entry.lookups.is_some()),
        ("web", entry.web.is_some()),
        ("browse", entry.browse.is_some()),
        ("browser", entry.browser.is_some()),
    ];
    for (key, _) in given.into_iter().filter(|(key, given)| *given && !kind.keys().contains(key)) {
        cx.problems.at(here.name(key), format!("an entry that {} has no `{key}`", kind.what()));
    }
    let needed: &[(&str, bool)] = match kind {
        Kind::Message | Kind::Poisson => &[("from", entry.from.is_some()), ("to", entry.to.is_some())],
        Kind::Read => &[("user", entry.user.is_some()), ("read", entry.read.is_some())],
        Kind::Session | Kind::People => &[("user", entry.user.is_some())],
        Kind::Lookup | Kind::Lookups => &[("on", entry.on.is_some())],
        Kind::Browse => &[("user` or `on", entry.on.is_some() || entry.user.is_some())],
    };
    for (key, _) in needed.iter().filter(|(_, given)| !given) {
        cx.problems.at(here, format!("an entry that {} needs `{key}`", kind.what()));
    }
}

/// When; the end of the run bounds what has no end of its own.
pub(super) fn read_schedule(cx: &mut Context<'_>, shared: &Shared<'_>, here: Path<'_>, entry: &Entry) -> Schedule {
    let at = cx.instant(here.key("at"), entry.at);
    let until = entry.until.map(|_| cx.instant(here.key("until"), entry.until));
    if until.is_some_and(|until| until < at) {
        cx.problems.at(here.key("until"), "`until` is before `at`");
    }
    let every = entry.every.map(|_| cx.positive(here.key("every"), entry.every));
    if entry.times == Some(0) {
        cx.problems.at(here.key("times"), "`times` is at least 1");
    }
    let random = entry.poisson.is_some() || entry.lookups.is_some() || entry.people.is_some();
    if every.is_none() && entry.times.is_some_and(|times| times > 1) && !random {
        cx.problems.help(here.key("times"), "`times` needs `every`", "say how much time passes between two");
    }
    if every.is_none() && entry.until.is_some() && !random {
        cx.problems.at(here.key("until"), "`until` needs `every`: this entry happens once");
    }
    Schedule { at, every, times: entry.times, until: until.unwrap_or(shared.run.until) }
}

/// The users that a list of addresses and patterns names, ascending.
pub(super) fn read_people(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    path: Path<'_>,
    texts: &Texts,
    all: &str,
) -> Option<Arc<[usize]>> {
    if texts.items.len() == 1 && texts.items[0] == all {
        if shared.people.is_empty() {
            cx.problems.at(path, "there are no users");
        }
        return Some(Arc::clone(shared.people));
    }
    let mut found = BTreeSet::new();
    let mut wrong = false;
    for (index, text) in texts.items.iter().enumerate() {
        let place = if texts.list { path.index(index) } else { path };
        for address in expand(text, MAX_ITEMS / 10).unwrap_or_else(|| vec![text.clone()]) {
            if let Some(user) = user_index(shared.users, &address) {
                found.insert(user);
            } else {
                wrong = true;
                unknown_user(cx, place, &address, Remedy::AddUser);
                break;
            }
        }
    }
    if texts.items.is_empty() {
        cx.problems.at(path, "this list is empty");
    }
    (!wrong && !found.is_empty()).then(|| found.into_iter().collect())
}

/// Where: the entry's own host, else each user's computer.
pub(super) fn read_device(
    cx: &mut Context<'_>,
    here: Path<'_>,
    entry: &Entry,
    people: usize,
) -> Option<Option<HostId>> {
    let Some(names) = &entry.on else { return Some(None) };
    let [name] = names.items.as_slice() else {
        cx.problems.at(here.key("on"), "this happens on one host");
        return None;
    };
    if people > 1 {
        cx.problems.at(here.key("on"), "an entry for several users cannot name one host");
    }
    cx.host(here.key("on"), name).map(Some)
}

fn read_message(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    here: Path<'_>,
    index: usize,
    entry: &Entry,
) -> Option<Vec<Work>> {
    let schedule = read_schedule(cx, shared, here, entry);
    let (subject, body) = (read_subject(cx, here, entry), read_body(cx, shared.limits, here, entry));
    let mut seen = BTreeSet::new();
    let mut people = |cx: &mut Context<'_>, key, texts: Option<&Texts>| {
        texts.map_or_else(
            || Arc::from([]),
            |texts| {
                read_recipients(cx, shared, (here.key(key), Some(entry.allow_unknown == Some(true))), texts, &mut seen)
            },
        )
    };
    let to = people(cx, "to", entry.to.as_ref());
    let (cc, bcc) = (people(cx, "cc", entry.cc.as_ref()), people(cx, "bcc", entry.bcc.as_ref()));
    let extras = read_extras(cx, shared.limits, here, entry, (cc, bcc));
    let (from, _) = (entry.from.as_ref()?, entry.to.as_ref()?);
    if from.items.len() != 1 {
        cx.problems.at(here.key("from"), "a message has one sender");
        return None;
    }
    let senders = read_people(cx, shared, here.key("from"), from, "")?;
    if senders.len() != 1 {
        cx.problems.at(here.key("from"), "a message has one sender");
    }
    let from = senders[0];
    let on = read_device(cx, here, entry, 1)?.unwrap_or(shared.users[from].host);
    let work = |extras| {
        let (to, subject, body) = (Arc::clone(&to), Arc::clone(&subject), body.clone());
        Work::Message(MessageWork { entry: index, schedule, from, on, to, subject, body, extras })
    };
    // Without `every` all messages of a mailbox are written at once.
    Some(match extras {
        Some(extras) if schedule.every.is_none() && extras.whole.len() > 1 => {
            extras.each_whole().map(|extras| work(Some(Arc::new(extras)))).collect()
        }
        extras => vec![work(extras)],
    })
}

/// The addresses of a list; those in `seen` are recipients already. Where there is a key `allow_unknown`, it says whether
/// they may be unknown.
pub(super) fn read_recipients(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    (path, allow_unknown): (Path<'_>, Option<bool>),
    to: &Texts,
    seen: &mut BTreeSet<String>,
) -> Arc<[String]> {
    let mut all: Vec<String> = Vec::new();
    for (index, text) in to.items.iter().enumerate() {
        let place = if to.list { path.index(index) } else { path };
        for address in expand(text, MAX_ITEMS / 10).unwrap_or_else(|| vec![text.clone()]) {
            let known = |cx: &Context<'_>| user_index(shared.users, &address).is_some() || is_caught(cx, &address);
            if !is_address(&address) || allow_unknown != Some(true) && !known(cx) {
                let remedy = if allow_unknown.is_some() { Remedy::Allow } else { Remedy::AddUser };
                unknown_user(cx, place, &address, remedy);
                break;
            }
            if seen.insert(address.clone()) {
                all.push(address);
            }
        }
    }
    if to.items.is_empty() {
        cx.problems.at(path, "a message has at least one recipient");
    }
    if seen.len() as u64 > shared.limits.recipients {
        let message =
            format!("{} recipients are more than `limits.recipients` ({})", seen.len(), shared.limits.recipients);
        cx.problems.at(path, message);
    }
    all.into()
}

/// Where a page is visited: at the hosts named, else at the users' computers.
fn read_browsers(cx: &mut Context<'_>, shared: &Shared<'_>, here: Path<'_>, entry: &Entry) -> Vec<HostId> {
    let people = entry.user.as_ref().and_then(|who| read_people(cx, shared, here.key("user"), who, EVERY_USER));
    match people {
        Some(people) if people.len() > 1 || entry.on.is_none() => {
            if entry.on.is_some() {
                cx.problems.at(here.key("on"), "an entry for several users cannot name one host");
            }
            people.iter().map(|user| shared.users[*user].host).collect()
        }
        Some(_) | None => read_hosts(cx, here.key("on"), entry.on.as_ref()),
    }
}

fn read_poisson(cx: &mut Context<'_>, shared: &Shared<'_>, here: Path<'_>, index: usize, entry: &Entry) -> Vec<Work> {
    let Schedule { at, until, .. } = read_schedule(cx, shared, here, entry);
    let (subject, body) = (read_subject(cx, here, entry), read_body(cx, shared.limits, here, entry));
    let extras = read_extras(cx, shared.limits, here, entry, Default::default());
    let mean_gap = read_gap(cx, here, entry);
    let (Some(from), Some(to)) = (&entry.from, &entry.to) else { return Vec::new() };
    let senders = read_people(cx, shared, here.key("from"), from, EVERY_USER);
    let recipients = read_people(cx, shared, here.key("to"), to, ANY_USER);
    let Some((senders, recipients)) = senders.zip(recipients) else { return Vec::new() };
    if let [only] = &*recipients
        && senders.contains(only)
    {
        let address = quote(&shared.users[*only].address);
        cx.problems.at(here.key("to"), format!("{address} would have to write to itself: nobody else is in the list"));
        return Vec::new();
    }
    let Some(on) = read_device(cx, here, entry, senders.len()) else { return Vec::new() };
    let writing = |from: &usize| {
        Work::Poisson(PoissonWork {
            entry: index,
            from: *from,
            on: on.unwrap_or(shared.users[*from].host),
            to: Arc::clone(&recipients),
            mean_gap,
            together: entry.poisson.is_some_and(|poisson| poisson.together == Some(true)),
            at,
            until,
            subject: Arc::clone(&subject),
            body: body.clone(),
            extras: extras.clone(),
        })
    };
    senders.iter().map(writing).collect()
}

fn read_gap(cx: &mut Context<'_>, here: Path<'_>, entry: &Entry) -> SimDuration {
    let path = here.key("poisson");
    match entry.poisson {
        Some(poisson) if poisson.rate.is_some() && poisson.mean_gap.is_some() => {
            cx.problems.at(path, "give either `rate` or `mean_gap`");
            SimDuration::ZERO
        }
        Some(poisson) if poisson.mean_gap.is_some() => cx.positive(path.key("mean_gap"), poisson.mean_gap),
        Some(_) | None => {
            cx.problems.help(path, "how often is not said", "give \"rate\": \"3 per hour\" or \"mean_gap\": \"20min\"");
            SimDuration::ZERO
        }
    }
}

fn read_lookup(cx: &mut Context<'_>, shared: &Shared<'_>, here: Path<'_>, index: usize, entry: &Entry) -> Option<Work> {
    let schedule = read_schedule(cx, shared, here, entry);
    let written = entry.lookup.as_deref()?;
    let lower = written.strip_suffix('.').unwrap_or(written).to_ascii_lowercase();
    let name = if written == "." { written.to_owned() } else { lower };
    if name != "." {
        cx.problems.check(here.key("lookup"), check_owner_name(&name));
    }
    let text = entry.rtype.as_deref().unwrap_or("A");
    let rtype = read_type(cx, here.key("type"), text);
    let on = read_device(cx, here, entry, 1)??;
    let web = entry.web == Some(true);
    Some(Work::Lookup(LookupWork { entry: index, schedule, on, name, rtype: rtype?, web }))
}
