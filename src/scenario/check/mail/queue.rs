//! When a mail server tries again, and how it delivers what is in its queue.

use crate::app::mail::{QueueConfig, RetryPolicy};
use crate::scenario::check::Context;
use crate::scenario::problem::Path;
use crate::scenario::schema::{MailDomain, Retry};

pub(super) fn read_retry(cx: &mut Context<'_>, here: Path<'_>, retry: &Retry) -> RetryPolicy {
    RetryPolicy {
        interval: cx.positive(here.key("every"), retry.every),
        lifetime: cx.duration(here.key("lifetime"), retry.lifetime),
    }
}

pub(super) fn read(_cx: &mut Context<'_>, _here: Path<'_>, _domain: &MailDomain) -> QueueConfig {
    QueueConfig::default()
}
