//! What a mail server does to its clients besides serving them.

use crate::app::mail::ConductConfig;
use crate::scenario::check::Context;
use crate::scenario::problem::Path;
use crate::scenario::schema::MailDomain;

pub(super) fn read(_cx: &mut Context<'_>, _here: Path<'_>, _domain: &MailDomain) -> ConductConfig {
    ConductConfig::default()
}
