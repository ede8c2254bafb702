//! What a mail server did to a client besides serving it.

use serde::Serialize;

/// What a rule of conduct did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConductAction {
    /// The command was put off, and nothing else.
    Slowed,
    /// The command took its ordinary course; rules after this one were not asked.
    LetPass,
    /// The rule's own reply was given.
    Replied,
    /// The connection was ended.
    Dropped,
    /// The connection will be ended within the message.
    Cut,
    /// Nothing was said any more.
    Silent,
    /// Octets were sent that are no reply.
    Garbled,
    /// The server's direction was ended after the reply.
    HalfClosed,
    /// Greylisting refused the triplet.
    Greylisted,
    /// The triplet had waited long enough.
    GreyPassed,
    /// The triplet had passed before.
    GreyKnown,
    /// The client was known.
    GreyWhitelisted,
    /// Greylisting was not for this client, sender or recipient.
    GreyExempt,
}

impl ConductAction {
    /// All actions.
    pub const ALL: [Self; 13] = [
        Self::Slowed,
        Self::LetPass,
        Self::Replied,
        Self::Dropped,
        Self::Cut,
        Self::Silent,
        Self::Garbled,
        Self::HalfClosed,
        Self::Greylisted,
        Self::GreyPassed,
        Self::GreyKnown,
        Self::GreyWhitelisted,
        Self::GreyExempt,
    ];

    /// The name used in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slowed => "slowed",
            Self::LetPass => "let_pass",
            Self::Replied => "replied",
            Self::Dropped => "dropped",
            Self::Cut => "cut",
            Self::Silent => "silent",
            Self::Garbled => "garbled",
            Self::HalfClosed => "half_closed",
            Self::Greylisted => "greylisted",
            Self::GreyPassed => "grey_passed",
            Self::GreyKnown => "grey_known",
            Self::GreyWhitelisted => "grey_whitelisted",
            Self::GreyExempt => "grey_exempt",
        }
    }

    /// Whether it counts as a use of its rule: greylisting's rule is tried at each recipient, and used
    /// where it refuses.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        match self {
            Self::Slowed
            | Self::LetPass
            | Self::Replied
            | Self::Dropped
            | Self::Cut
            | Self::Silent
            | Self::Garbled
            | Self::HalfClosed
            | Self::Greylisted => true,
            Self::GreyPassed | Self::GreyKnown | Self::GreyWhitelisted | Self::GreyExempt => false,
        }
    }
}
