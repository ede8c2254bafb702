//! Scripts of dialogues: the form that `tests/dialogues/README.md` describes.

use std::time::Duration;

/// A file of scripts.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    pub(crate) scene: Scene,
    /// Sessions in the same scene, each on a connection of its own.
    pub(crate) sessions: Vec<Vec<Step>>,
}

/// What must be there before the dialogues begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    /// `smtp`, `pop3` or `imap`.
    pub(crate) protocol: String,
    /// The server's name.
    pub(crate) server: String,
    /// Limits by name, such as `recipients`.
    pub(crate) limits: Vec<(String, usize)>,
    /// Whom or what the server refuses, and with which words.
    pub(crate) refusals: Vec<(String, String)>,
    /// Users who may log in: name and password.
    pub(crate) users: Vec<(String, String)>,
    /// Mailing lists and their members.
    pub(crate) lists: Vec<(String, Vec<String>)>,
    /// Extensions offered beyond the usual ones, or with `-` before them not offered.
    pub(crate) offers: Vec<String>,
    /// What stands between the levels of folder names.
    pub(crate) separator: Option<char>,
    /// Messages in the mailboxes.
    pub(crate) messages: Vec<String>,
}

/// One line of a session.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    pub(crate) line: usize,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The client sends these octets.
    Say(Vec<u8>),
    /// The client closes its end.
    ClientCloses,
    /// The server says exactly this line.
    Hear(String),
    /// The server says a line that begins so.
    HearStart(String),
    /// The server closes its end.
    ServerCloses,
    /// Nothing happens for this time.
    Wait(Duration),
    /// What has come of it so far, such as `stored 2`.
    Outcome(String),
}

impl Script {
    pub(crate) fn parse(text: &str) -> Self {
        let mut script = Self::default();
        (script.scene.protocol, script.scene.server) = ("smtp".to_owned(), "hamburger.edu".to_owned());
        script.sessions.push(Vec::new());
        for (line, text) in (1..).zip(text.lines()) {
            let what = if let Some(directive) = text.strip_prefix('@') {
                script.scene.direct(directive);
                continue;
            } else if let Some(content) = text.strip_prefix('|') {
                let message = script.scene.messages.last_mut().expect("a @message before |");
                message.push_str(content.strip_prefix(' ').unwrap_or(content));
                message.push_str("\r\n");
                continue;
            } else if text.starts_with("---") {
                script.sessions.push(Vec::new());
                continue;
            } else if text.is_empty() || text.starts_with('#') {
                continue;
            } else {
                step(text).unwrap_or_else(|| panic!("line {line} has no meaning: {text}"))
            };
            script.sessions.last_mut().expect("there is one").push(Step { line, what });
        }
        script
    }
}

impl Scene {
    fn direct(&mut self, directive: &str) {
        let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
        let pair = || rest.split_once(' ').unwrap_or((rest, ""));
        match word {
            "smtp" | "pop3" | "imap" => (self.protocol, self.server) = (word.to_owned(), rest.to_owned()),
            "limit" => self.limits.push((pair().0.to_owned(), pair().1.parse().expect("a number"))),
            "refuse" => self.refusals.push((pair().0.to_owned(), pair().1.to_owned())),
            "list" => {
                self.lists.push((pair().0.to_owned(), pair().1.split_whitespace().map(str::to_owned).collect()));
            }
            "offer" => self.offers.extend(rest.split(' ').map(str::to_owned)),
            "user" => self.users.push((pair().0.to_owned(), pair().1.to_owned())),
            "separator" => self.separator = rest.chars().next(),
            "message" => self.messages.push(String::new()),
            _ => panic!("no such directive: @{directive}"),
        }
    }

    pub(crate) fn limit(&self, name: &str) -> Option<usize> {
        self.limits.iter().find(|(known, _)| known == name).map(|(_, limit)| *limit)
    }

    pub(crate) fn refusal(&self, of: &str) -> Option<&str> {
        self.refusals.iter().find(|(known, _)| known == of).map(|(_, words)| words.as_str())
    }
}

fn step(text: &str) -> Option<What> {
    if let Some(time) = text.strip_prefix('+') {
        return Some(What::Wait(duration(time)));
    }
    if let Some(outcome) = text.strip_prefix("= ") {
        return Some(What::Outcome(outcome.to_owned()));
    }
    let said = text.get(2..)?;
    let said = said.strip_prefix(' ').unwrap_or(said);
    Some(match (&text[..2], said) {
        ("C:", "(closes)") => What::ClientCloses,
        ("S:", "(closed)") => What::ServerCloses,
        ("C:", _) => What::Say(format!("{said}\r\n").into_bytes()),
        ("C\\", _) => What::Say(unescape(said)),
        ("S:", _) => What::Hear(said.to_owned()),
        ("S~", _) => What::HearStart(said.to_owned()),
        _ => return None,
    })
}

/// `4min 59s` and the like.
fn duration(text: &str) -> Duration {
    text.split(' ').fold(Duration::ZERO, |sum, part| {
        let (number, unit) = part.split_at(part.find(|c: char| !c.is_ascii_digit()).expect("a unit"));
        let unit = match unit {
            "ns" => Duration::from_nanos(1),
            "s" => Duration::from_secs(1),
            "min" => Duration::from_secs(60),
            _ => panic!("no such unit: {unit}"),
        };
        sum + unit * number.parse().expect("a number")
    })
}

/// `\r`, `\n`, `\t`, `\\`, `\xHH`, and `\{600 x}` for 600 times an x.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let length = match rest.as_bytes().get(at + 1) {
            Some(b'x') => {
                out.push(u8::from_str_radix(&rest[at + 2..at + 4], 16).expect("two hexadecimal digits"));
                4
            }
            Some(b'{') => {
                let end = rest[at..].find('}').expect("a closing brace");
                let (count, what) = rest[at + 2..at + end].split_once(' ').expect("a number and a text");
                out.extend(unescape(what).repeat(count.parse().expect("a number")));
                end + 1
            }
            Some(escape) => {
                out.push(match escape {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'\\' => b'\\',
                    other => panic!("no such escape: {}", char::from(*other)),
                });
                2
            }
            None => panic!("a backslash at the end"),
        };
        rest = &rest[at + length..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}
