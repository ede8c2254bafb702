//! Where mail goes: what is filled in, and what is refused.

use serde_json::json;

use super::testing::{PLACE, good, h_edu as with, refused};
use super::*;

/// What the zone of a domain says about mail.
fn exchangers(scenario: &Resolved, zone: &str) -> Vec<String> {
    let zone = scenario.dns.zones.iter().find(|spec| spec.name == zone).unwrap();
    let mail = |record: &&crate::proto::dns::Record| matches!(record.data, crate::proto::dns::RecordData::Mx { .. });
    zone.records.iter().filter(mail).map(|record| record.data.to_string()).collect()
}

/// Would break if a relay were not there, could not look up names, or stood in no MX record;
/// or if a zone that says who takes its mail were overruled.
#[test]
fn relays_come_with_their_records() {
    let relays = json!({ "mx.backup.net": { "verify": true }, "crepes.fr": { "preference": 5 } });
    let mut scenario = with(&json!({ "preference": 7, "relays": relays }));
    let first = good(&scenario);
    assert_eq!(exchangers(&first, "h.edu"), ["7 h.edu.", "5 crepes.fr.", "20 mx.backup.net."]);
    let backup = first.host("mx.backup.net").unwrap();
    assert!(!first.host_spec(backup).resolvers.is_empty());
    let domain = first.domains.iter().find(|domain| domain.name == "h.edu").unwrap();
    let found: Vec<_> =
        domain.relays.iter().map(|relay| (relay.preference, relay.verify, relay.settings.is_some())).collect();
    assert_eq!(found, [(5, false, false), (20, true, true)]);
    let again = good(&serde_json::from_str(&first.to_json_text()).unwrap());
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
    scenario["dns"] = json!({ "zones": { "h.edu": { "records": [{ "name": "@", "type": "MX", "data": "0 ." }] } } });
    assert_eq!(exchangers(&good(&scenario), "h.edu"), ["0 ."]);
}

/// Would break if the complete scenario meant another one.
#[test]
fn what_is_filled_in_stays() {
    let mut scenario = with(&json!({
        "aliases": { "info": ["bob", "alice@crepes.fr"], "bob": "bob", "all": "team" },
        "lists": { "team": { "members": ["carol", "x{1..3}@h.edu"], "allow_unknown": true }, "news": { "members": "bob", "owner": "carol", "posting": "owner", "sender": true } },
        "discard": ["nul"],
        "subaddress": {},
        "quota": { "size": "1MB" },
        "smart_host": "crepes.fr:587",
        "transports": { "x.org": "mx", "crepes.fr": "crepes.fr" },
        "hop_limit": 30,
        "delivered_to": true,
        "relays": { "mx2.h.edu": { "preference": 10, "retry": { "lifetime": "1d" }, "hop_limit": 20 } }
    }));
    scenario["users"] =
        json!({ "carol@h.edu": { "forward": ["alice@crepes.fr", "bob+x@h.edu"], "quota": { "messages": 3 } } });
    scenario["workload"] = json!([
        { "from": "alice@crepes.fr", "to": ["info@h.edu", "team@h.edu", "nul@h.edu", "bob+any@h.edu", "all+x@h.edu", "postmaster@h.edu"] }
    ]);
    let first = good(&scenario);
    let again = good(&serde_json::from_str(&first.to_json_text()).unwrap());
    assert_eq!(format!("{first:?}"), format!("{again:?}"));
    let domain = first.domains.iter().find(|domain| domain.name == "h.edu").unwrap();
    let team = domain.book.lists.iter().find(|list| list.address == "team@h.edu").unwrap();
    assert_eq!(team.members, ["carol@h.edu", "x1@h.edu", "x2@h.edu", "x3@h.edu"]);
    assert_eq!(team.owner, "postmaster@h.edu");
    assert_eq!(domain.settings.transports.smart_host.as_ref().map(|hop| hop.port), Some(587));
    let users: Vec<_> = domain.users.iter().map(|&user| first.users[user].quota.messages).collect();
    assert_eq!(users, [None, Some(3)]);
}

#[test]
fn mistakes_are_found_at_their_place() {
    for (keys, path, words) in [
        (json!({ "aliases": { "info": "bbo" } }), "aliases.info", &["no user \"bbo\"", "\"bob@h.edu\""][..]),
        (json!({ "aliases": { "info": ["bob", "x@y.org"] } }), "aliases.info[1]", &["no mail domain"]),
        (json!({ "aliases": { "info": [] } }), "aliases.info", &["at least one"]),
        (json!({ "aliases": { "in fo": "bob" } }), "aliases.\"in fo\"", &["before the @"]),
        (json!({ "lists": { "team": {} } }), "lists.team", &["needs members"]),
        (json!({ "lists": { "bob": { "members": "carol" } } }), "lists.bob", &["is a user already"]),
        (
            json!({ "aliases": { "team": "bob" }, "lists": { "Team": { "members": "carol" } } }),
            "lists.Team",
            &["is an alias already"],
        ),
        (
            json!({ "lists": { "team": { "members": "x{1..200}@h.edu", "allow_unknown": true } } }),
            "lists.team.members",
            &["200 members", "`limits.recipients` (100)"],
        ),
        (json!({ "lists": { "team": { "members": "bob", "owner": "eve" } } }), "lists.team.owner", &["no user"]),
        (json!({ "discard": ["carol"] }), "discard[0]", &["is a user already"]),
        (json!({ "subaddress": { "separator": "++" } }), "subaddress.separator", &["one character"]),
        (json!({ "subaddress": { "separator": "@" } }), "subaddress.separator", &["one character"]),
        (json!({ "quota": { "size": 5 } }), "quota.size", &["5B"]),
        (json!({ "smart_host": "crepes.ft" }), "smart_host", &["did you mean \"crepes.fr\""]),
        (json!({ "smart_host": "crepes.fr:smtp" }), "smart_host", &["a port"]),
        (json!({ "transports": { "x.org": "crepes.fr:0" } }), "transports.\"x.org\"", &["a port"]),
        (json!({ "relays": { "h.edu": {} } }), "relays.\"h.edu\"", &["it is no relay"]),
        (json!({ "relays": { "crepes.fr": { "hop_limit": 3 } } }), "relays.\"crepes.fr\"", &["mail server of"]),
        (json!({ "relays": { "MX": {} } }), "relays.MX", &["lower case"]),
        (
            json!({ "relays": { "mx.net": { "hop_limit": 0 } } }),
            "relays.\"mx.net\".hop_limit",
            &["no message is taken"],
        ),
    ] {
        refused(&with(&keys), &format!("{PLACE}.{path}"), words);
    }
    let mut user = with(&json!({}));
    user["users"] = json!({ "bob@h.edu": { "keep_copy": true } });
    refused(&user, "users.\"bob@h.edu\".keep_copy", &["nothing is forwarded"]);
    user["users"] = json!({ "bob@h.edu": { "forward": "zoe@crepes.fr" } });
    refused(&user, "users.\"bob@h.edu\".forward", &["no user \"zoe\""]);
    let mut shared = with(&json!({ "hop_limit": 9 }));
    shared["mail"]["x.edu"] = json!({ "users": ["x"], "server": "h.edu" });
    refused(&shared, "mail.\"x.edu\"", &["shares its server", "hop limit"]);
    let relays = |hop_limit: u32| json!({ "mx.net": { "hop_limit": hop_limit } });
    let mut twice = with(&json!({ "relays": relays(9) }));
    twice["mail"]["crepes.fr"]["relays"] = relays(8);
    refused(&twice, &format!("{PLACE}.relays.\"mx.net\""), &["in another way"]);
}
