//! What presets of retry policies and of delivering stand for: their parameters are written out.

use crate::app::mail::{AgeFrom, Meanwhile, QueueConfig, RetryPolicy, Rule, WaitFrom};
use crate::base::SimDuration;
use crate::scenario::schema::{
    AgeBounds, AgeFromName, Chance, Dead, Delivery, DeliveryPreset, Duration, Exponential, MeanwhileName, Retry,
    WaitFromName,
};

/// Writes out what the preset has and nothing else says.
pub(super) fn fill_retry(retry: &mut Retry) {
    let policy = RetryPolicy::named(retry.preset.get_or_insert_default().name()).unwrap_or_default();
    let says_how_long = retry.every.is_some()
        || retry.intervals.is_some()
        || retry.exponential.is_some()
        || retry.age.is_some()
        || retry.squares.is_some()
        || retry.roots.is_some()
        || retry.exim.is_some();
    if !says_how_long {
        fill_rule(retry, &policy.rule);
    }
    if retry.intervals.is_some() {
        let ends = matches!(policy.rule, Rule::List { repeat: false, .. });
        retry.repeat_last.get_or_insert(!ends);
    }
    if let Some(Exponential { first, factor, cap }) = &mut retry.exponential {
        first.get_or_insert(Duration(SimDuration::from_secs(300)));
        factor.get_or_insert(2.0);
        let least = first.map_or(SimDuration::ZERO, |first| first.0);
        cap.get_or_insert(Duration(SimDuration::from_secs(14_400).max(least)));
    }
    if let Some(AgeBounds { least, most }) = &mut retry.age {
        least.get_or_insert(Duration(SimDuration::from_secs(300)));
        let bound = least.map_or(SimDuration::ZERO, |least| least.0);
        most.get_or_insert(Duration(SimDuration::from_secs(4_000).max(bound)));
    }
    retry.scan.get_or_insert(Duration(policy.scan));
    retry.jitter.get_or_insert(Chance(policy.jitter));
    retry.age_from.get_or_insert(match policy.age_from {
        AgeFrom::Acceptance => AgeFromName::Acceptance,
        AgeFrom::FirstAttempt => AgeFromName::FirstAttempt,
        AgeFrom::FirstFailure => AgeFromName::FirstFailure,
    });
    retry.wait_from.get_or_insert(match policy.wait_from {
        WaitFrom::Start => WaitFromName::Start,
        WaitFrom::Failure => WaitFromName::Failure,
    });
    // Who says how long a message lives means reports as well.
    let of_reports = retry.lifetime.unwrap_or(Duration(policy.report_lifetime));
    retry.bounce_lifetime.get_or_insert(of_reports);
    retry.lifetime.get_or_insert(Duration(policy.lifetime));
    // What a preset would say after the end is not said.
    let lifetime = retry.lifetime.map_or(policy.lifetime, |lifetime| lifetime.0);
    let in_time = policy.warnings.iter().copied().filter(|age| *age <= lifetime);
    retry.warn_after.get_or_insert_with(|| in_time.map(Duration).collect());
}

fn fill_rule(retry: &mut Retry, rule: &Rule) {
    match rule {
        Rule::Fixed { every } => retry.every = Some(Duration(*every)),
        Rule::List { intervals, repeat } => {
            retry.intervals = Some(intervals.iter().copied().map(Duration).collect());
            retry.repeat_last.get_or_insert(*repeat);
        }
        Rule::Exponential { first, cap, .. } => {
            retry.exponential =
                Some(Exponential { first: Some(Duration(*first)), cap: Some(Duration(*cap)), factor: None });
        }
        Rule::Age { least, most } => {
            retry.age = Some(AgeBounds { least: Some(Duration(*least)), most: Some(Duration(*most)) });
        }
        Rule::Squares { unit } => retry.squares = Some(Duration(*unit)),
        Rule::Roots { unit } => retry.roots = Some(Duration(*unit)),
        Rule::Exim(rules) => retry.exim = Some(rules.to_string()),
        Rule::Scans => {}
    }
}

/// Writes out what the preset has and nothing else says; a limit that is none has no number.
pub(super) fn fill_delivery(delivery: &mut Delivery) {
    let config = match delivery.preset.get_or_insert_default() {
        DeliveryPreset::Textbook => QueueConfig::default(),
        DeliveryPreset::Postfix => QueueConfig::postfix(),
    };
    let limit = |most: usize| u32::try_from(most).ok().filter(|most| *most < u32::MAX);
    delivery.recipients = delivery.recipients.or(limit(config.recipients_per_transaction));
    let messages = usize::try_from(config.messages_per_connection).unwrap_or(usize::MAX);
    delivery.messages_per_connection = delivery.messages_per_connection.or(limit(messages));
    delivery.concurrency = delivery.concurrency.or(limit(config.concurrency_per_destination));
    let usual = config.slow_start.and_then(limit);
    delivery.slow_start =
        delivery.slow_start.or(usual.map(|start| delivery.concurrency.map_or(start, |most| start.min(most))));
    delivery.connections = delivery.connections.or(limit(config.connections));
    delivery.idle.get_or_insert(Duration(config.idle));
    delivery.reuse = delivery.reuse.or(config.reuse.map(Duration));
    if let Some(dead) = config.dead {
        let own = delivery.dead.get_or_insert_default();
        own.cohorts.get_or_insert(dead.cohorts);
        own.lasting.get_or_insert(Duration(dead.lasting));
        own.meanwhile.get_or_insert(match dead.meanwhile {
            Meanwhile::Fail => MeanwhileName::Fail,
            Meanwhile::Hold => MeanwhileName::Hold,
        });
    }
    if let Some(Dead { cohorts, lasting, meanwhile }) = &mut delivery.dead {
        cohorts.get_or_insert(1);
        lasting.get_or_insert(Duration(SimDuration::from_secs(300)));
        meanwhile.get_or_insert_default();
    }
    delivery.addresses = delivery.addresses.or(limit(config.addresses_per_attempt));
    delivery.sessions = delivery.sessions.or(limit(config.sessions_per_attempt));
    delivery.connect_timeout = delivery.connect_timeout.or(config.connect_timeout.map(Duration));
}
