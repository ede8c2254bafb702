//! Sessions against a mailbox that is played: what is asked of it, what goes out, and that nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::answers::draft;
use super::super::compose::Extras;
use super::super::steps::Files;
use super::*;
use crate::base::{SimDuration, UnixTime};
use crate::proto::imap::search::Query;
use crate::proto::mailbox::{Criteria, Done, Part};
use crate::proto::message::first;
use crate::proto::message::header::header_section;
use crate::proto::message::original::{files_of, text_of};
use crate::proto::message::read::shown::leaves;

const ME: &str = "bob@hamburger.edu";

struct Stored {
    number: u64,
    content: Vec<u8>,
    marks: Vec<Mark>,
}

/// A server of any protocol.
#[derive(Default)]
struct Played {
    folders: BTreeMap<String, Vec<Stored>>,
    selected: String,
    given: u64,
    asked: Vec<Task>,
    /// Message-IDs of what was deleted, and of what webmail handed in.
    deleted: Vec<String>,
    sent: Vec<String>,
}

fn id(content: &[u8]) -> String {
    first(content, "Message-ID").unwrap_or_default()
}

impl Played {
    fn put(&mut self, folder: &str, content: &[u8], marks: Vec<Mark>) {
        self.given += 1;
        let stored = Stored { number: self.given, content: content.to_vec(), marks };
        self.folders.entry(folder.to_owned()).or_default().push(stored);
    }

    fn find(&mut self, message: Handle) -> Option<&mut Stored> {
        self.folders.get_mut(&self.selected)?.iter_mut().find(|stored| stored.number == message.0)
    }

    fn take(&mut self, message: Handle) -> Option<Stored> {
        let folder = self.folders.get_mut(&self.selected)?;
        let place = folder.iter().position(|stored| stored.number == message.0)?;
        Some(folder.remove(place))
    }

    fn serve(&mut self, means: Means, task: Task) -> Done {
        self.asked.push(task.clone());
        let refused = || Done::Refused("no".to_owned());
        let changed = |done: Option<()>| done.map_or_else(refused, |()| Done::Changed);
        match task {
            Task::List { folder, behind, .. } => {
                self.selected = folder;
                let list = self.folders.get(&self.selected).map_or(&[][..], Vec::as_slice);
                let behind = behind.map_or(0, |behind| behind.0);
                Done::Listed(list.iter().filter(|stored| stored.number > behind).map(summary).collect())
            }
            Task::Open { message, part } => self.find(message).map_or_else(refused, |stored| {
                let content = match &part {
                    Part::Header => [header_section(&stored.content), b"\r\n"].concat(),
                    Part::Text => text_of(&stored.content).join("\r\n").into_bytes(),
                    Part::Place(_) => b"file".to_vec(),
                    Part::Whole => stored.content.clone(),
                };
                Done::Opened { message, part, content }
            }),
            Task::Mark { .. } | Task::Move { .. } | Task::Keep { .. } | Task::Search(_) if means.is_local() => {
                refused()
            }
            Task::Mark { message, mark, on } => changed(self.find(message).map(|stored| {
                stored.marks.retain(|known| *known != mark);
                stored.marks.extend(on.then_some(mark));
            })),
            Task::Move { message, folder } => {
                let moved = self.take(message);
                changed(moved.map(|stored| self.put(&folder, &stored.content, stored.marks)))
            }
            Task::Delete { message } => {
                let gone = self.take(message);
                changed(gone.map(|stored| self.deleted.push(id(&stored.content))))
            }
            Task::Keep { folder, content, marks } => {
                self.put(&folder, &content, marks);
                Done::Changed
            }
            Task::Search(criteria) => {
                let list = self.folders.get(&self.selected).map_or(&[][..], Vec::as_slice);
                let query = Query::of(&criteria);
                let fits = |stored: &&Stored| query.finds(&stored.content, stored.marks.contains(&Mark::Seen));
                Done::Found(list.iter().filter(fits).map(|stored| Handle(stored.number)).collect())
            }
            Task::Watch { .. } => Done::NoNews,
            Task::Send(writing) => {
                let id = format!("<{}.web@b>", self.sent.len() + 1);
                let list = self.folders.entry(self.selected.clone()).or_default();
                let draft = list.iter().position(|stored| Some(Handle(stored.number)) == writing.resumes);
                let begun = draft.map(|at| text_of(&list.remove(at).content)).unwrap_or_default();
                let text = begun.into_iter().chain([writing.text]).collect::<Vec<_>>().join("\n");
                let content = format!("Message-ID: {id}\r\nSubject: {}\r\n\r\n{text}\r\n", writing.subject);
                let (folder, marks) =
                    if writing.draft { (DRAFTS, vec![Mark::Seen, Mark::Draft]) } else { (SENT, vec![Mark::Seen]) };
                self.put(folder, content.as_bytes(), marks);
                if !writing.draft {
                    self.sent.push(text);
                }
                Done::Sent(Some(id))
            }
            Task::Quit => Done::Changed,
        }
    }

