//! When a mail server tries again, and how it delivers what is in its queue.

use crate::app::mail::{AgeFrom, DeadDestinations, EximRules, Meanwhile, QueueConfig, RetryPolicy, Rule, WaitFrom};
use crate::base::{Probability, SimDuration};
use crate::scenario::check::Context;
use crate::scenario::problem::Path;
use crate::scenario::schema::{
    AgeBounds, AgeFromName, Delivery, Duration, Exponential, MailDomain, MeanwhileName, Retry, WaitFromName,
};

pub(super) fn read_retry(cx: &mut Context<'_>, here: Path<'_>, retry: &Retry) -> RetryPolicy {
    let scan = cx.duration(here.key("scan"), retry.scan);
    let lifetime = cx.duration(here.key("lifetime"), retry.lifetime);
    RetryPolicy {
        rule: read_rule(cx, here, retry, scan),
        jitter: retry.jitter.map_or(Probability::ZERO, |share| share.0),
        scan,
        age_from: match retry.age_from {
            Some(AgeFromName::Acceptance) => AgeFrom::Acceptance,
            Some(AgeFromName::FirstFailure) => AgeFrom::FirstFailure,
            Some(AgeFromName::FirstAttempt) | None => AgeFrom::FirstAttempt,
        },
        wait_from: match retry.wait_from {
            Some(WaitFromName::Failure) => WaitFrom::Failure,
            Some(WaitFromName::Start) | None => WaitFrom::Start,
        },
        lifetime,
        report_lifetime: cx.duration(here.key("bounce_lifetime"), retry.bounce_lifetime),
        warnings: read_warnings(cx, here.key("warn_after"), retry.warn_after.as_deref().unwrap_or_default(), lifetime),
    }
}

fn read_warnings(cx: &mut Context<'_>, here: Path<'_>, ages: &[Duration], lifetime: SimDuration) -> Vec<SimDuration> {
    let ages: Vec<SimDuration> =
        ages.iter().enumerate().map(|(at, age)| cx.positive(here.index(at), Some(*age))).collect();
    if let Some(at) = ages.windows(2).position(|pair| pair[0] >= pair[1]) {
        cx.problems.at(here.index(at + 1), "each age is above the one before");
    }
    if let Some(at) = ages.iter().position(|age| *age > lifetime) {
        let message = format!("the message is given up before: its `lifetime` is {}", lifetime.to_text());
        cx.problems.help(here.index(at), message, "leave this age out, or give the message a longer `lifetime`");
    }
    ages
}

/// How long to wait: what exactly one of the keys says.
fn read_rule(cx: &mut Context<'_>, here: Path<'_>, retry: &Retry, scan: SimDuration) -> Rule {
    let mut rules = Vec::new();
    if retry.every.is_some() {
        rules.push(("every", Rule::Fixed { every: cx.positive(here.key("every"), retry.every) }));
    }
    if let Some(intervals) = &retry.intervals {
        rules.push(("intervals", read_list(cx, here, intervals, retry.repeat_last != Some(false))));
    } else if retry.repeat_last.is_some() {
        cx.problems.at(here.key("repeat_last"), "\"repeat_last\" belongs to \"intervals\"");
    }
    if let Some(growth) = retry.exponential {
        rules.push(("exponential", read_growth(cx, here.key("exponential"), growth)));
    }
    if let Some(AgeBounds { least, most }) = retry.age {
        let path = here.key("age");
        let (least, most) = (cx.positive(path.key("least"), least), cx.duration(path.key("most"), most));
        if most < least {
            cx.problems.at(path.key("most"), "the longest wait is not below the shortest");
        }
        rules.push(("age", Rule::Age { least, most }));
    }
    if retry.squares.is_some() {
        rules.push(("squares", Rule::Squares { unit: cx.positive(here.key("squares"), retry.squares) }));
    }
    if retry.roots.is_some() {
        let unit = cx.positive(here.key("roots"), retry.roots);
        let root = unit.as_secs().isqrt();
        if unit != SimDuration::from_secs(root * root) {
            cx.problems.help(
                here.key("roots"),
                "this is no square of whole seconds",
                "write \"400s\", which is 20 s squared",
            );
        }
        rules.push(("roots", Rule::Roots { unit }));
    }
    if let Some(text) = &retry.exim {
        match EximRules::parse(text) {
            Ok(read) => rules.push(("exim", Rule::Exim(read))),
            Err(what) => {
                cx.problems.help(here.key("exim"), what, "write them like \"F,2h,15m; G,16h,1h,1.5; F,4d,6h\"")
            }
        }
    }
    if let [(first, _), (second, _), ..] = &rules[..] {
        let message = format!("\"{first}\" and \"{second}\" both say how long to wait: leave one out");
        cx.problems.at(here.key(second), message);
    }
    let scans_alone = rules.is_empty() && retry.exim.is_none();
    if scans_alone && scan == SimDuration::ZERO {
        cx.problems.help(
            here.key("scan"),
            "with this preset nothing but scans tells when to try",
            "write \"scan\": \"30min\"",
        );
    }
    rules.pop().map_or(Rule::Scans, |(_, rule)| rule)
}

