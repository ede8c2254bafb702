//! `posthaste sweep chart`: the figures that a plan declares, out of what its runs left.

use super::load_plan;
use super::run::{cores, in_threads};
use super::status::study_of;
use crate::base::nearest::nearest;
use crate::cli::args::{ChartFormat, SweepChartArgs};
use crate::cli::chart::{bytes, hand_over};
use crate::cli::exit::{CommandError, Exit};
use crate::cli::load::load_error;
use crate::cli::output::{deliver, is_stdout, print};
use crate::cli::recording::report_error;
use crate::sweep::charts::Gallery;
use crate::sweep::trials::Subject;
use crate::sweep::{Folder, Study};

/// Draws one chart to stdout or a file, or all of them into a folder, or lists them.
///
/// # Errors
/// The plan is invalid or has no such chart, the study has no folder, or a file cannot be written.
pub(super) fn chart(args: &SweepChartArgs) -> Result<Exit, CommandError> {
    if args.list && !args.study.is_dir() {
        return print(&list(&load_plan(&args.study)?)).map(|()| Exit::Done);
    }
    let (study, dir) = study_of(&args.study, args.out.as_deref())?;
    if args.list {
        return print(&list(&study)).map(|()| Exit::Done);
    }
    let chosen = match &args.name {
        Some(name) => {
            let found = study.charts.iter().find(|chart| chart.name == *name);
            Some(found.ok_or_else(|| unknown(&study, name))?)
        }
        None if args.all => None,
        None if study.charts.len() == 1 => study.charts.first(),
        None => return Err(CommandError::usage(format!("which chart? The plan has {}", names(&study)))),
    };
    // Without its folder there is nothing to draw.
    Folder::read(&dir).map_err(report_error)?;
    let subject = Subject::of(&study).map_err(load_error)?;
    let gallery = in_threads(cores(), || Gallery::of(&subject, &crate::sweep::store::Store::of(&dir)))?;
    let format = ChartFormat::of(args.format, args.output.as_deref())?;
    let theme = args.theme.into();
    match (chosen, args.output.as_deref()) {
        (Some(chart), output) => hand_over(output, &bytes(&gallery.draw(chart, theme), format)?, format)?,
        (None, Some(folder)) if !is_stdout(folder) => {
            std::fs::create_dir_all(folder)
                .map_err(|error| CommandError::io(format!("cannot create {}: {error}", folder.display())))?;
            for chart in &study.charts {
                let path = folder.join(format!("{}.{}", chart.name, format.ending()));
                deliver(Some(&path), &bytes(&gallery.draw(chart, theme), format)?)?;
            }
        }
        (None, Some(_) | None) => {
            return Err(CommandError::usage("--all writes files: give a folder with -o".to_owned()));
        }
    }
    Ok(Exit::Done)
}

fn names(study: &Study) -> String {
    let names: Vec<&str> = study.charts.iter().map(|chart| chart.name.as_str()).collect();
    if names.is_empty() { "no \"charts\"".to_owned() } else { names.join(", ") }
}

fn unknown(study: &Study, name: &str) -> CommandError {
    let meant = nearest(name, study.charts.iter().map(|chart| chart.name.as_str()));
    let meant = meant.map_or_else(String::new, |near| format!("did you mean {near:?}? "));
    CommandError::usage(format!("the plan has no chart {name:?}; {meant}it has {}", names(study)))
}

/// A line for each chart: its name and title.
fn list(study: &Study) -> String {
    let widest = study.charts.iter().map(|chart| chart.name.len()).max().unwrap_or(0);
    study.charts.iter().map(|chart| format!("{:widest$}  {}\n", chart.name, chart.title)).collect()
}
