//! Charts of made-up studies, small, empty, large and hostile, in every theme.

use super::super::look::light;
use super::heat::ramp;
use super::*;

/// A series with intervals that grow with its values.
fn series(name: &str, count: u32, value: impl Fn(f64) -> f64) -> StudySeries {
    let point = |index: u32| {
        let x = 0.05 + 0.9 * f64::from(index) / f64::from(count.max(2) - 1);
        let mid = value(x);
        Estimate::within(x, mid * 0.9, mid, mid * 1.15)
    };
    StudySeries { name: name.to_owned(), points: (0..count).map(point).collect() }
}

fn panel(title: &str, lines: usize, count: u32) -> Panel {
    let names = ["FIFO", "RED", "CoDel", "a queue with a very long name that says all", "e", "f", "g", "h", "i"];
    let line = |index: usize| series(names[index % 9], count, move |x| (1.0 + index as f64) / (1.0 - x));
    let curves = vec![Curve::of("M/M/1: 1/(1-\u{3c1})", (0.0, 1.0), |x| 1.0 / (1.0 - x))];
    Panel { title: title.to_owned(), series: (0..lines).map(line).collect(), curves }
}

fn bands(panel: Panel, x: Spacing, y: Spacing) -> BandChart {
    BandChart {
        title: "Delay in a queue".to_owned(),
        note: "20 replications".to_owned(),
        x: Axis::new("offered load (share of the rate)").spaced(x),
        y: Axis::new("mean delay (ms)").spaced(y),
        interval: "95 % interval".to_owned(),
        panel,
    }
}

fn panels(count: usize) -> PanelChart {
    let chart = bands(Panel::default(), Spacing::Linear, Spacing::Fitting);
    let panels = (0..count).map(|index| panel(&format!("loss {index} %, of all that were sent"), 3, 6)).collect();
    PanelChart { title: chart.title, note: chart.note, x: chart.x, y: chart.y, interval: chart.interval, panels }
}

fn heat(columns: usize, rows: usize, value: impl Fn(usize, usize) -> Option<f64>) -> HeatMap {
    HeatMap {
        title: "Hit ratio".to_owned(),
        note: "mean of 20 replications".to_owned(),
        x: "TTL (s)".to_owned(),
        columns: (0..columns).map(|index| format!("{}", 10 << index.min(20))).collect(),
        y: "look-ups a second".to_owned(),
        rows: (0..rows).map(|index| format!("{}", index as f64 / 10.0)).collect(),
        value: Axis::new("hit ratio (share of look-ups)"),
        cells: (0..rows).map(|row| (0..columns).map(|column| value(row, column)).collect()).collect(),
    }
}

/// Charts of all kinds and sizes.
fn every_drawing(mut look: impl FnMut(&str, Drawing)) {
    let long = "a parameter of which somebody told all that there is to tell, with its unit and its purpose (s)";
    for theme in Theme::ALL {
        for (lines, count) in [(1, 1), (1, 2), (2, 9), (4, 200), (9, 5), (3, 20_000)] {
            for spacing in [Spacing::Linear, Spacing::Logarithmic, Spacing::Fitting] {
                let mut chart = bands(panel("", lines, count), spacing, spacing);
                look(&format!("{lines} lines of {count}, {spacing:?}"), chart.draw(theme));
                (chart.x.text, chart.y.text) = (long.to_owned(), long.to_owned());
                look(&format!("{lines} lines of {count} with long names"), chart.draw(theme));
            }
        }
        for count in [1, 2, 3, 4, 5, 6, 7, 9, 12, 30] {
            let mut chart = panels(count);
            look(&format!("{count} panels"), chart.draw(theme));
            chart.panels.iter_mut().for_each(|panel| {
                panel.series.iter_mut().for_each(|series| {
                    series.points.iter_mut().for_each(|point| {
                        (point.x, point.mid, point.interval) = (point.x * 3e9, point.mid * -7e-9, None)
                    });
                })
            });
            look(&format!("{count} panels of huge numbers"), chart.draw(theme));
        }
        for (columns, rows) in [(1, 1), (2, 3), (7, 5), (30, 12), (100, 60)] {
            let all = |row: usize, column: usize| Some((row * column) as f64 / 300.0);
            look(&format!("{columns} times {rows}"), heat(columns, rows, all).draw(theme));
            let some =
                |row: usize, column: usize| row.is_multiple_of(2).then_some(1e-7 * (1_u64 << column.min(40)) as f64);
            look(&format!("{columns} times {rows} with holes"), heat(columns, rows, some).draw(theme));
            let mut named = heat(columns, rows, |_, _| Some(5.0));
            named
                .rows
                .iter_mut()
                .chain(&mut named.columns)
                .for_each(|name| name.push_str(" and every hour on the hour"));
            (named.x, named.y) = (long.to_owned(), long.to_owned());
            look(&format!("{columns} times {rows} with long names"), named.draw(theme));
        }
    }
}

