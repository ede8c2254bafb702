//! Charts of runs small, empty, and huge, in every theme.

mod samples;

use std::sync::Arc;

use self::samples::{
    copy, names, network, one, pages, readers, seconds, segments, several, sites, storms, window, windows,
};
use super::look::{Fill, Hatch, Pen};
use super::*;

fn cases() -> Vec<(&'static str, Tables)> {
    let mut instant = one();
    instant.messages[0] = copy(0, "a", 0.0, 0);
    let mut huge = several(50_000, 2);
    huge.messages.iter_mut().for_each(|row| row.attempts = u32::MAX - 1);
    huge.queue.iter_mut().for_each(|row| row.copies = u32::MAX);
    vec![
        ("empty", Tables::default()),
        ("one", one()),
        ("instant", instant),
        ("few", several(7, 3)),
        ("several", several(300, 9)),
        ("huge", huge),
        ("names", names(3, 1)),
        ("many names", names(200, u64::MAX / 4)),
        ("no window", windows(0, 0)),
        ("one storm", storms(1, 1)),
        ("some storms", storms(3, 40)),
        ("many storms", storms(9, 9_000)),
        ("one window", windows(1, 1)),
        ("one sender", windows(1, 50_000)),
        ("many senders", windows(9, 2_000)),
        ("a link", network(1, 1)),
        ("many links", network(50, u64::MAX / 4)),
        ("a reader", readers(1, 1)),
        ("many readers", readers(30, 1_440)),
        ("a page", pages(1, 3)),
        ("many pages", pages(60, 80)),
    ]
}

/// Each case with everything beside the tables that a chart may want.
fn sources(tables: &Tables) -> Vec<ChartSource<'_>> {
    let bare = ChartSource::new(tables);
    let mut whole = vec![bare.clone()];
    if tables.messages.len() == 1 {
        for (count, hosts) in [(0, 0), (1, 1), (3, 9), (12, 30), (200, 1)] {
            let setting = sites(count, hosts);
            whole.push(ChartSource { setting, segments: Some(segments(count * 30)), ..bare.clone() });
        }
    }
    whole
}

/// Every chart of every case in every theme.
fn every_drawing(mut look: impl FnMut(&str, &Drawing)) {
    for (case, tables) in cases() {
        for source in sources(&tables) {
            for theme in Theme::ALL {
                for name in chart_names() {
                    let hosts = source.setting.hosts.len();
                    let what = format!("{name} of {case}, {hosts} hosts, for {}", theme.name());
                    look(&what, &draw(name, &source, theme).unwrap());
                }
            }
        }
    }
}

fn svg(name: &str, run: &Tables) -> String {
    draw(name, &ChartSource::new(run), Theme::Slides).unwrap().svg().unwrap()
}

/// Breaks when a label is clipped by the sheet or written over another.
#[test]
fn texts_have_room() {
    every_drawing(|what, drawing| assert_eq!(drawing.text_faults(), Vec::<String>::new(), "{what}"));
}

/// Breaks when two series or parts of a sheet differ in nothing but their colour, or a handout has colours.
#[test]
fn colour_never_says_anything_alone() {
    every_drawing(|what, drawing| {
        let Drawing(canvas) = drawing;
        for (index, a) in canvas.pens.iter().enumerate() {
            let same = |b: &&Pen| b.color != a.color && b.dash == a.dash && b.marker == a.marker;
            assert_eq!(canvas.pens[index..].iter().find(same), None, "{what}: {a:?}");
        }
        for (index, a) in canvas.fills.iter().enumerate() {
            let same = |b: &&Fill| b.color != a.color && b.hatch == a.hatch;
            assert_eq!(canvas.fills[index..].iter().find(same), None, "{what}: {a:?}");
        }
        if canvas.theme == Theme::Handout {
            let colors = canvas.pens.iter().map(|pen| pen.color).chain(canvas.fills.iter().map(|fill| fill.color));
            for (red, green, blue) in colors {
                assert!(red == green && green == blue, "{what}");
            }
        }
    });
}

/// Breaks when fills of one hatch, or neighbours in grey, cannot be told apart.
#[test]
fn greys_of_parts_differ() {
    let fills: Vec<Fill> = (0..look::FILLS).map(|index| Theme::Handout.fill(index)).collect();
    for (index, a) in fills.iter().enumerate() {
        assert!(fills[index + 1..].iter().all(|b| a.hatch != b.hatch && a.color != b.color), "{a:?}");
        assert!(a.hatch == Hatch::Plain || a.stroke() != a.color, "{a:?}");
    }
    for pair in fills.windows(2) {
        assert!(pair[0].color.0.abs_diff(pair[1].color.0) >= 0x28, "{pair:?}");
    }
}

