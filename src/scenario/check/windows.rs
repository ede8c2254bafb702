//! Whose windows are written.

use super::Context;
use crate::scenario::problem::Path;
use crate::scenario::resolved::CwndSpec;
use crate::scenario::schema::{Cwnd, CwndChoice};

/// The choice of senders, if their windows are asked for.
pub(super) fn read(cx: &mut Context<'_>, here: Path<'_>) -> Option<CwndSpec> {
    let scenario = cx.scenario;
    let choice = match scenario.outputs.cwnd.as_ref()? {
        Cwnd::Switch(false) => return None,
        Cwnd::Switch(true) => CwndChoice::default(),
        Cwnd::Chosen(choice) => CwndChoice::clone(choice),
    };
    let hosts = cx.chosen_hosts(here.key("hosts"), choice.hosts.as_ref(), "leave it out for all senders");
    let ports = cx.chosen_ports(here.key("ports"), choice.ports);
    Some(CwndSpec { hosts, ports })
}