    fn ids(&self, folder: &str) -> Vec<String> {
        self.folders.get(folder).iter().flat_map(|list| list.iter()).map(|stored| id(&stored.content)).collect()
    }
}

fn summary(stored: &Stored) -> Summary {
    let original = Original::read(&stored.content);
    Summary {
        message: Handle(stored.number),
        unique: Some(format!("u{}", stored.number)),
        bytes: stored.content.len() as u64,
        message_id: original.message_id,
        from: original.from,
        subject: Some(original.subject),
        marks: stored.marks.clone(),
        parts: leaves(&stored.content),
    }
}

#[derive(Default)]
struct Table {
    now: u64,
    shelf: Shelf,
    penned: u64,
    sent: Vec<Vec<u8>>,
    acts: Vec<String>,
    shown: Vec<String>,
}

impl Desk for Table {
    fn now(&self) -> SimTime {
        SimTime::from_nanos(self.now)
    }
    fn looking_since(&self) -> SimTime {
        self.now()
    }
    fn shelf(&mut self) -> &mut Shelf {
        &mut self.shelf
    }
    fn address(&self) -> String {
        ME.to_owned()
    }
    fn write(&mut self, draft: &Draft, send: bool) -> Option<Penned> {
        if send && draft.recipients().is_empty() {
            return None;
        }
        self.penned += 1;
        let message_id = format!("<{}.{ME}>", self.penned);
        let content = draft.write(UnixTime::DEFAULT_START, (ME, None), &message_id).content;
        self.sent.extend(send.then(|| content.to_vec()));
        Some(Penned { message_id, content })
    }
    fn shown(&mut self, message: &str, _: (SimTime, SimTime, SimDuration)) {
        self.shown.push(message.to_owned());
    }
    fn act(&mut self, act: Act<'_>) {
        self.acts.push(format!("{} {}", act.action, act.outcome.name()));
    }
    fn decide(&mut self, _: Facts<'_>) -> Vec<Step> {
        vec![Step::Delete(Pick::Opened)]
    }
}

fn lines(all: &[&str]) -> Arc<[String]> {
    all.iter().map(|line| (*line).to_owned()).collect()
}

fn letter(number: u64) -> Vec<u8> {
    let extras = Extras::default();
    let draft = draft(vec![ME.to_owned()], format!("Dinner {number}"), vec![format!("text {number}")], extras);
    draft
        .write(UnixTime::DEFAULT_START, ("alice@crepes.fr", None), &format!("<{number}.alice@crepes.fr>"))
        .content
        .to_vec()
}

