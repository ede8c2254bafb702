//! `posthaste explain`: the life of a message, a look-up or a connection in sentences; what a cache, a
//! server's zones, a queue or a mailbox held at a time; or, asked for nothing, what can be explained.

mod again;
mod cache;
mod held;
mod state;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::again::Run;
use super::args::ExplainArgs;
use super::exit::{CommandError, Exit};
use super::output::print;
use crate::base::nearest;
use crate::report::LadderError;
use crate::report::explain::{
    Focus, Sources, Story, Witness, argument, choose_look_up, connection_story, message_focus, message_stories,
    overview,
};

/// Explains what is asked for.
///
/// # Errors
/// There is no such run, or in it nothing of that name.
pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, CommandError> {
    match (&args.message, &args.query, &args.conn, &args.host) {
        (Some(message), ..) => tell_message(args, message),
        (None, Some(query), ..) => tell_look_up(args, query),
        (None, None, Some(name), _) => tell_connection(args, name),
        (None, None, None, Some(host)) => state::show(args, host),
        (None, None, None, None) => what_there_is(args),
    }
}

/// What can be explained; what a host held only if the run can be made again.
fn what_there_is(args: &ExplainArgs) -> Result<Exit, CommandError> {
    let run = Run::open(&args.run)?;
    let (overview, caveat) = (overview(&run.tables, run.scenario.is_ok().then_some(&run.zones)), run.caveat());
    let text = if args.json {
        let mut all = overview.json();
        all["caveat"] = json!(caveat);
        format!("{all:#}\n")
    } else {
        overview.text() + &caveat.map_or_else(String::new, |caveat| format!("{caveat}\n"))
    };
    print(&text).map(|()| Exit::Done)
}

/// What may have been meant, or where to look.
fn hint(args: &ExplainArgs, near: Option<&str>) -> String {
    let run = || argument(&args.run.to_string_lossy());
    near.map_or_else(
        || format!("; `posthaste explain {}` lists what there is", run()),
        |near| format!("; did you mean {near}?"),
    )
}

/// The sources for stories of a run.
fn sources<'a>(run: &'a Run, witness: Option<&'a Witness>) -> Sources<'a> {
    Sources { tables: &run.tables, clock: run.clock, witness, zones: &run.zones }
}

/// Prints stories, and that more could be told if that is so.
fn tell(args: &ExplainArgs, run: &Run, key: &str, stories: &[Story]) -> Result<Exit, CommandError> {
    let caveat = run.caveat();
    if args.json {
        let stories: Vec<Value> = stories.iter().map(|story| story.json(run.clock)).collect();
        let all = json!({ key: stories, "caveat": caveat });
        return print(&format!("{all:#}\n")).map(|()| Exit::Done);
    }
    let mut text: Vec<String> = stories.iter().map(|story| story.text(run.clock, args.all)).collect();
    text.extend(caveat.map(|caveat| format!("{caveat}\n")));
    print(&text.join("\n")).map(|()| Exit::Done)
}

/// The life of a message.
fn tell_message(args: &ExplainArgs, message: &str) -> Result<Exit, CommandError> {
    let run = Run::open(&args.run)?;
    let to = args.to.as_deref();
    if let Some((focus, until)) = message_focus(&run.tables, message) {
        let witness = run.witness(&focus, until);
        let stories = message_stories(&sources(&run, witness.as_ref()), message, to);
        if !stories.is_empty() {
            return tell(args, &run, "copies", &stories);
        }
        let known = run.tables.messages.iter().filter(|row| row.message.contains(message)).map(|row| &*row.to);
        let near = to.and_then(|to| nearest(to, known));
        return Err(CommandError::usage(format!(
            "--to {:?}: there is no copy of {message} for it{}",
            to.unwrap_or(""),
            hint(args, near)
        )));
    }
    let near = nearest(message, run.tables.messages.iter().map(|row| row.message.trim_matches(['<', '>'])));
    let near = near.or_else(|| nearest(message, run.tables.messages.iter().map(|row| &*row.message)));
    Err(CommandError::usage(format!("--message {message:?}: there is no such message{}", hint(args, near))))
}

/// A look-up.
fn tell_look_up(args: &ExplainArgs, query: &str) -> Result<Exit, CommandError> {
    let run = Run::open(&args.run)?;
    let chosen = choose_look_up(&run.tables, args.host.as_deref(), query).map_err(|error| match &error {
        LadderError::NoHost(_, near) if near.is_empty() => CommandError::usage(format!("{error}{}", hint(args, None))),
        LadderError::NoHost(..) => CommandError::usage(error.to_string()),
        LadderError::NoMatch
        | LadderError::NoNumber(_)
        | LadderError::NoMessage(_)
        | LadderError::NoConnection(..)
        | LadderError::Damaged(_) => {
            let names = run.tables.dns_queries.iter().flat_map(|row| [&*row.name, &*row.query]);
            CommandError::usage(format!("--query {query:?}: {error}{}", hint(args, nearest(query, names))))
        }
    })?;
    let focus = Focus { queries: chosen.queries(), ..Focus::default() };
    let witness = run.witness(&focus, chosen.until().unwrap_or(run.tables.end));
    let sources = sources(&run, witness.as_ref());
    let ages = run.ages(chosen.cached(&sources));
    tell(args, &run, "look_ups", &[chosen.story(&sources, &ages)])
}

/// A connection.
fn tell_connection(args: &ExplainArgs, name: &str) -> Result<Exit, CommandError> {
    let run = Run::open(&args.run)?;
    let wrong = |near: Option<String>| {
        let hint = hint(args, near.as_deref());
        CommandError::usage(format!("--conn {name:?}: there is no such connection{hint}"))
    };
    // that there is such a connection is known before the run is made again for it
    connection_story(&sources(&run, None), name).map_err(wrong)?;
    let closed = run.tables.connections.iter().find(|row| *row.connection == *name).and_then(|row| row.closed);
    let focus = Focus { connections: BTreeSet::from([name.to_owned()]), ..Focus::default() };
    let witness = run.witness(&focus, closed.unwrap_or(run.tables.end));
    let story = connection_story(&sources(&run, witness.as_ref()), name).map_err(wrong)?;
    tell(args, &run, "connections", &[story])
}
