//! Names and quantities in expectations: what they can be before any run.
//!
//! How many messages somebody writes is known of those with a time of their own; who reads may answer, so there it is not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::base::HostId;
use crate::metrics::Kind;
use crate::scenario::check::{Context, link};
use crate::scenario::problem::{Path, did_you_mean, nearest, quote};
use crate::scenario::resolved::{LinkSpec, UserSpec, Work};
use crate::scenario::schema::{Duration, Rate, Size};

/// What expectations may name, besides hosts.
#[derive(Clone, Copy, Debug)]
pub(in crate::scenario) struct Named<'a> {
    /// All links.
    pub(in crate::scenario) links: &'a [LinkSpec],
    /// All users.
    pub(in crate::scenario) users: &'a [UserSpec],
    /// What they do, if all of it could be read.
    pub(in crate::scenario) workload: Option<&'a [Work]>,
}

/// The names in an expectation. A scenario's own name what it has. A key is held against scenarios that others
/// have changed: what such a one lacks is no error of the key, but makes its expectation fail.
#[derive(Debug)]
pub(super) struct Names<'a> {
    named: Named<'a>,
    pub(super) graded: bool,
    /// What the graded scenario lacks.
    absent: Vec<String>,
}

impl<'a> Names<'a> {
    pub(super) const fn new(named: Named<'a>, graded: bool) -> Self {
        Self { named, graded, absent: Vec::new() }
    }

    /// What the graded scenario lacks, as a text.
    pub(super) fn absent(&self) -> String {
        self.absent.join("; ")
    }

    /// Looks a name up; what of a key is not found is noted apart.
    pub(super) fn look<'c, T>(&mut self, cx: &mut Context<'c>, look: impl FnOnce(&mut Context<'c>) -> T) -> T {
        let before = cx.problems.list.len();
        let found = look(cx);
        if self.graded {
            let noted = cx.problems.list.split_off(before.min(cx.problems.list.len()));
            self.absent.extend(noted.into_iter().map(|problem| problem.message));
        }
        found
    }

    /// Whether there is a link of that name.
    pub(super) fn link(&mut self, cx: &mut Context<'_>, path: Path<'_>, name: &str) -> bool {
        let links = self.named.links;
        self.look(cx, |cx| link::named(cx, path, name, links)).is_some()
    }

    /// Whether there is a host or router of that name.
    pub(super) fn any_host(&mut self, cx: &mut Context<'_>, path: Path<'_>, name: &str) -> bool {
        self.look(cx, |cx| cx.any_host(path, name)).is_some()
    }

    /// A Message-ID has angle brackets, and can come about if it looks like those that user agents give: the number of
    /// the message and the address of who writes it. Others are given by servers, and by programs outside.
    pub(super) fn message(&mut self, cx: &mut Context<'_>, path: Path<'_>, name: &str) {
        let inner = name.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
        let Some(inner) = inner.filter(|inner| !inner.is_empty()) else {
            let message = format!("{} is no Message-ID", quote(name));
            cx.problems.help(path, message, "write it like \"<1.alice@crepes.fr>\": the first message of that address");
            return;
        };
        // what a key's scenario lacks is found when it was run: nobody composed it
        let Some(workload) = self.named.workload.filter(|_| !self.graded) else { return };
        let Some((number, writer)) = inner.split_once('.') else { return };
        let Ok(wanted) = number.parse::<u64>() else { return };
        let writers = writers(cx, self.named.users, workload);
        let unknown = || format!("there is no message {}", quote(name));
        match writers.iter().find(|(known, _)| known.eq_ignore_ascii_case(writer)) {
            Some((known, Some(most))) if wanted > *most || wanted == 0 => {
                let help = match most {
                    0 => format!("{known} writes none here"),
                    1 => format!("{known} writes one: <1.{known}>"),
                    most => format!("{known} writes {most}: <1.{known}> to <{most}.{known}>"),
                };
                cx.problems.unknown_name(path, unknown(), Some(help));
            }
            Some(_) => {}
            None => {
                // who writes nothing is suggested only if nobody else is near
                let busy = writers.iter().filter(|(_, most)| *most != Some(0));
                let all = busy.chain(&writers).map(|(known, _)| known.as_str());
                if let Some(near) = nearest(writer, all) {
                    cx.problems.unknown_name(path, unknown(), Some(did_you_mean(&format!("<{number}.{near}>"))));
                }
            }
        }
    }

