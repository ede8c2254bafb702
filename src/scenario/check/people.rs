//! People who go by habits: their rhythm, what they do with mail, and by which protocol each gets at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Context;
use super::message::{read_body, read_extras, read_subject};
use super::steps::read_folder;
use super::work::{ANY_USER, EVERY_USER, Shared, read_device, read_people, read_schedule};
use crate::app::user::{Means, Rhythm, Traits};
use crate::base::{HostId, Probability, Streams, UnixTime};
use crate::scenario::fill::OWN;
use crate::scenario::problem::Path;
use crate::scenario::resolved::{DeviceSpec, PeopleWork, Work};
use crate::scenario::schema::{Chance, DayName, Entry, People, Texts};

/// Words a minute that are no longer human, and new messages a session.
const MAX_WORDS: u32 = 10_000;
const MAX_WRITES: f64 = 100.0;

/// One item a user; `habits` counts for each user the entries so far.
pub(super) fn read_habits(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    here: Path<'_>,
    (index, entry): (usize, &Entry),
    habits: &mut [usize],
) -> Vec<Work> {
    let schedule = read_schedule(cx, shared, here, entry);
    let Some(people) = &entry.people else { return Vec::new() };
    let path = here.key("people");
    let rhythm = read_rhythm(cx, path, people);
    let traits = Arc::new(read_traits(cx, path, people));
    let weights = read_protocols(cx, path, people);
    let (subject, body) = (read_subject(cx, here, entry), read_body(cx, shared.limits, here, entry));
    let extras = read_extras(cx, shared.limits, here, entry, Default::default());
    let Some(who) = &entry.user else { return Vec::new() };
    let any = Texts::one(ANY_USER);
    let users = read_people(cx, shared, here.key("user"), who, EVERY_USER);
    let to = read_people(cx, shared, here.key("to"), entry.to.as_ref().unwrap_or(&any), ANY_USER);
    let Some((users, to)) = users.zip(to) else { return Vec::new() };
    let Some(on) = read_device(cx, here, entry, users.len()) else { return Vec::new() };
    check_devices(cx, shared, path, people, (&users, on));
    let mut of_domain: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for user in &*to {
        of_domain.entry(shared.users[*user].domain).or_default().push(*user);
    }
    let of_domain: BTreeMap<usize, Arc<[usize]>> =
        of_domain.into_iter().map(|(domain, users)| (domain, users.into())).collect();
    let person = |user: &usize| {
        let spec = &shared.users[*user];
        let nth = habits[*user];
        habits[*user] += 1;
        let drawn = |weights: &[f64; 4]| {
            let stream = format!("user/{}/people/{nth}/protocol", spec.address);
            Means::ALL[Streams::new(shared.run.seed).stream(&stream).among(weights)]
        };
        let means = weights.as_ref().map_or(spec.means, drawn);
        let own = DeviceSpec { host: on.unwrap_or(spec.host), means };
        Work::People(PeopleWork {
            entry: index,
            user: *user,
            own,
            devices: weigh(own, &spec.devices, people.devices.as_ref()),
            at: schedule.at,
            until: schedule.until,
            rhythm: rhythm.clone(),
            traits: Arc::clone(&traits),
            to: Arc::clone(&to),
            colleagues: of_domain.get(&spec.domain).cloned().unwrap_or_else(|| Arc::from([])),
            subject: Arc::clone(&subject),
            body: body.clone(),
            extras: extras.clone(),
        })
    };
    users.iter().map(person).collect()
}

fn read_rhythm(cx: &mut Context<'_>, path: Path<'_>, people: &People) -> Rhythm {
    let gap = people.sessions.map_or(1.0, |frequency| frequency.0.as_secs_f64());
    let given = people.hours.as_deref().unwrap_or_default();
    let mut hours = [0.0; 24];
    if given.len() == 24 {
        hours.copy_from_slice(given);
        check_weights(cx, path.key("hours"), hours.iter());
    } else {
        cx.problems.at(path.key("hours"), "a day has 24 hours: give a weight for each, from midnight on");
    }
    let mut days = [false; 7];
    for day in people.days.iter().flatten() {
        days[weekday(*day)] = true;
    }
    if !days.contains(&true) {
        cx.problems.at(path.key("days"), "one day of the week at least has sessions");
    }
    let zone = people.time_zone.as_deref().unwrap_or("+00:00");
    let offset = offset(zone).unwrap_or_else(|| {
        cx.problems.at(path.key("time_zone"), "this is no time zone: write it like \"+01:00\" or \"-05:30\"");
        0
    });
    let start = cx.scenario.start.map_or(UnixTime::DEFAULT_START, |start| start.0);
    Rhythm { per_day: 86_400.0 / gap.max(1.0), hours, days, local_start: UnixTime(start.0 + offset) }
}

