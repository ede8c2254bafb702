//! Routing: shortest ways, flattened into next-hop tables.
//!
//! A path's cost is the sum of its propagation delays, or the count of its links; ties go to
//! the other of the two, then to the next node with the lower id, then to the link with the
//! lower number. Hosts do not forward, so no path leads through one. A host with a single
//! link to a router (a leaf) takes no table row: it sends everything to its router, and its
//! router knows it. So the fault of a leaf changes no route; that of a router, or of a link
//! between routers, has all tables computed anew.
//!
//! Left out: routing protocols and what they do while they converge. All routers learn of a
//! change at once, after a time that is one for the whole network.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef as _;

use super::policy::{Metric, Routing};
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
    /// Routes set by hand, sorted by node and destination.
    fixed: Vec<((HostId, HostId), LinkDirId)>,
    /// By link: the only one of a host.
    leaf_links: Vec<bool>,
    /// Something is down: a leaf cannot know whether its router has a way.
    degraded: bool,
}

/// What can be used.
#[derive(Clone, Copy)]
pub(crate) struct State<'a> {
    pub(crate) topology: &'a Topology,
    pub(crate) routing: &'a Routing,
    /// Whether a link direction, and so its link, is up.
    pub(crate) link_up: &'a dyn Fn(usize) -> bool,
    /// Whether a node is up.
    pub(crate) node_up: &'a dyn Fn(HostId) -> bool,
}

/// Where a node stands. Two of these are read at each hop, so they are small.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Its row in the table; of a leaf, its router's.
    row: u32,
    /// The link direction from a leaf to its router; [`NONE`] for a node of the core.
    up: u32,
}

impl Place {
    const fn is_leaf(self) -> bool {
        self.up != NONE
    }
}

/// A direction of a link as an edge.
#[derive(Clone, Copy, Debug)]
struct Edge {
    link: LinkDirId,
    cost: Cost,
}

/// What counts first, and what breaks ties. One of the two rises with each link.
type Cost = (u64, u64);

fn plus(a: Cost, b: Cost) -> Cost {
    (a.0.saturating_add(b.0), a.1.saturating_add(b.1))
}

impl Routes {
    /// The routes of a network in that state.
    pub(crate) fn new(state: State<'_>) -> Self {
        let topology = state.topology;
        let whole = graph(topology, state.routing.metric, &|_| true);
        let (places, members) = places(topology, &whole);
        let leaf_links: Vec<bool> =
            (0..topology.links.len()).map(|link| is_leaf_link(topology, &whole, link)).collect();
        let usable = |link: usize| leaf_links[link] || works(state, link);
        let graph = graph(topology, state.routing.metric, &usable);
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
        let fixed = fixed(topology, state.routing, &usable);
        let degraded = !(0..topology.links.len()).all(usable);
        Self { places, core, table, fixed, leaf_links, degraded }
    }

    /// Whether a link is the only one of a host, so that its fault changes no route.
    pub(crate) fn is_leaf_link(&self, link: usize) -> bool {
        self.leaf_links[link]
    }

    /// The link direction on which `at` sends packets for `destination`; none without a route.
    pub(crate) fn next_hop(&self, at: HostId, destination: HostId) -> Option<LinkDirId> {
        if !self.fixed.is_empty()
            && let Ok(place) = self.fixed.binary_search_by_key(&(at, destination), |route| route.0)
        {
            return Some(self.fixed[place].1);
        }
        let (here, there) = (self.places[at.index()], self.places[destination.index()]);
        let link = if here.row != there.row {
            let link = self.table[there.row as usize * self.core + here.row as usize];
            if here.is_leaf() && (self.degraded || link != NONE) { here.up } else { link }
        } else if here.is_leaf() {
            here.up
        } else if there.is_leaf() {
            LinkDirId(there.up).reverse().0
        } else {
            NONE
        };
        (link != NONE).then_some(LinkDirId(link))
    }
}

/// Whether a link and the routers at its ends are up.
fn works(state: State<'_>, link: usize) -> bool {
    let alive = |end: &HostId| !state.topology.nodes[end.index()].router || (state.node_up)(*end);
    (state.link_up)(link) && state.topology.links[link].ends.iter().all(alive)
}

/// Whether a link is the only one of a host. Between a host and a router that is the host's
/// place in the tables anyway.
fn is_leaf_link(topology: &Topology, graph: &DiGraph<(), Edge>, link: usize) -> bool {
    let alone =
        |end: &HostId| !topology.nodes[end.index()].router && graph.edges(NodeIndex::new(end.index())).count() == 1;
    topology.links[link].ends.iter().any(alone)
}

fn fixed(topology: &Topology, routing: &Routing, usable: &dyn Fn(usize) -> bool) -> Vec<((HostId, HostId), LinkDirId)> {
    let mut all = Vec::new();
    for route in &routing.fixed {
        let leads = |ends: [HostId; 2]| ends == [route.at, route.via];
        let links = (0_u32..).zip(&topology.links).filter(|(number, _)| usable(*number as usize));
        let mut dirs = links.filter_map(|(number, link)| match link.ends {
            ends if leads(ends) => Some(LinkDirId(2 * number)),
            [second, first] if leads([first, second]) => Some(LinkDirId(2 * number + 1)),
            [..] => None,
        });
        all.extend(dirs.next().map(|dir| ((route.at, route.to), dir)));
    }
    all.sort_unstable();
    all.dedup_by_key(|route| route.0);
    all
}

fn graph(topology: &Topology, metric: Metric, usable: &dyn Fn(usize) -> bool) -> DiGraph<(), Edge> {
    let mut graph = DiGraph::with_capacity(topology.nodes.len(), topology.links.len() * 2);
    for _ in &topology.nodes {
        graph.add_node(());
    }
    for (number, link) in (0_u32..).zip(&topology.links) {
        if !usable(number as usize) {
            continue;
        }
        let [a, b] = link.ends.map(|end| NodeIndex::new(end.index()));
        for (dir, (from, to)) in [(0, (a, b)), (1, (b, a))] {
            let delay_ns = link.directions[dir as usize].delay.as_nanos();
            let cost = match metric {
                Metric::Delay => (delay_ns, 1),
                Metric::Hops => (1, delay_ns),
            };
            graph.add_edge(from, to, Edge { link: LinkDirId(2 * number + dir), cost });
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
    let mut rows = vec![NONE; topology.nodes.len()];
    for (row, node) in (0_u32..).zip(&members) {
        rows[node.index()] = row;
    }
    let places = graph
        .node_indices()
        .map(|node| match attachment(node) {
            Some((router, up)) => Place { row: rows[router.index()], up: up.0 },
            None => Place { row: rows[node.index()], up: NONE },
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
            let next = plus(cost, edge.weight().cost);
            let known = &mut costs[edge.source().index()];
            if known.is_none_or(|known| next < known) {
                *known = Some(next);
                heap.push(Reverse((next, edge.source())));
            }
        }
    }
    costs
}

/// Among the links on a cheapest path, the one to the lowest node. The links left fall by one at
/// each step, so no loop is possible, not even over links without delay.
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
        .filter(|edge| costs[edge.target().index()].is_some_and(|onward| plus(onward, edge.weight().cost) == cost))
        .map(|edge| (edge.target(), edge.weight().link))
        .min()
        .map(|(_, link)| link)
}
