//! What a server tells senders, and the answers of users who are away.

use crate::app::mail::{ReportConfig, VacationConfig};
use crate::base::{SimDuration, SimTime};
use crate::proto::smtp::{Mailbox, Ret};
use crate::scenario::check::Context;
use crate::scenario::check::message::{check_line, read_return};
use crate::scenario::problem::Path;
use crate::scenario::schema::{DoubleBounces, MailDomain, Vacation};

pub(super) fn read(domain: &MailDomain) -> ReportConfig {
    let default = ReportConfig::default();
    ReportConfig {
        whole: domain.reports.ret.map_or(default.whole, |ret| read_return(ret) == Ret::Full),
        return_limit: domain.reports.return_limit.map_or(default.return_limit, |size| size.0.bytes()),
        to_postmaster: match domain.reports.double_bounces.unwrap_or_default() {
            DoubleBounces::Nobody => false,
            DoubleBounces::Postmaster => true,
        },
        ..default
    }
}

/// The answer of a user who is away.
pub(super) fn read_vacation(cx: &mut Context<'_>, here: Path<'_>, vacation: &Vacation) -> VacationConfig {
    let text = vacation.text.as_ref();
    if text.is_none_or(|text| text.items.is_empty()) {
        cx.problems.at(here, "an answer needs a `text`");
    }
    for (index, line) in text.iter().flat_map(|text| &text.items).enumerate() {
        let place = here.key("text");
        let place = if text.is_some_and(|text| text.list) { place.index(index) } else { place };
        check_line(cx, place, line, 998);
    }
    if let Some(subject) = &vacation.subject {
        check_line(cx, here.key("subject"), subject, 900);
    }
    if vacation.from.as_ref().is_some_and(|from| Mailbox::parse(from).is_none()) {
        cx.problems.at(here.key("from"), "this is no mail address");
    }
    let interval = match vacation.interval {
        Some(_) => cx.duration(here.key("interval"), vacation.interval),
        None => VacationConfig::INTERVAL,
    };
    let start = cx.instant(here.key("start"), vacation.start);
    let end = vacation.end.map_or(SimTime::NEVER, |_| cx.instant(here.key("end"), vacation.end));
    if end <= start {
        cx.problems.at(here.key("end"), "`end` is not behind `start`");
    }
    VacationConfig {
        text: text.map_or_else(Default::default, |text| text.items.as_slice().into()),
        subject: vacation.subject.clone(),
        from: vacation.from.clone(),
        interval: interval.max(SimDuration::ZERO),
        start,
        end,
    }
}
