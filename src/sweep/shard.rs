//! A part of a study that is run by itself: every N-th point.
//!
//! Points are dealt out in turn, so that neighbours, which often take about as long, get into different shards.
//! All replications of a point stay together: the rule that stops them looks at all of them.

use std::fmt;
use std::str::FromStr;

/// So many shards at most.
pub const MAX_SHARDS: u32 = 1_000_000;

/// The `index`-th of `count` shards, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    index: u32,
    count: u32,
}

impl Shard {
    /// The whole study.
    pub const ALL: Self = Self { index: 0, count: 1 };

    /// The `index`-th of `count` shards; none if there is no such shard.
    #[must_use]
    pub const fn new(index: u32, count: u32) -> Option<Self> {
        if index < count && count <= MAX_SHARDS { Some(Self { index, count }) } else { None }
    }

    /// Which one, from 0.
    #[must_use]
    pub const fn index(self) -> u32 {
        self.index
    }

    /// Of how many.
    #[must_use]
    pub const fn count(self) -> u32 {
        self.count
    }

    /// Whether the point of that index is in it.
    #[must_use]
    pub const fn holds(self, point: usize) -> bool {
        point as u64 % self.count as u64 == self.index as u64
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let like = "write it like 0/6: which shard, counted from 0, of how many";
        let (index, count) = text.split_once('/').ok_or_else(|| like.to_owned())?;
        let number = |text: &str| text.parse::<u32>().map_err(|_| like.to_owned());
        let (index, count) = (number(index)?, number(count)?);
        Self::new(index, count).ok_or_else(|| match count {
            0 => "no shard is one of none".to_owned(),
            _ if count > MAX_SHARDS => format!("a study has at most {MAX_SHARDS} shards"),
            _ => format!("of {count} shards, the last one is {}", count - 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a point were in no shard, or in two.
    #[test]
    fn every_point_is_in_one_shard() {
        for count in 1..=7 {
            for point in 0..30 {
                let holders = (0..count).filter(|&index| Shard::new(index, count).unwrap().holds(point)).count();
                assert_eq!(holders, 1, "{point} of {count}");
            }
        }
        let first: Vec<usize> = (0..10).filter(|&point| Shard::new(1, 3).unwrap().holds(point)).collect();
        assert_eq!(first, [1, 4, 7]);
    }

    #[test]
    fn shards_are_counted_from_zero() {
        assert_eq!("5/6".parse::<Shard>().unwrap().to_string(), "5/6");
        for (text, word) in
            [("6/6", "the last one is 5"), ("0/0", "none"), ("1", "like 0/6"), ("a/b", "like 0/6"), ("-1/2", "like")]
        {
            assert!(text.parse::<Shard>().unwrap_err().contains(word), "{text}");
        }
    }
}
