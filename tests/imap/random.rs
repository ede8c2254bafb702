//! Sessions that say commands at random, against the model of what there is and what they know.

use std::collections::BTreeMap;

use posthaste::base::SocketId;
use posthaste::proto::imap;
use proptest::prelude::*;

use super::model::{Flags, Folder, View};
use super::post_office::PostOffice;

const SESSIONS: usize = 3;
const NAMES: [&str; 2] = ["INBOX", "other"];
const FLAGS: [&str; 6] = ["\\Deleted", "\\Seen", "\\Deleted \\Flagged", "\\Answered urgent", "urgent", ""];
type Done = Result<(), String>;

/// One session's next command, as far as it is chosen before anything is known.
#[derive(Clone, Copy, Debug)]
struct Step {
    who: usize,
    what: What,
    /// Two numbers or UIDs, from 0.
    range: (u32, u32),
    flags: usize,
    uid: bool,
    other: bool,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Append,
    Store(char, bool),
    Expunge,
    UidExpunge,
    Copy,
    Move,
    Noop,
    Fetch,
    Search(usize),
    Select,
    Examine,
    Close,
    Unselect,
    Status,
    Idle,
    Anew,
    Lose,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let what = prop_oneof![
        6 => Just(What::Append),
        8 => (prop::sample::select(vec!['+', '-', '=']), any::<bool>()).prop_map(|(how, silent)| What::Store(how, silent)),
        3 => Just(What::Expunge),
        2 => Just(What::UidExpunge),
        3 => Just(What::Copy),
        3 => Just(What::Move),
        4 => Just(What::Noop),
        5 => Just(What::Fetch),
        4 => (0..5_usize).prop_map(What::Search),
        2 => Just(What::Select),
        1 => Just(What::Examine),
        1 => Just(What::Close),
        1 => Just(What::Unselect),
        2 => Just(What::Status),
        2 => Just(What::Idle),
        1 => Just(What::Anew),
        1 => Just(What::Lose),
    ];
    let step = (0..SESSIONS, what, (0..9_u32, 0..9_u32), 0..FLAGS.len(), any::<bool>(), prop::bool::weighted(0.3));
    let step = step.prop_map(|(who, what, range, flags, uid, other)| Step { who, what, range, flags, uid, other });
    prop::collection::vec(step, 1..90)
}

struct Session {
    socket: SocketId,
    view: Option<View>,
    idle: bool,
}

struct World {
    office: PostOffice,
    sessions: Vec<Session>,
    folders: BTreeMap<String, Folder>,
    /// The highest UIDVALIDITY so far.
    validity: u32,
}

/// The numbers behind a word in an answer, such as those of a response code.
fn numbers(answer: &str, behind: &str) -> Option<Vec<Vec<u32>>> {
    let (_, rest) = answer.split_once(behind)?;
    let set = |set: &str| {
        let ranges = set.split(',').flat_map(|range| {
            let (first, last) = range.split_once(':').unwrap_or((range, range));
            first.parse::<u32>().unwrap()..=last.parse().unwrap()
        });
        ranges.collect()
    };
    Some(rest.split(']').next()?.split(' ').map(set).collect())
}

impl World {
    fn new() -> Self {
        let mut office = super::office();
        let folders = NAMES.map(|name| (name.to_owned(), Folder::default())).into();
        let sessions = (0..SESSIONS).map(|_| Session { socket: office.connect(imap::PORT), view: None, idle: false });
        let sessions = sessions.collect::<Vec<_>>();
        let mut world = Self { office, sessions, folders, validity: 0 };
        (0..SESSIONS).for_each(|who| world.log_in(who));
        world.say(0, "CREATE other", "OK").unwrap();
        (0..SESSIONS).for_each(|who| world.select(who, "INBOX", false).unwrap());
        world
    }

    /// The first session speaks of modification sequences, the second one IMAP4rev2.
    fn log_in(&mut self, who: usize) {
        self.say(who, "LOGIN bob hungry", "OK").unwrap();
        if let Some(names) = ["CONDSTORE", "IMAP4rev2"].get(who) {
            self.say(who, &format!("ENABLE {names}"), "OK").unwrap();
        }
    }

    fn say(&mut self, who: usize, command: &str, end: &str) -> Result<String, String> {
        let answer = self.office.say(self.sessions[who].socket, &format!("t {command}"));
        let last = answer.lines().last().unwrap_or_default();
        if last.starts_with(&format!("t {end}")) { Ok(answer) } else { Err(format!("{command}: {answer}, not {end}")) }
    }

