//! The gateway in one process: real sockets on loopback, a world of two hosts.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::app::App;
use crate::base::{Directory, Endpoint, HostId, SimDuration, SimTime};
use crate::sim::testing::two_hosts;
use crate::sim::{Ended, Limits, Plan, Progress, Simulation, World};

/// Stops when the clients are through.
struct Clients<'a>(&'a AtomicBool);

impl Operator for Clients<'_> {
    fn look(&mut self, _progress: Progress) -> Option<Ended> {
        self.0.load(Ordering::SeqCst).then_some(Ended::Interrupted)
    }

    fn next_command(&mut self) -> Option<String> {
        None
    }

    fn tell(&mut self, _line: &Line) {}

    fn answer(&mut self, _text: &str) {}

    fn quit(&mut self) {}
}

/// Serves host b's port 25 from host a while `clients` act.
fn serve(clients: impl FnOnce(SocketAddr) + Send) -> Served {
    let to = Endpoint::new([10, 0, 0, 2].into(), 25);
    let at = SocketAddr::from(([127, 0, 0, 1], 0));
    let gateway = Gateway::open(vec![Listener { service: Service::Smtp, server: "b".to_owned(), to, at }]).unwrap();
    let address = gateway.bound()[0].at;
    let plan = Plan { apps: vec![Vec::new(), vec![App::Fragile]], ..two_hosts() };
    let chronicle = Chronicle::new(Directory::clone(&plan.directory), Wanted::Nothing);
    let mut simulation = Simulation::new(World::new(plan, chronicle));
    let limits = Limits { until: SimTime::NEVER, events: u64::MAX, events_per_instant: 1_000_000, messages: 1 };
    let settings = Settings {
        host: HostId(0),
        speed: Speed::Max,
        length: SimDuration::from_secs(1),
        end: SimTime::NEVER,
        limits,
        most_clients: 10,
    };
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| clients(address)));
            done.store(true, Ordering::SeqCst);
            result.unwrap();
        });
        gateway.serve(&mut simulation, &settings, &mut Clients(&done), |chronicle| chronicle).unwrap()
    })
}

#[test]
fn octets_come_back_after_a_half_close() {
    let served = serve(|at| {
        let mut client = TcpStream::connect(at).unwrap();
        let sent: Vec<u8> = (0..300_000_u32).map(|n| n.to_le_bytes()[n as usize % 2]).collect();
        let mut writer = client.try_clone().unwrap();
        let copy = sent.clone();
        let writing = std::thread::spawn(move || {
            writer.write_all(&copy).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut heard = vec![0; sent.len()];
        client.read_exact(&mut heard).unwrap();
        writing.join().unwrap();
        assert!(heard == sent, "what comes back is what was sent");
    });
    assert!(served.touched && served.panics == 0);
}

#[test]
fn a_panic_ends_one_connection_and_no_other() {
    let served = serve(|at| {
        let mut buffer = [0; 16];
        let mut innocent = TcpStream::connect(at).unwrap();
        innocent.write_all(b"one").unwrap();
        innocent.read_exact(&mut buffer[..3]).unwrap();
        let mut guilty = TcpStream::connect(at).unwrap();
        guilty.write_all(b"bug").unwrap();
        let end = guilty.read(&mut buffer);
        assert!(matches!(end, Ok(0) | Err(_)), "the connection is gone: {end:?}");
        innocent.write_all(b"two").unwrap();
        innocent.read_exact(&mut buffer[..3]).unwrap();
        assert_eq!(&buffer[..3], b"two");
    });
    assert_eq!(served.panics, 1);
}
