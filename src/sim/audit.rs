//! What must be true of a world at any instant, checked on its state and not on the trace.

use crate::app::App;
use crate::app::mail::Audit;
use crate::base::trace::Observer;

use super::world::World;

impl<O: Observer> World<O> {
    /// Checks that no link and no mail server has lost anything silently.
    ///
    /// # Errors
    /// A sentence that names the link or server and the numbers that do not balance. It can
    /// only come from a bug.
    pub fn audit(&self) -> Result<(), String> {
        self.network.check_conservation()?;
        for (host, app) in self.apps() {
            if let App::MailServer(server) = app {
                let audit = server.audit();
                if !audit.balances() {
                    let Audit { accepted, delivered, relayed, given_up, expanded, discarded, queued } = audit;
                    return Err(format!(
                        "{}: accepted {accepted} copies, but delivered {delivered} + relayed {relayed} + given up \
                         {given_up} + expanded {expanded} + discarded {discarded} + queued {queued}",
                        self.directory().host_name(host)
                    ));
                }
            }
        }
        Ok(())
    }

    /// Copies in all mail queues, counted by walking them.
    #[must_use]
    pub fn copies_queued(&self) -> u64 {
        let queued = |app: &App| if let App::MailServer(server) = app { server.audit().queued } else { 0 };
        self.apps().map(|(_, app)| queued(app)).sum()
    }
}