/// Breaks when a label is clipped by the sheet or written over another, or a chart holds no number that it should.
#[test]
fn texts_have_room() {
    every_drawing(|what, drawing| {
        assert_eq!(drawing.text_faults(), Vec::<String>::new(), "{what} for {}", drawing.0.theme.name());
        let svg = drawing.svg().unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf\"") && !drawing.is_blank(), "{what}");
        assert!(svg.len() < 1_200_000, "{what}: {} bytes", svg.len());
    });
}

/// Breaks when lines differ in nothing but their colour.
#[test]
fn colour_never_says_anything_alone() {
    every_drawing(|what, Drawing(canvas)| {
        for (index, a) in canvas.pens.iter().enumerate() {
            assert!(canvas.pens[index + 1..].iter().all(|b| b.marker != a.marker || b == a), "{what}");
        }
    });
}

/// Breaks when a copy in black and white tells less than the field of colours.
#[test]
fn colours_of_a_field_go_from_light_to_dark() {
    for theme in Theme::ALL {
        let lights: Vec<u32> = (0..=20).map(|step| light(ramp(theme, f64::from(step) / 20.0))).collect();
        assert!(lights.windows(2).all(|pair| pair[0] >= pair[1] + 5), "{}: {lights:?}", theme.name());
        assert!(lights[0] > 0xe0 && lights[20] < 0x30);
    }
}

/// Breaks when something without data is drawn, or something with data is not.
#[test]
fn empty_charts_say_so() {
    for theme in Theme::ALL {
        let nan = StudySeries {
            name: "x".to_owned(),
            points: vec![Estimate::alone(f64::NAN, 1.0), Estimate::alone(1.0, f64::INFINITY)],
        };
        let odd = Panel { series: vec![nan], ..Panel::default() };
        for panel in [Panel::default(), panel("", 0, 0), odd] {
            let drawing = bands(panel, Spacing::Fitting, Spacing::Fitting).draw(theme);
            assert!(drawing.is_blank() && drawing.note().starts_with("No"), "{}", drawing.note());
        }
        assert!(panels(0).draw(theme).is_blank());
        assert!(heat(0, 3, |_, _| Some(1.0)).draw(theme).is_blank() && heat(2, 2, |_, _| None).draw(theme).is_blank());
        assert!(heat(2, 2, |_, _| Some(f64::NAN)).draw(theme).is_blank());
    }
}

/// Breaks when values vanish without a word.
#[test]
fn what_is_left_out_is_counted() {
    let mut chart = bands(panel("", 9, 4), Spacing::Fitting, Spacing::Logarithmic);
    chart.panel.series[0].points.extend([Estimate::alone(0.5, 0.0), Estimate::alone(0.5, f64::NAN)]);
    assert_eq!(chart.draw(Theme::Slides).note(), "20 replications; 2 unfit values left out; 2 series left out");
    assert_eq!(panels(14).draw(Theme::Paper).note(), "20 replications; 2 panels left out");
    let odd = heat(2, 2, |row, column| Some(if row == column { f64::INFINITY } else { 1.0 })).draw(Theme::Slides);
    assert_eq!(odd.note(), "mean of 20 replications; 2 unfit values left out");
    assert!(odd.svg().unwrap().contains("\nno value\n"));
}

/// Breaks when a curve leaves its frame, or an end of an interval is taken for the value.
#[test]
fn curves_end_at_the_frame() {
    let chart = bands(panel("", 1, 5), Spacing::Linear, Spacing::Linear);
    let Drawing(canvas) = chart.draw(Theme::Slides);
    let (mut most, mut low) = (0.0_f64, f64::MAX);
    for shape in &canvas.shapes {
        if let super::super::canvas::Shape::Line { points, width: 1.5, color: super::super::look::INK } = shape {
            for (x, y) in points {
                (most, low) = (most.max(*x), low.min(*y));
            }
        }
    }
    assert!(most > 700.0 && most <= 936.5, "{most}");
    assert!((100.0..200.0).contains(&low), "{low}");
}

/// Breaks when words of a scenario can break out of the drawing.
#[test]
fn hostile_words_are_inert() {
    const EVIL: &str = "</text></title><script>&\"]]>\u{1b}\u{0}";
    let mut chart = bands(panel(EVIL, 3, 4), Spacing::Fitting, Spacing::Fitting);
    (chart.title, chart.note, chart.x.text, chart.y.text) = (EVIL.into(), EVIL.into(), EVIL.into(), EVIL.into());
    chart.panel.series[0].name = EVIL.into();
    chart.panel.curves[0].name = EVIL.into();
    chart.interval = EVIL.into();
    let mut field = heat(2, 2, |row, _| (row > 0).then_some(1.0));
    (field.x, field.y, field.value.text) = (EVIL.into(), EVIL.into(), EVIL.into());
    (field.rows[0], field.columns[1]) = (EVIL.into(), EVIL.into());
    let grid = PanelChart { panels: vec![chart.panel.clone(); 3], ..panels(0) };
    for drawing in [chart.draw(Theme::Slides), field.draw(Theme::Slides), grid.draw(Theme::Slides)] {
        let drawn = drawing.svg().unwrap();
        assert!(!drawn.contains("<script") && !drawn.contains('\u{1b}') && !drawn.contains('\u{0}'), "{drawn:.400}");
    }
}