    fn folder(&mut self, name: &str) -> &mut Folder {
        self.folders.get_mut(name).unwrap()
    }

    /// What is told in an answer must agree with all that the session knows.
    fn take(&mut self, who: usize, answer: &str, may_expunge: bool) -> Done {
        let Some(view) = &mut self.sessions[who].view else { return Ok(()) };
        let folder = self.folders.get_mut(&view.folder).unwrap();
        answer.lines().filter(|line| line.starts_with("* ")).try_for_each(|line| view.hear(line, folder, may_expunge))
    }

    /// Behind what tells all.
    fn is_current(&self, who: usize) -> Done {
        self.sessions[who].view.as_ref().map_or(Ok(()), |view| view.is_current(&self.folders[&view.folder]))
    }

    fn select(&mut self, who: usize, name: &str, read_only: bool) -> Done {
        let answer = self.say(who, &format!("{} {name}", if read_only { "EXAMINE" } else { "SELECT" }), "OK")?;
        self.sessions[who].view = Some(View::of(name, read_only));
        let told =
            |what: &str| numbers(&answer, what).ok_or_else(|| format!("no {what}: {answer}")).map(|all| all[0][0]);
        let (validity, next, modseq) = (told("[UIDVALIDITY ")?, told("[UIDNEXT ")?, told("[HIGHESTMODSEQ ")?);
        let highest = self.validity;
        let folder = self.folder(name);
        if folder.validity == 0 && validity > highest {
            folder.validity = validity;
        } else if folder.validity != validity {
            return Err(format!("UIDVALIDITY {validity} behind {} of {highest}", folder.validity));
        }
        folder.told_next(next)?;
        folder.told_highest(modseq.into())?;
        self.validity = highest.max(validity);
        self.take(who, &answer, false)?;
        self.is_current(who)
    }

    fn step(&mut self, step: Step) -> Done {
        let who = step.who;
        if std::mem::take(&mut self.sessions[who].idle) {
            let answer = self.office.say(self.sessions[who].socket, "DONE");
            self.take(who, &answer, true)?;
        }
        self.command(step)?;
        for other in 0..SESSIONS {
            let heard = String::from_utf8(self.office.heard(self.sessions[other].socket)).unwrap();
            // RFC 3501 7.4.1: not "when no command is in progress".
            let idle = self.sessions[other].idle;
            self.take(other, &heard, idle)?;
            if idle {
                self.is_current(other)?;
            }
        }
        Ok(())
    }

    fn command(&mut self, step: Step) -> Done {
        let (who, name) = (step.who, NAMES[usize::from(step.other)]);
        match step.what {
            What::Append => self.append(step, name),
            What::Select | What::Examine => self.select(who, name, matches!(step.what, What::Examine)),
            What::Status => {
                let answer = self.say(who, &format!("STATUS {name} (MESSAGES UIDNEXT HIGHESTMODSEQ)"), "OK")?;
                let told = |what: &str| {
                    let (_, rest) = answer.rsplit_once(what).unwrap();
                    rest.split([' ', ')']).next().unwrap().parse::<u32>().unwrap()
                };
                let (count, next, modseq) = (told("MESSAGES "), told("UIDNEXT "), told("HIGHESTMODSEQ "));
                let folder = self.folder(name);
                folder.told_next(next)?;
                folder.told_highest(modseq.into())?;
                if folder.messages.len() != count as usize {
                    return Err(format!("{answer}: {}", folder.messages.len()));
                }
                self.take(who, &answer, true)
            }
            What::Noop => {
                let answer = self.say(who, "NOOP", "OK")?;
                self.take(who, &answer, true)?;
                self.is_current(who)
            }
            What::Idle => {
                let answer = self.office.say(self.sessions[who].socket, "t IDLE");
                self.sessions[who].idle = true;
                self.take(who, &answer, true)
            }
            What::Lose => {
                self.office.lose(self.sessions[who].socket);
                let socket = self.office.connect(imap::PORT);
                self.sessions[who] = Session { socket, view: None, idle: false };
                self.log_in(who);
                self.select(who, name, false)
            }
            What::Anew => self.anew(who),
            What::Store(..)
            | What::Expunge
            | What::UidExpunge
            | What::Copy
            | What::Move
            | What::Fetch
            | What::Search(_)
            | What::Close
            | What::Unselect => match self.sessions[who].view.take() {
                None => self.say(who, "FETCH 1 UID", "BAD").map(drop),
                Some(view) => self.selected(step, view),
            },
        }
    }

