//! Mailboxes as RFC 3501 and RFC 7162 have them, and what a session knows of the one it selected:
//! written from the standards, with nothing of the program's own. Left out: \Recent, and what a
//! message says.

use std::collections::{BTreeMap, BTreeSet};

pub(crate) type Flags = BTreeSet<String>;
type Heard = Result<(), String>;

#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) uid: u32,
    pub(crate) size: usize,
    pub(crate) flags: Flags,
    /// Which change of the mailbox was this message's last.
    version: u64,
}

/// A mailbox.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    pub(crate) validity: u32,
    /// The highest UIDNEXT that was told, and the highest UID that was given away.
    next: u32,
    used: u32,
    pub(crate) messages: Vec<Message>,
    version: u64,
    /// The modification sequences that were told, by changes.
    modseqs: BTreeMap<u64, u64>,
}

impl Folder {
    /// RFC 3501 2.3.1.1: UIDs ascend strictly, and none is below a UIDNEXT told before.
    pub(crate) fn add(&mut self, uid: u32, size: usize, flags: Flags) -> Heard {
        if uid <= self.used || uid < self.next {
            return Err(format!("UID {uid} behind {} and UIDNEXT {}", self.used, self.next));
        }
        self.used = uid;
        self.version += 1;
        self.messages.push(Message { uid, size, flags, version: self.version });
        Ok(())
    }

    pub(crate) fn told_next(&mut self, next: u32) -> Heard {
        if next <= self.used || next < self.next {
            return Err(format!("UIDNEXT {next} behind UID {} and {}", self.used, self.next));
        }
        self.next = next;
        Ok(())
    }

    pub(crate) fn told_highest(&self, modseq: u64) -> Heard {
        let most = self.modseqs.values().max().copied().unwrap_or(0);
        if modseq < most { Err(format!("HIGHESTMODSEQ {modseq} below {most}")) } else { Ok(()) }
    }

    pub(crate) fn find(&self, uid: u32) -> Option<&Message> {
        self.messages.iter().find(|message| message.uid == uid)
    }

    pub(crate) fn change(&mut self, uid: u32, change: impl FnOnce(&mut Flags)) {
        let Some(message) = self.messages.iter_mut().find(|message| message.uid == uid) else { return };
        let before = message.flags.clone();
        change(&mut message.flags);
        if message.flags != before {
            self.version += 1;
            message.version = self.version;
        }
    }

    /// Removes what is marked; among these UIDs, if any are named.
    pub(crate) fn expunge(&mut self, among: Option<&[u32]>) {
        let named = |uid: u32| among.is_none_or(|among| among.contains(&uid));
        self.messages.retain(|message| !(message.flags.contains("\\Deleted") && named(message.uid)));
    }

    /// RFC 7162 3.1: a later change has a higher number, and the number of none changes.
    fn told_modseq(&mut self, uid: u32, modseq: u64) -> Heard {
        let Some(version) = self.find(uid).map(|message| message.version) else { return Ok(()) };
        let before = self.modseqs.range(..version).next_back().map_or(0, |(_, modseq)| *modseq);
        let after = self.modseqs.range(version + 1..).next().map_or(u64::MAX, |(_, modseq)| *modseq);
        let known = *self.modseqs.entry(version).or_insert(modseq);
        if known != modseq || modseq <= before || modseq >= after {
            return Err(format!("MODSEQ {modseq} of UID {uid}: {before} < {known} < {after}"));
        }
        Ok(())
    }
}

/// A message under its number: its UID, and its flags if they were told.
#[derive(Debug)]
struct Known {
    uid: u32,
    flags: Option<Flags>,
}

/// The mailbox that a session selected, by what it was told.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) folder: String,
    pub(crate) read_only: bool,
    known: Vec<Known>,
    /// The highest UID that it knows or knew.
    high: u32,
}

