//! A resolver's question that is repeated over TCP (RFC 7766 5).

use std::net::IpAddr;

use super::lookup::{LookupId, Phase};
use super::resolver::Resolver;
use crate::app::host::{Host, Input};
use crate::proto::dns::Message;
use crate::proto::dns::stream::StreamEvent;

impl Resolver {
    /// Asks a server again that had to cut off its response.
    pub(super) fn ask_over_tcp(&mut self, host: &mut impl Host, id: LookupId, server: IpAddr) {
        self.put(host, id, server, true);
    }

    /// Something befell the connection of such a question.
    pub(super) fn stream_input(&mut self, host: &mut impl Host, input: Input<'_>) {
        for (socket, event) in self.repeats.input(host, input) {
            let asks = |phase: &Phase| matches!(phase, Phase::Asking(asking) if asking.stream == Some(socket));
            let Some(id) = self.lookups.iter().find(|(_, lookup)| asks(&lookup.phase)).map(|(id, _)| *id) else {
                continue;
            };
            match event {
                StreamEvent::Lost => self.not_reached(host, id),
                StreamEvent::Message(octets) => {
                    if let Ok(message) = Message::decode(&octets) {
                        self.heard_over_tcp(host, id, message, octets.len());
                    }
                }
            }
        }
    }
}
