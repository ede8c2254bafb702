//! Whole result folders: written, compared, read back, damaged.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::*;
use crate::base::ids::LinkDirId;
use crate::base::socket::Side;
use crate::base::trace::{DropReason, FaultTrace, Observer, Trace};
use crate::metrics::testing::{Script, directory};
use crate::metrics::{Metric, RecorderOptions, RunRecord};

const S: u64 = 1_000_000_000;

/// A run with a message delivered, one bounced, a look-up, two dialogues and a few packets.
pub(super) fn sample() -> RunRecord {
    sample_with(RecorderOptions::default())
}

fn sample_with(options: RecorderOptions) -> RunRecord {
    let mut script = Script::with_options(options);
    tell(&mut script);
    script.finish(300 * S)
}

fn tell(script: &mut Script) {
    script.lookup(1_000);
    script.connection("crepes.fr", 1, 25, 9 * S, &[(Side::Server, "220 hamburger.edu\r\n")]);
    script.connection("pc", 2, 110, 95 * S, &[(Side::Server, "+OK\r\n"), (Side::Client, "QUIT\r\n")]);
    script.packet(9 * S, None);
    script.packet(10 * S, Some(DropReason::Loss));
    script.event("resolver", 20 * S, Trace::Fault(FaultTrace::ServiceDown { port: 53 }));
    script.event("pc", 21 * S, Trace::Fault(FaultTrace::LinkDown { link: LinkDirId(6) }));
    script.event("resolver", 22 * S, Trace::Fault(FaultTrace::ServiceUp { port: 53 }));
    script.one_message("<1@crepes.fr>", 10 * S);
    let (id, to) = ("<2@crepes.fr>", "nobody@hamburger.edu");
    script.compose("pc", 120 * S, id, "alice@crepes.fr", to);
    script.accept("crepes.fr", 121 * S, id, to).queue("crepes.fr", 121 * S, 1);
    script.attempt("crepes.fr", 121 * S, id, to, 1);
    script.defer("crepes.fr", 122 * S, id, to, 1, 130 * S).attempt("crepes.fr", 130 * S, id, to, 1);
    script.bounce("crepes.fr", 131 * S, id, to, "<3@crepes.fr>", "alice@crepes.fr");
    script.accept("crepes.fr", 131 * S, "<3@crepes.fr>", "alice@crepes.fr");
    script.deliver("crepes.fr", 131 * S, "<3@crepes.fr>", "alice@crepes.fr").queue("crepes.fr", 131 * S, 0);
}

fn info() -> RunInfo {
    RunInfo {
        title: "Alice writes to Bob".to_owned(),
        seed: 1,
        scenario_hash: "00ff".to_owned(),
        events: 42,
        event_kinds: [("wake", 2)].into(),
        ties: 3,
        ended: Ended::Until,
        resolved_json: "{}\n".to_owned(),
        timing: BTreeMap::from([("wall_s".to_owned(), serde_json::json!(0.25))]),
        expectations: vec![Expectation {
            metric: Some("messages.delivered".to_owned()),
            what: "messages.delivered".to_owned(),
            expected: "equals 1".to_owned(),
            found: Some(Found::Number(Metric::Integer(1))),
            held: true,
            ..Expectation::default()
        }],
    }
}

/// Every file of a folder, by its path in it.
fn files(dir: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
                all.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    all
}

fn csv(record: &RunRecord, name: &str) -> String {
    String::from_utf8(table_csv(&record.tables, name).unwrap()).unwrap()
}

