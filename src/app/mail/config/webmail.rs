//! How a mail server serves mailboxes to browsers.

use crate::base::SimDuration;

/// Webmail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebmailConfig {
    /// How long a connection waits for the next request.
    pub keep_alive: SimDuration,
    /// How long a user stays logged in who asks for nothing.
    pub session: SimDuration,
}

impl Default for WebmailConfig {
    fn default() -> Self {
        Self { keep_alive: SimDuration::from_secs(60), session: SimDuration::from_secs(3600) }
    }
}
