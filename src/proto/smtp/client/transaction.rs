//! One mail transaction (RFC 5321 3.3): command by command, or in groups (RFC 2920), with the
//! message behind DATA or in chunks (RFC 3030).
//!
//! With PIPELINING a group ends at DATA, whose answer decides what comes next. A BDAT command needs
//! no answer first, so there a whole transaction is one group (RFC 3030 section 4.2).

use std::collections::VecDeque;

use super::{Client, ClientEvent, State, Step, Transaction, Unsendable, Verdict};
use crate::base::SimTime;
use crate::proto::session::Output;
use crate::proto::smtp::dot::stuff;
use crate::proto::smtp::reply::Reply;
use crate::proto::smtp::{BodyType, Dialect, Offers, Recipient, Ret, xtext};

/// What is known of one recipient.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    Open,
    /// RCPT was accepted.
    Taken,
    Decided(Verdict),
}

/// The transaction under way.
#[derive(Clone, Debug)]
pub(super) struct Work {
    transaction: Transaction,
    fates: Vec<Fate>,
    /// Recipients to be asked for.
    unasked: VecDeque<usize>,
    /// Recipients asked for, in the order of their replies.
    asked: VecDeque<usize>,
    mail_sent: bool,
    mail_taken: bool,
    /// Octets of the message that went in chunks.
    sent: usize,
    content_begun: bool,
    /// All of the message is sent: the server may have it.
    content_sent: bool,
    /// The server has answered the end of the message: the transaction is over there.
    concluded: bool,
}

impl Work {
    fn new(transaction: Transaction, fates: Vec<Fate>) -> Self {
        let open = |(at, fate): (usize, &Fate)| matches!(fate, Fate::Open).then_some(at);
        Self {
            unasked: fates.iter().enumerate().filter_map(open).collect(),
            transaction,
            fates,
            asked: VecDeque::new(),
            mail_sent: false,
            mail_taken: false,
            sent: 0,
            content_begun: false,
            content_sent: false,
            concluded: false,
        }
    }

    /// The verdicts if the session breaks now.
    pub(super) fn broken(self, broken: impl Fn(bool) -> Verdict) -> Vec<Verdict> {
        let after_dot = self.content_sent && !self.concluded;
        let verdict = |fate| match fate {
            Fate::Open | Fate::Taken => broken(after_dot),
            Fate::Decided(verdict) => verdict,
        };
        self.fates.into_iter().map(verdict).collect()
    }

    fn any_taken(&self) -> bool {
        self.fates.iter().any(|fate| matches!(fate, Fate::Taken))
    }

    /// Everybody not decided yet gets this verdict.
    fn decide(&mut self, verdict: &Verdict) {
        for fate in &mut self.fates {
            if !matches!(fate, Fate::Decided(_)) {
                *fate = Fate::Decided(verdict.clone());
            }
        }
    }
}

impl Client {
    /// Begins a transaction; only after [`ClientEvent::Ready`], otherwise it does nothing. What
    /// the server has said that it cannot take is not sent, and ends at once.
    pub fn begin(&mut self, now: SimTime, transaction: Transaction) {
        let State::Idle { reset_first } = self.state else { return self.begun_too_late(&transaction) };
        let fates = fates(&self.offers, &transaction);
        let mut work = Work::new(transaction, fates);
        if work.unasked.is_empty() {
            return self.end(work, reset_first);
        }
        self.state = State::Busy;
        if reset_first {
            self.group(Step::Reset, "RSET");
        }
        if self.pipelines() {
            self.group_all(&mut work);
        } else if !reset_first {
            self.group_mail(&mut work);
        }
        self.work = Some(work);
        self.send(now);
    }

    /// The session broke when it had said that it is ready, and before it was heard: the transaction
    /// ends before the failure is told.
    fn begun_too_late(&mut self, transaction: &Transaction) {
        let trouble = self.output.iter().find_map(|output| match output {
            Output::Event(ClientEvent::Failed(trouble)) => Some(trouble.clone()),
            Output::Event(ClientEvent::Ready | ClientEvent::Transferring | ClientEvent::Ended(_))
            | Output::Transmit(_)
            | Output::Close => None,
        });
        if let Some(trouble) = trouble {
            let broken = Verdict::Broken { trouble, after_dot: false };
            let verdicts = vec![broken; transaction.envelope.recipients.len()];
            self.output.push_front(Output::Event(ClientEvent::Ended(verdicts)));
        }
    }

    const fn pipelines(&self) -> bool {
        self.config.pipelining && self.offers.pipelining
    }

    const fn chunks(&self) -> bool {
        self.config.chunking && self.offers.chunking
    }

