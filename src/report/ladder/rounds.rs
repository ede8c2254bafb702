//! Attempts that a server makes again and again: many equal ones in a row become the first, the last, and a remark
//! between them, as in `explain`.

use super::picture::{Draft, Look, What};
use crate::base::time::{SimDuration, SimTime};
use crate::metrics::Text;
use crate::report::summary::human;

/// So many equal rounds in a row are drawn one by one.
const MOST: usize = 3;

/// The times of attempts; those of one host that overlap, as for several recipients, are one round.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds {
    /// Who tried, from when to when, sorted.
    rounds: Vec<(Text, SimTime, SimTime)>,
}

/// What is equal in equal rounds: who says what to whom, and how it looks.
type Likeness = Vec<([Text; 2], String, Option<Look>)>;

impl Rounds {
    /// The rounds of attempts: who tried, from when to when.
    pub(super) fn of(mut tries: Vec<(Text, SimTime, SimTime)>) -> Self {
        tries.sort();
        let mut rounds: Vec<(Text, SimTime, SimTime)> = Vec::new();
        for (host, from, until) in tries {
            match rounds.last_mut() {
                Some((last, _, end)) if *last == host && from <= *end => *end = until.max(*end),
                Some(_) | None => rounds.push((host, from, until)),
            }
        }
        Self { rounds }
    }

    /// The round of a host that is going on.
    pub(super) fn find(&self, host: &Text, at: SimTime) -> Option<usize> {
        self.rounds.iter().position(|(who, from, until)| who == host && (*from..=*until).contains(&at))
    }

    /// The steps with equal rounds in a row folded.
    pub(super) fn folded(&self, mut drafts: Vec<Draft>) -> Vec<Draft> {
        let mut likenesses: Vec<Likeness> = vec![Vec::new(); self.rounds.len()];
        let mut names = vec![false; self.rounds.len()];
        drafts.sort_by_key(|draft| draft.step.at);
        for draft in &drafts {
            let Some(round) = draft.round else { continue };
            let (said, look) = match &draft.step.what {
                // look-ups come and go with caches
                What::Message(message) if message.numbered => {
                    names[round] = true;
                    continue;
                }
                What::Message(message) => (message.label.clone(), Some(message.look)),
                // what comes next is another time each time
                What::Note { text, .. } => (text.rsplit_once("; ").map_or(&**text, |(why, _)| why).to_owned(), None),
            };
            likenesses[round].push((draft.ends.clone(), said, look));
        }
        let mut start = 0;
        while start < self.rounds.len() {
            let alike = |next: &usize| {
                self.rounds[*next].0 == self.rounds[start].0
                    && !likenesses[start].is_empty()
                    && likenesses[*next] == likenesses[start]
            };
            let end = (start + 1..self.rounds.len()).take_while(alike).last().unwrap_or(start) + 1;
            if end - start > MOST {
                drafts.retain(|draft| draft.round.is_none_or(|round| round <= start || round + 1 >= end));
                drafts.push(self.line(start..end, names[start + 1..end - 1].contains(&true)));
            }
            start = end;
        }
        drafts
    }

    /// The remark that stands for all of these rounds but the first and the last.
    fn line(&self, alike: std::ops::Range<usize>, names: bool) -> Draft {
        let rounds = &self.rounds[alike];
        let gaps = || rounds.windows(2).map(|two| two[1].1.since(two[0].1));
        let span = |gap: Option<SimDuration>| human(gap.unwrap_or(SimDuration::ZERO).as_secs_f64());
        let (least, most) = (span(gaps().min()), span(gaps().max()));
        let apart = if least == most { format!("each {most} apart") } else { format!("{least} to {most} apart") };
        let again = if names { ", some with look-ups" } else { "" };
        let text = format!("\u{2026} {} more attempts alike, {apart}{again} \u{2026}", rounds.len() - 2);
        let (host, at, _) = &rounds[1];
        Draft::note(*at, host, text, false)
    }
}