    fn append(&mut self, step: Step, name: &str) -> Done {
        let (flags, text) = (FLAGS[step.flags], "x".repeat(step.range.0 as usize + 1));
        let answer = self.say(step.who, &format!("APPEND {name} ({flags}) {{{}+}}\r\n{text}", text.len()), "OK")?;
        let told = numbers(&answer, "[APPENDUID ").ok_or("no APPENDUID")?;
        self.folder(name).add(told[1][0], text.len(), named(flags))?;
        self.take(step.who, &answer, true)
    }

    /// A mailbox that nobody selected goes, and one of its name comes: its UIDs are others' (RFC 3501 2.3.1.1).
    fn anew(&mut self, who: usize) -> Done {
        if self.sessions.iter().any(|session| session.view.as_ref().is_some_and(|view| view.folder == "other")) {
            return Ok(());
        }
        for command in ["DELETE other", "CREATE other"] {
            let answer = self.say(who, command, "OK")?;
            self.take(who, &answer, true)?;
        }
        self.folders.insert("other".to_owned(), Folder::default());
        Ok(())
    }

    /// A command of the selected state.
    fn selected(&mut self, step: Step, view: View) -> Done {
        let (who, (a, b)) = (step.who, step.range);
        let numbers = (a as usize, b as usize);
        let uids = if step.uid { Some(view.by_uid((a, b))) } else { view.by_number(numbers) };
        let (set, prefix) = (format!("{a}:{b}"), if step.uid { "UID " } else { "" });
        let (name, read_only) = (view.folder.clone(), view.read_only);
        // RFC 3501 section 9: 0 is no number.
        let bad = uids.is_none() || a == 0 || b == 0;
        let uids = uids.unwrap_or_default();
        let gone = uids.iter().any(|uid| self.folders[&name].find(*uid).is_none());
        self.sessions[who].view = Some(view);
        let end = |may_fail: bool| match (bad, may_fail) {
            (true, _) => "BAD",
            (false, true) => "NO",
            (false, false) => "OK",
        };
        match step.what {
            What::Store(how, silent) => {
                let (sign, silence) = (String::from(how).replace('=', ""), if silent { ".SILENT" } else { "" });
                let command = format!("{prefix}STORE {set} {sign}FLAGS{silence} ({})", FLAGS[step.flags]);
                let answer = self.say(who, &command, end(read_only || gone))?;
                let change = |flags: &mut Flags| changed(flags, how, &named(FLAGS[step.flags]));
                if !bad && !read_only {
                    uids.iter().for_each(|uid| self.folder(&name).change(*uid, change));
                    self.sessions[who].view.iter_mut().for_each(|view| view.suppose(&uids, change));
                }
                self.take(who, &answer, step.uid)
            }
            What::Fetch => {
                let modseq = if who == 0 || step.other { " MODSEQ" } else { "" };
                let answer =
                    self.say(who, &format!("{prefix}FETCH {set} (UID FLAGS RFC822.SIZE{modseq})"), end(false))?;
                let told = answer.matches("RFC822.SIZE ").count();
                if !bad && told != uids.len() {
                    return Err(format!("{told} instead of {uids:?}: {answer}"));
                }
                self.take(who, &answer, step.uid)
            }
            What::Copy | What::Move => self.copy(step, &name, (&uids, &set), end(gone), bad || gone),
            What::Expunge | What::UidExpunge => {
                let among = matches!(step.what, What::UidExpunge)
                    .then(|| self.sessions[who].view.as_ref().map_or_else(Vec::new, |view| view.by_uid((a, b))));
                let bad = among.is_some() && (a == 0 || b == 0);
                let command = if among.is_some() { format!("UID EXPUNGE {set}") } else { "EXPUNGE".to_owned() };
                let answer = self.say(
                    who,
                    &command,
                    if bad {
                        "BAD"
                    } else if read_only {
                        "NO"
                    } else {
                        "OK"
                    },
                )?;
                if !bad && !read_only {
                    self.folder(&name).expunge(among.as_deref());
                }
                self.take(who, &answer, true)
            }
            What::Search(key) => self.search(step, &name, key),
            What::Close | What::Unselect => self.leave(who, &name, read_only, matches!(step.what, What::Close)),
            What::Append
            | What::Noop
            | What::Select
            | What::Examine
            | What::Status
            | What::Idle
            | What::Anew
            | What::Lose => Err("no command of the selected state".to_owned()),
        }
    }

    fn leave(&mut self, who: usize, name: &str, read_only: bool, close: bool) -> Done {
        let answer = self.say(who, if close { "CLOSE" } else { "UNSELECT" }, "OK")?;
        self.sessions[who].view = None;
        if close && !read_only {
            self.folder(name).expunge(None);
        }
        // RFC 3501 6.4.2: "No untagged EXPUNGE responses are sent".
        if answer.contains("EXPUNGE") { Err(answer) } else { Ok(()) }
    }