/// Breaks when a chart is not the same twice, not one whole element, or grows with its data.
#[test]
fn charts_are_whole_and_the_same_twice() {
    for (case, run) in cases() {
        for name in chart_names() {
            let drawn = svg(name, &run);
            assert_eq!(drawn, svg(name, &run), "{name} of {case}");
            let size = "<svg role=\"img\" width=\"1280\" height=\"720\" viewBox=\"0 0 3840 2160\"";
            assert!(drawn.starts_with(size), "{name}: {drawn:.80}");
            assert!(drawn.contains("<title>") && drawn.trim_end().ends_with("</svg>"), "{name} of {case}");
            assert!(!drawn.contains("NaN") && !drawn.contains("inf\""), "{name} of {case}");
            assert!(drawn.len() < 600_000, "{name} of {case}: {} bytes", drawn.len());
        }
    }
}

/// Breaks when a picture has another size than its theme says, is not the same twice, or is white.
#[test]
fn pictures_have_their_size_and_the_same_bytes_twice() {
    let (tables, setting) = (several(30, 3), sites(2, 3));
    let source = ChartSource { setting, ..ChartSource::new(&tables) };
    for (name, theme) in
        [("latency_cdf", Theme::Slides), ("latency_by_phase", Theme::Paper), ("topology", Theme::Handout)]
    {
        let drawing = draw(name, &source, theme).unwrap();
        let file = drawing.png().unwrap();
        assert!(file == draw(name, &source, theme).unwrap().png().unwrap(), "{name}");
        let mut reader = ::png::Decoder::new(&file[..]).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let (width, per_metre) = theme.pixels();
        let height = [(1280, 720), (2008, 1255), (1890, 1063)].into_iter().find(|size| size.0 == width).unwrap().1;
        assert_eq!((info.width, info.height, info.color_type), (width, height, ::png::ColorType::Rgb));
        assert_eq!(reader.info().pixel_dims.map(|dims| dims.xppu), per_metre);
        let title = &reader.info().utf8_text[0];
        assert_eq!((title.keyword.as_str(), title.get_text().unwrap()), ("Title", drawing.title().to_owned()));
        let inked = pixels.chunks(3).filter(|pixel| pixel.iter().all(|level| *level < 0x80)).count();
        let share = inked as f64 / f64::from(width * height);
        assert!((0.002..0.5).contains(&share), "{name}: {share} of it is dark");
        // letters are smoothed: there is much between black and white
        let shades = pixels.chunks(3).filter(|pixel| (0x40..0xc0).contains(&pixel[0])).count();
        assert!(shades > 2_000, "{name}: {shades}");
    }
}

#[test]
fn empty_charts_say_so() {
    for name in chart_names() {
        for theme in Theme::ALL {
            let drawing = draw(name, &ChartSource::new(&Tables::default()), theme).unwrap();
            assert!(drawing.is_blank() && drawing.note().starts_with("No"), "{name}: {}", drawing.note());
            assert!(drawing.svg().unwrap().contains("\nNo"), "{name}");
        }
    }
    let error = draw("pie\u{1b}", &ChartSource::new(&Tables::default()), Theme::Slides).unwrap_err().to_string();
    assert!(error.contains("no chart \"pie\\x1b\"") && error.contains("latency_cdf"), "{error}");
}

/// Breaks when the list of charts is out of order, or says nothing of one.
#[test]
fn the_list_is_sorted_and_whole() {
    assert!(chart_names().is_sorted());
    assert!(charts().iter().all(|chart| chart.shows.len() > 10 && chart.needs.len() > 5));
}

