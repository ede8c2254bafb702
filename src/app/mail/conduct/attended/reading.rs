//! Reading what a supervised session's client sent, one command at a time.

use super::{Attended, Held, Notice, Reading, State};
use crate::app::mail::conduct::rules::{At, Decision};
use crate::proto::session::{Input, Output};
use crate::proto::smtp::Reply;

/// A line that is longer is the session's own trouble.
const LONGEST_LINE: usize = 1 << 14;

impl Attended {
    /// Reads a little of what the client sent. Whether there was anything to read.
    pub(super) fn read(&mut self) -> bool {
        if !matches!(self.state, State::Open) {
            return false;
        }
        let rest = self.input.rest();
        match self.reading {
            Reading::Message(cut) if !rest.is_empty() => {
                let piece = self.take(line_end(rest, b"\n").unwrap_or(rest.len()));
                let left = cut.map(|(left, reset)| (left.saturating_sub(piece.len() as u64), reset));
                if let Some((0, reset)) = left {
                    self.let_go([if reset { Output::Event(Notice::Reset) } else { Output::Close }].into());
                    return true;
                }
                self.reading = Reading::Message(left);
                self.current = Some((Decision::default(), At::Body));
                self.tell(Input::Bytes(&piece));
            }
            Reading::Chunk(0) | Reading::Skipped(0) => self.reading = Reading::Commands,
            Reading::Chunk(left) if !rest.is_empty() => {
                let piece = self.take(usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len())));
                self.reading = Reading::Chunk(left - piece.len() as u64);
                self.tell(Input::Bytes(&piece));
            }
            Reading::Skipped(left) if !rest.is_empty() => {
                let piece = self.take(usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len())));
                self.reading = Reading::Skipped(left - piece.len() as u64);
            }
            Reading::Sealed if !rest.is_empty() => {
                let piece = self.take(rest.len());
                self.tell(Input::Bytes(&piece));
            }
            Reading::Commands | Reading::Response | Reading::Overlong => return self.read_line(),
            Reading::Message(_) | Reading::Chunk(_) | Reading::Skipped(_) | Reading::Sealed => return self.end(),
        }
        true
    }

    fn read_line(&mut self) -> bool {
        let rest = self.input.rest();
        match line_end(rest, b"\r\n") {
            None if rest.len() > LONGEST_LINE => {
                // A CR at the end may be the first half of a CRLF.
                let piece = self.take(rest.len() - 1);
                self.reading = Reading::Overlong;
                self.tell(Input::Bytes(&piece));
            }
            None => return self.end(),
            Some(end) => {
                let line = self.take(end);
                if self.turned_away {
                    self.answer_turned_away(&line);
                } else if self.reading == Reading::Commands {
                    self.judge(Held::Line(At::of_line(&line), line));
                } else {
                    let at = if self.reading == Reading::Response { At::Auth } else { At::Other };
                    self.current = Some((Decision::default(), at));
                    self.reading = Reading::Commands;
                    self.tell(Input::Bytes(&line));
                }
            }
        }
        true
    }

    /// RFC 5321 3.1: "A server taking this approach MUST still wait for the client to send a QUIT
    /// [...] before closing the connection and SHOULD respond to any intervening commands with "503
    /// bad sequence of commands"."
    fn answer_turned_away(&mut self, line: &[u8]) {
        let quits = At::of_line(line) == At::Quit;
        let reply = if quits {
            Reply::new(221, format!("{} closing connection", self.name))
        } else {
            Reply::new(503, "Bad sequence of commands: there is no service here")
        };
        let reply = Output::Transmit(reply.to_bytes());
        self.let_go(if quits { [reply, Output::Close].into() } else { [reply].into() });
    }

    fn end(&mut self) -> bool {
        let news = self.ended && !self.told_of_end;
        if news {
            self.told_of_end = true;
            if self.turned_away {
                self.close();
            } else {
                let rest = self.take(self.input.rest().len());
                self.tell(Input::Bytes(&rest));
                self.tell(Input::EndOfStream);
            }
        }
        news
    }

    fn take(&mut self, octets: usize) -> Vec<u8> {
        let taken = self.input.rest()[..octets].to_vec();
        self.input.consume(octets);
        taken
    }
}

/// Where the first line in this ends, its end included.
fn line_end(text: &[u8], end: &[u8]) -> Option<usize> {
    text.windows(end.len()).position(|window| window == end).map(|at| at + end.len())
}
