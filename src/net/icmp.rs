//! ICMP error messages (RFC 792, RFC 1122 3.2.2; RFC 4443 for IPv6): how a sender learns why nothing comes back.
//!
//! Three failures look different, as in life. *Refused*: the host is there and answers that
//! nobody listens, a reset for TCP and "port unreachable" for UDP. *Unreachable*: a router
//! answers that it has no route, or that the packet has passed too many routers; a UDP
//! application is told, and a TCP connection that is being opened fails at once, while an
//! established one goes on trying (RFC 1122 4.2.3.9 calls these soft errors; that a SYN
//! gives up is what BSD and Linux do, RFC 5461 2.2). *Silent*: whatever is lost on the way,
//! and by default a host that is down: then only the sender's own timers help.
//!
//! A packet that is too big for a link is reported with that link's MTU; see `path_mtu`.
//!
//! Left out: rate limits, echo, redirects. A real router learns that
//! a host is down from seconds of unanswered ARP; where [`DeadHosts::Reported`] asks for it,
//! it knows at once.

use super::fabric::Fabric;
use super::packet::{Body, Icmp, Packet, Sender};
use super::{Kernel, Network, Notice};
use crate::base::trace::{DropReason, IcmpKind};
use crate::base::{EventId, HostId};

#[cfg(doc)]
use super::policy::DeadHosts;

impl Fabric {
    /// A packet is lost at `host`, which tells its sender. `reporter` is that host, or the
    /// router before it.
    pub(crate) fn refuse<K: Kernel>(
        &mut self,
        kernel: &mut K,
        (host, reporter): (HostId, HostId),
        packet: Packet,
        reason: DropReason,
        kind: IcmpKind,
    ) {
        let dropped = self.lose(kernel, host, None, packet, reason);
        self.report(kernel, reporter, &packet, dropped, kind);
    }

    /// `reporter` tells a packet's sender that it was dropped.
    pub(crate) fn report<K: Kernel>(
        &mut self,
        kernel: &mut K,
        reporter: HostId,
        packet: &Packet,
        dropped: EventId,
        kind: IcmpKind,
    ) {
        let before = kernel.cause();
        let sender = match packet.body {
            Body::Tcp(segment) => Sender::Connection(segment.from),
            Body::Udp(_) => Sender::Port(packet.src_port),
            // RFC 1122 3.2.2: "An ICMP error message MUST NOT be sent as the result of
            // receiving: an ICMP error message".
            Body::Icmp(_) => return,
        };
        kernel.set_cause(dropped);
        let to = self.endpoint(packet.dst, packet.dst_port, packet.family);
        let about = (packet.family, packet.bytes);
        self.send(kernel, Packet::icmp(about, reporter, packet.src, Icmp { kind, sender, to }));
        kernel.set_cause(before);
    }
}

impl Network {
    pub(super) fn icmp_arrives<K: Kernel>(&mut self, kernel: &mut K, host: HostId, icmp: Icmp) {
        if let IcmpKind::TooBig { mtu } = icmp.kind {
            if let Some(to) = self.fabric.host_at(icmp.to.addr) {
                self.paths.told((host, to), mtu, kernel.now());
            }
            if let Sender::Connection(key) = icmp.sender {
                self.tcp(kernel, |tcp, cx| tcp.too_big(cx, key));
            }
            return;
        }
        match icmp.sender {
            Sender::Connection(key) => self.tcp(kernel, |tcp, cx| tcp.unreachable_while_opening(cx, key)),
            Sender::Port(local_port) => {
                if let Some(app) = self.ports[host.index()].udp(local_port) {
                    self.notices.push_back(Notice::Unreachable { host, app, local_port, to: icmp.to });
                }
            }
        }
    }
}
