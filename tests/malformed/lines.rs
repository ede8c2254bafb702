//! Octets that are nearly dialogues of mail: good ones, what can be wrong with their lines, and with their octets.

use posthaste::base::{Stream, Streams};
use posthaste::proto::tls::{Channel, Model, Progress, Role};

use super::requests;

/// A client's part at port 25: a plain one, one with BDAT, one that pipelines, and all that one may ask.
const SMTP: [&str; 4] = [
    "EHLO c.test\r\nMAIL FROM:<a@c.test> SIZE=20 BODY=8BITMIME RET=HDRS ENVID=x\r\nRCPT TO:<bob@kiwi.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;b\r\n\
     RCPT TO:<info@kiwi.test>\r\nDATA\r\nSubject: x\r\n\r\n..\r\nhi\r\n.\r\nRSET\r\nQUIT\r\n",
    "EHLO c.test\r\nMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<team@kiwi.test>\r\nBDAT 14\r\nSubject: x\r\n\r\nBDAT 3\r\na\r\nBDAT 0 LAST\r\n\
     MAIL FROM:<a@c.test>\r\nRCPT TO:<bob+x@kiwi.test>\r\nRCPT TO:<nobody@kiwi.test>\r\nBDAT 4 LAST\r\nhi\r\nNOOP\r\n",
    "HELO c.test\r\nMAIL FROM:<a@c.test>\r\nRCPT TO:<@x.test:carol@kiwi.test>\r\nRCPT TO:<\"null\"@kiwi.test>\r\nDATA\r\n\r\nhi\r\n.\r\nVRFY bob\r\n\
     EXPN team@kiwi.test\r\nHELP MAIL\r\nETRN c.test\r\nRCPT TO:<Postmaster>\r\n",
    "EHLO [192.0.2.2]\r\nVRFY <bob@kiwi.test>\r\nEXPN team\r\nSTARTTLS\r\nAUTH PLAIN\r\nNOOP x\r\nHELO x\r\nEHLO [IPv6:2001:db8::1]\r\nBDAT 0 LAST\r\nDATA\r\n",
];
/// A user's part where mail is submitted.
const SUBMISSION: [&str; 3] = [
    "EHLO pc.test\r\nAUTH PLAIN AGJvYgBodW5ncnk=\r\nMAIL FROM:<bob@kiwi.test> AUTH=<> BODY=8BITMIME\r\nRCPT TO:<carol@kiwi.test>\r\nRCPT TO:<x@elsewhere.test>\r\n\
     DATA\r\nFrom: bob\r\n\r\n\u{e9}\r\n.\r\nQUIT\r\n",
    "EHLO pc.test\r\nAUTH LOGIN\r\nYm9i\r\naHVuZ3J5\r\nMAIL FROM:<bob@kiwi.test>\r\nRCPT TO:<bob@kiwi.test>\r\nBDAT 4 LAST\r\nhi\r\n",
    "EHLO pc.test\r\nAUTH PLAIN\r\n*\r\nAUTH PLAIN\r\nAGJvYgBo\r\nAUTH LOGIN =\r\nAUTH CRAM-MD5\r\nMAIL FROM:<bob@kiwi.test>\r\n",
];
const POP3: [&str; 3] = [
    "USER bob\r\nPASS hungry\r\nSTAT\r\nLIST\r\nLIST 1\r\nUIDL\r\nUIDL 2\r\nTOP 1 1\r\nRETR 1\r\nRETR 2\r\nDELE 1\r\nRETR 1\r\nRSET\r\nNOOP\r\nQUIT\r\n",
    "CAPA\r\nAPOP bob 0123456789abcdef0123456789abcdef\r\nUSER bob\r\nPASS wrong\r\nUSER carol\r\nPASS hungry\r\nRETR 1\r\nQUIT\r\n",
    "user bob\r\npass hungry\r\ndele 2\r\nlist\r\ntop 1 0\r\nlast\r\nauth plain\r\nstat\r\nretr 0\r\n",
];
const IMAP: [&str; 5] = [
    "a LOGIN bob hungry\r\nb SELECT INBOX\r\nc FETCH 1:* (FLAGS UID ENVELOPE BODYSTRUCTURE INTERNALDATE RFC822.SIZE)\r\nd FETCH 2 BODY[1.MIME]<0.9>\r\n\
     e STORE 1 +FLAGS (\\Deleted word)\r\nf EXPUNGE\r\ng CLOSE\r\nh LOGOUT\r\n",
    "a AUTHENTICATE PLAIN\r\nAGJvYgBodW5ncnk=\r\nb CREATE x/y\r\nc APPEND x/y (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {13+}\r\nSubject: hi\r\n\r\nd LIST \"\" *\r\n\
     e STATUS x/y (MESSAGES UIDNEXT SIZE)\r\nf RENAME x z\r\ng SELECT z/y\r\nh COPY 1 INBOX\r\ni UID MOVE 1:* INBOX\r\nj IDLE\r\nDONE\r\n",
    "a LOGIN {3}\r\nbob {6+}\r\nhungry\r\nb EXAMINE INBOX\r\nc SEARCH CHARSET UTF-8 OR (SUBJECT {3+}\r\none NOT SEEN) SINCE 1-Feb-1994\r\n\
     d UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Subject \"From\")] RFC822.TEXT BODY[]<2.3>)\r\n",
    "a CAPABILITY\r\nb ID (\"name\" \"x\")\r\nc NAMESPACE\r\nd LOGIN bob \"hungry\"\r\ne NAMESPACE\r\nf LSUB \"\" %\r\ng SUBSCRIBE INBOX\r\nh UNSELECT\r\ni CHECK\r\n\
     j DELETE INBOX\r\nk NOOP\r\n",
    "a LOGIN bob hungry\r\nb CREATE a&-b\r\nc CREATE \"x &ZeVnLIqe-\"\r\nd SELECT INBOX\r\ne FETCH 1,2,*:4294967295 (BODY[2.1.HEADER] BODY[TEXT])\r\n\
     f UID EXPUNGE 1:*\r\ng UID SEARCH UID 1:* LARGER 1 KEYWORD w BODY x\r\nh RENAME INBOX old\r\n",
];
/// What servers say to a client of SMTP and to one of POP3.
const REPLIES: [&str; 3] = [
    "220 h\r\n250-h\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-AUTH PLAIN LOGIN\r\n250-SIZE 99\r\n250-STARTTLS\r\n250 DSN\r\n235 2.7.0 ok\r\n250 ok\r\n\
     250 ok\r\n550 5.1.1 no\r\n354 go\r\n250 2.0.0 ok\r\n221 bye\r\n",
    "220-h\r\n220 h\r\n250 h\r\n250 ok\r\n452 4.2.2 full\r\n250 ok\r\n354 go\r\n451-4.3.0 not\r\n451 4.3.0 now\r\n221 bye\r\n",
    "+OK x\r\n+OK\r\n+OK 2 messages\r\n+OK\r\n1 4\r\n2 9\r\n.\r\n+OK\r\n..\r\nhi\r\n.\r\n+OK\r\n+OK\r\nx\r\n.\r\n-ERR no\r\n+OK\r\n",
];

