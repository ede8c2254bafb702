//! Copies that become others, or end by a stated policy.

use smallvec::SmallVec;

use super::{Copies, Copy, CopyId};
use crate::base::ids::HostId;
use crate::base::time::SimTime;
use crate::base::trace::Phase;
use crate::metrics::names::Names;

impl Copies {
    /// The copy is turned into one for somebody else, whose life includes this one's so far.
    pub(in crate::metrics) fn redirect(
        &mut self,
        names: &mut Names,
        id: CopyId,
        new: (HostId, &str, &str),
        at: SimTime,
    ) {
        let (host, from, into) = new;
        let parent = &self.copies[id.0 as usize];
        let key = (parent.message, names.id(into));
        let child = match self.index.get(&key) {
            Some(child) => *child,
            None => {
                let mut child = Copy {
                    from: names.id(from),
                    to: key.1,
                    retrieved: None,
                    delivered: None,
                    ended: None,
                    holders: SmallVec::new(),
                    ..parent.clone()
                };
                child.enter(Phase::Queued, at);
                let id = CopyId(u32::try_from(self.copies.len()).expect("fewer than 2^32 copies"));
                self.index.insert(key, id);
                self.copies.push(child);
                id
            }
        };
        self.accept(child, host, at);
    }

    pub(in crate::metrics) fn expand(&mut self, names: &Names, id: CopyId, host: HostId, at: SimTime) {
        self.ledgers[host.index()].expanded += 1;
        self.release(names, id, host, "expanded");
        self.copies[id.0 as usize].expanded = true;
        self.close(id, at);
    }

    pub(in crate::metrics) fn discard(&mut self, names: &Names, id: CopyId, host: HostId, at: SimTime) {
        self.ledgers[host.index()].discarded += 1;
        self.release(names, id, host, "discarded");
        self.copies[id.0 as usize].discarded = true;
        self.close(id, at);
    }
}
