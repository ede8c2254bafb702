//! What was said in SMTP and POP3, read anew from the bytes: a second, strict reader that
//! shares no code with the servers.

use std::collections::VecDeque;

use posthaste::base::{Side, SimTime};

use super::log::Connection;

/// The reply to a final dot.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DotReply {
    pub(crate) id: u64,
    pub(crate) at: SimTime,
    pub(crate) code: u16,
    /// Octets spoken by the server up to its end.
    pub(crate) end: u64,
}

/// One mail transaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Transaction {
    pub(crate) sender: String,
    /// Recipients with the codes of the replies.
    pub(crate) recipients: Vec<(String, u16)>,
    /// The message, dots un-stuffed, once the final dot was said.
    pub(crate) content: Option<Vec<u8>>,
    /// The event of the final dot, and its time.
    pub(crate) dot: Option<(u64, SimTime)>,
    pub(crate) reply: Option<DotReply>,
}

impl Transaction {
    pub(crate) fn taken(&self) -> Option<DotReply> {
        self.reply.filter(|reply| reply.code / 100 == 2)
    }

    pub(crate) fn message(&self) -> String {
        header(self.content.as_deref().unwrap_or_default(), "Message-ID").unwrap_or_default()
    }
}

enum Awaited {
    Nothing,
    Mail(String),
    Rcpt(String),
    Data,
    Dot,
}

/// The transactions of an SMTP session, or what is wrong with it.
pub(crate) fn smtp(connection: &Connection) -> Result<Vec<Transaction>, String> {
    let mut done = Vec::new();
    let mut present = Transaction::default();
    let mut awaited = VecDeque::from([Awaited::Nothing]);
    let (mut data, mut spoken): (Option<Vec<u8>>, u64) = (None, 0);
    for said in &connection.said {
        match said.side {
            Side::Client => {
                if let Some(text) = &mut data {
                    text.extend_from_slice(&said.bytes);
                    if let Some(content) = unstuff(text)? {
                        present.content = Some(content);
                        present.dot = Some((said.id, said.at));
                        awaited.push_back(Awaited::Dot);
                        data = None;
                    }
                } else {
                    for line in lines(&said.bytes)? {
                        awaited.push_back(command(line));
                    }
                }
            }
            Side::Server => {
                spoken += said.bytes.len() as u64;
                for code in reply_codes(&said.bytes)? {
                    match awaited.pop_front() {
                        Some(Awaited::Mail(sender)) if code == 250 => {
                            done.push(std::mem::replace(&mut present, Transaction { sender, ..Default::default() }));
                        }
                        Some(Awaited::Rcpt(to)) => present.recipients.push((to, code)),
                        Some(Awaited::Data) if code == 354 => data = Some(Vec::new()),
                        Some(Awaited::Dot) => {
                            present.reply = Some(DotReply { id: said.id, at: said.at, code, end: spoken });
                        }
                        Some(Awaited::Nothing | Awaited::Mail(_) | Awaited::Data) => {}
                        None if code == 421 => {}
                        None => return Err(format!("reply {code} that nobody asked for")),
                    }
                }
            }
        }
    }
    done.push(present);
    done.retain(|transaction| !transaction.recipients.is_empty());
    Ok(done)
}

fn command(line: &str) -> Awaited {
    let path = || {
        let inner = line.split_once('<').and_then(|(_, rest)| rest.rsplit_once('>'));
        inner.map_or_else(String::new, |(path, _)| path.to_owned())
    };
    match line.get(..4).unwrap_or_default() {
        "MAIL" => Awaited::Mail(path()),
        "RCPT" => Awaited::Rcpt(path()),
        "DATA" => Awaited::Data,
        _ => Awaited::Nothing,
    }
}

