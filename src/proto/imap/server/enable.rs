//! ENABLE (RFC 5161), and what else switches something on.

use super::{Ending, Server, State};

impl Server {
    /// RFC 5161 section 3.1: what is not known is passed over.
    pub(super) fn enable(&mut self, tag: &str, names: &[String]) {
        let before = self.enabled;
        for name in names {
            if name.eq_ignore_ascii_case("IMAP4rev2") {
                self.enabled.rev2 = true;
            } else if name.eq_ignore_ascii_case("CONDSTORE") {
                self.enabled.condstore = true;
            }
        }
        let new = [
            (self.enabled.rev2 && !before.rev2, " IMAP4rev2"),
            (self.enabled.condstore && !before.condstore, " CONDSTORE"),
        ];
        let new: String = new.into_iter().filter(|(new, _)| *new).map(|(_, name)| name).collect();
        self.say(&format!("* ENABLED{new}"));
        if self.enabled.condstore && !before.condstore {
            self.tell_modseq();
        }
        self.completed(tag, "ENABLE", Ending::Other);
    }

    /// The client speaks of modification sequences, which switches them on (RFC 7162 section
    /// 3.1).
    pub(super) fn enable_condstore(&mut self) {
        if !self.enabled.condstore {
            self.enabled.condstore = true;
            self.tell_modseq();
        }
    }

    fn tell_modseq(&mut self) {
        if let State::Selected(view) = &self.state {
            let line = view.modseq_line();
            self.send_news(&line);
        }
    }
}
