//! What is captured.

use super::Context;
use crate::base::SimTime;
use crate::base::ids::HostId;
use crate::scenario::problem::Path;
use crate::scenario::resolved::CaptureSpec;
use crate::scenario::schema::{Capture, CaptureChoice, InterfaceName, Texts};

/// The capture, if one is asked for.
pub(super) fn read(cx: &mut Context<'_>, here: Path<'_>) -> Option<CaptureSpec> {
    let scenario = cx.scenario;
    let choice = match scenario.outputs.capture.as_ref()? {
        Capture::Switch(false) => return None,
        Capture::Switch(true) => CaptureChoice::default(),
        Capture::Chosen(choice) => CaptureChoice::clone(choice),
    };
    let hosts = cx.chosen_hosts(here.key("hosts"), choice.hosts.as_ref(), "leave it out to capture everywhere");
    let ports = cx.chosen_ports(here.key("ports"), choice.ports);
    let from = cx.instant(here.key("from"), choice.from);
    let until = choice.until.map_or(SimTime::NEVER, |until| cx.instant(here.key("until"), Some(until)));
    if from >= until {
        cx.problems.at(here.key("until"), "the capture ends before it begins");
    }
    let by_link = choice.interfaces == Some(InterfaceName::Link);
    Some(CaptureSpec { by_link, hosts, ports, from, until })
}

impl Context<'_> {
    /// The hosts of a choice; none when it names none, and that is no mistake.
    pub(super) fn chosen_hosts(&mut self, list: Path<'_>, names: Option<&Texts>, otherwise: &str) -> Vec<HostId> {
        let mut hosts = Vec::new();
        let Some(names) = names else { return hosts };
        if names.items.is_empty() {
            self.problems.help(list, "this list names no host", otherwise);
        }
        for (index, name) in names.items.iter().enumerate() {
            let place = if names.list { list.index(index) } else { list };
            hosts.extend(self.any_host(place, name));
        }
        hosts
    }

    /// The ports of a choice; none when it names none, and that is no mistake.
    pub(super) fn chosen_ports(&mut self, list: Path<'_>, ports: Option<Vec<u16>>) -> Vec<u16> {
        let Some(ports) = ports else { return Vec::new() };
        if ports.is_empty() {
            self.problems.help(list, "this list names no port", "leave it out for all ports");
        }
        for (index, _) in ports.iter().enumerate().filter(|(_, port)| **port == 0) {
            self.problems.at(list.index(index), "there is no port 0");
        }
        ports
    }
}