    fn copy(&mut self, step: Step, from: &str, (uids, set): (&[u32], &str), end: &str, fails: bool) -> Done {
        let (who, to, moving) = (step.who, NAMES[usize::from(step.other)], matches!(step.what, What::Move));
        let read_only = moving && self.sessions[who].view.as_ref().is_some_and(|view| view.read_only);
        let end = if read_only && end == "OK" { "NO" } else { end };
        let command =
            format!("{}{} {set} {to}", if step.uid { "UID " } else { "" }, if moving { "MOVE" } else { "COPY" });
        let answer = self.say(who, &command, end)?;
        if !fails && !read_only && !uids.is_empty() {
            let told = numbers(&answer, "[COPYUID ").ok_or_else(|| format!("no COPYUID: {answer}"))?;
            if told[1] != uids || told[2].len() != uids.len() {
                return Err(format!("{uids:?} were asked for: {answer}"));
            }
            for (old, new) in uids.iter().zip(&told[2]) {
                let folder = self.folder(from);
                let at = folder.messages.iter().position(|message| message.uid == *old).unwrap();
                let (size, flags) = (folder.messages[at].size, folder.messages[at].flags.clone());
                if moving {
                    folder.messages.remove(at);
                }
                self.folder(to).add(*new, size, flags)?;
            }
        }
        self.take(who, &answer, true)
    }

    fn search(&mut self, step: Step, name: &str, key: usize) -> Done {
        let (first, last) = (step.range.0.max(1), step.range.1.max(1));
        let key = [
            "DELETED".to_owned(),
            "UNSEEN".to_owned(),
            "KEYWORD urgent".to_owned(),
            format!("NOT LARGER {last}"),
            format!("UID {first}:{last}"),
        ][key]
            .clone();
        let prefix = if step.uid { "UID " } else { "" };
        let answer = self.say(step.who, &format!("{prefix}SEARCH RETURN (ALL) {key}"), "OK")?;
        let line =
            answer.lines().find(|line| line.starts_with("* ESEARCH")).ok_or_else(|| format!("nothing: {answer}"))?;
        let found = line.split_once(" ALL ").map_or_else(Vec::new, |(_, set)| numbers(set, "").unwrap().remove(0));
        let fits = |message: &&super::model::Message| match key.split(' ').next() {
            Some("DELETED") => message.flags.contains("\\Deleted"),
            Some("UNSEEN") => !message.flags.contains("\\Seen"),
            Some("KEYWORD") => message.flags.contains("urgent"),
            Some("NOT") => message.size <= last as usize,
            _ => (first.min(last)..=first.max(last)).contains(&message.uid),
        };
        let view = self.sessions[step.who].view.as_ref().unwrap();
        let known = self.folders[name].messages.iter().filter(fits).filter_map(|m| Some((m.uid, view.number(m.uid)?)));
        let real: Vec<u32> =
            known.map(|(uid, number)| if step.uid { uid } else { u32::try_from(number).unwrap() }).collect();
        if found != real {
            return Err(format!("{key}: {found:?}, not {real:?}"));
        }
        self.take(step.who, &answer, step.uid)
    }
}

fn named(flags: &str) -> Flags {
    flags.split(' ').filter(|flag| !flag.is_empty()).map(str::to_owned).collect()
}

/// RFC 3501 6.4.6.
fn changed(flags: &mut Flags, how: char, named: &Flags) {
    match how {
        '+' => flags.extend(named.iter().cloned()),
        '-' => flags.retain(|flag| !named.contains(flag)),
        _ => flags.clone_from(named),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 150 } else { 1_500 }))]

    /// Would break if a UID came again or went down, a number meant another message than was told,
    /// an EXPUNGE came where it may not, a change were lost or told wrongly to any session, or a
    /// modification sequence did not ascend.
    #[test]
    fn sessions_agree_with_the_model(steps in steps()) {
        let mut world = World::new();
        for step in &steps {
            prop_assert_eq!(world.step(*step), Ok(()), "{:?}", step);
        }
        for who in 0..SESSIONS {
            let step = Step { who, what: What::Noop, range: (0, 0), flags: 0, uid: true, other: false };
            prop_assert_eq!(world.step(step), Ok(()));
            prop_assert_eq!(world.step(Step { what: What::Fetch, range: (1, 999), ..step }), Ok(()));
            prop_assert_eq!(world.is_current(who), Ok(()));
        }
    }
}