/// Words that mean something somewhere, and numbers that are too much.
const WORDS: [&[u8]; 40] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\r\n.\r\n",
    b"\n.\n",
    b".",
    b"\r\n..\r\n",
    b"\xff",
    b"\xc3",
    b"\xe2\x80\xa8",
    b"<",
    b">",
    b"\"",
    b"\\",
    b"(",
    b")",
    b"{3}\r\n",
    b"{0+}\r\n",
    b"{4294967296}\r\n",
    b"{99999999999999999999+}\r\n",
    b"BDAT 18446744073709551615 LAST\r\n",
    b"BDAT 18446744073709551616\r\n",
    b"BDAT 5000\r\n",
    b"BDAT 0 LAST\r\n",
    b"RSET\r\n",
    b"DATA\r\n",
    b"EHLO x\r\n",
    b"STARTTLS\r\n",
    b"AUTH PLAIN =\r\n",
    b"MAIL FROM:<bob@kiwi.test>\r\n",
    b"RCPT TO:<bob@kiwi.test>\r\n",
    b" SIZE=99999999999999999999",
    b" SMTPUTF8",
    b"=?utf-8?q?=ff?=",
    b"4294967296",
    b"*:*",
    b"~[::1]",
    b"0",
];

/// The same of HTTP, its forms, cookies and pages.
const WEB_WORDS: [&[u8]; 36] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"\xff",
    b"%",
    b"%00",
    b"%zz",
    b"&",
    b";",
    b"=",
    b"\"",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"fffffffffffffffff\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: 5000\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive, upgrade\r\n",
    b"Host: x\r\n",
    b"Cookie: session.kiwi.test=x\r\n",
    b"GET / HTTP/1.1\r\nHost: kiwi.test\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
    b"HTTP/1.1 101 x\r\n\r\n",
    b"\r\n--b--\r\n",
    b"\r\n--b\r\n",
    b"<body data-page=\"login\">",
    b"4294967296",
];

/// A dialogue that begins TLS and goes on in it.
fn secured() -> Vec<u8> {
    let (mut client, mut server) =
        (Channel::new(Role::Client, Model::default()), Channel::new(Role::Server, Model::default()));
    let mut octets = [b"EHLO c.test\r\nSTARTTLS\r\n", &client.hello()[..]].concat();
    let (mut flight, mut plain) = (client.hello(), Vec::new());
    while !client.is_open() {
        if server.receive(&flight, &mut plain) == Ok(Progress::Answer) {
            flight = server.answer();
        } else {
            flight.clear();
        }
        if client.receive(&flight, &mut plain) == Ok(Progress::Answer) {
            flight = client.answer();
            octets.extend(&flight);
        }
    }
    for line in SMTP[0].split_inclusive('\n') {
        octets.extend(client.seal(line.as_bytes()));
    }
    octets
}