/// Plays a session; after so many tasks the connection breaks.
fn play(means: Means, steps: Vec<Step>, table: &mut Table, mailbox: &mut Played, breaks_after: usize) {
    let mut sitting = Sitting::new(means, steps);
    let mut asked = 0;
    for _ in 0..10_000 {
        match sitting.go_on(table) {
            Want::Over => return,
            Want::Nothing => {
                let next = sitting.deadline();
                assert!(!next.is_never(), "it waits for nothing");
                table.now = next.as_nanos();
            }
            Want::Ask(_) if asked == breaks_after => {
                asked += 1;
                sitting.lost(table);
            }
            Want::Ask(Task::Quit) => sitting.left(),
            Want::Ask(task) => {
                asked += 1;
                let done = mailbox.serve(means, task);
                sitting.done(table, done);
            }
        }
    }
    panic!("a session without end");
}

fn full() -> Played {
    let mut mailbox = Played::default();
    (1..=3).for_each(|number| mailbox.put(INBOX, &letter(number), vec![]));
    mailbox
}

fn look() -> Step {
    Step::Look { folder: INBOX.to_owned(), new: false }
}

/// Breaks when a person's answer depended on the protocol by which the message came.
#[test]
fn the_same_answer_comes_of_every_protocol() {
    let steps = || {
        let reply = Step::Reply { which: Pick::Opened, all: false, text: lines(&["Yes."]) };
        vec![look(), Step::Open(Pick::Newest), Step::Wait(SimDuration::from_secs(60)), reply]
    };
    for means in Means::ALL {
        let (mut table, mut mailbox) = (Table::default(), full());
        play(means, steps(), &mut table, &mut mailbox, usize::MAX);
        assert_eq!(table.shown, ["<3.alice@crepes.fr>"], "{means:?}");
        assert_eq!(table.acts, ["look done", "open done", "reply done"], "{means:?}");
        if means == Means::Webmail {
            assert_eq!(mailbox.sent, ["Yes."]);
            continue;
        }
        let answer = &table.sent[0];
        assert_eq!(first(answer, "In-Reply-To").as_deref(), Some("<3.alice@crepes.fr>"));
        assert!(text_of(answer).contains(&"> text 3".to_owned()), "{means:?}");
        let answered = mailbox.folders[INBOX].iter().any(|stored| stored.marks.contains(&Mark::Answered));
        assert_eq!((mailbox.ids(SENT).len(), answered), if means == Means::Imap { (1, true) } else { (0, false) });
    }
}

/// Breaks when a mode of POP3 deleted what it should keep, or fetched again what is here.
#[test]
fn pop3_downloads_once_and_reads_at_home() {
    for (means, left) in [(Means::Pop3, 0), (Means::Pop3Keep, 2)] {
        let (mut table, mut mailbox) = (Table::default(), full());
        play(
            means,
            vec![look(), Step::Open(Pick::All), look(), Step::Delete(Pick::Oldest), look()],
            &mut table,
            &mut mailbox,
            usize::MAX,
        );
        let fetched = mailbox.asked.iter().filter(|task| matches!(task, Task::Open { .. })).count();
        assert_eq!((fetched, mailbox.ids(INBOX).len()), (3, left), "{means:?}");
        assert_eq!(table.shown.len(), 3);
    }
}

/// Breaks when a search at home looked at how a message is encoded instead of at what it says.
#[test]
fn what_is_here_is_searched_like_what_is_on_a_server() {
    let coded =
        b"From: =?utf-8?q?Ren=C3=A9?= <rene@c.org>\r\nMessage-ID: <c@c.org>\r\nSubject: =?utf-8?b?Q3LDqnBlcw==?=\r\n\
        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nVm9pbMOgIGxlIG1lbnU=\r\n";
    let named = |part: &str| Some(part.to_owned());
    let none = Criteria::default;
    for (criteria, found) in [
        (Criteria { subject: named("CR\u{ca}PES"), ..none() }, true),
        (Criteria { text: named("voil\u{e0} le"), ..none() }, true),
        (Criteria { from: named("ren\u{e9}"), text: named("menu"), ..none() }, true),
        (Criteria { text: named("VM9PBMO"), ..none() }, false),
        (Criteria { from: named("rene@c"), subject: named("dinner"), ..none() }, false),
    ] {
        for means in Means::ALL {
            let (mut table, mut mailbox) = (Table::default(), full());
            mailbox.put(INBOX, coded, vec![]);
            let steps = vec![look(), Step::Search(criteria.clone()), Step::Open(Pick::All)];
            play(means, steps, &mut table, &mut mailbox, usize::MAX);
            let expected: &[&str] = if found { &["<c@c.org>"] } else { &[] };
            assert_eq!(table.shown, expected, "{means:?}: {criteria:?}");
        }
    }
}

