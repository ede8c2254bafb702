//! How many connections to one destination there may be: slow start as in Postfix's queue manager.
//!
//! Deliveries are counted in cohorts, as many as there may be connections: a cohort without a
//! failure between allows one connection more, a cohort of failures one less and never less than
//! one. Failures are those to connect or to be greeted; a server that answers is no failure, whatever it answers.
//! Postfix can be told other steps than one a cohort; that is left out.

/// The connections that one destination gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    size: usize,
    most: usize,
    good: usize,
    bad: usize,
    /// Failed cohorts since the last good delivery.
    failed_cohorts: u32,
}

impl Window {
    pub(super) const fn new(size: usize, most: usize) -> Self {
        Self { size, most, good: 0, bad: 0, failed_cohorts: 0 }
    }

    pub(super) const fn size(&self) -> usize {
        self.size
    }

    pub(super) const fn failed_cohorts(&self) -> u32 {
        self.failed_cohorts
    }

    /// A delivery came to its end on an open session.
    pub(super) fn good(&mut self) {
        (self.bad, self.failed_cohorts) = (0, 0);
        self.good += 1;
        if self.good >= self.size {
            self.good = 0;
            self.size = (self.size + 1).min(self.most);
        }
    }

    /// A delivery found no open session.
    pub(super) fn bad(&mut self) {
        self.good = 0;
        self.bad += 1;
        if self.bad >= self.size {
            self.bad = 0;
            self.failed_cohorts += 1;
            self.size = self.size.saturating_sub(1).max(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From 5 to 20 it takes 5 + 6 + ... + 19 good deliveries, and no more than 20 are ever allowed.
    #[test]
    fn good_cohorts_open_it() {
        let mut window = Window::new(5, 20);
        let deliveries = (1..=10_000).find(|_| {
            window.good();
            window.size() == 20
        });
        assert_eq!(deliveries, Some((5..20).sum()));
        (0..1_000).for_each(|_| window.good());
        assert_eq!(window.size(), 20);
    }

    #[test]
    fn failed_cohorts_close_it() {
        let mut window = Window::new(5, 20);
        let sizes: Vec<usize> = (0..20)
            .map(|_| {
                window.bad();
                window.size()
            })
            .collect();
        assert_eq!(sizes, [5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(window.failed_cohorts(), 10);
    }

    #[test]
    fn one_good_delivery_forgives_a_cohort_begun() {
        let mut window = Window::new(3, 5);
        for _ in 0..10 {
            window.bad();
            window.bad();
            window.good();
        }
        assert_eq!((window.size(), window.failed_cohorts()), (3, 0));
        (0..3).for_each(|_| window.bad());
        assert_eq!((window.size(), window.failed_cohorts()), (2, 1));
        window.good();
        assert_eq!(window.failed_cohorts(), 0);
    }
}
