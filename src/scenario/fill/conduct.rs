//! Defaults of what mail servers do to their clients.

use crate::app::mail::conduct::greylist::Greylisting;
use crate::base::{Dist, SimDuration};
use crate::scenario::schema::{Conduct, Duration, GaugeName, LimitedName, PerName, Spread, Texts};

/// What a greylisted client, a client on a blocklist and one that is too much are told.
const BLOCKED: &str = "554 5.7.1 Blocked";
const TOO_MANY: &str = "421 4.7.0 Too many, try again later";

/// Fills in the defaults of one server's conduct.
pub(super) fn fill_conduct(conduct: &mut Conduct) {
    if let Some(list) = &mut conduct.greylisting {
        let usual = Greylisting::default();
        list.delay.get_or_insert(Duration(usual.delay));
        list.retry_window.get_or_insert(Duration(usual.retry_window));
        list.lifetime.get_or_insert(Duration(usual.lifetime));
        list.auto_whitelist.get_or_insert(usual.auto_whitelist);
        list.prefix4.get_or_insert(usual.prefix4);
        list.prefix6.get_or_insert(usual.prefix6);
        list.reply.get_or_insert_with(|| usual.reply.to_text());
    }
    if let Some(tarpit) = &mut conduct.tarpit {
        tarpit.delay.get_or_insert(Spread(Dist::Constant(SimDuration::from_secs(1))));
        tarpit.per_error.get_or_insert(Duration(SimDuration::ZERO));
    }
    if let Some(list) = &mut conduct.blocklist {
        list.at.get_or_insert_with(|| Texts::one("CONNECT"));
        list.reply.get_or_insert_with(|| BLOCKED.to_owned());
    }
    if let Some(limit) = &mut conduct.limit {
        limit.within.get_or_insert(Duration(SimDuration::from_secs(60)));
        limit.of.get_or_insert(LimitedName::Connections);
        limit.per.get_or_insert(PerName::Client);
        limit.gauge.get_or_insert(GaugeName::Window);
        limit.reply.get_or_insert_with(|| TOO_MANY.to_owned());
    }
    for (place, rule) in conduct.rules.iter_mut().enumerate() {
        rule.name.get_or_insert_with(|| format!("rule{}", place + 1));
        if let Some(rate) = &mut rule.when.rate {
            rate.within.get_or_insert(Duration(SimDuration::from_secs(60)));
            rate.per.get_or_insert(PerName::Client);
            rate.gauge.get_or_insert(GaugeName::Window);
        }
    }
}
