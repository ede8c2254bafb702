//! UDP (RFC 768): datagrams to bound ports.
//!
//! A datagram to a port that nobody has bound is answered by ICMP. One to an address of a family
//! that its own host does not have goes nowhere, and the application is told at once. Left out:
//! one to an address that nobody has vanishes, as if it had left for a network without an answer.

use bytes::Bytes;

use super::packet::{DatagramKey, Icmp, Packet, Sender, udp_bytes};
use super::{Kernel, Network, Notice};
use crate::base::trace::{DropReason, Ecn, IcmpKind, NetTrace, PacketInfo, Trace};
use crate::base::{AppId, Endpoint, HostId, Stream};

/// The largest payload of a datagram: 65535 less the IPv4 and UDP headers. IPv6 could take 20
/// more (RFC 8200 4.5), which no application here asks for.
const MAX_PAYLOAD: usize = 65_507;

impl Network {
    /// Receives datagrams to `port` on behalf of `app`.
    pub fn bind_udp(&mut self, host: HostId, port: u16, app: AppId) {
        if self.fabric.is_up(host) {
            self.ports[host.index()].bind_udp(port, app);
        }
    }

    /// Receives datagrams to a free port, which is returned.
    pub fn bind_udp_ephemeral(&mut self, host: HostId, app: AppId) -> u16 {
        self.ports[host.index()].bind_udp_ephemeral(app)
    }

    /// Binds a free UDP port above 1023 that nobody can guess, and tells it.
    pub fn bind_udp_random(&mut self, host: HostId, app: AppId, draws: &mut Stream) -> u16 {
        self.ports[host.index()].bind_udp_random(app, draws)
    }

    /// Receives no more datagrams to `port`.
    pub fn unbind_udp(&mut self, host: HostId, port: u16) {
        self.ports[host.index()].unbind_udp(port);
    }

    /// Sends one datagram.
    ///
    /// # Panics
    /// If the payload is longer than 65507 bytes.
    pub fn send_datagram<K: Kernel>(
        &mut self,
        kernel: &mut K,
        host: HostId,
        from_port: u16,
        to: Endpoint,
        bytes: Bytes,
    ) {
        assert!(bytes.len() <= MAX_PAYLOAD, "a datagram holds at most {MAX_PAYLOAD} bytes");
        let length = u32::try_from(bytes.len()).expect("at most 65507");
        let speaks = self.fabric.speaks(host, to.family());
        let Some(dst) = self.fabric.host_at(to.addr).filter(|_| speaks) else {
            self.lose_datagram(kernel, (host, from_port), to, length);
            if !speaks {
                let icmp = Icmp { kind: IcmpKind::NetUnreachable, sender: Sender::Port(from_port), to };
                self.fabric.send(kernel, Packet::icmp((to.family(), length), host, host, icmp));
            }
            return;
        };
        let key = self.fabric.datagrams.insert(bytes);
        self.fabric.send(kernel, Packet::udp(to.family(), (host, from_port), (dst, to.port), length, key));
    }

    /// Sends one datagram that claims to come from another host's address. One that claims to come from
    /// nowhere, or goes there, vanishes.
    ///
    /// # Panics
    /// If the payload is longer than 65507 bytes.
    pub fn forge_datagram<K: Kernel>(
        &mut self,
        kernel: &mut K,
        host: HostId,
        (source, to): (Endpoint, Endpoint),
        bytes: Bytes,
    ) {
        assert!(bytes.len() <= MAX_PAYLOAD, "a datagram holds at most {MAX_PAYLOAD} bytes");
        let hosts = self.fabric.host_at(source.addr).zip(self.fabric.host_at(to.addr));
        let Some((src, dst)) = hosts.filter(|_| source.family() == to.family()) else { return };
        let length = u32::try_from(bytes.len()).expect("at most 65507");
        let key = self.fabric.datagrams.insert(bytes);
        let packet = Packet::udp(to.family(), (src, source.port), (dst, to.port), length, key);
        self.fabric.forge(kernel, host, packet);
    }

    /// A datagram cannot even set out.
    fn lose_datagram<K: Kernel>(&self, kernel: &mut K, (host, port): (HostId, u16), to: Endpoint, length: u32) {
        if K::TRACING {
            let src = self.fabric.endpoint(host, port, to.family());
            let bytes = udp_bytes(to.family(), length);
            let packet = PacketInfo { src, dst: to, bytes, tcp: None, icmp: None, ecn: Ecn::NotEct };
            kernel.trace(host, Trace::Net(NetTrace::Dropped { link: None, packet, reason: DropReason::NoRoute }));
        }
    }

    pub(super) fn datagram_arrives<K: Kernel>(&mut self, kernel: &mut K, packet: Packet, key: DatagramKey) {
        let host = packet.dst;
        let Some(app) = self.ports[host.index()].udp(packet.dst_port) else {
            // RFC 1122 4.1.3.1: "if a datagram arrives addressed to a UDP port for which there is
            // no pending LISTEN call, UDP SHOULD send an ICMP Port Unreachable message".
            self.fabric.refuse(kernel, (host, host), packet, DropReason::PortClosed, IcmpKind::PortUnreachable);
            return;
        };
        let bytes = self.fabric.datagrams.remove(key).expect("a datagram stays in the store until it arrives");
        let from = self.fabric.endpoint(packet.src, packet.src_port, packet.family);
        self.notices.push_back(Notice::Datagram { host, app, local_port: packet.dst_port, from, bytes });
    }
}
