//! The survival curve of queued mail: the share of copies that a server still holds, by age.
//!
//! Kaplan and Meier's estimator (1958). Copies that were still in a queue when the run ended
//! are censored: they count among those at risk up to the age that they had reached, and no
//! further. Without them the curve would be too low, for it is the old copies that are left.
//! At an age at which some copies leave and others are censored, the latter are still at risk.
//! A copy that left at the instant of its acceptance, into a mailbox of that server, was never
//! queued and is not counted.

use std::collections::BTreeMap;

use super::destinations::Stay;
use super::links::Millionths;
use super::names::{Names, Text};
use crate::base::directory::Directory;
use crate::base::ids::HostId;
use crate::base::time::SimDuration;

/// An age at which copies left a server's queue, or were last seen in it: a row of the table
/// `survival`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurvivalRow {
    /// The server.
    pub server: Text,
    /// Time since the acceptance.
    pub age: SimDuration,
    /// Copies that had reached this age.
    pub at_risk: u64,
    /// Those that left at it.
    pub left: u64,
    /// Those that were this old when the run ended.
    pub censored: u64,
    /// The estimated share of copies that are still queued beyond this age.
    pub share: Millionths,
}

/// The rows of all servers, in the order of servers and ages.
pub(super) fn rows(stays: &[Stay], names: &mut Names, directory: &Directory) -> Vec<SurvivalRow> {
    let mut ages: BTreeMap<HostId, BTreeMap<SimDuration, (u64, u64)>> = BTreeMap::new();
    for stay in stays.iter().filter(|stay| !stay.left || stay.lasted > SimDuration::ZERO) {
        let (left, censored) = ages.entry(stay.server).or_default().entry(stay.lasted).or_default();
        *if stay.left { left } else { censored } += 1;
    }
    let mut rows = Vec::new();
    for (server, ages) in ages {
        let server = names.share(directory.host_name(server));
        let mut at_risk: u64 = ages.values().map(|(left, censored)| left + censored).sum();
        let mut share = 1.0;
        for (age, (left, censored)) in ages {
            share = after(share, left, at_risk);
            rows.push(SurvivalRow { server: server.clone(), age, at_risk, left, censored, share: millionths(share) });
            at_risk -= left + censored;
        }
    }
    rows
}

/// What is left of a share when `left` of those at risk go.
#[expect(clippy::cast_precision_loss, reason = "counts of copies are far below 2^53")]
fn after(share: f64, left: u64, at_risk: u64) -> f64 {
    share * ((at_risk - left) as f64 / at_risk as f64)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share is between 0 and 1")]
fn millionths(share: f64) -> Millionths {
    Millionths((share * 1e6).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::directory;

    fn stay(server: u32, seconds: u64, left: bool) -> Stay {
        Stay { server: HostId(server), lasted: SimDuration::from_secs(seconds), left }
    }

    /// Kaplan and Meier's steps by hand: of five copies one leaves at 1 s, one is censored at
    /// 2 s, two leave at 3 s, at which the last is censored.
    #[test]
    fn censored_copies_are_at_risk_up_to_their_age() {
        let stays = [stay(0, 3, true), stay(0, 1, true), stay(0, 2, false), stay(0, 3, true), stay(0, 3, false)];
        let rows = rows(&stays, &mut Names::default(), &directory());
        let seen: Vec<(u64, u64, u64, u64)> =
            rows.iter().map(|row| (row.at_risk, row.left, row.censored, row.share.0)).collect();
        assert_eq!(seen, [(5, 1, 0, 800_000), (4, 0, 1, 800_000), (3, 2, 1, 266_667)]);
    }

    /// Breaks when servers are mixed, or mail that never waited lowers the curve.
    #[test]
    fn servers_stand_apart_and_what_never_waited_is_left_out() {
        let stays = [stay(1, 5, true), stay(0, 0, true), stay(0, 7, true), stay(0, 0, false)];
        let rows = rows(&stays, &mut Names::default(), &directory());
        let seen: Vec<(&str, u64, u64)> = rows.iter().map(|row| (&*row.server, row.at_risk, row.share.0)).collect();
        assert_eq!(seen, [("crepes.fr", 2, 1_000_000), ("crepes.fr", 1, 0), ("hamburger.edu", 1, 0)]);
    }
}
