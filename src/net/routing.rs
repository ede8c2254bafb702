//! Routing: shortest delay, computed once, flattened into next-hop tables.
//!
//! A path's cost is the sum of its propagation delays; ties go to fewer hops, then to the
//! next node with the lower id, then to the link with the lower number. Hosts do not
//! forward, so no path leads through one. A host with a single link to a router (a leaf)
//! takes no table row: it sends everything to its router, and its router knows it.
//!
//! Left out: routing protocols. Routes do not change when a link or router goes down; what
//! is sent there is lost, as in the minutes before a real network converges.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;

use super::topology::Topology;
use crate::base::{HostId, LinkDirId};

const NONE: u32 = u32::MAX;

/// Next hops by (node, destination).
#[derive(Clone, Debug)]
pub(crate) struct Routes {
    places: Vec<Place>,
    core: usize,
    /// Link direction that a core node uses for a core destination: `[destination * core + node]`.
    table: Vec<u32>,
}

/// Where a node stands.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// With a table row of its own.
    Core { row: usize },
    /// At the end of a single link to a router.
    Leaf { router_row: usize, up: LinkDirId, down: LinkDirId },
}

impl Place {
    const fn row(self) -> usize {
        match self {
            Self::Core { row } | Self::Leaf { router_row: row, .. } => row,
        }
    }
}

/// A direction of a link as an edge.
#[derive(Clone, Copy, Debug)]
struct Edge {
    link: LinkDirId,
    delay_ns: u64,
}

type Cost = (u64, u32);

impl Routes {
    /// The routes of a network.
    pub(crate) fn new(topology: &Topology) -> Self {
        let graph = graph(topology);
        let (places, members) = places(topology, &graph);
        let core = members.len();
        let mut table = vec![NONE; core * core];
        for (row, &destination) in members.iter().enumerate() {
            let costs = costs_to(topology, &graph, destination);
            for (from, &node) in members.iter().enumerate() {
                if let Some(link) = next_hop(topology, &graph, &costs, node, destination) {
                    table[row * core + from] = link.0;
                }
            }
        }
        Self { places, core, table }
    }

    /// The link direction on which `at` sends packets for `destination`; none without a route.
    pub(crate) fn next_hop(&self, at: HostId, destination: HostId) -> Option<LinkDirId> {
        let (here, there) = (self.places[at.index()], self.places[destination.index()]);
        let through = |row: usize| {
            let link = self.table[there.row() * self.core + row];
            (link != NONE).then_some(LinkDirId(link))
        };
        match here {
            Place::Leaf { router_row, up, .. } => {
                (router_row == there.row() || through(router_row).is_some()).then_some(up)
            }
            Place::Core { row } if row == there.row() => match there {
                Place::Core { .. } => None,
                Place::Leaf { down, .. } => Some(down),
            },
            Place::Core { row } => through(row),
        }
    }
}

fn graph(topology: &Topology) -> DiGraph<(), Edge> {
    let mut graph = DiGraph::with_capacity(topology.nodes.len(), topology.links.len() * 2);
    for _ in &topology.nodes {
        graph.add_node(());
    }
    for (number, link) in (0_u32..).zip(&topology.links) {
        let [a, b] = link.ends.map(|end| NodeIndex::new(end.index()));
        for (dir, (from, to)) in [(0, (a, b)), (1, (b, a))] {
            let delay_ns = link.directions[dir as usize].delay.as_nanos();
            graph.add_edge(from, to, Edge { link: LinkDirId(2 * number + dir), delay_ns });
        }
    }
    graph
}

fn places(topology: &Topology, graph: &DiGraph<(), Edge>) -> (Vec<Place>, Vec<NodeIndex>) {
    let attachment = |node: NodeIndex| {
        let mut edges = graph.edges(node);
        match (topology.nodes[node.index()].router, edges.next(), edges.next()) {
            (false, Some(only), None) if topology.nodes[only.target().index()].router => {
                Some((only.target(), only.weight().link))
            }
            _ => None,
        }
    };
    let members: Vec<NodeIndex> = graph.node_indices().filter(|&node| attachment(node).is_none()).collect();
    let mut rows = vec![usize::MAX; topology.nodes.len()];
    for (row, node) in members.iter().enumerate() {
        rows[node.index()] = row;
    }
    let places = graph
        .node_indices()
        .map(|node| match attachment(node) {
            Some((router, up)) => Place::Leaf { router_row: rows[router.index()], up, down: up.reverse() },
            None => Place::Core { row: rows[node.index()] },
        })
        .collect();
    (places, members)
}

/// Dijkstra 1959 from the destination backwards. petgraph's own returns a hash map and
/// leaves ties open, so only its graph is used.
fn costs_to(topology: &Topology, graph: &DiGraph<(), Edge>, destination: NodeIndex) -> Vec<Option<Cost>> {
    let mut costs: Vec<Option<Cost>> = vec![None; graph.node_count()];
    let mut heap = BinaryHeap::from([Reverse(((0, 0), destination))]);
    costs[destination.index()] = Some((0, 0));
    while let Some(Reverse((cost, node))) = heap.pop() {
        let forwards = node == destination || topology.nodes[node.index()].router;
        if costs[node.index()] != Some(cost) || !forwards {
            continue;
        }
        for edge in graph.edges_directed(node, Direction::Incoming) {
            let next = (cost.0.saturating_add(edge.weight().delay_ns), cost.1 + 1);
            let known = &mut costs[edge.source().index()];
            if known.is_none_or(|known| next < known) {
                *known = Some(next);
                heap.push(Reverse((next, edge.source())));
            }
        }
    }
    costs
}

/// Among the links on a cheapest path, the one to the lowest node. Hops fall by one at each
/// step, so no loop is possible, not even over links without delay.
fn next_hop(
    topology: &Topology,
    graph: &DiGraph<(), Edge>,
    costs: &[Option<Cost>],
    node: NodeIndex,
    destination: NodeIndex,
) -> Option<LinkDirId> {
    let cost = costs[node.index()].filter(|_| node != destination)?;
    graph
        .edges(node)
        .filter(|edge| edge.target() == destination || topology.nodes[edge.target().index()].router)
        .filter(|edge| {
            costs[edge.target().index()]
                .is_some_and(|(delay, hops)| (delay.saturating_add(edge.weight().delay_ns), hops + 1) == cost)
        })
        .map(|edge| (edge.target(), edge.weight().link))
        .min()
        .map(|(_, link)| link)
}
