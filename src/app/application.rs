//! The applications there are, behind one type: an enum, so that the event loop calls them
//! without indirection and a world can be cloned.

use crate::app::dns::{LookupAgent, NameServer, Resolver, ScriptedServer};
use crate::app::host::{Host, Input};
use crate::app::mail::MailServer;
use crate::app::user::UserAgent;
use crate::app::web::{Browser, SiteServer, WebServer};
use crate::base::SimTime;

/// One application of a host.
#[derive(Clone, Debug)]
pub enum App {
    /// SMTP relay and submission, mailboxes, POP3, IMAP.
    MailServer(Box<MailServer>),
    /// A user's mail program.
    UserAgent(Box<UserAgent>),
    /// An authoritative name server.
    NameServer(Box<NameServer>),
    /// A name server that goes by a script.
    ScriptedServer(Box<ScriptedServer>),
    /// A recursive, caching resolver.
    Resolver(Box<Resolver>),
    /// Those who look up names on schedule or at random.
    LookupAgent(Box<LookupAgent>),
    /// A Web server that says nothing.
    WebServer(WebServer),
    /// A Web server.
    SiteServer(Box<SiteServer>),
    /// A browser.
    Browser(Box<Browser>),
    /// Gives back what it hears on TCP port 25, and panics when it hears of a bug.
    #[cfg(test)]
    Fragile,
}

impl App {
    /// Hands the application what befell it.
    pub fn handle<H: Host>(&mut self, host: &mut H, input: Input<'_>) {
        match self {
            Self::MailServer(app) => app.handle(host, input),
            Self::UserAgent(app) => app.handle(host, input),
            Self::NameServer(app) => app.handle(host, input),
            Self::ScriptedServer(app) => app.handle(host, input),
            Self::Resolver(app) => app.handle(host, input),
            Self::LookupAgent(app) => app.handle(host, input),
            Self::WebServer(_) => WebServer::handle(host, input),
            Self::SiteServer(app) => app.handle(host, input),
            Self::Browser(app) => app.handle(host, input),
            #[cfg(test)]
            Self::Fragile => fragile(host, input),
        }
    }

    /// When it wants [`Input::Wake`] next; [`SimTime::NEVER`]: not at all.
    #[must_use]
    pub fn deadline(&self) -> SimTime {
        match self {
            Self::MailServer(app) => app.deadline(),
            Self::UserAgent(app) => app.deadline(),
            Self::NameServer(app) => app.deadline(),
            Self::ScriptedServer(app) => app.deadline(),
            Self::Resolver(app) => app.deadline(),
            Self::LookupAgent(app) => app.deadline(),
            Self::WebServer(_) => SimTime::NEVER,
            Self::SiteServer(app) => app.deadline(),
            Self::Browser(app) => app.deadline(),
            #[cfg(test)]
            Self::Fragile => SimTime::NEVER,
        }
    }

    /// The run ends: what is under way and would only be told when it is over is told now.
    pub fn unfinished<H: Host>(&self, host: &mut H) {
        match self {
            Self::UserAgent(agent) => agent.unfinished(host),
            Self::MailServer(_)
            | Self::NameServer(_)
            | Self::ScriptedServer(_)
            | Self::Resolver(_)
            | Self::LookupAgent(_)
            | Self::WebServer(_)
            | Self::SiteServer(_)
            | Self::Browser(_) => {}
            #[cfg(test)]
            Self::Fragile => {}
        }
    }
}

#[cfg(test)]
fn fragile<H: Host>(host: &mut H, input: Input<'_>) {
    if let Input::Boot = input {
        host.listen(25);
    }
    if let Input::Data { socket, bytes } = input {
        assert!(!bytes.starts_with(b"bug"), "a panic on purpose");
        host.send(socket, bytes);
    }
}
