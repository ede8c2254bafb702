//! How much of a name each server is shown (RFC 9156): one label more than the zone that it
//! serves, until the answer is no way further down.
//!
//! The type shown is A (RFC 9156 2.1); a server that chokes on it is asked for NS, as was done
//! first (RFC 7816), and one that chokes on that too is shown the whole question. So is one
//! that denies the shorter name: many servers know nothing of names that have only others
//! beneath them (RFC 9156 2.3, the relaxed mode).
//!
//! Questions for DS records go that way whether it is wanted or not, and by NS: a server that
//! has the zones above and beneath the one in between would answer from the wrong one.

use crate::proto::dns::{Name, Question, Rtype};

/// RFC 9156 2.3: the most questions for one name, and how many of them show one label more.
const MAX_MINIMISE_COUNT: usize = 10;
const MINIMISE_ONE_LAB: usize = 4;

/// What one lookup shows of its name.
#[derive(Clone, Debug, Default)]
pub(super) struct Minimiser {
    on: bool,
    /// Labels known to hold no further cut.
    labels: usize,
    /// Questions that showed less than the name.
    steps: usize,
    /// The servers choke on A.
    ns: bool,
}

impl Minimiser {
    pub(super) fn new(wanted: bool, rtype: Rtype) -> Self {
        let ds = rtype == Rtype::DS;
        Self { on: wanted || ds, labels: 0, steps: 0, ns: ds }
    }

    /// Whether less may be shown than the whole question.
    pub(super) const fn is_on(&self) -> bool {
        self.on
    }

    /// What to ask the servers of a zone in place of a question, if not that.
    pub(super) fn question(&self, question: &Question, zone: &Name) -> Option<Question> {
        let name = &question.name;
        let (known, all) = (self.labels.max(zone.label_count()), name.label_count());
        if !self.on || self.steps >= MAX_MINIMISE_COUNT || known + 1 >= all {
            return None;
        }
        let more = match self.steps {
            0..MINIMISE_ONE_LAB => 1,
            // the rest of the labels go in even parts into the rest of the questions
            steps => (all - known).div_ceil(MAX_MINIMISE_COUNT - steps),
        };
        let mut shown =
            name.ancestors().skip(1).take_while(|name| name.label_count() >= known + more).collect::<Vec<_>>();
        // RFC 9156 2.3: there is no cut at a label that begins with an underscore
        while let Some(name) = shown.pop() {
            if name.octets().get(1) != Some(&b'_') {
                let rtype = if self.ns { Rtype::Ns } else { Rtype::A };
                return Some(Question { name, rtype });
            }
        }
        None
    }

    /// The shorter name led no further down: on with the next label.
    pub(super) fn passed(&mut self, asked: &Question) {
        self.labels = asked.name.label_count();
        self.steps += 1;
    }

    /// It led to the servers of another zone.
    pub(super) fn descended(&mut self) {
        self.labels = 0;
        self.steps += 1;
    }

    /// The server choked on it.
    pub(super) fn choked(&mut self) {
        if self.ns {
            self.on = false;
        }
        self.ns = true;
    }

    /// From now on the whole question is shown.
    pub(super) fn stop(&mut self) {
        self.on = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(text: &str) -> Question {
        Question { name: Name::parse(text).unwrap(), rtype: Rtype::Txt }
    }

    fn asked(minimiser: &Minimiser, name: &str, zone: &str) -> Option<String> {
        let shown = minimiser.question(&question(name), &Name::parse(zone).unwrap());
        shown.map(|shown| format!("{} {}", shown.name, shown.rtype))
    }

    #[test]
    fn one_label_at_a_time() {
        let mut minimiser = Minimiser::new(true, Rtype::Txt);
        assert_eq!(asked(&minimiser, "www.example.com", "."), Some("com A".to_owned()));
        minimiser.descended();
        assert_eq!(asked(&minimiser, "www.example.com", "com"), Some("example.com A".to_owned()));
        assert_eq!(asked(&minimiser, "example.com", "com"), None, "the whole question");
        assert_eq!(asked(&minimiser, "com", "com"), None);
        minimiser.passed(&question("example.com"));
        assert_eq!(asked(&minimiser, "a.b.example.com", "com"), Some("b.example.com A".to_owned()));
        minimiser.choked();
        assert_eq!(asked(&minimiser, "a.b.example.com", "com"), Some("b.example.com NS".to_owned()));
        minimiser.choked();
        assert_eq!(asked(&minimiser, "a.b.example.com", "com"), None);
        assert_eq!(asked(&Minimiser::new(false, Rtype::A), "www.example.com", "."), None);
        assert_eq!(asked(&Minimiser::new(false, Rtype::DS), "example.com", "."), Some("com NS".to_owned()));
    }

    #[test]
    fn underscores_hold_no_cut() {
        let minimiser = Minimiser::new(true, Rtype::Txt);
        assert_eq!(asked(&minimiser, "_25._tcp.mail.com", "mail.com"), None);
        assert_eq!(asked(&minimiser, "a._tcp.mail.com", "mail.com"), None);
        assert_eq!(asked(&minimiser, "b.a._tcp.mail.com", "mail.com"), Some("a._tcp.mail.com A".to_owned()));
    }

    #[test]
    fn a_long_name_takes_ten_questions_and_no_more() {
        let name = "a.".repeat(100);
        let mut minimiser = Minimiser::new(true, Rtype::Txt);
        let mut labels = Vec::new();
        while let Some(shown) = minimiser.question(&question(&name), &Name::root()) {
            labels.push(shown.name.label_count());
            minimiser.passed(&shown);
        }
        assert_eq!(labels, [1, 2, 3, 4, 20, 36, 52, 68, 84]);
    }
}
