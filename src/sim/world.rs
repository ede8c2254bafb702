//! A world: the kernel, the network, the hosts with their applications, and the faults
//! that will befall them. It can be cloned at any instant and both copies go on alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::App;
use crate::app::dns::ScriptedServer;
use crate::app::host::Input;
use crate::base::trace::{Observer, Silent};
use crate::base::{AppId, CloseReason, Directory, Dist, EventId, HostId, SimTime, SocketId, Streams};
use crate::net::{Kernel as _, Network, Notice, Policy, SessionLimit, Topology};

use super::faults::{Fault, Faults};
use super::host_view::HostView;
use super::kernel::{Event, Kernel};
use super::processing::Processor;
use super::visitors::Visitors;

/// What a world is made of.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Names of hosts and links, in the order of the topology's.
    pub directory: Directory,
    /// The network.
    pub topology: Topology,
    /// For each host, what runs on it, in the order of starting.
    pub apps: Vec<Vec<App>>,
    /// How the network behaves beyond its topology.
    pub policy: Policy,
    /// The time that a request takes, for hosts where it takes any.
    pub processing: BTreeMap<HostId, Dist>,
    /// Services that take a limited number of connections at a time.
    pub sessions: BTreeMap<(HostId, u16), SessionLimit>,
    /// What will break.
    pub faults: Vec<Fault>,
    /// The seed of all random streams.
    pub seed: u64,
}

#[derive(Clone, Debug)]
struct AppSlot {
    app: App,
    /// The instant of the one live wake-up in the event queue; others are stale.
    armed: SimTime,
}

#[derive(Clone, Debug, Default)]
struct HostSlot {
    apps: Vec<AppSlot>,
    queries: u32,
    processor: Option<Box<Processor>>,
}

/// Copies of messages composed, and their bytes, for limits and the watch over them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Composed {
    pub(super) copies: u64,
    pub(super) bytes: u64,
}

/// The state of a simulation.
#[derive(Clone, Debug)]
pub struct World<O> {
    pub(super) kernel: Kernel<O>,
    pub(super) network: Network,
    hosts: Vec<HostSlot>,
    pub(super) faults: Faults,
    directory: Arc<Directory>,
    streams: Streams,
    composed: Composed,
    inbox: Vec<u8>,
    pub(super) visitors: Visitors,
    /// The connection whose application is being told something.
    in_hand: Option<(HostId, AppId, SocketId)>,
}

