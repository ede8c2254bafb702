//! One line of `key=value` figures.

use std::fmt;

/// Figures by key, in the order in which they were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(Vec<(&'static str, String)>);

impl Figures {
    /// The figures of the workload of that name, which are none yet.
    #[must_use]
    pub fn of(bench: &str) -> Self {
        Self::default().with("bench", bench)
    }

    /// Adds a figure. Blanks would end it, so they are left out: `1h5s` is as good as `1h 5s`.
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        let value = value.to_string().replace(' ', "");
        debug_assert!(self.get(key).is_none(), "{key} is there already");
        self.0.push((key, value));
        self
    }

    /// The value of that key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| value.as_str())
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (key, value)) in self.0.iter().enumerate() {
            write!(f, "{}{key}={value}", if place == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}
