//! Greylisting (RFC 6647 section 2.3: the relay level with envelope): mail of a client, sender and
//! recipient that were never seen together is refused for a while; who tries again gets through.
//!
//! The rules are those of postgrey: an address counts as its network; a triplet may pass when it
//! was first seen so long ago; a first retry that comes too late is a first attempt; a triplet not
//! seen for long is forgotten; a client of which several triplets passed, at most one of them an
//! hour counted, is let through. All of it is on disk. Left out: names of clients, for which a
//! real server asks DNS.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::pattern::{Pattern, Prefix};
use super::rules::Saying;
use crate::base::{SimDuration, SimTime};

/// Not more than one passed triplet in so much time counts for its client; as often, what is too
/// old is thrown away.
const HOUR: SimDuration = SimDuration::from_secs(3_600);

/// How greylisting is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greylisting {
    /// Age of a triplet at which it may pass.
    pub delay: SimDuration,
    /// Age at which a first retry is too late.
    pub retry_window: SimDuration,
    /// Time after which a triplet or client that was not seen is forgotten.
    pub lifetime: SimDuration,
    /// Passed triplets that make a client known; 0: none ever is.
    pub auto_whitelist: u32,
    /// Leading bits of an IPv4 address that tell clients apart.
    pub prefix4: u8,
    /// The same for IPv6.
    pub prefix6: u8,
    /// Clients that it does not concern.
    pub clients: Vec<Prefix>,
    /// Reverse-paths that it does not concern.
    pub senders: Vec<Pattern>,
    /// Recipients that it does not concern.
    pub recipients: Vec<Pattern>,
    /// What the others are told.
    pub reply: Saying,
}

impl Default for Greylisting {
    /// As postgrey comes: 300 s, 2 days, 35 days, known after 5, /24 and /64.
    fn default() -> Self {
        Self {
            delay: SimDuration::from_secs(300),
            retry_window: SimDuration::from_secs(2 * 86_400),
            lifetime: SimDuration::from_secs(35 * 86_400),
            auto_whitelist: 5,
            prefix4: 24,
            prefix6: 64,
            clients: Vec::new(),
            senders: Vec::new(),
            recipients: Vec::new(),
            reply: Saying::new(450, "4.7.1", "Greylisted, try again later"),
        }
    }
}

impl Greylisting {
    /// The network that stands for a client.
    #[must_use]
    pub fn network(&self, client: IpAddr) -> IpAddr {
        let length = if client.is_ipv4() { self.prefix4 } else { self.prefix6 };
        Prefix::new(client, length).network()
    }

    fn is_exempt(&self, client: IpAddr, sender: &str, recipient: &str) -> bool {
        self.clients.iter().any(|prefix| prefix.contains(client))
            || self.senders.iter().any(|pattern| pattern.fits(sender))
            || self.recipients.iter().any(|pattern| pattern.fits(recipient))
    }
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grey {
    /// It is none of greylisting's business.
    Exempt,
    /// The client is known.
    Whitelisted,
    /// The triplet has passed before.
    Known,
    /// The triplet passes for the first time, so long after it was first seen.
    Passed {
        /// Its age.
        after: SimDuration,
    },
    /// It is too early by so much.
    Refused {
        /// The time left.
        left: SimDuration,
    },
}

/// A client, sender and recipient that were seen together.
type Triplet = (IpAddr, String, String);

#[derive(Clone, Copy, Debug)]
struct Seen {
    first: SimTime,
    last: SimTime,
    passed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Client {
    passed: u32,
    last: SimTime,
}

/// What a greylisting server has seen.
#[derive(Clone, Debug, Default)]
pub struct Greylist {
    triplets: BTreeMap<Triplet, Seen>,
    clients: BTreeMap<IpAddr, Client>,
    tidied: SimTime,
}

impl Greylist {
    /// Judges an attempt, and remembers it.
    pub fn judge(
        &mut self,
        config: &Greylisting,
        (client, sender, recipient): (IpAddr, &str, &str),
        now: SimTime,
    ) -> Grey {
        if config.is_exempt(client, sender, recipient) {
            return Grey::Exempt;
        }
        self.tidy(config, now);
        let old = |last: SimTime| now.since(last) > config.lifetime;
        let known = self.clients.get(&client).copied().filter(|known| !old(known.last));
        if let Some(Client { passed, last }) = known
            && config.auto_whitelist > 0
            && passed >= config.auto_whitelist
        {
            if now.since(last) >= HOUR {
                self.clients.insert(client, Client { passed, last: now });
            }
            return Grey::Whitelisted;
        }
        let lower = |text: &str| text.to_ascii_lowercase();
        let triplet = (config.network(client), lower(sender), lower(recipient));
        let seen = self.triplets.entry(triplet).or_insert(Seen { first: now, last: now, passed: false });
        let never_retried = seen.first == seen.last;
        if old(seen.last) || (never_retried && now.since(seen.first) > config.retry_window) {
            *seen = Seen { first: now, last: now, passed: false };
        }
        seen.last = now;
        let after = now.since(seen.first);
        if after < config.delay {
            return Grey::Refused { left: config.delay - after };
        }
        if std::mem::replace(&mut seen.passed, true) {
            return Grey::Known;
        }
        if known.is_none_or(|known| now.since(known.last) >= HOUR) {
            let passed = known.map_or(0, |known| known.passed).saturating_add(1);
            self.clients.insert(client, Client { passed, last: now });
        }
        Grey::Passed { after }
    }

