//! Where packets are while they travel: written once by their source, read where they are
//! looked at, freed where they end. What moves from hop to hop is a packet's number.

use super::packet::Packet;

/// A packet's place in the pool. It is taken anew when the packet has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PacketId(u32);

/// The packets of a network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pool {
    packets: Vec<Packet>,
    /// Places that are free, the one left last on top: it is still in the cache.
    free: Vec<PacketId>,
}

impl Pool {
    pub(crate) fn insert(&mut self, packet: Packet) -> PacketId {
        if let Some(id) = self.free.pop() {
            self.packets[id.0 as usize] = packet;
            return id;
        }
        let id = PacketId(u32::try_from(self.packets.len()).expect("fewer than 2^32 packets travel at once"));
        self.packets.push(packet);
        id
    }

    pub(crate) fn get(&self, id: PacketId) -> &Packet {
        &self.packets[id.0 as usize]
    }

    pub(crate) fn get_mut(&mut self, id: PacketId) -> &mut Packet {
        &mut self.packets[id.0 as usize]
    }

    /// Takes a packet out: it travels no more.
    pub(crate) fn remove(&mut self, id: PacketId) -> Packet {
        self.free.push(id);
        self.packets[id.0 as usize]
    }

    /// Packets that travel.
    pub(crate) const fn len(&self) -> usize {
        self.packets.len() - self.free.len()
    }
}