/// Whose dialogues.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    Smtp,
    Submission,
    Pop3,
    Imap,
    Replies,
    /// Requests to a Web server, and to webmail.
    Site,
    Webmail,
    /// What servers say to clients of HTTP, webmail and IMAP.
    Responses,
    Pages,
    Untagged,
}

impl Part {
    fn words(self) -> &'static [&'static [u8]] {
        match self {
            Self::Smtp | Self::Submission | Self::Pop3 | Self::Imap | Self::Replies | Self::Untagged => &WORDS,
            Self::Site | Self::Webmail | Self::Responses | Self::Pages => &WEB_WORDS,
        }
    }
}

/// Good dialogues of that kind, each with an octet in front that chooses one of the configurations.
pub(crate) fn seeds(part: Part) -> Vec<Vec<u8>> {
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>();
    let texts = match part {
        Part::Smtp => owned(&SMTP),
        Part::Submission => owned(&SUBMISSION),
        Part::Pop3 => owned(&POP3),
        Part::Imap => owned(&IMAP),
        Part::Replies => owned(&REPLIES),
        Part::Site => owned(&requests::SITE),
        Part::Webmail => requests::webmail(),
        Part::Responses => owned(&requests::RESPONSES),
        Part::Pages => owned(&requests::PAGES),
        Part::Untagged => owned(&requests::UNTAGGED),
    };
    let with = |choice: u8, octets: &[u8]| [&[choice], octets].concat();
    let mut seeds: Vec<Vec<u8>> = texts.iter().map(|text| with(0, text.as_bytes())).collect();
    if matches!(part, Part::Site) {
        // What is put needs a server that takes it.
        seeds[1..3].iter_mut().for_each(|seed| seed[0] = 0x20);
    }
    if matches!(part, Part::Smtp | Part::Submission) {
        seeds.push(with(0x40, &secured()));
    }
    seeds
}

/// Makes dialogues.
pub(crate) struct Maker {
    stream: Stream,
    seeds: Vec<Vec<u8>>,
    words: &'static [&'static [u8]],
}

impl Maker {
    /// A maker whose dialogues follow from that seed.
    pub(crate) fn new(seed: u64, part: Part) -> Self {
        Self { stream: Streams::new(seed).stream("lines"), seeds: seeds(part), words: part.words() }
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.stream.below(bound.max(1) as u64)).unwrap()
    }

    /// The next dialogue.
    pub(crate) fn octets(&mut self) -> Vec<u8> {
        let which = self.below(self.seeds.len());
        let seed = self.seeds[which].clone();
        let choice = u8::try_from(self.below(256)).unwrap() | seed[0];
        let mut lines: Vec<Vec<u8>> = seed[1..].split_inclusive(|octet| *octet == b'\n').map(<[u8]>::to_vec).collect();
        for _ in 0..self.below(4) {
            self.alter_lines(&mut lines);
        }
        let mut octets = lines.concat();
        for _ in 0..self.below(4) {
            self.alter(&mut octets);
        }
        octets.insert(0, choice);
        octets
    }

    /// A line is missing, comes again, comes often, comes earlier, or is one of another dialogue.
    fn alter_lines(&mut self, lines: &mut Vec<Vec<u8>>) {
        if lines.is_empty() {
            return;
        }
        let (one, two) = (self.below(lines.len()), self.below(lines.len()));
        match self.below(5) {
            0 => drop(lines.remove(one)),
            1 => lines.insert(two, lines[one].clone()),
            2 => {
                let count = self.below(30);
                let many = std::iter::repeat_n(lines[one].clone(), count);
                lines.splice(one..one, many);
            }
            3 => lines.swap(one, two),
            _ => {
                let which = self.below(self.seeds.len());
                let others: Vec<Vec<u8>> =
                    self.seeds[which][1..].split_inclusive(|octet| *octet == b'\n').map(<[u8]>::to_vec).collect();
                let other = self.below(others.len());
                lines.insert(one, others[other].clone());
            }
        }
    }

    fn alter(&mut self, octets: &mut Vec<u8>) {
        let at = self.below(octets.len() + 1);
        let value = u8::try_from(self.below(256)).unwrap();
        match self.below(8) {
            0 => {
                if let Some(octet) = octets.get_mut(at) {
                    *octet = value;
                }
            }
            1 => octets.insert(at, value),
            2 => octets.truncate(at),
            3 => drop(octets.drain(at..(at + 1).min(octets.len()))),
            4 | 5 => {
                let word = self.words[self.below(self.words.len())];
                octets.splice(at..at, word.iter().copied());
            }
            6 => {
                // a line too long, or nearly
                let length = [100, 500, 512, 998, 1_000, 2_000, 5_000, 70_000][self.below(8)];
                octets.splice(at..at, std::iter::repeat_n(b'x', length));
            }
            _ => {
                // without its end, or with half of it
                if let Some(end) = octets[at..].iter().position(|octet| *octet == b'\r') {
                    octets.remove(at + end);
                }
            }
        }
    }
}