    fn group_all(&mut self, work: &mut Work) {
        self.group_mail(work);
        while !work.unasked.is_empty() {
            self.group_rcpt(work);
        }
        if !self.by_bdat(work) {
            return self.group(Step::Data, "DATA");
        }
        while !work.content_sent {
            self.group_chunk(work);
        }
    }

    /// RFC 3030 section 3: a binary message goes by BDAT only.
    fn by_bdat(&self, work: &Work) -> bool {
        self.chunks() || work.transaction.envelope.options.body == BodyType::Binary
    }

    const fn space(&self) -> &'static str {
        match self.config.dialect {
            Dialect::Lecture => " ",
            Dialect::Rfc5321 => "",
        }
    }

    fn group_mail(&mut self, work: &mut Work) {
        let Transaction { envelope, content } = &work.transaction;
        let mut line = format!("MAIL FROM:{}<{}>", self.space(), envelope.reverse_path.as_str());
        let (offers, options) = (&self.offers, &envelope.options);
        if offers.size {
            line.push_str(&format!(" SIZE={}", content.len()));
        }
        match options.body {
            BodyType::Binary => line.push_str(" BODY=BINARYMIME"),
            BodyType::SevenBit | BodyType::EightBit if offers.eight_bit && !content.is_ascii() => {
                line.push_str(" BODY=8BITMIME");
            }
            BodyType::SevenBit | BodyType::EightBit => {}
        }
        if offers.utf8 && needs_utf8(&work.transaction) {
            line.push_str(" SMTPUTF8");
        }
        if offers.dsn {
            match options.ret {
                None => {}
                Some(Ret::Full) => line.push_str(" RET=FULL"),
                Some(Ret::Headers) => line.push_str(" RET=HDRS"),
            }
            if let Some(envid) = &options.envid {
                line.push_str(&format!(" ENVID={}", xtext::encode(envid)));
            }
        }
        work.mail_sent = true;
        self.group(Step::Mail, &line);
    }

    fn group_rcpt(&mut self, work: &mut Work) {
        let Some(at) = work.unasked.pop_front() else { return };
        let recipient = &work.transaction.envelope.recipients[at];
        let mut line = format!("RCPT TO:{}<{}>", self.space(), recipient.path.as_str());
        if self.offers.dsn {
            line.push_str(&dsn(recipient));
        }
        work.asked.push_back(at);
        self.group(Step::Rcpt, &line);
    }

    fn group_chunk(&mut self, work: &mut Work) {
        let content = &work.transaction.content;
        let end = work.sent.saturating_add(self.config.chunk_size.max(1)).min(content.len());
        let last = if end == content.len() { " LAST" } else { "" };
        self.group(Step::Chunk, &format!("BDAT {}{last}", end - work.sent));
        self.unsent.extend_from_slice(&content[work.sent..end]);
        if !work.content_begun {
            work.content_begun = true;
            self.output.push_back(Output::Event(ClientEvent::Transferring));
        }
        (work.sent, work.content_sent) = (end, end == content.len());
    }

    /// All that was asked is answered: what comes next.
    pub(super) fn next_step(&mut self, now: SimTime) {
        let Some(mut work) = self.work.take() else { return };
        if !work.mail_sent {
            self.group_mail(&mut work);
        } else if work.mail_taken && !work.unasked.is_empty() {
            self.group_rcpt(&mut work);
        } else if !work.any_taken() || work.concluded {
            let reset_first = work.mail_taken && !work.concluded;
            return self.end(work, reset_first);
        } else if self.by_bdat(&work) {
            self.group_chunk(&mut work);
        } else {
            self.group(Step::Data, "DATA");
        }
        self.work = Some(work);
        self.send(now);
    }

    fn end(&mut self, work: Work, reset_first: bool) {
        self.state = State::Idle { reset_first };
        self.deadline = SimTime::NEVER;
        let undecided = |_| Verdict::Broken { trouble: super::Trouble::Lost, after_dot: false };
        self.output.push_back(Output::Event(ClientEvent::Ended(work.broken(undecided))));
        self.output.push_back(Output::Event(ClientEvent::Ready));
    }

    /// A reply to a step of the transaction came.
    pub(super) fn work_answered(&mut self, now: SimTime, step: Step, reply: Reply) {
        let Some(work) = &mut self.work else { return };
        match step {
            Step::Mail if reply.is_positive() => work.mail_taken = true,
            Step::Mail => work.decide(&Verdict::Refused(reply)),
            Step::Rcpt => rcpt_answered(work, reply),
            Step::Chunk if reply.is_positive() && work.content_sent && self.awaiting.is_empty() => {
                work.concluded = true;
                work.decide(&Verdict::Accepted);
            }
            Step::Chunk if reply.is_positive() => {}
            // RFC 5321 4.3.2: unknown codes are handled "by interpreting the first digit only".
            Step::Data if reply.is_intermediate() => self.content(now),
            Step::Data | Step::Chunk => work.decide(&Verdict::Refused(reply)),
            Step::Content => {
                work.concluded = true;
                let verdict = if reply.is_positive() { Verdict::Accepted } else { Verdict::Refused(reply) };
                work.decide(&verdict);
            }
            Step::Greeting
            | Step::Ehlo
            | Step::Helo
            | Step::StartTls
            | Step::Handshake
            | Step::Login
            | Step::Reset
            | Step::Quit => {}
        }
    }

    /// 354 came.
    fn content(&mut self, now: SimTime) {
        let Some(work) = &mut self.work else { return };
        let mut data = b".\r\n".to_vec();
        // RFC 2920 section 3.1: where all recipients failed and DATA was taken all the same, the
        // client "SHOULD send a single dot".
        if work.any_taken() {
            (work.content_begun, work.content_sent) = (true, true);
            work.sent = work.transaction.content.len();
            data = stuff(&work.transaction.content);
            self.output.push_back(Output::Event(ClientEvent::Transferring));
        }
        self.unsent.extend_from_slice(&data);
        self.awaiting.push_back(Step::Content);
        self.send(now);
    }

    /// Octets of the message that are on their way.
    pub(super) fn under_way(&self) -> usize {
        self.work.as_ref().map_or(0, |work| work.sent)
    }
}

