//! Filling in: what a scenario does not say becomes explicit.
//!
//! Models the one rule "what is missing is added": values first, then hosts, name servers,
//! resolvers, links, addresses, and last the zones' records, which need the addresses. What
//! the file says is never changed, except that patterns are expanded. The result is a
//! scenario that resolves to itself. Nothing is judged here: nonsense stays where it is
//! until the check of meaning finds it.

mod addresses;
mod conduct;
mod defaults;
mod hosts;
mod links;
mod people;
mod queue;
mod routing;
mod web;
mod webmail;
mod zones;

use super::schema::Scenario;

pub(super) use defaults::{DEFAULT_MAX_RTO, DEFAULT_MSS, default_computer};
pub(super) use people::OWN;

/// The site of hosts that are connected to the Internet core without a router between.
pub(super) const CORE_SITE: &str = "internet";
/// The router in the middle of everything.
pub(super) const CORE_ROUTER: &str = "internet";
/// The site of hosts whose name has no dot.
const LOCAL_SITE: &str = "local";

/// The name of a site's router.
pub(super) fn site_router(site: &str) -> String {
    format!("router.{site}")
}

/// Completes a scenario. Names are written into it, not checked.
pub(super) fn fill(scenario: &mut Scenario) {
    defaults::fill_values(scenario);
    defaults::fill_mail(scenario);
    people::fill_devices(scenario);
    webmail::fill(scenario);
    routing::fill_relays(scenario);
    web::fill_sites(scenario);
    hosts::declare_hosts(scenario);
    if hosts::uses_dns(scenario) {
        zones::add_zones(scenario);
        zones::add_servers(scenario);
        hosts::add_resolvers(scenario);
        defaults::fill_modes(scenario);
    }
    defaults::fill_resolvers(scenario);
    links::connect(scenario);
    addresses::assign(scenario);
    zones::add_records(scenario);
    defaults::fill_workload(scenario);
}
