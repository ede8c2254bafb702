//! The devices of a user besides the computer: each a host of its own.

use std::collections::BTreeMap;

use crate::scenario::check::Context;
use crate::scenario::check::steps::means;
use crate::scenario::fill::OWN;
use crate::scenario::problem::Path;
use crate::scenario::resolved::DeviceSpec;
use crate::scenario::schema::User;

/// The devices that have hosts.
pub(super) fn read(cx: &mut Context<'_>, path: Path<'_>, user: &User) -> BTreeMap<String, DeviceSpec> {
    let mut devices: BTreeMap<String, DeviceSpec> = BTreeMap::new();
    let own = user.host.as_deref().and_then(|name| crate::scenario::check::host_index(cx.hosts, name));
    for (name, device) in &user.devices {
        let here = path.name(name);
        if name == OWN {
            cx.problems.at(here, "\"own\" is the user's computer, which is no further device");
        }
        let place = here.key("host");
        let Some(host) = cx.host(place, device.host.as_deref().unwrap_or_default()) else { continue };
        if own == Some(host) || devices.values().any(|other| other.host == host) {
            cx.problems.at(place, "this host is another device of this user already");
        }
        devices.insert(name.clone(), DeviceSpec { host, means: means(device.protocol.unwrap_or_default()) });
    }
    devices
}