impl<O: Observer> World<O> {
    /// The world at t = 0, with every host switched on.
    pub fn new(plan: Plan, observer: O) -> Self {
        let streams = Streams::new(plan.seed);
        let links = plan.topology.links.iter().map(|link| link.directions).collect();
        let slots = |apps: Vec<App>| apps.into_iter().map(|app| AppSlot { app, armed: SimTime::NEVER }).collect();
        let mut world = Self {
            kernel: Kernel::new(plan.apps.len(), observer),
            network: Network::new(plan.topology, &streams),
            hosts: plan.apps.into_iter().map(|apps| HostSlot { apps: slots(apps), ..HostSlot::default() }).collect(),
            faults: Faults::new(links),
            directory: Arc::new(plan.directory),
            streams,
            composed: Composed::default(),
            inbox: Vec::new(),
            visitors: Visitors::default(),
            in_hand: None,
        };
        world.network.set_policy(&plan.policy);
        for (host, time) in plan.processing {
            world.give_processor(host, Some(time));
        }
        for ((host, port), limit) in plan.sessions {
            world.network.limit_sessions(host, port, Some(limit));
        }
        world.foresee(&plan.faults);
        for host in (0_u32..).map(HostId).take(world.hosts.len()) {
            world.each_app(host, Input::Boot);
        }
        world
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> SimTime {
        self.kernel.now()
    }

    /// The kernel: clock, pending events and the reader of the trace.
    #[must_use]
    pub const fn kernel(&self) -> &Kernel<O> {
        &self.kernel
    }

    /// The reader of the trace, for one who wants to hear it while the world runs.
    pub const fn observer_mut(&mut self) -> &mut O {
        self.kernel.observer_mut()
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> &Network {
        &self.network
    }

    /// Who is who.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Copies of messages composed so far, bounces included.
    #[must_use]
    pub const fn composed(&self) -> u64 {
        self.composed.copies
    }

    /// Bytes of these copies.
    #[must_use]
    pub const fn composed_bytes(&self) -> u64 {
        self.composed.bytes
    }

    /// Every application with its host, in the order of hosts.
    pub fn apps(&self) -> impl Iterator<Item = (HostId, &App)> {
        let numbered = (0_u32..).map(HostId).zip(&self.hosts);
        numbered.flat_map(|(id, host)| host.apps.iter().map(move |slot| (id, &slot.app)))
    }

    /// The scripted name servers with their hosts, for somebody outside who leads them through
    /// the steps of a script.
    pub fn scripted_servers(&mut self) -> impl Iterator<Item = (HostId, &mut ScriptedServer)> {
        let numbered = (0_u32..).map(HostId).zip(&mut self.hosts);
        numbered.flat_map(|(id, host)| {
            host.apps.iter_mut().filter_map(move |slot| {
                if let App::ScriptedServer(app) = &mut slot.app { Some((id, &mut **app)) } else { None }
            })
        })
    }

    /// Takes the reader of the trace out.
    pub fn detach(self) -> (World<Silent>, O) {
        let Self { kernel, network, hosts, faults, directory, streams, composed, inbox, visitors, in_hand } = self;
        let (kernel, observer) = kernel.detach();
        (World { kernel, network, hosts, faults, directory, streams, composed, inbox, visitors, in_hand }, observer)
    }

    /// Lets one event happen, with all that follows from it at once.
    pub(super) fn dispatch(&mut self, event: Event) {
        match event {
            Event::Net(event) => self.network.handle(&mut self.kernel, event),
            Event::Wake(host, app) => self.wake(host, app),
            Event::Served(host, life) => self.served(host, life),
            Event::FaultBegins(number) => self.fault_begins(number),
            Event::FaultEnds(number) => self.fault_ends(number),
        }
        self.deliver_notices();
    }

    pub(super) fn each_app(&mut self, host: HostId, input: Input<'_>) {
        let cause = self.kernel.cause();
        for app in (0..self.hosts[host.index()].apps.len()).map(app_id) {
            self.kernel.set_cause(cause);
            self.input(host, app, input);
        }
        self.deliver_notices();
    }

    /// A wake-up is due only if it is the one that is armed and the application still wants
    /// it; one that was put off since is armed again.
    fn wake(&mut self, host: HostId, app: AppId) {
        let now = self.kernel.now();
        let slot = &mut self.hosts[host.index()].apps[usize::from(app.0)];
        if slot.armed != now {
            return;
        }
        slot.armed = SimTime::NEVER;
        if slot.app.deadline() <= now && self.network.host_is_up(host) {
            // What a timer does was caused by whatever the application put aside for it.
            self.kernel.set_cause(EventId(0));
            self.input(host, app, Input::Wake);
        } else {
            self.arm(host, app);
        }
    }

    /// Gives an application its input, then arms its next wake-up.
    fn input(&mut self, host: HostId, app: AppId, input: Input<'_>) {
        self.with_app(host, app, |app, view| app.handle(view, input));
        self.arm(host, app);
    }

    fn with_app(&mut self, host: HostId, app: AppId, act: impl FnOnce(&mut App, &mut HostView<'_, O>)) {
        let HostSlot { apps, queries, .. } = &mut self.hosts[host.index()];
        let mut view = HostView {
            kernel: &mut self.kernel,
            network: &mut self.network,
            directory: &self.directory,
            streams: self.streams,
            queries,
            composed: &mut self.composed,
            visitors: &self.visitors,
            host,
            app,
        };
        act(&mut apps[usize::from(app.0)].app, &mut view);
    }

    /// The run is over: users tell what the sessions cost so far that are not. Nothing may happen afterwards.
    pub fn tell_unfinished(&mut self) {
        for host in (0_u32..).map(HostId).take(self.hosts.len()) {
            for app in (0..self.hosts[host.index()].apps.len()).map(app_id) {
                self.with_app(host, app, |app, view| app.unfinished(view));
            }
        }
    }

    fn arm(&mut self, host: HostId, app: AppId) {
        let slot = &mut self.hosts[host.index()].apps[usize::from(app.0)];
        if !self.network.host_is_up(host) {
            return;
        }
        let wanted = slot.app.deadline().max(self.kernel.now());
        if wanted < slot.armed {
            slot.armed = wanted;
            self.kernel.push(wanted, host, Event::Wake(host, app));
        }
    }

    pub(super) fn deliver_notices(&mut self) {
        let cause = self.kernel.cause();
        while let Some(notice) = self.network.next_notice(&mut self.kernel) {
            self.kernel.set_cause(cause);
            self.take_in(notice);
        }
    }

    /// After a panic: ends the connection whose octets an application was reading, as far as that
    /// can still be done. False when the panic came from elsewhere.
    ///
    /// What the application had half done stays so; it is told that the connection is gone.
    pub fn abandon_what_is_in_hand(&mut self) -> bool {
        let Some((host, app, socket)) = self.in_hand.take() else { return false };
        self.network.abort(&mut self.kernel, socket);
        self.input(host, app, Input::Closed { socket, reason: CloseReason::Aborted });
        self.deliver_notices();
        true
    }

    pub(super) const fn streams(&self) -> Streams {
        self.streams
    }

    /// Requests of a host pass a processor from now on, if they did not before.
    pub(super) fn give_processor(&mut self, host: HostId, time: Option<Dist>) {
        let stream = self.streams.stream(&format!("{}/processing", self.directory.host_name(host)));
        let slot = &mut self.hosts[host.index()].processor;
        slot.get_or_insert_with(|| Box::new(Processor::new(time, stream)));
    }

    pub(super) fn processor(&mut self, host: HostId) -> Option<&mut Processor> {
        self.hosts[host.index()].processor.as_deref_mut()
    }

    /// Hands an application what came for it over a connection.
    fn read(&mut self, host: HostId, app: AppId, socket: SocketId) {
        self.in_hand = Some((host, app, socket));
        let mut inbox = std::mem::take(&mut self.inbox);
        inbox.clear();
        self.network.take_received(&mut self.kernel, socket, &mut inbox);
        if !inbox.is_empty() {
            self.input(host, app, Input::Data { socket, bytes: &inbox });
        }
        self.inbox = inbox;
        self.in_hand = None;
    }

    pub(super) fn deliver(&mut self, notice: Notice) {
        let Some(notice) = self.tell_visitor(notice) else { return };
        match notice {
            Notice::Accepted { host, app, socket, conn, local_port, peer } => {
                self.input(host, app, Input::Accepted { socket, conn, local_port, peer });
            }
            Notice::Connected { host, app, socket } => self.input(host, app, Input::Connected { socket }),
            // Who has enough to say reads nothing, so that its peer has to wait in turn.
            Notice::Readable { socket, .. } if self.network.is_draining(socket) => {}
            Notice::Readable { host, app, socket } => self.read(host, app, socket),
            Notice::Drained { host, app, socket } => {
                self.in_hand = Some((host, app, socket));
                self.input(host, app, Input::Drained { socket });
                self.in_hand = None;
                if !self.network.is_draining(socket) {
                    self.read(host, app, socket);
                }
            }
            Notice::PeerClosed { host, app, socket } => {
                if self.network.is_draining(socket) {
                    self.read(host, app, socket);
                }
                self.input(host, app, Input::PeerClosed { socket });
            }
            Notice::Closed { host, app, socket, reason } => self.input(host, app, Input::Closed { socket, reason }),
            Notice::Datagram { host, app, local_port, from, bytes } => {
                self.input(host, app, Input::Datagram { local_port, from, bytes: &bytes });
            }
            Notice::Unreachable { host, app, local_port, to } => {
                self.input(host, app, Input::Unreachable { local_port, to });
            }
        }
    }
}

fn app_id(index: usize) -> AppId {
    AppId(u16::try_from(index).expect("a host runs few applications"))
}
