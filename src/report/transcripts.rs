//! Dialogues as the lecture writes them: `C:` and `S:` lines.
//!
//! A line sent in several pieces is joined and stands where it was completed. Behind BDAT stand as many
//! octets as it says (RFC 3030), which need not end a line: what follows begins one all the same. So it does
//! behind the content of a message of HTTP.
//! Control bytes are escaped, so that no message can command a terminal; a line that ends in a bare LF
//! shows `\x0a` at its end. Binary protocols, and what TLS protects, are shown as counts of octets,
//! and so are contents in HTTP that are no text.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::ReportError;
use super::http_lines::Messages;
use super::tls_records;
use super::values::escape;
use crate::base::calendar::UnixTime;
use crate::base::socket::{Endpoint, Side};
use crate::metrics::Dialogue;

/// The name of a dialogue's file: `smtp-crepes.fr-1.txt`. The number counts the connections
/// that the client opened, whatever they carry, so it agrees with the table `connections`.
#[must_use]
pub fn transcript_name(dialogue: &Dialogue) -> String {
    file_name(&dialogue.protocol, &dialogue.client, dialogue.number)
}

/// The name of the file for a connection that is the client's N-th.
pub(super) fn file_name(protocol: &str, client: &str, number: u32) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let [protocol, client]: [String; 2] = [protocol, client].map(|part| part.chars().map(plain).collect());
    format!("{protocol}-{client}-{number}.txt")
}

/// One connection's transcript: a header of `#` lines, then one line for each line said.
/// `start` is the calendar time of t = 0.
#[must_use]
pub fn transcript(dialogue: &Dialogue, start: UnixTime) -> String {
    counted(dialogue, start).0
}

/// A transcript, and of each piece how many of its lines that completed. Lines that never were stand at the end and
/// count nowhere.
pub(super) fn counted(dialogue: &Dialogue, start: UnixTime) -> (String, Vec<u32>) {
    let mut counts = Vec::new();
    let mut out = header(dialogue, start);
    let chunks = &*dialogue.protocol == "smtp";
    let messages = |of_server| (&*dialogue.protocol == "http").then(|| Messages::new(of_server));
    let (to_server, to_client) = (messages(false), messages(true));
    let mut client =
        Speaker { letter: 'C', line: Vec::new(), chunks, chunk: 0, in_message: false, messages: to_server };
    let mut server =
        Speaker { letter: 'S', line: Vec::new(), chunks: false, chunk: 0, in_message: false, messages: to_client };
    for piece in dialogue.pieces() {
        let before = out.len();
        let speaker = match piece.side {
            Side::Client => &mut client,
            Side::Server => &mut server,
        };
        if &*dialogue.protocol == "dns" {
            let _ = writeln!(out, "{}: ({} octets)", speaker.letter, piece.bytes.len());
        } else if let Some((head, octets)) = binary_content(&dialogue.protocol, piece.bytes) {
            speaker.hear(head, &mut out);
            speaker.flush(&mut out);
            let _ = writeln!(out, "{}: ({octets} octets)", speaker.letter);
            speaker.hear(&piece.bytes[head.len()..], &mut String::new());
            speaker.line.clear();
        } else if let Some(records) = tls_records::records(piece.bytes) {
            speaker.flush(&mut out);
            for (kind, octets) in records {
                let _ =
                    writeln!(out, "{}: (TLS {kind}, {octets} octets)", speaker.letter, kind = tls_records::kind(kind));
            }
        } else {
            // Behind 354 no line of the client's is a command before the final dot.
            let go_on = chunks && piece.side == Side::Server && piece.bytes.starts_with(b"354");
            speaker.hear(piece.bytes, &mut out);
            client.in_message |= go_on;
        }
        if let (Some(asked), Some(answered)) = (&mut client.messages, &mut server.messages) {
            answered.heads.append(&mut asked.heads);
        }
        let lines = out.as_bytes()[before..].iter().filter(|byte| **byte == b'\n').count();
        counts.push(u32::try_from(lines).unwrap_or(u32::MAX));
    }
    // What was left without a line end when the connection, or the run, ended.
    server.flush(&mut out);
    client.flush(&mut out);
    if dialogue.omitted > 0 {
        let _ = writeln!(out, "# {} more octets were left out", dialogue.omitted);
    }
    (out, counts)
}

/// The head of a message of HTTP, and the octets of its content if that is no text.
fn binary_content<'a>(protocol: &str, bytes: &'a [u8]) -> Option<(&'a [u8], usize)> {
    let is_text = |bytes: &[u8]| {
        let cut = bytes.len() - bytes.len().min(3);
        let text = match str::from_utf8(bytes) {
            Ok(text) => text,
            // a piece may end within a character
            Err(error) if error.error_len().is_none() && error.valid_up_to() >= cut => return true,
            Err(_) => return false,
        };
        text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\r' | '\n'))
    };
    if protocol != "http" || is_text(bytes) {
        return None;
    }
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").map_or(0, |at| at + 4);
    let end = if is_text(&bytes[..end]) { end } else { 0 };
    Some((&bytes[..end], bytes.len() - end))
}