/// Breaks when a name can break out of the SVG.
#[test]
fn hostile_names_are_inert() {
    const EVIL: &str = "</text></title><script>&\"]]>\u{1b}\u{0}";
    let mut run = network(2, 5);
    run.messages = one().messages;
    run.messages[0].message = Arc::from(format!("<{EVIL}@x>"));
    run.messages[0].from = Arc::from(format!("a@{EVIL}"));
    run.queue = one().queue;
    run.queue[0].server = Arc::from(EVIL);
    let named = names(2, 5);
    (run.caches, run.dns_servers) = (named.caches, named.dns_servers);
    run.caches[0].host = Arc::from(EVIL);
    run.dns_servers[0].server = Arc::from(EVIL);
    let stormy = storms(1, 3);
    (run.survival, run.attempt_rates, run.storms) = (stormy.survival, stormy.attempt_rates, stormy.storms);
    run.survival[0].server = Arc::from(EVIL);
    run.attempt_rates[0].destination = Arc::from(EVIL);
    run.cwnd = Some(vec![window(1.0, EVIL, 1)]);
    run.links[0].from = Arc::from(EVIL);
    run.connections[0].connection = Arc::from(EVIL);
    run.dns_queries[0].to = Arc::from(EVIL);
    let read = readers(1, 4);
    (run.mailboxes, run.mailbox_sessions) = (read.mailboxes, read.mailbox_sessions);
    run.mailboxes[0].user = Arc::from(EVIL);
    run.mailbox_sessions[0].protocol = Arc::from(EVIL);
    let web = pages(1, 2);
    (run.web_pages, run.web_requests) = (web.web_pages, web.web_requests);
    run.web_requests.iter_mut().flatten().for_each(|row| row.url = Arc::from(EVIL));
    let mut setting = sites(1, 2);
    for end in setting.links.iter_mut().flat_map(|link| &mut link.between) {
        end.push_str(EVIL);
    }
    let record = SegmentRecord { connection: EVIL.to_owned(), sender: EVIL.to_owned(), ..segments(9) };
    let source = ChartSource { setting, segments: Some(record), ..ChartSource::new(&run) };
    for name in chart_names() {
        let drawn = draw(name, &source, Theme::Slides).unwrap().svg().unwrap();
        assert!(!drawn.contains("<script") && !drawn.contains('\u{1b}') && !drawn.contains('\u{0}'), "{name}");
    }
}

/// Breaks when the threshold is drawn before a loss set it, or beside the windows of others.
#[test]
fn a_single_sender_has_its_threshold() {
    let dashed = |run: &Tables| svg("cwnd", run).contains("slow-start threshold");
    assert!(dashed(&windows(1, 50)) && !dashed(&windows(2, 50)) && !dashed(&windows(1, 1)));
}

/// Breaks when `of` does not choose.
#[test]
fn one_of_many_can_be_chosen() {
    let run = pages(3, 4);
    let page = run.web_pages.as_ref().unwrap()[2].page.to_string();
    let source = ChartSource { of: Some(page.clone()), ..ChartSource::new(&run) };
    let drawing = draw("page_waterfall", &source, Theme::Slides).unwrap();
    assert!(drawing.note().starts_with(&page), "{}", drawing.note());
    let none = ChartSource { of: Some("nobody/1".to_owned()), ..ChartSource::new(&run) };
    assert!(draw("page_waterfall", &none, Theme::Slides).unwrap().is_blank());
}

/// Breaks when the picture of attempts goes on after the last of them, or ends before an outage does.
#[test]
fn attempts_end_with_their_data() {
    let mut run = storms(1, 3);
    run.storms.clear();
    let drawn = |run: &Tables| svg("attempt_rate", run);
    let day = drawn(&run);
    run.end = seconds(86_400.0 * 365.0);
    assert_eq!(drawn(&run), day, "whatever the run's end");
    run.storms = storms(1, 3).storms;
    run.storms[0].ended = seconds(50_000.0);
    assert_ne!(drawn(&run), day);
}

/// Breaks when a direction is called by a part of a domain, or by more than tells it from others.
#[test]
fn a_domain_that_both_have_stands_once() {
    for (from, to, said) in [
        ("pc.crepes.fr", "router.crepes.fr", "pc.crepes.fr \u{2192} router"),
        ("crepes.fr", "router.crepes.fr", "crepes.fr \u{2192} router"),
        ("router.crepes.fr", "crepes.fr", "router \u{2192} crepes.fr"),
        ("crepes.fr", "pizza.fr", "crepes.fr \u{2192} pizza.fr"),
        ("internet", "router.crepes.fr", "internet \u{2192} router.crepes.fr"),
        ("a.x.edu#3", "b.x.edu", "a.x.edu#3 \u{2192} b"),
    ] {
        assert_eq!(way(from, to), said);
    }
}
