//! Search keys of the IMAP library, prepared to be asked.
//!
//! Only this file and the one for numbers and dates know that library.

use imap_types::core::AString;
use imap_types::search::SearchKey;

use super::{Day, Extent, Key, Mark, Needle, Numbers, Span, TooDeep};

/// Keys inside of each other; the command parser stops earlier.
const MAX_DEPTH: usize = 64;

/// Prepares a key, cheap parts first.
pub(super) fn prepare(key: &SearchKey<'_>, mailbox: Extent, depth: usize) -> Result<Key, TooDeep> {
    if depth == MAX_DEPTH {
        return Err(TooDeep);
    }
    let inner = |key| prepare(key, mailbox, depth + 1);
    let marked = |mark| Ok(Key::Marked(mark));
    let unmarked = |mark| Ok(Key::Not(Box::new(Key::Marked(mark))));
    let field = |name: &[u8], text: &AString<'_>| Ok(Key::Field(name.to_vec(), Needle::new(text.as_ref())));
    match key {
        SearchKey::And(keys) => {
            let mut keys = keys.as_ref().iter().map(inner).collect::<Result<Vec<_>, _>>()?;
            keys.sort_by_key(Key::cost);
            Ok(Key::And(keys))
        }
        SearchKey::Or(one, other) => {
            let (one, other) = (inner(one)?, inner(other)?);
            let (one, other) = if other.cost() < one.cost() { (other, one) } else { (one, other) };
            Ok(Key::Or(Box::new(one), Box::new(other)))
        }
        SearchKey::Not(key) => Ok(Key::Not(Box::new(inner(key)?))),
        SearchKey::All => Ok(Key::And(Vec::new())),
        SearchKey::SequenceSet(set) => Ok(Key::Numbers(Numbers::new(set, mailbox.messages))),
        SearchKey::Uid(set) => Ok(Key::Uids(Numbers::new(set, mailbox.uid))),
        SearchKey::Answered => marked(Mark::Answered),
        SearchKey::Deleted => marked(Mark::Deleted),
        SearchKey::Draft => marked(Mark::Draft),
        SearchKey::Flagged => marked(Mark::Flagged),
        SearchKey::Seen => marked(Mark::Seen),
        SearchKey::Recent => marked(Mark::Recent),
        SearchKey::Unanswered => unmarked(Mark::Answered),
        SearchKey::Undeleted => unmarked(Mark::Deleted),
        SearchKey::Undraft => unmarked(Mark::Draft),
        SearchKey::Unflagged => unmarked(Mark::Flagged),
        SearchKey::Unseen => unmarked(Mark::Seen),
        SearchKey::Old => unmarked(Mark::Recent),
        // RFC 3501 6.4.4: "functionally equivalent to (RECENT UNSEEN)".
        SearchKey::New => Ok(Key::And(vec![Key::Marked(Mark::Recent), unmarked(Mark::Seen)?])),
        SearchKey::Keyword(atom) => Ok(Key::Keyword(atom.inner().to_owned())),
        SearchKey::Unkeyword(atom) => Ok(Key::Not(Box::new(Key::Keyword(atom.inner().to_owned())))),
        SearchKey::Larger(size) => Ok(Key::Larger(*size)),
        SearchKey::Smaller(size) => Ok(Key::Smaller(*size)),
        SearchKey::Before(date) => Ok(Key::Arrived(Span::Before, Day::asked(date))),
        SearchKey::On(date) => Ok(Key::Arrived(Span::On, Day::asked(date))),
        SearchKey::Since(date) => Ok(Key::Arrived(Span::Since, Day::asked(date))),
        SearchKey::SentBefore(date) => Ok(Key::Sent(Span::Before, Day::asked(date))),
        SearchKey::SentOn(date) => Ok(Key::Sent(Span::On, Day::asked(date))),
        SearchKey::SentSince(date) => Ok(Key::Sent(Span::Since, Day::asked(date))),
        SearchKey::Bcc(text) => field(b"bcc", text),
        SearchKey::Cc(text) => field(b"cc", text),
        SearchKey::From(text) => field(b"from", text),
        SearchKey::Subject(text) => field(b"subject", text),
        SearchKey::To(text) => field(b"to", text),
        SearchKey::Header(name, text) => field(name.as_ref(), text),
        // RFC 7162 3.1.5: a server that keeps one sequence for all flags "MUST ignore" the entry.
        SearchKey::ModSequence { modseq, .. } => Ok(Key::ModSeq(*modseq)),
        SearchKey::Body(text) => Ok(Key::Body(Needle::new(text.as_ref()))),
        SearchKey::Text(text) => Ok(Key::Text(Needle::new(text.as_ref()))),
    }
}