    /// Triplets remembered.
    #[must_use]
    pub fn triplets(&self) -> usize {
        self.triplets.len()
    }

    /// Throws away what is too old to be looked at. That changes no judgement.
    fn tidy(&mut self, config: &Greylisting, now: SimTime) {
        if now.since(self.tidied) < HOUR {
            return;
        }
        self.tidied = now;
        self.triplets.retain(|_, seen| now.since(seen.last) <= config.lifetime);
        self.clients.retain(|_, known| now.since(known.last) <= config.lifetime);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: u64 = 60;
    const DAY: u64 = 86_400;

    fn at(seconds: u64) -> SimTime {
        SimTime::ZERO + SimDuration::from_secs(seconds)
    }

    fn judge(list: &mut Greylist, config: &Greylisting, client: &str, to: &str, seconds: u64) -> Grey {
        list.judge(config, (client.parse().unwrap(), "a@x", to), at(seconds))
    }

    #[test]
    fn who_waits_gets_through() {
        let (mut list, config) = (Greylist::default(), Greylisting::default());
        let secs = SimDuration::from_secs;
        let mut go = |client, to, seconds| judge(&mut list, &config, client, to, seconds);
        assert_eq!(go("10.0.0.1", "b@y", 0), Grey::Refused { left: secs(300) });
        assert_eq!(go("10.0.0.1", "b@y", 299), Grey::Refused { left: secs(1) });
        assert_eq!(go("10.0.0.1", "c@y", 299), Grey::Refused { left: secs(300) });
        // Another address of the network is the same client.
        assert_eq!(go("10.0.0.200", "B@y", 300), Grey::Passed { after: secs(300) });
        assert_eq!(go("10.0.0.1", "b@y", 301), Grey::Known);
        assert_eq!(go("10.0.1.1", "b@y", 301), Grey::Refused { left: secs(300) });
        // Forgotten after 35 days of silence, not before.
        assert_eq!(go("10.0.0.1", "b@y", 301 + 35 * DAY), Grey::Known);
        assert_eq!(go("10.0.0.1", "b@y", 302 + 70 * DAY), Grey::Refused { left: secs(300) });
    }

    #[test]
    fn a_first_retry_can_be_too_late() {
        let (mut list, config) = (Greylist::default(), Greylisting::default());
        let mut go = |to, seconds| judge(&mut list, &config, "2001:db8::1", to, seconds);
        assert!(matches!(go("b@y", 0), Grey::Refused { .. }));
        assert!(matches!(go("b@y", 2 * DAY + 1), Grey::Refused { .. }));
        assert!(matches!(go("b@y", 2 * DAY + 301), Grey::Passed { .. }));
        assert!(matches!(go("c@y", 10 * DAY), Grey::Refused { .. }));
        assert!(matches!(go("c@y", 12 * DAY), Grey::Passed { .. }));
        // Who came back early once is not a first retry any more.
        assert!(matches!(go("d@y", 20 * DAY), Grey::Refused { .. }));
        assert!(matches!(go("d@y", 20 * DAY + 10), Grey::Refused { .. }));
        assert!(matches!(go("d@y", 23 * DAY), Grey::Passed { .. }));
    }

    #[test]
    fn clients_become_known() {
        let (mut list, config) = (Greylist::default(), Greylisting { auto_whitelist: 2, ..Greylisting::default() });
        let mut go = |to: &str, seconds| judge(&mut list, &config, "10.0.0.1", to, seconds);
        for (to, first) in [("b@y", 0), ("c@y", 301), ("d@y", 70 * MINUTE)] {
            assert!(matches!(go(to, first), Grey::Refused { .. }));
            assert!(matches!(go(to, first + 300), Grey::Passed { .. }), "{to}");
        }
        assert_eq!(go("new@y", 90 * MINUTE), Grey::Whitelisted);
    }

    /// What should come out, from the whole history each time: no state is carried on.
    fn model(config: &Greylisting, history: &[(u8, u8, u64)]) -> Vec<&'static str> {
        let mut out: Vec<&'static str> = Vec::new();
        for (index, &(client, to, now)) in history.iter().enumerate() {
            // Attempts so far that reached the triplets, with what became of them.
            let before: Vec<_> = history[..index].iter().zip(&out).collect();
            let lifetime = config.lifetime.as_secs();
            // The client's counted passes, oldest first; a silence empties the list.
            let (mut counted, mut last) = (0_u32, None::<u64>);
            for ((who, _, when), said) in &before {
                if *who != client {
                    continue;
                }
                let gone = last.is_none_or(|last| when - last > lifetime);
                let hour = last.is_none_or(|last| when - last >= 3_600);
                match **said {
                    "passed" if gone => (counted, last) = (1, Some(*when)),
                    "passed" if hour => (counted, last) = (counted + 1, Some(*when)),
                    "whitelisted" if hour => last = Some(*when),
                    _ => {}
                }
            }
            let fresh = last.is_some_and(|last| now - last <= lifetime);
            if fresh && config.auto_whitelist > 0 && counted >= config.auto_whitelist {
                out.push("whitelisted");
                continue;
            }
            // The attempts of this triplet since it was last forgotten or begun anew.
            let mut run: Vec<u64> = Vec::new();
            let mut passed = false;
            for ((who, whom, when), said) in &before {
                // Networks of two: clients 0 and 1, 2 and 3.
                if who / 2 != client / 2 || *whom != to || **said == "whitelisted" {
                    continue;
                }
                restart(&mut run, &mut passed, *when, config);
                run.push(*when);
                passed |= **said == "passed";
            }
            restart(&mut run, &mut passed, now, config);
            let first = run.first().copied().unwrap_or(now);
            out.push(match (now - first < config.delay.as_secs(), passed) {
                (true, _) => "refused",
                (false, true) => "known",
                (false, false) => "passed",
            });
        }
        out
    }