    /// An address that differs by a slip from one that the scenario names. Others may be made while it runs. A key's
    /// scenario has it.
    pub(super) fn address(&mut self, cx: &mut Context<'_>, path: Path<'_>, name: &str) {
        if name.is_empty() {
            return;
        }
        let Some((local, _)) = name.split_once('@') else {
            let message = format!("{} is no mail address", quote(name));
            cx.problems.help(path, message, "write it like \"bob@hamburger.edu\"");
            return;
        };
        let known = addresses(cx);
        if known.iter().any(|address| address.eq_ignore_ascii_case(name)) {
            return;
        }
        // `bob+news@hamburger.edu` may well be one that nobody names, as may those of servers and owners of lists.
        let special = name.contains('+') || local.eq_ignore_ascii_case("postmaster") || local.contains("owner");
        let unknown = format!("there is no address {}", quote(name));
        if self.graded && !special {
            self.absent.push(unknown);
        } else if let Some(near) = nearest(name, known.iter().map(String::as_str)).filter(|_| !special && !self.graded)
        {
            cx.problems.unknown_name(path, unknown, Some(did_you_mean(near)));
        }
    }
}

/// Who may write messages, as Message-IDs name them, and how many at most if that is known: the users, each also with
/// the other computers where they write.
fn writers(cx: &Context<'_>, users: &[UserSpec], workload: &[Work]) -> Vec<(String, Option<u64>)> {
    let mut most: BTreeMap<(usize, Option<HostId>), Option<u64>> =
        (0..users.len()).map(|user| ((user, None), Some(0))).collect();
    let mut write = |user: usize, on: HostId, number: Option<u64>| {
        let own = users.get(user).is_none_or(|spec| spec.host == on);
        let sum = most.entry((user, (!own).then_some(on))).or_insert(Some(0));
        *sum = sum.zip(number).map(|(sum, number)| sum.saturating_add(number));
    };
    for work in workload {
        match work {
            Work::Message(one) => write(one.from, one.on, Some(one.schedule.count())),
            Work::Poisson(one) => write(one.from, one.on, None),
            Work::Read(one) => write(one.user, one.on, None),
            Work::Session(one) => write(one.user, one.on, None),
            Work::People(one) => {
                let devices = one.devices.iter().map(|(device, _)| device.host);
                devices.chain([one.own.host]).for_each(|on| write(one.user, on, None));
            }
            Work::Lookup(_) | Work::Lookups(_) | Work::Browse(_) => {}
        }
    }
    let named = most.into_iter().filter_map(|((user, on), most)| {
        let (local, domain) = users.get(user)?.address.split_once('@')?;
        let device = on.map_or_else(String::new, |on| format!("/{}", cx.hosts[on.index()].name));
        Some((format!("{local}{device}@{domain}"), most))
    });
    named.collect()
}

/// All addresses that a scenario names: those of its users, and whatever looks like one elsewhere.
fn addresses(cx: &Context<'_>) -> BTreeSet<String> {
    let users = cx.scenario.mail.iter();
    let users = users.flat_map(|(domain, of)| of.users.iter().map(move |local| format!("{local}@{domain}")));
    let mut known: BTreeSet<String> = users.collect();
    for (domain, of) in &cx.scenario.mail {
        known.extend(of.aliases.keys().chain(of.lists.keys()).map(|local| format!("{local}@{domain}")));
    }
    if let Ok(Value::Object(mut all)) = serde_json::to_value(cx.scenario) {
        all.remove("expect");
        collect(&Value::Object(all), &mut known);
    }
    known
}

fn collect(value: &Value, into: &mut BTreeSet<String>) {
    let mut note = |text: &str| {
        if text.contains('@') && !text.contains(char::is_whitespace) {
            into.insert(text.to_owned());
        }
    };
    match value {
        Value::String(text) => note(text),
        Value::Array(list) => list.iter().for_each(|value| collect(value, into)),
        Value::Object(map) => {
            map.keys().for_each(|key| note(key));
            map.values().for_each(|value| collect(value, into));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A quantity as a number in the unit of its kind, or why it is none.
pub(super) fn quantity(text: &str, kind: Kind) -> Result<f64, String> {
    #[expect(clippy::cast_precision_loss, reason = "what it is compared with is a float too")]
    fn float(whole: u64) -> f64 {
        whole as f64
    }
    if let Ok(number) = text.parse::<f64>()
        && number.is_finite()
    {
        return Err(format!("write the number {number} without quotation marks"));
    }
    match kind {
        Kind::Seconds => text.parse().map(|Duration(read)| read.as_secs_f64()),
        Kind::Bytes => text.parse().map(|Size(read)| float(read.bytes())),
        Kind::BitsPerSecond => text.parse().map(|Rate(read)| float(read.bits_per_sec())),
        Kind::Number | Kind::Text => Err(format!("{} is no number; there is no unit here", quote(text))),
    }
}
