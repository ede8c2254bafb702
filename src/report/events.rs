//! `events.jsonl`: the whole trace, one JSON object a line, for other programs.
//!
//! The form is that of the trace itself, with names in place of handles: hosts, connections
//! (`crepes.fr#1`), queries (`crepes.fr?1`), link directions (`link:from>to`), endpoints
//! (`10.0.0.1:25`). The time stands twice: `t_s` in seconds and `at` in nanoseconds, both
//! exact. Bytes of dialogues are text in which a backslash, control characters and what is no text stand
//! as `\xNN`, octet by octet, so all can be had back. It is large and slow; nobody pays unless it is asked for.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::values::exact;
use crate::base::directory::Directory;
use crate::base::ids::{ConnId, HostId, LinkDirId, QueryId};
use crate::base::trace::{Observer, Trace, TraceEvent};

/// An observer that writes every event as a line of JSON.
#[derive(Debug)]
pub struct EventWriter<W: Write> {
    directory: Directory,
    out: W,
    error: Option<io::Error>,
}

impl<W: Write> EventWriter<W> {
    /// Writes to `out`, which should be buffered.
    #[must_use]
    pub const fn new(directory: Directory, out: W) -> Self {
        Self { directory, out, error: None }
    }

    /// Flushes and gives the writer back.
    ///
    /// # Errors
    /// The first error of any line, or that of the flush. After an error nothing is written.
    pub fn finish(mut self) -> io::Result<W> {
        match self.error.take() {
            Some(error) => Err(error),
            None => self.out.flush().map(|()| self.out),
        }
    }

    /// The event with names in place of handles.
    pub(super) fn line(&self, event: &TraceEvent<'_>) -> Value {
        let what = match event.what {
            // An array of numbers would be built only to be thrown away.
            Trace::Dialogue { conn, side, protocol, bytes } => json!({
                "dialogue": {
                    "conn": self.directory.conn_name(conn),
                    "side": side,
                    "protocol": protocol,
                    "bytes": exact(bytes),
                }
            }),
            Trace::Net(_)
            | Trace::Conn { .. }
            | Trace::Dns(_)
            | Trace::Mail(_)
            | Trace::Fault(_)
            | Trace::Host(_)
            | Trace::Web(_) => {
                let plain = serde_json::to_value(event.what).expect("a trace event has a JSON form");
                self.named("", plain)
            }
        };
        json!({
            "id": event.id,
            "cause": event.cause,
            "at": event.at,
            "t_s": event.at.to_string(),
            "host": self.directory.host_name(event.host),
            "what": what,
        })
    }

    /// `value`, found under `key`, with names in place of handles.
    fn named(&self, key: &str, value: Value) -> Value {
        match (key, value) {
            ("link", Value::Number(link)) => match number(&Value::Number(link.clone())) {
                Some(dir) if (dir as usize) / 2 < self.directory.links().len() => {
                    let (link, from, to) = self.directory.link_dir(LinkDirId(dir));
                    let (from, to) = (self.directory.host_name(from), self.directory.host_name(to));
                    Value::String(format!("{}:{from}>{to}", link.name))
                }
                Some(_) | None => Value::Number(link),
            },
            (_, Value::Object(fields)) => self.named_object(key, fields),
            (_, other) => other,
        }
    }

    fn named_object(&self, key: &str, fields: Map<String, Value>) -> Value {
        let pair = |a: &str, b: &str| fields.get(a).zip(fields.get(b));
        if let Some((host, count)) = pair("host", "number")
            && let Some((host, number)) = number(host).map(HostId).zip(number(count))
        {
            return Value::String(match key {
                "query" => self.directory.query_name(QueryId { host, number }),
                _ => self.directory.conn_name(ConnId { host, number }),
            });
        }
        if let Some((Value::String(addr), Value::Number(port))) = pair("addr", "port") {
            let v6 = addr.contains(':');
            return Value::String(if v6 { format!("[{addr}]:{port}") } else { format!("{addr}:{port}") });
        }
        let named = fields.into_iter().map(|(key, value)| {
            let value = self.named(&key, value);
            (key, value)
        });
        Value::Object(named.collect())
    }
}

fn number(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|value| u32::try_from(value).ok())
}

impl<W: Write> Observer for EventWriter<W> {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        if self.error.is_none() {
            let mut line = self.line(event).to_string();
            line.push('\n');
            self.error = self.out.write_all(line.as_bytes()).err();
        }
    }
}
