//! What is captured.

use super::Context;
use crate::base::SimTime;
use crate::scenario::problem::Path;
use crate::scenario::resolved::CaptureSpec;
use crate::scenario::schema::{Capture, CaptureChoice, InterfaceName};

/// The capture, if one is asked for.
pub(super) fn read(cx: &mut Context<'_>, here: Path<'_>) -> Option<CaptureSpec> {
    let scenario = cx.scenario;
    let choice = match scenario.outputs.capture.as_ref()? {
        Capture::Switch(false) => return None,
        Capture::Switch(true) => CaptureChoice::default(),
        Capture::Chosen(choice) => CaptureChoice::clone(choice),
    };
    let mut hosts = Vec::new();
    if let Some(names) = &choice.hosts {
        let list = here.key("hosts");
        if names.items.is_empty() {
            cx.problems.help(list, "this list names no host", "leave it out to capture everywhere");
        }
        for (index, name) in names.items.iter().enumerate() {
            let place = if names.list { list.index(index) } else { list };
            hosts.extend(cx.any_host(place, name));
        }
    }
    let ports = here.key("ports");
    for (index, _) in choice.ports.iter().enumerate().filter(|(_, port)| **port == 0) {
        cx.problems.at(ports.index(index), "there is no port 0");
    }
    let from = cx.instant(here.key("from"), choice.from);
    let until = choice.until.map_or(SimTime::NEVER, |until| cx.instant(here.key("until"), Some(until)));
    if from >= until {
        cx.problems.at(here.key("until"), "the capture ends before it begins");
    }
    let by_link = choice.interfaces == Some(InterfaceName::Link);
    Some(CaptureSpec { by_link, hosts, ports: choice.ports, from, until })
}
