//! Where programs outside the simulation come in.

use super::Context;
use crate::base::HostId;
use crate::scenario::problem::Path;
use crate::scenario::resolved::{LiveSpec, UserSpec};

/// Reads the `live` key, or what holds without it.
pub(super) fn read_live(cx: &mut Context<'_>, users: &[UserSpec]) -> LiveSpec {
    let scenario = cx.scenario;
    let path = Path::Root.key("live");
    let mut spec = LiveSpec::default();
    if let Some(live) = &scenario.live {
        spec.host = live.host.as_ref().and_then(|name| cx.host(path.key("host"), name));
        for (index, name) in live.first.iter().enumerate() {
            spec.first.extend(cx.host(path.key("first").index(index), name));
        }
    }
    if spec.host.is_none() {
        let mut hosts = (0_u32..).map(HostId).zip(cx.hosts);
        let ordinary = || hosts.find(|(_, host)| !host.router).map(|(id, _)| id);
        spec.host = users.first().map(|user| user.host).or_else(ordinary);
    }
    spec
}