fn lines(bytes: &[u8]) -> Result<Vec<&str>, String> {
    let text = str::from_utf8(bytes).map_err(|_| "not ASCII".to_owned())?;
    let whole = text.strip_suffix("\r\n").ok_or_else(|| format!("a line without its CRLF: {text:?}"))?;
    let lines: Vec<&str> = whole.split("\r\n").collect();
    match lines.iter().find(|line| line.contains(['\r', '\n'])) {
        Some(line) => Err(format!("a bare CR or LF in {line:?}")),
        None => Ok(lines),
    }
}

fn reply_codes(bytes: &[u8]) -> Result<Vec<u16>, String> {
    let mut codes = Vec::new();
    for line in lines(bytes)? {
        let code = line.get(..3).and_then(|digits| digits.parse().ok()).filter(|code| (200..560).contains(code));
        let code: u16 = code.ok_or_else(|| format!("no reply: {line:?}"))?;
        if line.as_bytes().get(3) != Some(&b'-') {
            codes.push(code);
        }
    }
    Ok(codes)
}

/// The text before the final dot with its doubled dots halved; none while the dot is missing.
pub(crate) fn unstuff(text: &[u8]) -> Result<Option<Vec<u8>>, String> {
    if text != b".\r\n" && !text.ends_with(b"\r\n.\r\n") {
        return Ok(None);
    }
    let mut content = Vec::with_capacity(text.len());
    let body = &text[..text.len() - 3];
    let mut from = 0;
    while from < body.len() {
        let end = body[from..].windows(2).position(|pair| pair == b"\r\n").ok_or("the last line has no CRLF")?;
        let line = &body[from..from + end + 2];
        if line == b".\r\n" {
            return Err("something behind the final dot".to_owned());
        }
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(line));
        from += end + 2;
    }
    Ok(Some(content))
}

/// The user of a POP3 session and the messages that it was sent whole.
pub(crate) fn pop3(connection: &Connection) -> Result<(String, Vec<Vec<u8>>), String> {
    let (mut user, mut fetched, mut answer, mut retrieving) = (String::new(), Vec::new(), Vec::new(), false);
    for said in &connection.said {
        match said.side {
            Side::Client => {
                for line in lines(&said.bytes)? {
                    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
                    retrieving = verb.eq_ignore_ascii_case("RETR");
                    answer.clear();
                    if verb.eq_ignore_ascii_case("USER") {
                        rest.clone_into(&mut user);
                    }
                }
            }
            Side::Server if retrieving => {
                answer.extend_from_slice(&said.bytes);
                let first = answer.windows(2).position(|pair| pair == b"\r\n").unwrap_or(answer.len());
                if answer.starts_with(b"+OK")
                    && let Some(content) = unstuff(answer.get(first + 2..).unwrap_or_default())?
                {
                    fetched.push(content);
                    retrieving = false;
                }
            }
            Side::Server => {}
        }
    }
    Ok((user, fetched))
}

/// The value of the first header field of that name, for fields that are not folded.
pub(crate) fn header(content: &[u8], name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(content);
    let head = text.split("\r\n\r\n").next()?;
    let prefix = format!("{name}: ");
    head.split("\r\n").find_map(|line| line.strip_prefix(&prefix)).map(str::to_owned)
}

/// What is behind the `Received:` field that the server of that name puts in front.
pub(crate) fn behind_received<'a>(content: &'a [u8], server: &str) -> Option<&'a [u8]> {
    let mut end = 0;
    loop {
        end += content.get(end..)?.windows(2).position(|pair| pair == b"\r\n")? + 2;
        if !matches!(content.get(end), Some(b' ' | b'\t')) {
            break;
        }
    }
    let field = String::from_utf8_lossy(&content[..end]).replace("\r\n\t", " ").replace("\r\n ", " ");
    (field.starts_with("Received: from ") && field.contains(&format!(" by {server} with "))).then(|| &content[end..])
}

/// How many servers a message has passed.
pub(crate) fn hops(content: &[u8]) -> usize {
    let text = String::from_utf8_lossy(content);
    text.split("\r\n").take_while(|line| !line.is_empty()).filter(|line| line.starts_with("Received:")).count()
}
