//! The answer section of a response, followed from the question on: aliases one by one, as far as
//! the server may speak of them. What does not lie on this way is not looked at.

use crate::proto::dns::{Message, Name, Question, Record, RecordData, Rtype};

/// Aliases followed inside one response; more is a loop.
const ALIAS_LIMIT: usize = 12;

/// How far the aliases of a response lead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trail {
    /// To this name; the records on the way are CNAME records in order, each that comes from a
    /// DNAME record with that in front.
    To(Vec<Record>, Name),
    /// To a name that is too long (RFC 6672 2.2).
    TooLong(Vec<Record>),
    /// Round and round.
    Loop,
}

/// Follows the aliases from the question on, while they stay inside the zone.
pub(super) fn follow_aliases(message: &Message, question: &Question, zone: &Name) -> Trail {
    let mut trail: Vec<Record> = Vec::new();
    let mut name = question.name.clone();
    if matches!(question.rtype, Rtype::Cname | Rtype::ANY) {
        return Trail::To(trail, name);
    }
    let mut passed: Vec<Name> = Vec::new();
    while name.is_within(zone) {
        // what is asked for stands here: nothing beside it is an alias (RFC 1034 3.6.2)
        let is_here = |record: &Record| record.name == name && record.rtype() == question.rtype;
        if message.answers.iter().any(is_here) {
            break;
        }
        let is_alias = |record: &&Record| alias_of(record, &name) && record.name.is_within(zone);
        let Some(record) = message.answers.iter().find(is_alias) else { break };
        if passed.len() >= ALIAS_LIMIT || passed.contains(&name) {
            return Trail::Loop;
        }
        passed.push(name.clone());
        if !trail.contains(record) {
            trail.push(record.clone());
        }
        name = match record.data.alias_target() {
            Some(target) => target.clone(),
            None => match synthesized(record, &record.data, &name) {
                Some((cname, target)) => {
                    trail.push(cname);
                    target
                }
                None => return Trail::TooLong(trail),
            },
        };
    }
    if passed.contains(&name) { Trail::Loop } else { Trail::To(trail, name) }
}

/// Whether a record makes the name an alias: a CNAME record of its own, or a DNAME record above.
/// The one in front counts: servers write the DNAME record first and then the CNAME record that
/// follows from it (RFC 6672 3.1).
fn alias_of(record: &Record, name: &Name) -> bool {
    match record.rtype() {
        Rtype::Cname => record.name == *name,
        Rtype::Dname => name.is_within(&record.name) && record.name != *name,
        Rtype::A
        | Rtype::Ns
        | Rtype::Soa
        | Rtype::Ptr
        | Rtype::Mx
        | Rtype::Txt
        | Rtype::Aaaa
        | Rtype::Srv
        | Rtype::Other(_) => false,
    }
}

/// The CNAME record that follows from a DNAME record for a name, with its target (RFC 6672 2.2,
/// 3.1); none when the target would be too long.
pub(super) fn synthesized(dname: &Record, data: &RecordData, name: &Name) -> Option<(Record, Name)> {
    let RecordData::Dname(to) = data else { return None };
    let target = name.substitute(&dname.name, to)?;
    let data = RecordData::Cname(target.clone());
    Some((Record { name: name.clone(), ttl: dname.ttl, data }, target))
}

/// Whoever asks for the alias itself beneath a DNAME record gets that record, and the CNAME
/// record that follows from it (RFC 6672 3.1).
pub(super) fn alias_beneath(message: &Message, question: &Question, zone: &Name) -> Option<(Record, Record)> {
    let asks_alias = matches!(question.rtype, Rtype::Cname | Rtype::ANY);
    let above = |record: &&Record| record.rtype() == Rtype::Dname && alias_of(record, &question.name);
    let dname = message.answers.iter().filter(|_| asks_alias).filter(above).find(|dname| dname.name.is_within(zone))?;
    let (cname, _) = synthesized(dname, &dname.data, &question.name)?;
    Some((dname.clone(), cname))
}