fn read_list(cx: &mut Context<'_>, here: Path<'_>, intervals: &[Duration], repeat: bool) -> Rule {
    let path = here.key("intervals");
    if intervals.is_empty() {
        cx.problems.help(path, "this list is empty", "write at least one interval, such as [\"15min\"]");
    }
    let read = |(at, interval): (usize, &Duration)| cx.positive(path.index(at), Some(*interval));
    Rule::List { intervals: intervals.iter().enumerate().map(read).collect(), repeat }
}

fn read_growth(cx: &mut Context<'_>, here: Path<'_>, growth: Exponential) -> Rule {
    let (first, cap) = (cx.positive(here.key("first"), growth.first), cx.duration(here.key("cap"), growth.cap));
    if cap < first {
        cx.problems.at(here.key("cap"), "the longest wait is not below the first");
    }
    let factor = thousandths(growth.factor.unwrap_or(2.0)).unwrap_or_else(|| {
        let message = "a factor is a number from 1 to 1000 with at most three decimals";
        cx.problems.at(here.key("factor"), message);
        2_000
    });
    Rule::Exponential { first, factor, cap }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is checked to be small and positive")]
fn thousandths(factor: f64) -> Option<u64> {
    let scaled = libm::round(factor * 1_000.0);
    let exact = (factor * 1_000.0 - scaled).abs() < 1e-6;
    (exact && (1_000.0..=1_000_000.0).contains(&scaled)).then_some(scaled as u64)
}

pub(super) fn read(cx: &mut Context<'_>, here: Path<'_>, domain: &MailDomain) -> QueueConfig {
    let (here, delivery) = (here.key("queue"), &domain.queue);
    let dead = delivery.dead.map(|dead| {
        let lasting = cx.positive(here.key("dead").key("for"), dead.lasting);
        let meanwhile = match dead.meanwhile.unwrap_or_default() {
            MeanwhileName::Fail => Meanwhile::Fail,
            MeanwhileName::Hold => Meanwhile::Hold,
        };
        DeadDestinations { cohorts: dead.cohorts.unwrap_or(1), lasting, meanwhile }
    });
    let concurrency = count(cx, here.key("concurrency"), delivery.concurrency);
    if delivery.slow_start.is_some_and(|start| usize::try_from(start).is_ok_and(|start| start > concurrency)) {
        cx.problems.at(here.key("slow_start"), "this is more than \"concurrency\" allows at all");
    }
    QueueConfig {
        recipients_per_transaction: count(cx, here.key("recipients"), delivery.recipients),
        messages_per_connection: {
            count(cx, here.key("messages_per_connection"), delivery.messages_per_connection);
            delivery.messages_per_connection.unwrap_or(u32::MAX)
        },
        concurrency_per_destination: concurrency,
        slow_start: delivery.slow_start.map(|start| count(cx, here.key("slow_start"), Some(start))),
        connections: count(cx, here.key("connections"), delivery.connections),
        idle: cx.duration(here.key("idle"), delivery.idle),
        reuse: read_some(cx, here.key("reuse"), delivery),
        dead: dead.filter(|dead| dead.cohorts > 0),
        addresses_per_attempt: count(cx, here.key("addresses"), delivery.addresses),
        sessions_per_attempt: count(cx, here.key("sessions"), delivery.sessions),
        connect_timeout: delivery
            .connect_timeout
            .map(|timeout| cx.positive(here.key("connect_timeout"), Some(timeout))),
    }
}

fn read_some(cx: &mut Context<'_>, path: Path<'_>, delivery: &Delivery) -> Option<SimDuration> {
    delivery.reuse.map(|reuse| cx.positive(path, Some(reuse)))
}

/// At least one; without a number there is no limit.
fn count(cx: &mut Context<'_>, path: Path<'_>, number: Option<u32>) -> usize {
    if number == Some(0) {
        cx.problems.help(path, "this number must be above zero", "leave it out for the default");
    }
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX)
}
