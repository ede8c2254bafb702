//! Sets of messages, by number or by UID (RFC 3501 section 9, `sequence-set`).

/// A number, or `*`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// This one.
    Number(u32),
    /// The largest in use.
    Last,
}

impl Bound {
    const fn value(self, last: u32) -> u32 {
        match self {
            Self::Number(number) => number,
            Self::Last => last,
        }
    }
}

/// Ranges of numbers, both ends included, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberSet(pub Vec<(Bound, Bound)>);

impl NumberSet {
    /// Its ranges, lower end first.
    fn ranges(&self, last: u32) -> Vec<(u32, u32)> {
        let ordered = |(a, b): &(Bound, Bound)| {
            let (a, b) = (a.value(last), b.value(last));
            (a.min(b), a.max(b))
        };
        let mut ranges: Vec<_> = self.0.iter().map(ordered).collect();
        ranges.sort_unstable();
        ranges
    }

    /// The message numbers in it, ascending, each once; none if one is beyond the last
    /// message. RFC 9051 section 9: this "includes "*" if the selected mailbox is empty".
    #[must_use]
    pub fn numbers(&self, last: u32) -> Option<Vec<u32>> {
        let mut out: Vec<u32> = Vec::new();
        for (low, high) in self.ranges(last) {
            if low == 0 || high > last {
                return None;
            }
            match out.last() {
                Some(before) if *before >= high => {}
                Some(before) => out.extend(low.max(*before + 1)..=high),
                None => out.extend(low..=high),
            }
        }
        Some(out)
    }

    /// Where the UIDs of the set stand among those in use, of which there are `count`,
    /// ascending, and which `uid` tells.
    pub(super) fn places(&self, count: usize, uid: impl Fn(usize) -> u32) -> Vec<usize> {
        let ranges = self.ranges(count.checked_sub(1).map_or(0, &uid));
        let (mut out, mut next) = (Vec::new(), 0);
        for (low, high) in ranges {
            let start = first_not(count, |at| uid(at) < low).max(next);
            next = first_not(count, |at| uid(at) <= high).max(start);
            out.extend(start..next);
        }
        out
    }
}

/// The first of `count` places for which something does not hold that holds for all before it.
fn first_not(count: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// UIDs as short as they can be written in this order, such as `1:3,7`.
#[must_use]
pub fn written(uids: &[u32]) -> String {
    let mut out = String::new();
    let mut rest = uids;
    while let Some(first) = rest.first() {
        let run = 1 + rest.windows(2).take_while(|pair| pair[0].checked_add(1) == Some(pair[1])).count();
        let comma = if out.is_empty() { "" } else { "," };
        let last = rest[run - 1];
        out.push_str(&if run == 1 { format!("{comma}{first}") } else { format!("{comma}{first}:{last}") });
        rest = &rest[run..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Bound::{Last, Number};
    use super::*;

    fn set(ranges: &[(Bound, Bound)]) -> NumberSet {
        NumberSet(ranges.to_vec())
    }

    fn among(set: &NumberSet, uids: &[u32]) -> Vec<u32> {
        set.places(uids.len(), |at| uids[at]).into_iter().map(|at| uids[at]).collect()
    }

    /// Would break if a message were named twice, or `*` meant something in an empty mailbox.
    #[test]
    fn numbers_of_messages() {
        let some = set(&[(Number(3), Number(1)), (Number(2), Number(2)), (Last, Last)]);
        assert_eq!(some.numbers(5), Some(vec![1, 2, 3, 5]));
        assert_eq!(some.numbers(2), None);
        assert_eq!(set(&[(Number(1), Last)]).numbers(0), None);
        assert_eq!(set(&[(Number(1), Number(u32::MAX))]).numbers(3), None);
    }

    /// Would break if the largest number of all made something overflow.
    #[test]
    fn the_largest_number() {
        let all = set(&[(Number(1), Last), (Number(u32::MAX), Number(u32::MAX))]);
        assert_eq!(among(&all, &[u32::MAX - 1, u32::MAX]), [u32::MAX - 1, u32::MAX]);
        assert_eq!(set(&[(Last, Last), (Number(u32::MAX), Last)]).numbers(u32::MAX), Some(vec![u32::MAX]));
    }

    /// Would break if `559:*` did not name the last message, or if a range of UIDs that do
    /// not exist were walked through.
    #[test]
    fn uids_in_use() {
        let uids = [2, 4, 5, 9];
        assert_eq!(among(&set(&[(Number(559), Last)]), &uids), [9]);
        assert_eq!(among(&set(&[(Number(1), Number(u32::MAX)), (Number(4), Number(4))]), &uids), uids);
        assert_eq!(among(&set(&[(Number(6), Number(8)), (Number(3), Number(5))]), &uids), [4, 5]);
        assert!(among(&set(&[(Number(1), Last)]), &[]).is_empty());
    }

    #[test]
    fn short_forms() {
        for (uids, text) in
            [(&[][..], ""), (&[7], "7"), (&[1, 2, 3, 7, 9, 10], "1:3,7,9:10"), (&[u32::MAX], "4294967295")]
        {
            assert_eq!(written(uids), text);
        }
    }
}