    fn restart(run: &mut Vec<u64>, passed: &mut bool, now: u64, config: &Greylisting) {
        let (Some(first), Some(last)) = (run.first(), run.last()) else { return };
        let late = first == last && now - first > config.retry_window.as_secs();
        if late || now - last > config.lifetime.as_secs() {
            run.clear();
            *passed = false;
        }
    }

    fn word(grey: Grey) -> &'static str {
        match grey {
            Grey::Exempt => "exempt",
            Grey::Whitelisted => "whitelisted",
            Grey::Known => "known",
            Grey::Passed { .. } => "passed",
            Grey::Refused { .. } => "refused",
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// The state machine says what its whole history says. Would break with any slip in
        /// forgetting, in windows, or in the count of a client.
        #[test]
        fn state_and_history_agree(
            gaps in prop::collection::vec((0_u8..4, 0_u8..2, prop::sample::select(vec![
                0, 1, 100, 299, 300, 301, 1_800, 3_599, 3_600, 7_200, 40_000, 100_000, 200_000, 300_000,
            ])), 1..40),
            auto_whitelist in 0_u32..4,
        ) {
            let secs = SimDuration::from_secs;
            let config = Greylisting {
                auto_whitelist,
                prefix4: 31,
                retry_window: secs(50_000),
                lifetime: secs(150_000),
                ..Greylisting::default()
            };
            let mut now = 0;
            let history: Vec<(u8, u8, u64)> = gaps.into_iter().map(|(client, to, gap)| {
                now += gap;
                (client, to, now)
            }).collect();
            let mut list = Greylist::default();
            let got: Vec<&str> = history.iter().map(|(client, to, now)| {
                word(judge(&mut list, &config, &format!("10.0.0.{client}"), &format!("u{to}@y"), *now))
            }).collect();
            prop_assert_eq!(got, model(&config, &history));
        }
    }
}
