//! What of the trace the ledger hears: mail, dialogues of SMTP, and what becomes of hosts.

use posthaste::base::trace::{FaultTrace, Observer, Protocol, Trace, TraceEvent};

use super::Ledger;

impl Observer for Ledger {
    fn observe(&mut self, event: &TraceEvent<'_>) {
        if event.at > self.now {
            self.instant_ends();
            self.now = event.at;
        }
        let (host, at) = (event.host, event.at);
        match event.what {
            Trace::Mail(ref mail) => {
                if let Err(wrong) = self.mail(host, at, mail) {
                    self.fault(format!("at {at} s, host {}: {mail:?}: {wrong}", host.0));
                }
            }
            Trace::Dialogue { conn, side, protocol: Protocol::Smtp, bytes } => self.said(conn, side, bytes),
            Trace::Fault(fault) => {
                if let Some(server) = self.servers.get_mut(&host) {
                    match fault {
                        FaultTrace::HostDown => server.down = true,
                        FaultTrace::HostUp => (server.down, server.up) = (false, at),
                        FaultTrace::QueueFlushed => server.flushed = at,
                        FaultTrace::LinkDown { .. }
                        | FaultTrace::LinkUp { .. }
                        | FaultTrace::ServiceDown { .. }
                        | FaultTrace::ServiceUp { .. }
                        | FaultTrace::ServiceChanged { .. }
                        | FaultTrace::PartitionBegins
                        | FaultTrace::PartitionEnds
                        | FaultTrace::LinkChanged { .. }
                        | FaultTrace::ProcessingChanged
                        | FaultTrace::LinkRestored { .. }
                        | FaultTrace::ProcessingRestored
                        | FaultTrace::ServiceRestored { .. } => {}
                    }
                }
            }
            Trace::Net(_)
            | Trace::Conn { .. }
            | Trace::Dialogue { .. }
            | Trace::Dns(_)
            | Trace::Host(_)
            | Trace::Web(_) => {}
        }
    }
}