/// Breaks when a draft stayed behind what was sent of it, or something else went with it.
#[test]
fn a_draft_is_saved_finished_and_gone() {
    for means in Means::ALL {
        let (mut table, mut mailbox) = (Table::default(), full());
        let begun =
            draft(vec!["carol@c.org".to_owned()], "Menu".to_owned(), lines(&["Soup"]).to_vec(), Extras::default());
        let steps =
            vec![look(), Step::Save(Box::new(begun)), Step::Finish(lines(&["and salad"])), Step::Delete(Pick::Newest)];
        play(means, steps, &mut table, &mut mailbox, usize::MAX);
        assert!(mailbox.ids(DRAFTS).is_empty() && table.shelf.drafts.is_empty(), "{means:?}");
        let text = if means == Means::Webmail { mailbox.sent[0].clone() } else { text_of(&table.sent[0]).join("\n") };
        assert_eq!(text, "Soup\nand salad", "{means:?}");
        assert_eq!(table.acts.last().map(String::as_str), Some("delete done"));
        if !means.is_local() {
            assert_eq!(mailbox.ids(INBOX), ["<1.alice@crepes.fr>", "<2.alice@crepes.fr>"], "{means:?}");
        }
    }
}

#[test]
fn files_go_along() {
    for (means, whole) in [(Means::Imap, false), (Means::Imap, true), (Means::Pop3, false), (Means::Pop3, true)] {
        let mut mailbox = Played::default();
        let file = crate::proto::message::Attachment {
            name: Some("menu.pdf".to_owned()),
            media: "application/pdf".to_owned(),
            id: None,
            content: Arc::from(&[0_u8, 1, 255][..]),
            encoding: None,
        };
        let extras = Extras { attachments: Arc::from([file.clone()]), ..Extras::default() };
        let content = draft(vec![ME.to_owned()], "Menu".to_owned(), vec!["Here.".to_owned()], extras);
        let content = content.write(UnixTime::DEFAULT_START, ("alice@crepes.fr", None), "<1.alice@crepes.fr>").content;
        mailbox.put(INBOX, &content, vec![]);
        let to = lines(&["carol@c.org"]);
        let forward = Step::Forward { which: Pick::Opened, to, text: lines(&["FYI"]), whole };
        let steps = vec![look(), Step::Open(Pick::Newest), Step::Attachment(Pick::Opened, Files::Nth(1)), forward];
        let mut table = Table::default();
        play(means, steps, &mut table, &mut mailbox, usize::MAX);
        assert_eq!(table.acts, ["look done", "open done", "attachment done", "forward done"]);
        let files = files_of(&table.sent[0]);
        let expected = if whole { &content[..] } else { &file.content[..] };
        assert_eq!(&files[0].content[..], expected, "{means:?} {whole}");
    }
}

/// Breaks when a person who cannot reach the mailbox could not write either.
#[test]
fn a_session_that_breaks_leaves_what_needs_no_mailbox() {
    let letter = draft(vec!["carol@c.org".to_owned()], String::new(), vec![], Extras::default());
    for means in Means::ALL {
        let (mut table, mut mailbox) = (Table::default(), full());
        let steps = vec![look(), Step::Open(Pick::All), Step::Write(Box::new(letter.clone()))];
        play(means, steps, &mut table, &mut mailbox, 1);
        assert_eq!(table.sent.len(), usize::from(means != Means::Webmail), "{means:?}");
    }
}

