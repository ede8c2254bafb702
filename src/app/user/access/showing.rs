//! What is told when a message is before the user's eyes.

use crate::app::host::Host;
use crate::base::trace::{MailTrace, Trace};
use crate::base::{SimDuration, SimTime};

/// A message was shown to the user: `found` is when the look began that found it, and `here` when what is shown
/// had come to this computer; `pause` is how long the user left it alone, knowing of it.
pub fn shown<H: Host>(host: &mut H, mailbox: &str, message: &str, times: (SimTime, SimTime, SimDuration)) {
    let (found, here, pause) = times;
    host.trace(Trace::Mail(MailTrace::Shown { message, mailbox, found, here, pause }));
}
