//! A sheet of a ladder as an SVG document. Of a text that is cut the whole is in a `<title>`, as are the times of each
//! step.

use std::fmt::Write as _;

use super::ink::Ink;
use crate::report::charts::{Align, Color};

/// The document of a sheet of that size, with a title and a description.
pub(super) fn document(inks: &[&[Ink]], (width, height): (f64, f64), (title, about): (&str, &str)) -> String {
    let mut drawn = String::new();
    for ink in inks.iter().flat_map(|inks| inks.iter()) {
        write(&mut drawn, ink);
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"DejaVu Sans, Verdana, sans-serif\" role=\"img\" \
         aria-labelledby=\"title desc\">\n\
         <title id=\"title\">{}</title>\n<desc id=\"desc\">{}</desc>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{drawn}</svg>\n",
        plain(title),
        plain(about),
    )
}

/// The text without the characters that XML keeps for itself, and without those that it does not take.
fn plain(text: &str) -> String {
    let legal = |c: &char| !c.is_control() || matches!(c, '\t' | '\n');
    let text: String = text.chars().filter(legal).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn hex((red, green, blue): Color) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn pairs(points: &[(f64, f64)]) -> String {
    points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect::<Vec<_>>().join(" ")
}

fn write(out: &mut String, ink: &Ink) {
    let _ = match ink {
        Ink::Step(words) => writeln!(out, "<g><title>{}</title>", plain(words)),
        Ink::StepEnd => writeln!(out, "</g>"),
        Ink::Line { points, color, width, dash } => {
            let dash: Vec<String> = dash.iter().map(ToString::to_string).collect();
            let dash =
                if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{}\"", dash.join(" ")) };
            let (points, color) = (pairs(points), hex(*color));
            writeln!(
                out,
                "<polyline points=\"{points}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"{width:.1}\"{dash}/>"
            )
        }
        Ink::Polygon { points, color } => {
            writeln!(out, "<polygon points=\"{}\" fill=\"{}\"/>", pairs(points), hex(*color))
        }
        Ink::Box { area: [left, top, width, height], fill, edge } => {
            let edge = edge.map_or_else(String::new, |color| format!(" stroke=\"{}\"", hex(color)));
            writeln!(
                out,
                "<rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" fill=\"{}\"{edge}/>",
                hex(*fill)
            )
        }
        Ink::Disc { at: (x, y), radius, color } => {
            writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{}\"/>", hex(*color))
        }
        Ink::Text { at: (x, base), text, whole, size, color, align } => {
            let anchor = match align {
                Align::Left => "start",
                Align::Center => "middle",
                Align::Right => "end",
            };
            let whole = whole.as_ref().map_or_else(String::new, |whole| format!("<title>{}</title>", plain(whole)));
            let (color, text) = (hex(*color), plain(text));
            writeln!(
                out,
                "<text x=\"{x:.1}\" y=\"{base:.1}\" font-size=\"{size:.1}\" fill=\"{color}\" text-anchor=\"{anchor}\">{whole}{text}</text>"
            )
        }
    };
}
