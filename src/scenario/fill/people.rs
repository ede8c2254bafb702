//! The habits that a scenario does not state.
//!
//! The numbers are round ones for an office, made up here: no measurement stands behind them.

use std::collections::BTreeSet;

use super::super::names::expand;
use super::super::schema::{Chance, DayName, Duration, Frequency, People, ProtocolName, Scenario, Size, Step, Texts};
use super::defaults::default_device;
use crate::base::{DataSize, Probability, SimDuration};

/// What the user's computer is called among the devices.
pub(in crate::scenario) const OWN: &str = "own";

/// Who means everybody.
const EVERY_USER: &str = "every-user";

/// So many users may a pattern stand for.
const MAX_PATTERN: usize = 1_000_000;

/// Sessions by the hour of the day.
const OFFICE: [f64; 24] = [
    0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 2.0, 2.0, 0.5, 1.0, 2.0, 2.0, 2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0,
    0.0,
];
const WORKDAYS: [DayName; 5] =
    [DayName::Monday, DayName::Tuesday, DayName::Wednesday, DayName::Thursday, DayName::Friday];

/// Completes the habits, and how users get at their mailboxes where that matters.
pub(super) fn fill(scenario: &mut Scenario) {
    let mut matters = false;
    for entry in &mut scenario.workload {
        matters |= entry.people.is_some() || entry.steps.is_some();
        if let Some(people) = &mut entry.people {
            fill_habits(people);
            entry.to.get_or_insert_with(|| Texts::one("any-user"));
        }
    }
    if matters {
        for user in scenario.users.values_mut() {
            user.protocol.get_or_insert_default();
        }
    }
}

/// The devices that habits name, for each whose habits they are, and what is missing of all devices.
pub(super) fn fill_devices(scenario: &mut Scenario) {
    let entries = scenario.workload.iter();
    let wanted = entries.filter_map(|entry| Some((entry.user.as_ref()?, entry.people.as_ref()?.devices.as_ref()?)));
    for (who, devices) in wanted {
        let all = who.items.iter().any(|item| item == EVERY_USER);
        let addresses = |item: &String| expand(item, MAX_PATTERN).unwrap_or_else(|| vec![item.clone()]);
        let named: BTreeSet<String> = who.items.iter().flat_map(addresses).collect();
        for (_, user) in scenario.users.iter_mut().filter(|(address, _)| all || named.contains(*address)) {
            for name in devices.keys().filter(|name| *name != OWN) {
                user.devices.entry(name.clone()).or_default();
            }
        }
    }
    for (address, user) in &mut scenario.users {
        let Some((local, domain)) = address.rsplit_once('@') else { continue };
        for (name, device) in &mut user.devices {
            device.host.get_or_insert_with(|| default_device(local, domain, name));
            device.protocol.get_or_insert(ProtocolName::Imap);
        }
    }
}

fn fill_habits(people: &mut People) {
    let chance = |value| Chance(Probability::new(value).unwrap_or(Probability::ZERO));
    people.sessions.get_or_insert(Frequency(SimDuration::from_secs(86_400 / 8)));
    people.hours.get_or_insert_with(|| OFFICE.to_vec());
    people.days.get_or_insert_with(|| WORKDAYS.to_vec());
    people.time_zone.get_or_insert_with(|| "+00:00".to_owned());
    people.reading.get_or_insert(200);
    people.typing.get_or_insert(40);
    people.reply.get_or_insert(chance(0.3));
    people.reply_all.get_or_insert(chance(0.1));
    people.forward.get_or_insert(chance(0.05));
    people.attachments.get_or_insert(chance(0.5));
    people.delete.get_or_insert(chance(0.2));
    people.file.get_or_insert(chance(0.3));
    people.folders.get_or_insert_with(|| Texts::one("Archive"));
    people.reply_bytes.get_or_insert(Size(DataSize::from_bytes(400)));
    people.writes.get_or_insert(0.5);
    people.inside.get_or_insert(chance(0.7));
}

/// The time that a session takes at least.
pub(super) fn pauses(steps: &[Step]) -> SimDuration {
    let pause = |step: &Step| step.wait.or(step.watch).unwrap_or(Duration(SimDuration::ZERO)).0;
    steps.iter().fold(SimDuration::ZERO, |sum, step| sum.saturating_add(pause(step)))
}