/// A transcript in a result folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TranscriptFile {
    /// `smtp`, `pop3`, `imap`, `dns`.
    pub protocol: String,
    /// The host that opened the connection.
    pub client: String,
    /// The connection's number among those that the client opened.
    pub number: u32,
    /// The file.
    pub path: PathBuf,
}

/// The transcripts in the result folder `dir`, by protocol, client and number.
///
/// # Errors
/// When the folder has no transcripts or cannot be read.
pub fn list_transcripts(dir: &Path) -> Result<Vec<TranscriptFile>, ReportError> {
    let folder = dir.join("transcripts");
    let entries = fs::read_dir(&folder).map_err(ReportError::io("look into", &folder))?;
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry.map_err(ReportError::io("look into", &folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let parts = name.strip_suffix(".txt").and_then(|stem| {
            let (protocol, rest) = stem.split_once('-')?;
            let (client, number) = rest.rsplit_once('-')?;
            Some((protocol.to_owned(), client.to_owned(), number.parse().ok()?))
        });
        if let Some((protocol, client, number)) = parts {
            files.push(TranscriptFile { protocol, client, number, path: entry.path() });
        }
    }
    files.sort();
    Ok(files)
}

fn header(dialogue: &Dialogue, start: UnixTime) -> String {
    let at = |endpoint: Option<Endpoint>| endpoint.map_or_else(String::new, |endpoint| format!(" ({endpoint})"));
    let (from, to) = dialogue.endpoints.unzip();
    let mut out = String::new();
    let _ = writeln!(out, "# protocol: {}", dialogue.protocol.to_uppercase());
    let _ = writeln!(out, "# connection: {}", dialogue.connection);
    let _ = writeln!(out, "# client: {}{}", dialogue.client, at(from));
    let _ = writeln!(out, "# server: {}{}", dialogue.server, at(to));
    let _ = writeln!(out, "# start: {} s ({})", dialogue.start, start.plus(dialogue.start));
    out
}

struct Speaker {
    letter: char,
    line: Vec<u8>,
    /// Whether it may send chunks.
    chunks: bool,
    /// Octets of a chunk that are still to come.
    chunk: usize,
    /// Whether its lines are those of a message.
    in_message: bool,
    /// Its messages of HTTP.
    messages: Option<Messages>,
}

impl Speaker {
    fn hear(&mut self, mut bytes: &[u8], out: &mut String) {
        while !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let end = if self.chunk > 0 { end.min(self.chunk) } else { end };
            let (part, rest) = bytes.split_at(end);
            bytes = rest;
            self.line.extend_from_slice(part);
            let in_chunk = self.chunk > 0;
            self.chunk = self.chunk.saturating_sub(part.len());
            if part.ends_with(b"\n") || in_chunk && self.chunk == 0 {
                if self.line.ends_with(b"\r\n") {
                    self.line.truncate(self.line.len() - 2);
                }
                if self.chunks && !in_chunk {
                    self.command();
                }
                if let (Some(messages), false) = (&mut self.messages, in_chunk) {
                    self.chunk = messages.line(&self.line);
                }
                self.say(out);
            }
        }
    }

    /// A line that may be a command is whole.
    fn command(&mut self) {
        if self.in_message {
            self.in_message = self.line != b".";
            return;
        }
        let mut words = self.line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
        if words.next().is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT")) {
            let octets = words.next().and_then(|word| std::str::from_utf8(word).ok()?.parse().ok());
            self.chunk = octets.unwrap_or_default();
        }
    }

    fn flush(&mut self, out: &mut String) {
        if !self.line.is_empty() {
            self.say(out);
        }
    }

    fn say(&mut self, out: &mut String) {
        let line = format!("{}: {}", self.letter, escape(&self.line));
        out.push_str(line.trim_end_matches(' '));
        out.push('\n');
        self.line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::testing::Script;

    /// Breaks when an image fills the transcript, or takes the head with it.
    #[test]
    fn contents_that_are_no_text_are_counted() {
        let image = b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n\x89PNG\r\n\r\n\xff";
        assert_eq!(binary_content("http", image), Some((&image[..25], 9)));
        assert_eq!(binary_content("http", "HTTP/1.1 200 OK\r\n\r\ncaf\u{e9}".as_bytes()), None);
        assert_eq!(binary_content("http", b"\x00\r\n\r\n"), Some((&b""[..], 5)));
        assert_eq!(binary_content("smtp", image), None);
    }

    /// Breaks when a command stands behind the end of a chunk, in pieces of any length, or when a line of a
    /// message is taken for BDAT.
    #[test]
    fn chunks_and_commands_stand_on_lines_of_their_own() {
        let said = "BDAT 5\r\na\r\nbcbdat 3\r\n\0\r\nBDAT 0 LAST\r\nDATA\r\n";
        let message = "BDAT 9\r\nx\r\n.\r\nBDAT 1 LAST\r\ny";
        for size in [1, 2, 3, 100] {
            let mut script = Script::two_domains();
            let chunks =
                |text: &'static str| text.as_bytes().chunks(size).map(|part| std::str::from_utf8(part).unwrap());
            let mut pieces: Vec<_> = chunks(said).map(|part| (Side::Client, part)).collect();
            pieces.push((Side::Server, "354 go\r\n"));
            pieces.extend(chunks(message).map(|part| (Side::Client, part)));
            pieces.extend([(Side::Server, "250 ok\r\n"), (Side::Client, "QUIT\r\n")]);
            script.connection("crepes.fr", 1, 25, 2_345_000_000, &pieces);
            let record = script.finish(9_000_000_000);
            let told = transcript(&record.dialogues[0], record.start);
            let lines: Vec<&str> = told.lines().filter(|line| !line.starts_with('#')).collect();
            let wanted = "C: BDAT 5|C: a|C: bc|C: bdat 3|C: \\x00|C: BDAT 0 LAST|C: DATA|S: 354 go|C: BDAT 9|C: x|C: .|\
                C: BDAT 1 LAST|C: y|S: 250 ok|C: QUIT";
            assert_eq!(lines.join("|"), wanted, "{size}");
        }
    }

    /// Breaks when a request or a status line stands behind the end of a content, in pieces of any length, or when
    /// a content is waited for that never comes.
    #[test]
    fn contents_and_start_lines_stand_on_lines_of_their_own() {
        let asked = "POST /a HTTP/1.1\r\ncontent-length: 3\r\n\r\na=bHEAD /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n";
        let told = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\na\r\nb\r\n0\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<a>\nbHTTP/1.0 404 x\r\n\r\n\
            HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx\ny";
        let wanted = "C: POST /a HTTP/1.1|C: content-length: 3|C:|C: a=b|C: HEAD /b HTTP/1.1|C:|C: GET /c HTTP/1.1|C:|\
            S: HTTP/1.1 100 Continue|S:|S: HTTP/1.1 200 OK|S: Transfer-Encoding: chunked|S:|S: 4;x=y|S: a|S: b|S: 0|S:|\
            S: HTTP/1.1 200 OK|S: Content-Length: 9|S:|S: HTTP/1.1 200 OK|S: Content-Length: 5|S:|S: <a>\\x0a|S: b|\
            S: HTTP/1.0 404 x|S:|S: HTTP/1.1 200 OK|S: Content-Length: 1|S:|S: x\\x0a|S: y";
        for size in [1, 2, 3, 7, 1_000] {
            let mut script = Script::two_domains();
            let pieces = |side: Side, text: &'static str| {
                text.as_bytes().chunks(size).map(move |part| (side, std::str::from_utf8(part).unwrap()))
            };
            let all: Vec<_> = pieces(Side::Client, asked).chain(pieces(Side::Server, told)).collect();
            script.connection("crepes.fr", 1, 80, 2_345_000_000, &all);
            let record = script.finish(9_000_000_000);
            let told = transcript(&record.dialogues[0], record.start);
            let lines: Vec<&str> = told.lines().filter(|line| !line.starts_with('#')).collect();
            assert_eq!(lines.join("|"), wanted, "{size}");
        }
    }

    /// Breaks when lines are torn, trailing pieces are lost, or control bytes get through.
    #[test]
    fn a_dialogue_reads_as_in_the_lecture() {
        let mut script = Script::two_domains();
        let pieces = [
            (Side::Server, "220 hamburger.edu\r\n"),
            (Side::Client, "HELO cre"),
            (Side::Client, "pes.fr\r\nMAIL FROM: <alice@crepes.fr>\r\n"),
            (Side::Server, "250 ok\r\n"),
            (Side::Client, "Do you like \u{1b}ketchup?\r\n\r\nbare\n.\r\n"),
            (Side::Server, "221 bye"),
        ];
        script.connection("crepes.fr", 1, 25, 2_345_000_000, &pieces);
        let record = script.finish(9_000_000_000);
        assert_eq!(transcript_name(&record.dialogues[0]), "smtp-crepes.fr-1.txt");
        let wanted = "# protocol: SMTP\n\
            # connection: crepes.fr#1\n\
            # client: crepes.fr (10.0.0.1:1024)\n\
            # server: hamburger.edu (10.0.0.2:25)\n\
            # start: 2.426000000 s (2026-01-05T09:00:02Z)\n\
            S: 220 hamburger.edu\n\
            C: HELO crepes.fr\n\
            C: MAIL FROM: <alice@crepes.fr>\n\
            S: 250 ok\n\
            C: Do you like \\x1bketchup?\n\
            C:\n\
            C: bare\\x0a\n\
            C: .\n\
            S: 221 bye\n";
        assert_eq!(transcript(&record.dialogues[0], record.start), wanted);
    }
}