impl View {
    pub(crate) fn of(folder: &str, read_only: bool) -> Self {
        Self { folder: folder.to_owned(), read_only, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.known.len()
    }

    /// The UIDs of these numbers; nothing if there is no such number.
    pub(crate) fn by_number(&self, (first, last): (usize, usize)) -> Option<Vec<u32>> {
        let known = self.known.get(first.min(last).checked_sub(1)?..first.max(last))?;
        Some(known.iter().map(|known| known.uid).collect())
    }

    pub(crate) fn by_uid(&self, (first, last): (u32, u32)) -> Vec<u32> {
        let range = first.min(last)..=first.max(last);
        self.known.iter().map(|known| known.uid).filter(|uid| range.contains(uid)).collect()
    }

    pub(crate) fn number(&self, uid: u32) -> Option<usize> {
        Some(self.known.iter().position(|known| known.uid == uid)? + 1)
    }

    /// What a client thinks after a STORE that told it nothing.
    pub(crate) fn suppose(&mut self, uids: &[u32], change: impl Fn(&mut Flags)) {
        for known in self.known.iter_mut().filter(|known| uids.contains(&known.uid)) {
            if let Some(flags) = &mut known.flags {
                change(flags);
            }
        }
    }

    /// Takes an untagged response; an error is what contradicts the mailbox or those before.
    pub(crate) fn hear(&mut self, line: &str, folder: &mut Folder, may_expunge: bool) -> Heard {
        let mut words = line.splitn(4, ' ').skip(1);
        let (Some(number), Some(what)) = (words.next().and_then(|word| word.parse::<usize>().ok()), words.next())
        else {
            return Ok(());
        };
        match what {
            "EXISTS" => {
                let more = number.checked_sub(self.len()).ok_or_else(|| format!("fewer without EXPUNGE: {line}"))?;
                let new: Vec<u32> = folder.messages.iter().map(|m| m.uid).filter(|uid| *uid > self.high).collect();
                let new = new.get(..more).ok_or_else(|| format!("more than there are, {new:?}: {line}"))?;
                self.known.extend(new.iter().map(|uid| Known { uid: *uid, flags: None }));
                self.high = new.last().copied().unwrap_or(self.high);
            }
            "EXPUNGE" if !may_expunge => return Err(format!("not now: {line}")),
            "EXPUNGE" if number == 0 || number > self.len() => return Err(format!("nobody: {line}")),
            "EXPUNGE" => {
                let gone = self.known.remove(number - 1);
                if folder.find(gone.uid).is_some() {
                    return Err(format!("UID {} is still there: {line}", gone.uid));
                }
            }
            "FETCH" => return self.fetched(number, line, folder),
            _ => {}
        }
        Ok(())
    }

    fn fetched(&mut self, number: usize, line: &str, folder: &mut Folder) -> Heard {
        let known = self.known.get_mut(number.wrapping_sub(1)).ok_or_else(|| format!("nobody: {line}"))?;
        let number_behind = |name: &str| {
            let (_, rest) = line.split_once(name)?;
            rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
        };
        if number_behind("UID ").is_some_and(|uid| uid != u64::from(known.uid)) {
            return Err(format!("it was UID {}: {line}", known.uid));
        }
        if let Some((_, rest)) = line.split_once("FLAGS (") {
            let told =
                rest.split(')').next().unwrap_or_default().split(' ').filter(|f| !f.is_empty() && *f != "\\Recent");
            let told: Flags = told.map(str::to_owned).collect();
            if folder.find(known.uid).is_some_and(|message| message.flags != told) {
                return Err(format!("the flags are {:?}: {line}", folder.find(known.uid)));
            }
            known.flags = Some(told);
        }
        let size = number_behind("RFC822.SIZE ");
        if let (Some(size), Some(message)) = (size, folder.find(known.uid))
            && size != message.size as u64
        {
            return Err(format!("the size is {}: {line}", message.size));
        }
        number_behind("MODSEQ (").map_or(Ok(()), |modseq| folder.told_modseq(known.uid, modseq))
    }

    /// Whether it knows all that there is, as behind NOOP; flags where it was told any.
    pub(crate) fn is_current(&self, folder: &Folder) -> Heard {
        let (told, real): (Vec<u32>, Vec<u32>) =
            (self.known.iter().map(|k| k.uid).collect(), folder.messages.iter().map(|m| m.uid).collect());
        if told != real {
            return Err(format!("told of {told:?}, there are {real:?}"));
        }
        let stale = |(known, message): &(&Known, &Message)| known.flags.as_ref().is_some_and(|f| *f != message.flags);
        self.known.iter().zip(&folder.messages).find(stale).map_or(Ok(()), |pair| Err(format!("stale: {pair:?}")))
    }
}
