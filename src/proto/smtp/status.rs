//! Enhanced status codes (RFC 3463), as replies carry them (RFC 2034).
//!
//! The class of a status code is the first digit of its reply code, so only the other two
//! parts are written down.

/// Subject and detail of an enhanced status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(u16, u16);

impl Status {
    /// X.0.0: nothing more to say.
    pub const OTHER: Self = Self(0, 0);
    /// X.1.0: the sender's address is taken.
    pub const SENDER: Self = Self(1, 0);
    /// X.1.1: there is no such mailbox.
    pub const NO_MAILBOX: Self = Self(1, 1);
    /// X.1.5: the recipient's address is taken.
    pub const RECIPIENT: Self = Self(1, 5);
    /// X.2.2: the mailbox is full.
    pub const MAILBOX_FULL: Self = Self(2, 2);
    /// X.3.2: the server takes no messages now.
    pub const NOT_ACCEPTING: Self = Self(3, 2);
    /// X.3.4: the message is too large for the server.
    pub const TOO_LARGE: Self = Self(3, 4);
    /// X.4.2: the connection is no good.
    pub const BAD_CONNECTION: Self = Self(4, 2);
    /// X.5.1: the command is not one, or not now.
    pub const COMMAND: Self = Self(5, 1);
    /// X.5.2: a line that cannot be read.
    pub const SYNTAX: Self = Self(5, 2);
    /// X.5.3: too many recipients.
    pub const TOO_MANY_RECIPIENTS: Self = Self(5, 3);
    /// X.5.4: the command's arguments are wrong.
    pub const ARGUMENTS: Self = Self(5, 4);
    /// X.6.7: an address is not ASCII, and SMTPUTF8 was not said (RFC 6531 section 3.5).
    pub const UTF8: Self = Self(6, 7);
    /// X.6.0: something is wrong with the message.
    pub const MESSAGE: Self = Self(6, 0);
    /// X.7.0: security, without more.
    pub const SECURITY: Self = Self(7, 0);
    /// X.7.1: policy refuses it.
    pub const POLICY: Self = Self(7, 1);
    /// X.7.2: the sender may not write to the mailing list.
    pub const NO_POSTING: Self = Self(7, 2);
    /// X.7.8: the credentials are wrong (RFC 4954 section 6).
    pub const CREDENTIALS: Self = Self(7, 8);

    /// X.SUBJECT.DETAIL.
    #[must_use]
    pub const fn new(subject: u16, detail: u16) -> Self {
        Self(subject, detail)
    }

    /// The code as it stands in a reply of that reply code, such as `5.1.1`.
    #[must_use]
    pub fn text(self, code: u16) -> String {
        format!("{}.{}.{}", code / 100, self.0, self.1)
    }
}
