//! TCP's parameters.

use super::Context;
use crate::base::{DataSize, SimDuration};
use crate::net::CongestionControl;
use crate::scenario::fill::{DEFAULT_MAX_RTO, DEFAULT_MSS};
use crate::scenario::problem::Path;
use crate::scenario::resolved::TcpSpec;
use crate::scenario::schema::CongestionName;

/// TCP's parameters.
pub(super) fn read_tcp(cx: &mut Context<'_>) -> TcpSpec {
    let network = Path::Root.key("network");
    let path = network.key("tcp");
    let tcp = &cx.scenario.network.tcp;
    let window = tcp.receive_window.map_or(DataSize::from_bytes(65_535), |size| size.0).bytes();
    let scaled = tcp.window_scale.unwrap_or(false);
    if !(1..=if scaled { 65_535 << 14 } else { 65_535 }).contains(&window) {
        let message = if scaled {
            "a receive window is 1 to 1073725440 bytes (RFC 7323 2.3)"
        } else {
            "a receive window is 1 to 65535 bytes unless `window_scale` is on"
        };
        cx.problems.at(path.key("receive_window"), message);
    }
    let mss = tcp.mss.unwrap_or(0);
    check_mss(cx, path, mss, window);
    check_counts(cx, path);
    let (min_rto, max_rto) =
        (cx.positive(path.key("min_rto"), tcp.min_rto), cx.duration(path.key("max_rto"), tcp.max_rto));
    let initial_rto = cx.positive(path.key("initial_rto"), tcp.initial_rto);
    for (key, rto) in [("min_rto", min_rto), ("initial_rto", initial_rto)] {
        check_order(cx, path, (key, rto), max_rto);
    }
    if max_rto > SimDuration::from_secs(86_400) {
        cx.problems.at(path.key("max_rto"), "`max_rto` is at most a day");
    }
    let delayed_ack = cx.duration(path.key("delayed_ack"), tcp.delayed_ack);
    if delayed_ack >= SimDuration::from_millis(500) {
        cx.problems.at(path.key("delayed_ack"), "an acknowledgement is delayed by less than 500ms (RFC 1122 4.2.3.2)");
    }
    TcpSpec {
        mss,
        initial_window: tcp.initial_window.unwrap_or(0),
        receive_window: u32::try_from(window).unwrap_or(u32::MAX),
        syn_retries: tcp.syn_retries.unwrap_or(0),
        syn_backlog: tcp.syn_backlog,
        data_retries: tcp.data_retries.unwrap_or(0),
        initial_rto,
        min_rto,
        max_rto,
        delayed_ack,
        nagle: tcp.nagle.unwrap_or(false),
        silly_window_avoidance: tcp.silly_window_avoidance.unwrap_or(false),
        sack: tcp.sack.unwrap_or(false),
        rack: tcp.rack.unwrap_or(false),
        limited_transmit: tcp.limited_transmit.unwrap_or(false),
        window_scale: tcp.window_scale.unwrap_or(false),
        timestamps: tcp.timestamps.unwrap_or(false),
        congestion: match tcp.congestion.unwrap_or_default() {
            CongestionName::NewReno => CongestionControl::NewReno,
            CongestionName::Cubic => CongestionControl::Cubic,
        },
        keep_alive: tcp.keep_alive.map(|value| cx.positive(path.key("keep_alive"), Some(value))),
        user_timeout: tcp.user_timeout.map(|value| cx.positive(path.key("user_timeout"), Some(value))),
        ecn: tcp.ecn.unwrap_or(false),
    }
}

/// Numbers within their bounds, and options that take others.
fn check_counts(cx: &mut Context<'_>, path: Path<'_>) {
    let tcp = &cx.scenario.network.tcp;
    let bounded: [(&str, Option<u32>, u32, u32); 4] = [
        ("initial_window", tcp.initial_window, 1, 10_000),
        ("syn_retries", tcp.syn_retries, 0, 255),
        ("data_retries", tcp.data_retries, 0, 255),
        ("syn_backlog", tcp.syn_backlog, 1, u32::MAX),
    ];
    for (key, value, low, high) in bounded {
        if !(low..=high).contains(&value.unwrap_or(low)) {
            cx.problems.at(path.key(key), format!("`{key}` is a number from {low} to {high}"));
        }
    }
    if tcp.rack == Some(true) && tcp.sack != Some(true) {
        cx.problems
            .at(path.key("rack"), "`rack` takes selective acknowledgements: set `sack` to true as well (RFC 8985 4)");
    }
}

/// A segment is not empty and fits into the window.
fn check_mss(cx: &mut Context<'_>, path: Path<'_>, mss: u16, window: u64) {
    if mss == DEFAULT_MSS && u64::from(mss) > window {
        let message = format!("a receive window must hold a segment, and `mss` is {mss}");
        cx.problems.help(path.key("receive_window"), message, "give a larger window, or a smaller `mss`");
    } else if mss == 0 || u64::from(mss) > window {
        cx.problems.at(path.key("mss"), "a maximum segment size is above zero and not above the receive window");
    }
    // RFC 791 3.1: the total length of a packet has 16 bits; headers take 40 octets of it.
    if mss > 65_495 {
        cx.problems
            .at(path.key("mss"), "a maximum segment size is at most 65495, for a packet has at most 65535 bytes");
    }
    if cx.ipv6 && (1..=20).contains(&mss) {
        cx.problems.at(path.key("mss"), "over IPv6 a segment holds 20 bytes less than `mss`, which is above that");
    }
}

/// No other time-out is above the greatest.
fn check_order(cx: &mut Context<'_>, path: Path<'_>, (key, rto): (&str, SimDuration), max_rto: SimDuration) {
    if max_rto < rto {
        // A default is not what is wrong with the file.
        let place = if max_rto == DEFAULT_MAX_RTO { key } else { "max_rto" };
        let message = format!("`max_rto` ({}) must not be below `{key}` ({})", max_rto.to_text(), rto.to_text());
        cx.problems.help(path.key(place), message, format!("raise `max_rto` or lower `{key}`"));
    }
}