const fn weekday(day: DayName) -> usize {
    match day {
        DayName::Monday => 0,
        DayName::Tuesday => 1,
        DayName::Wednesday => 2,
        DayName::Thursday => 3,
        DayName::Friday => 4,
        DayName::Saturday => 5,
        DayName::Sunday => 6,
    }
}

/// The seconds of a time zone east of UTC, as RFC 3339 5.6 writes it.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = text.strip_prefix('+').map(|rest| (1, rest)).or_else(|| Some((-1, text.strip_prefix('-')?)))?;
    let (hours, minutes) = rest.split_once(':')?;
    let number = |text: &str, below: i64| {
        let digits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|number| digits && *number < below)
    };
    Some(sign * (number(hours, 15)? * 3_600 + number(minutes, 60)? * 60))
}

fn read_traits(cx: &mut Context<'_>, path: Path<'_>, people: &People) -> Traits {
    let mut words = |key, given: Option<u32>| {
        let given = given.unwrap_or(1);
        if given == 0 || given > MAX_WORDS {
            cx.problems.at(path.key(key), format!("1 to {MAX_WORDS} words a minute are known here"));
        }
        given.max(1)
    };
    let (reading, typing) = (words("reading", people.reading), words("typing", people.typing));
    let writes = people.writes.unwrap_or(0.0);
    if !(0.0..=MAX_WRITES).contains(&writes) {
        cx.problems.at(path.key("writes"), format!("0 to {MAX_WRITES} messages a session are known here"));
    }
    let mut folders = Vec::new();
    if let Some(texts) = &people.folders {
        for (index, folder) in texts.items.iter().enumerate() {
            let here = path.key("folders");
            let place = if texts.list { here.index(index) } else { here };
            folders.push(read_folder(cx, place, folder));
        }
    }
    let octets = people.reply_bytes.map_or(0, |size| size.0.bytes());
    let limit = cx.scenario.limits.message_size.map_or(u64::MAX, |size| size.0.bytes());
    if octets > limit {
        cx.problems.at(path.key("reply_bytes"), "this is longer than `limits.message_size`");
    }
    let chance = |given: Option<Chance>| given.map_or(Probability::ZERO, |chance| chance.0);
    Traits {
        reading,
        typing,
        reply: chance(people.reply),
        reply_all: chance(people.reply_all),
        forward: chance(people.forward),
        files: chance(people.attachments),
        delete: chance(people.delete),
        file: chance(people.file),
        folders: folders.into(),
        reply_octets: octets.min(limit),
        writes: writes.clamp(0.0, MAX_WRITES),
        inside: chance(people.inside),
    }
}

/// The weights of all means, in their order; none if each person has the own one.
fn read_protocols(cx: &mut Context<'_>, path: Path<'_>, people: &People) -> Option<[f64; 4]> {
    let given = people.protocols?;
    let weights = [given.pop3, given.pop3_keep, given.imap, given.webmail].map(|weight| weight.unwrap_or(0.0));
    check_weights(cx, path.key("protocols"), weights.iter());
    Some(weights)
}

/// Devices have weights, and those whose habits these are have the devices.
fn check_devices(
    cx: &mut Context<'_>,
    shared: &Shared<'_>,
    path: Path<'_>,
    people: &People,
    (users, on): (&[usize], Option<HostId>),
) {
    let Some(given) = &people.devices else { return };
    let path = path.key("devices");
    check_weights(cx, path, given.values());
    if on.is_some_and(|on| users.iter().any(|user| shared.users[*user].host != on)) {
        cx.problems.at(path, "what happens `on` one host has no choice of devices");
    }
}

/// The devices that there are sessions on, the own one first.
fn weigh(
    own: DeviceSpec,
    others: &BTreeMap<String, DeviceSpec>,
    given: Option<&BTreeMap<String, f64>>,
) -> Arc<[(DeviceSpec, f64)]> {
    let Some(given) = given else { return Arc::from([(own, 1.0)]) };
    let weight = |name: &str| given.get(name).copied().unwrap_or(0.0);
    let others = others.iter().map(|(name, device)| (*device, weight(name))).filter(|(_, weight)| *weight > 0.0);
    [(own, weight(OWN))].into_iter().chain(others).collect()
}

/// Weights, of which one at least is above 0.
fn check_weights<'w>(cx: &mut Context<'_>, path: Path<'_>, weights: impl Iterator<Item = &'w f64> + Clone) {
    let fits = weights.clone().all(|weight| weight.is_finite() && (0.0..=1e6).contains(weight));
    if !fits || weights.clone().all(|weight| *weight == 0.0) {
        cx.problems.at(path, "weights are numbers from 0 to 1000000, and one at least is above 0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_zones_are_read() {
        assert_eq!(offset("+01:30"), Some(5_400));
        assert_eq!(offset("-05:00"), Some(-18_000));
        for wrong in ["", "1:00", "+1:00", "+24:00", "+01:60", "+0x:00", "Z", "+01:0é"] {
            assert_eq!(offset(wrong), None, "{wrong}");
        }
    }
}