/// Breaks when habits would deal with a message twice, or pass one over.
#[test]
fn habits_deal_with_each_message_once() {
    for means in Means::ALL {
        let (mut table, mut mailbox) = (Table::default(), full());
        let steps = || vec![Step::Look { folder: INBOX.to_owned(), new: true }, Step::Deal];
        play(means, steps(), &mut table, &mut mailbox, 3);
        mailbox.put(INBOX, &letter(4), vec![]);
        play(means, steps(), &mut table, &mut mailbox, usize::MAX);
        play(means, steps(), &mut table, &mut mailbox, usize::MAX);
        let mut shown = table.shown.clone();
        shown.dedup();
        assert_eq!(shown.len(), 4, "{means:?}: {:?}", table.shown);
        assert!(mailbox.ids(INBOX).is_empty(), "{means:?}: {:?}", mailbox.ids(INBOX));
    }
}

fn any_pick() -> impl Strategy<Value = Pick> {
    prop::sample::select(vec![Pick::Opened, Pick::Newest, Pick::Oldest, Pick::Unread, Pick::All, Pick::Number(2)])
}

fn any_step() -> impl Strategy<Value = Step> {
    let folder = prop::sample::select(vec![INBOX, "work", DRAFTS]).prop_map(str::to_owned);
    prop_oneof![
        3 => (folder.clone(), any::<bool>()).prop_map(|(folder, new)| Step::Look { folder, new }),
        3 => any_pick().prop_map(Step::Open),
        1 => any_pick().prop_map(|pick| Step::Attachment(pick, Files::All)),
        2 => (any_pick(), any::<bool>()).prop_map(|(which, all)| Step::Reply { which, all, text: lines(&["x"]) }),
        1 => (any_pick(), any::<bool>()).prop_map(|(which, whole)| {
            Step::Forward { which, to: lines(&["c@c.org"]), text: lines(&[]), whole }
        }),
        1 => Just(Step::Save(Box::new(draft(vec![ME.to_owned()], "d".to_owned(), vec![], Extras::default())))),
        1 => Just(Step::Finish(lines(&["end"]))),
        2 => (any_pick(), folder).prop_map(|(pick, folder)| Step::File(pick, folder)),
        1 => any_pick().prop_map(Step::Delete),
        1 => any_pick().prop_map(|pick| Step::Mark(pick, Mark::Flagged, true)),
        1 => Just(Step::Search(Criteria { text: Some("text 2".to_owned()), ..Criteria::default() })),
        1 => Just(Step::Watch(SimDuration::from_secs(9))),
    ]
}

proptest! {
    /// Breaks when a message got lost that nobody deleted, whatever a person does and wherever the session breaks.
    #[test]
    fn nothing_is_lost(
        steps in prop::collection::vec(any_step(), 0..12),
        means in prop::sample::select(Means::ALL.to_vec()),
        breaks_after in prop_oneof![0_usize..20, Just(usize::MAX)],
    ) {
        let (mut table, mut mailbox) = (Table::default(), full());
        let deletes = steps.iter().any(|step| matches!(step, Step::Delete(_)));
        play(means, steps, &mut table, &mut mailbox, breaks_after);
        let mut left: BTreeSet<String> = mailbox.folders.values().flatten().map(|stored| id(&stored.content)).collect();
        left.extend(table.shelf.all().filter_map(|(_, fetched)| fetched.original.message_id.clone()));
        if !deletes {
            for number in 1..=3 {
                prop_assert!(left.contains(&format!("<{number}.alice@crepes.fr>")), "{number} of {left:?}");
            }
        }
    }
}