fn rcpt_answered(work: &mut Work, reply: Reply) {
    let taken_before = work.any_taken();
    let Some(fate) = work.asked.pop_front().and_then(|at| work.fates.get_mut(at)) else { return };
    // A reply to a recipient of a sender that was refused says nothing.
    if matches!(fate, Fate::Open) {
        *fate = if reply.is_positive() {
            Fate::Taken
        } else {
            Fate::Decided(Verdict::Refused(too_many(reply, taken_before)))
        };
    }
}

/// RFC 5321 4.5.3.1.10: after recipients that were accepted, clients "SHOULD treat a 552 code
/// in this case as a temporary, rather than permanent, failure".
const fn too_many(mut reply: Reply, taken_before: bool) -> Reply {
    if reply.code == 552 && taken_before {
        reply.code = 452;
    }
    reply
}

fn needs_utf8(transaction: &Transaction) -> bool {
    let envelope = &transaction.envelope;
    envelope.options.utf8
        || !envelope.reverse_path.as_str().is_ascii()
        || envelope.recipients.iter().any(|recipient| !recipient.path.as_str().is_ascii())
}

/// Who can be asked for, and who cannot by what the server has said.
fn fates(offers: &Offers, transaction: &Transaction) -> Vec<Fate> {
    let Transaction { envelope, content } = transaction;
    let options = &envelope.options;
    let whole = if offers.max_message.is_some_and(|limit| content.len() as u64 > limit) {
        Some(Unsendable::TooLarge)
    } else if !offers.utf8 && (options.utf8 || !envelope.reverse_path.as_str().is_ascii()) {
        Some(Unsendable::Utf8)
    } else if options.body == BodyType::Binary && !offers.binary
        // RFC 6152 section 3: a message that is not converted "must be returned to the originator".
        || options.body == BodyType::EightBit && !offers.eight_bit && !content.is_ascii()
    {
        Some(Unsendable::Body)
    } else {
        None
    };
    let fate = |recipient: &Recipient| {
        let own = (!offers.utf8 && !recipient.path.as_str().is_ascii()).then_some(Unsendable::Utf8);
        whole.or(own).map_or(Fate::Open, |why| Fate::Decided(Verdict::Unsendable(why)))
    };
    envelope.recipients.iter().map(fate).collect()
}

/// The parameters of RCPT (RFC 3461 sections 4.1 and 4.2).
fn dsn(recipient: &Recipient) -> String {
    let mut out = String::new();
    if let Some(notify) = recipient.notify {
        let words = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
        let words: Vec<&str> = words.into_iter().filter_map(|(set, word)| set.then_some(word)).collect();
        let words = if words.is_empty() { "NEVER".to_owned() } else { words.join(",") };
        out.push_str(&format!(" NOTIFY={words}"));
    }
    if let Some((kind, address)) = recipient.original.as_ref().and_then(|text| text.split_once(';')) {
        let address =
            if address.is_ascii() { xtext::encode(address) } else { xtext::encode(&xtext::address_in_ascii(address)) };
        out.push_str(&format!(" ORCPT={kind};{address}"));
    }
    out
}