/// The records of a trail that a server gave: CNAME records that follow from a DNAME record
/// follow from it again when they are needed.
pub(super) fn given(trail: &[Record]) -> Vec<Record> {
    let dnames: Vec<&Record> = trail.iter().filter(|record| record.rtype() == Rtype::Dname).collect();
    let follows = |record: &Record| {
        let from = |dname: &&&Record| {
            synthesized(dname, &dname.data, &record.name).is_some_and(|(made, _)| made.data == record.data)
        };
        dnames.iter().any(|dname| from(&dname))
    };
    trail.iter().filter(|record| !follows(record)).cloned().collect()
}

/// The number of aliases in a trail.
pub(super) fn alias_count(trail: &[Record]) -> u32 {
    let aliases = trail.iter().filter(|record| record.rtype() == Rtype::Cname);
    u32::try_from(aliases.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::testbed::{name, record};
    use super::*;
    use crate::proto::dns::Rcode;

    fn follow(asked: &str, answers: &[&str]) -> Trail {
        let question = Question { name: name(asked), rtype: Rtype::A };
        let mut message = Message::query(1, question.clone(), false).response(Rcode::NoError);
        message.answers = answers.iter().map(|text| record(text)).collect();
        follow_aliases(&message, &question, &name("org"))
    }

    fn to(trail: &[&str], end: &str) -> Trail {
        Trail::To(trail.iter().map(|text| record(text)).collect(), name(end))
    }

    #[test]
    fn order_in_the_section_is_no_matter_for_cnames() {
        let [a, b, c] = ["a.org 9 CNAME b.org.", "b.org 9 CNAME c.org.", "c.org 9 A 10.0.0.1"];
        for answers in [[a, b, c], [c, b, a], [b, c, a]] {
            assert_eq!(follow("a.org", &answers), to(&[a, b], "c.org"));
        }
        assert_eq!(follow("a.org", &[a, "a.org 9 CNAME x.org.", c]), to(&[a], "b.org"), "the first of two");
        assert_eq!(follow("c.org", &[c, "c.org 9 CNAME x.org."]), to(&[], "c.org"), "none beside what was asked for");
        assert_eq!(
            follow("a.org", &["a.org 9 CNAME x.com.", "x.com 9 CNAME y.com."]).clone(),
            to(&["a.org 9 CNAME x.com."], "x.com")
        );
    }

    #[test]
    fn a_dname_gives_a_cname_and_a_false_one_is_not_believed() {
        let (dname, cname) = ("d.org 9 DNAME e.org.", "a.d.org 9 CNAME a.e.org.");
        assert_eq!(follow("a.d.org", &[dname]), to(&[dname, cname], "a.e.org"));
        assert_eq!(follow("a.d.org", &[dname, "a.d.org 9 CNAME evil.org."]), to(&[dname, cname], "a.e.org"));
        assert_eq!(follow("a.d.org", &[cname, dname]), to(&[cname], "a.e.org"), "it stands on its own");
        assert_eq!(follow("d.org", &[dname]), to(&[], "d.org"), "a DNAME record is not for its own name");
        assert_eq!(follow("a.d.org", &["org.com 9 DNAME x."]), to(&[], "a.d.org"));
        let long = format!("d.org 9 DNAME {}", "x23456789.".repeat(25));
        assert!(matches!(follow("a23456789.d.org", &[&long]), Trail::TooLong(trail) if trail.len() == 1));
        assert_eq!(given(&[record(dname), record(cname)]), [record(dname)]);
        let twice = ["x.org 9 DNAME org.", "a.x.x.org 9 CNAME a.x.org.", "a.x.org 9 CNAME a.org."];
        assert_eq!(follow("a.x.x.org", &twice), to(&twice, "a.org"), "one DNAME record for two steps");
        assert_eq!(given(&twice.map(record)), [record(twice[0])]);
    }

    #[test]
    fn rings_are_seen() {
        assert_eq!(follow("a.org", &["a.org 9 CNAME b.org.", "b.org 9 CNAME a.org."]), Trail::Loop);
        assert_eq!(follow("a.org", &["a.org 9 CNAME a.org."]), Trail::Loop);
        assert_eq!(follow("a.d.org", &["d.org 9 DNAME x.d.org."]), Trail::Loop);
    }
}
