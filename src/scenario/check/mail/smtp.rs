//! How a mail server speaks SMTP.

use crate::app::mail::SmtpConfig;
use crate::proto::smtp::Dialect;
use crate::scenario::check::Context;
use crate::scenario::problem::Path;
use crate::scenario::schema::{DialectName, MailDomain};

pub(super) fn read(_cx: &mut Context<'_>, _here: Path<'_>, domain: &MailDomain) -> SmtpConfig {
    let dialect = match domain.dialect.unwrap_or_default() {
        DialectName::Rfc5321 => Dialect::Rfc5321,
        DialectName::Lecture => Dialect::Lecture,
    };
    SmtpConfig { dialect, ..SmtpConfig::default() }
}