/// Breaks when a column moves, a unit changes, or a value is lost on its way to the table.
#[test]
fn tables_are_golden() {
    let record = sample();
    assert_eq!(record.check(), Ok(()));
    insta::assert_snapshot!(csv(&record, "messages"), @r##"
    message,from,to,kind,about,expanded_by,expanded_from,status,reason,reply_code,enhanced,composed_s,accepted_s,delivered_s,retrieved_s,ended_s,latency_s,attempts,duplicates,bytes,composing_s,submission_s,queued_s,dns_s,connecting_s,dialogue_s,transfer_s,waiting_for_retry_s,in_mailbox_s,retrieval_s
    <1@crepes.fr>,alice@crepes.fr,bob@hamburger.edu,user,,,,delivered,,,,10.000000000,13.000000000,16.000000007,106.000000007,106.000000007,6.000000007,1,0,300,1.000000000,2.000000000,0.000000000,1.000000000,1.000000000,1.000000000,0.000000007,0.000000000,89.000000000,1.000000000
    <2@crepes.fr>,alice@crepes.fr,nobody@hamburger.edu,user,,,,bounced,reply,550,,120.000000000,121.000000000,,,131.000000000,,2,0,300,11.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000
    <3@crepes.fr>,,alice@crepes.fr,bounce,<2@crepes.fr>,,,delivered,,,,131.000000000,131.000000000,131.000000000,,,0.000000000,0,0,900,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,0.000000000,169.000000000,0.000000000
    "##);
    insta::assert_snapshot!(csv(&record, "attempts"), @r##"
    message,to,server,attempt,started_s,ended_s,exchange,connection,outcome,reason,reply_code,text,next_s
    <1@crepes.fr>,bob@hamburger.edu,crepes.fr,1,13.000000000,17.000000000,hamburger.edu,crepes.fr#1,completed,,,,
    <2@crepes.fr>,nobody@hamburger.edu,crepes.fr,1,121.000000000,122.000000000,hamburger.edu,,deferred,connection_timed_out,,"no answer, ""really""",130.000000000
    <2@crepes.fr>,nobody@hamburger.edu,crepes.fr,1,130.000000000,131.000000000,,,failed,reply,550,no such user,
    "##);
    insta::assert_snapshot!(csv(&record, "dns_queries"), @r##"
    time_s,query,from,to,role,name,type,retry,outcome,rcode,answers,latency_s,heard_s,replied_s,cache,for_query
    0.000001000,pc?1,pc,resolver,stub,hamburger.edu,MX,0,answer,NOERROR,1,1.000000010,0.000001005,,miss,
    0.000001005,resolver?1,resolver,ns,resolver,hamburger.edu,MX,0,timeout,,,1.000000000,,,,pc?1
    "##);
    insta::assert_snapshot!(csv(&record, "connections"), @r##"
    connection,client,server,server_port,opened_s,established_s,closed_s,setup_s,bytes_to_server,bytes_to_client,retransmissions,packets,wire_bytes,end_client,end_server,family,goodput_bps_to_server,goodput_bps_to_client,client_resent_timeout,client_resent_fast,client_resent_probe,client_resent_path_mtu,client_rtt_samples,client_rtt_min_s,client_rtt_mean_s,client_rtt_max_s,client_srtt_s,client_discarded_bytes,server_resent_timeout,server_resent_fast,server_resent_probe,server_resent_path_mtu,server_rtt_samples,server_rtt_min_s,server_rtt_mean_s,server_rtt_max_s,server_srtt_s,server_discarded_bytes
    crepes.fr#1,crepes.fr,hamburger.edu,25,9.000000000,9.080000000,9.081000000,0.080000000,120,120,0,0,0,finished,finished,ipv4,,,0,0,0,0,0,,,,,0,0,0,0,0,0,,,,,0
    pc#2,pc,hamburger.edu,110,95.000000000,95.080000000,95.082000000,0.080000000,120,120,0,0,0,finished,finished,ipv4,,,0,0,0,0,0,,,,,0,0,0,0,0,0,,,,,0
    "##);
    insta::assert_snapshot!(csv(&record, "queue"), @r##"
    time_s,server,copies,waiting
    13.000000000,crepes.fr,1,0
    17.000000000,crepes.fr,0,0
    121.000000000,crepes.fr,1,0
    131.000000000,crepes.fr,0,0
    "##);
    insta::assert_snapshot!(csv(&record, "links"), @r##"
    link,from,to,packets,bytes,delivered_packets,dropped_queue_full,dropped_loss,dropped_other,dropped_early,dropped_sojourn,dropped_too_big,duplicated,damaged,marked,utilization,mean_queue_packets,max_queue_packets,max_wait_s
    link0,crepes.fr,hamburger.edu,2,80,1,0,1,0,0,0,0,0,0,0,0.000000,0.000000,0,0.000000000
    link0,hamburger.edu,crepes.fr,0,0,0,0,0,0,0,0,0,0,0,0,0.000000,0.000000,0,0.000000000
    link1,hamburger.edu,ns,0,0,0,0,0,0,0,0,0,0,0,0,0.000000,0.000000,0,0.000000000
    link1,ns,hamburger.edu,0,0,0,0,0,0,0,0,0,0,0,0,0.000000,0.000000,0,0.000000000
    link2,ns,pc,0,0,0,0,0,0,0,0,0,0,0,0,0.000000,0.000000,0,0.000000000
    link2,pc,ns,0,0,0,0,0,0,0,0,0,0,0,0,0.000000,0.000000,0,0.000000000
    link3,pc,resolver,0,0,0,0,0,0,0,0,0,0,0,0,0.000000,0.000000,0,0.000000000
    link3,resolver,pc,0,0,0,0,0,0,0,0,0,0,0,0,0.000000,0.000000,0,0.000000000
    "##);
    insta::assert_snapshot!(csv(&record, "faults"), @r##"
    began_s,ended_s,kind,host,link,port
    20.000000000,22.000000000,service,resolver,,53
    21.000000000,,link,,link3,
    "##);
    insta::assert_snapshot!(summary_text(&info(), &record), @r##"
    scenario     Alice writes to Bob
    messages     2 composed, 1 delivered, 1 retrieved, 1 bounced
    bounces      1 composed, 1 delivered
    latency      mean 6 s, median 6 s, 95 % 6 s, longest 6 s
    attempts     3 total, 1 completed, 1 deferred, 1 failed
    dns          2 queries, 0 cache hits, 1 cache miss, 1 timeout
    connections  2 opened, 0 failed
    network      2 packets, 80 bytes, 1 dropped
    ended        at 5 min (the scenario's end), 42 events, seed 1
    expect       held: messages.delivered equals 1 (found 1)
    "##);
}

/// Breaks when a handle or a global count reaches a row, or rows are sorted by one: an
/// unrelated host may add rows, but may not change any.
#[test]
fn an_unrelated_host_changes_no_row() {
    let hosts = ["aaa.example", "crepes.fr", "hamburger.edu", "mmm.example", "ns", "pc", "resolver"];
    let mut script = Script::among(&hosts, RecorderOptions::default());
    script.compose("mmm.example", 0, "<0@mmm.example>", "m@mmm.example", "n@aaa.example");
    script.accept("mmm.example", 0, "<0@mmm.example>", "n@aaa.example").queue("mmm.example", 13 * S, 1);
    script.attempt("mmm.example", 0, "<0@mmm.example>", "n@aaa.example", 1);
    script.connection("aaa.example", 1, 25, 9 * S, &[(Side::Server, "220 hamburger.edu\r\n")]);
    tell(&mut script);
    let (more, usual) = (script.finish(300 * S), sample());
    for table in columns::TABLES {
        let (more, usual) = (csv(&more, table.name), csv(&usual, table.name));
        let kept: Vec<&str> = more.lines().filter(|line| !line.contains(".example")).collect();
        assert_eq!(kept, usual.lines().collect::<Vec<_>>(), "{}", table.name);
    }
}

/// Breaks when left-out transcripts are not told of, or the list of transcripts is not in
/// the order of their numbers.
#[test]
fn transcripts_are_listed_in_order() {
    let mut script = Script::with_options(RecorderOptions { dialogues: 11, dialogue_bytes: 100 });
    for number in 1..14 {
        script.connection("crepes.fr", number, 25, u64::from(number), &[(Side::Server, "220 x-y\r\n")]);
    }
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let written = write_run(&dir, &info(), &script.finish(S), OutputOptions::default()).unwrap();
    assert_eq!(written.transcripts_left_out, 2);
    let note = fs::read_to_string(dir.join("transcripts/left-out.txt")).unwrap();
    assert!(note.contains("first 11 connections") && note.contains("2 later ones"), "{note}");
    let list = list_transcripts(&dir).unwrap();
    assert_eq!(list.iter().map(|one| one.number).collect::<Vec<_>>(), (1..12).collect::<Vec<_>>());
    assert_eq!((&*list[1].protocol, &*list[1].client), ("smtp", "crepes.fr"));
    assert!(list[9].path.ends_with("transcripts/smtp-crepes.fr-10.txt"));
    assert!(list_transcripts(place.path()).is_err());
}

/// Breaks when equal runs write different bytes, or a table cannot be read back whole.
#[test]
fn a_folder_reads_back_and_is_the_same_twice() {
    let place = tempfile::tempdir().unwrap();
    let (a, b) = (place.path().join("deep/a"), place.path().join("b"));
    let written = write_run(&a, &info(), &sample(), OutputOptions::default()).unwrap();
    write_run(&b, &info(), &sample(), OutputOptions::default()).unwrap();
    assert_eq!(files(&a), files(&b));
    assert_eq!(written.files, files(&a).len());
    let mut read = read_run(&a).unwrap();
    let said = read.dialogues.take().unwrap();
    assert_eq!(read, sample().tables);
    let record = sample();
    let pieces = record.dialogues.iter().flat_map(|dialogue| dialogue.pieces().map(|piece| piece.at));
    assert_eq!(said.iter().map(|row| row.at).collect::<Vec<_>>(), pieces.collect::<Vec<_>>());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "no temporary folder stays");
}

/// Breaks when turning an output off changes another file.
#[test]
fn outputs_do_not_disturb_each_other() {
    let place = tempfile::tempdir().unwrap();
    let (all, few) = (place.path().join("all"), place.path().join("few"));
    write_run(&all, &info(), &sample(), OutputOptions::default()).unwrap();
    let record = sample_with(RecorderOptions { dialogues: 0, dialogue_bytes: 0 });
    write_run(&few, &info(), &record, OutputOptions { transcripts: false, charts: false }).unwrap();
    let (mut all, few) = (files(&all), files(&few));
    all.retain(|name, _| few.contains_key(name));
    assert_eq!(all, few);
}

/// Breaks when a run overwrites what no run wrote, or cannot replace its own result.
#[test]
fn only_results_are_replaced() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let write = || write_run(&dir, &info(), &sample(), OutputOptions::default());
    fs::create_dir(&dir).unwrap();
    write().unwrap();
    write().unwrap();
    for foreign in ["notes.txt", "charts/my.odt", "tables/more"] {
        fs::write(dir.join(foreign), "mine").unwrap();
        let before = files(&dir);
        let error = write().unwrap_err().to_string();
        assert!(error.contains("which no run wrote"), "{error}");
        assert_eq!(files(&dir), before);
        fs::remove_file(dir.join(foreign)).unwrap();
    }
    fs::write(dir.join("manifest.json"), "{\"name\": \"a web page\"}").unwrap();
    assert!(write().unwrap_err().to_string().contains("no manifest.json of a result folder"));
    let file = place.path().join("file");
    fs::write(&file, "mine").unwrap();
    let error = write_run(&file, &info(), &sample(), OutputOptions::default()).unwrap_err();
    assert!(error.to_string().contains("it is not a folder"), "{error}");
    assert!(write_run(Path::new("/"), &info(), &sample(), OutputOptions::default()).is_err());
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2, "no temporary folder stays");
}

/// Breaks when a damaged folder panics, is believed, or is blamed on the wrong place.
#[test]
fn damage_is_located() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("run");
    let options = OutputOptions { transcripts: false, charts: false };
    write_run(&dir, &info(), &sample(), options).unwrap();
    let cases = [
        ("manifest.json", "300.000000000", "soon", "manifest.json:1: no \"end_s\""),
        ("manifest.json", "{", "[", "manifest.json:"),
        ("tables/messages.csv", "delivered,", "arrived,", "messages.csv:2: column status: \"arrived\""),
        ("tables/messages.csv", "16.000000007", "3.0", "messages.csv:2: column delivered_s"),
        ("tables/messages.csv", "16.000000007", "3.000000000", "messages.csv:2: column delivered_s"),
        ("tables/messages.csv", "reason", "raison", "messages.csv:1: the header"),
        ("tables/queue.csv", "crepes.fr,1,0", "crepes.fr,-1,0", "queue.csv:2: column copies: \"-1\""),
        ("tables/queue.csv", "crepes.fr,1,0", "crepes.fr,1", "queue.csv:2: not a table"),
        ("tables/links.csv", "link1", "\"link1", "links.csv:"),
        ("tables/attempts.csv", "completed", "\u{1b}[31m", "column outcome: \"\\x1b[31m\""),
    ];
    for (file, from, to, message) in cases {
        let path = dir.join(file);
        let whole = fs::read_to_string(&path).unwrap();
        assert!(whole.contains(from), "{file} has {from}");
        fs::write(&path, whole.replacen(from, to, 1)).unwrap();
        let error = read_run(&dir).unwrap_err().to_string();
        assert!(error.contains(message), "{from} -> {to}: {error}");
        fs::write(&path, whole).unwrap();
    }
    fs::write(dir.join("tables/links.csv"), [0xff, 0xfe, b'\n']).unwrap();
    assert!(read_run(&dir).unwrap_err().to_string().contains("links.csv:1"));
    fs::remove_file(dir.join("tables/links.csv")).unwrap();
    assert!(read_run(&dir).unwrap_err().to_string().contains("cannot read"));
}

/// Breaks when an event loses a field or a handle stays without its name.
#[test]
fn events_carry_names() {
    use crate::base::ids::{ConnId, EventId, HostId, LinkDirId, QueryId};
    use crate::base::socket::Endpoint;
    use crate::base::time::SimTime;
    use crate::base::trace::{DnsTrace, FaultTrace, Protocol, Trace, TraceEvent};
    let mut writer = EventWriter::new(directory(), Vec::new());
    let (host, conn) = (HostId(0), ConnId { host: HostId(0), number: 2 });
    let to = Endpoint::new("10.0.0.5".parse().unwrap(), 53);
    let query = QueryId { host, number: 1 };
    let asked =
        DnsTrace::Asked { query, task: None, to, from_port: 9, wire_id: 1, name: "hamburger.edu", rtype: 15, retry: 0 };
    let said = Trace::Dialogue { conn, side: Side::Client, protocol: Protocol::Smtp, bytes: b"QUIT\r\n" };
    let events = [said, Trace::Dns(asked), Trace::Fault(FaultTrace::LinkDown { link: LinkDirId(3) })];
    for (id, what) in (1..).zip(events) {
        writer.observe(&TraceEvent { id: EventId(id), cause: EventId(0), at: SimTime::from_nanos(id), host, what });
    }
    insta::assert_snapshot!(String::from_utf8(writer.finish().unwrap()).unwrap(), @r##"
    {"at":1,"cause":0,"host":"crepes.fr","id":1,"t_s":"0.000000001","what":{"dialogue":{"bytes":"QUIT\\x0d\\x0a","conn":"crepes.fr#2","protocol":"smtp","side":"client"}}}
    {"at":2,"cause":0,"host":"crepes.fr","id":2,"t_s":"0.000000002","what":{"dns":{"asked":{"from_port":9,"name":"hamburger.edu","query":"crepes.fr?1","retry":0,"rtype":15,"task":null,"to":"10.0.0.5:53","wire_id":1}}}}
    {"at":3,"cause":0,"host":"crepes.fr","id":3,"t_s":"0.000000003","what":{"fault":{"link_down":{"link":"link1:ns>hamburger.edu"}}}}
    "##);
}
