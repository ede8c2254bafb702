//! Sequence sets (RFC 3501 9) as sorted ranges: a search asks them about every message.

use imap_types::sequence::{SeqOrUid, Sequence, SequenceSet};

/// Disjoint ranges in ascending order, both ends included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Numbers(Vec<(u32, u32)>);

impl Numbers {
    /// The numbers of a set, where `*` is `largest`.
    pub(super) fn new(set: &SequenceSet, largest: u32) -> Self {
        let number = |end: &SeqOrUid| match end {
            SeqOrUid::Value(value) => value.get(),
            SeqOrUid::Asterisk => largest,
        };
        let range = |sequence: &Sequence| match sequence {
            Sequence::Single(one) => (number(one), number(one)),
            // RFC 3501 9: the order of the two ends does not matter.
            Sequence::Range(one, other) => (number(one).min(number(other)), number(one).max(number(other))),
        };
        let mut ranges: Vec<_> = set.0.as_ref().iter().map(range).collect();
        ranges.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(ranges.len());
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                Some(_) | None => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    /// Whether a number is in the set.
    pub(super) fn contain(&self, number: u32) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < number);
        self.0.get(at).is_some_and(|(first, _)| *first <= number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sets_are_merged() {
        for (text, largest, expected) in [
            ("2,4:7,9,12:*", 15, &[(2, 2), (4, 7), (9, 9), (12, 15)][..]),
            ("*:4,5:7", 10, &[(4, 10)]),
            ("559:*", 3, &[(3, 559)]),
            ("5,1,3:4,2", 9, &[(1, 5)]),
            ("*", 7, &[(7, 7)]),
            ("4294967295,4294967294:*", 1, &[(1, u32::MAX)]),
        ] {
            assert_eq!(Numbers::new(&SequenceSet::try_from(text).unwrap(), largest).0, expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn merging_changes_no_answer(ends in proptest::collection::vec((1..40_u32, 1..40_u32), 1..8), number in 1..41_u32) {
            let text: Vec<_> = ends.iter().map(|(one, other)| format!("{one}:{other}")).collect();
            let numbers = Numbers::new(&SequenceSet::try_from(text.join(",").as_str()).unwrap(), 40);
            let expected = ends.iter().any(|(one, other)| (*one.min(other)..=*one.max(other)).contains(&number));
            prop_assert_eq!(numbers.contain(number), expected);
        }
    }
}
