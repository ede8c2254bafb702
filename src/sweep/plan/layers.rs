//! A plan and those that it extends, as one plan that remembers which file says what.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use serde_json::{Map, Value};

use super::schema::{Plan, Vary};
use super::vary::{MAX_PARAMETERS, key_of};
use crate::scenario::LoadError;
use crate::scenario::diagnostics::Diagnostics;
use crate::scenario::problem::{Path, Problem, Problems, Step, quote};
use crate::scenario::{bytes_of, document, form, text_of};

/// So many plans may extend each other in a row.
const MAX_CHAIN: usize = 16;

/// One file.
pub(super) struct Layer {
    label: String,
    text: String,
    /// Where it lies.
    pub(super) folder: PathBuf,
    plan: Plan,
    value: Value,
    problems: Problems,
}

/// A plan with all that it extends.
pub(super) struct Layers {
    /// The plan itself first, then the one that it extends.
    files: Vec<Layer>,
    /// What they say together.
    pub(super) plan: Plan,
    /// The same as JSON.
    pub(super) value: Value,
    /// Which file says what a key says.
    owners: BTreeMap<String, usize>,
    /// Which file says an entry of `vary`, and where there.
    varied: Vec<(usize, usize)>,
}

/// Reads a plan and all that it extends.
pub(super) fn read(path: &FilePath) -> Result<Layers, LoadError> {
    let mut files = vec![read_file(path)?];
    let mut seen = vec![std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())];
    while let Some(next) = files.last().and_then(|last| last.plan.extends.clone()) {
        let count = files.len();
        let Some(last) = files.last_mut() else { break };
        let here = Path::Root.key("extends");
        let path = last.folder.join(&next);
        let real = std::fs::canonicalize(&path);
        if count >= MAX_CHAIN {
            last.problems.at(here, format!("more than {MAX_CHAIN} plans extend each other in a row"));
            break;
        }
        if real.as_ref().is_ok_and(|real| seen.contains(real)) {
            last.problems.at(here, format!("{} extends this plan, so this is a circle", quote(&next)));
            break;
        }
        match read_file(&path) {
            Ok(file) => {
                seen.extend(real);
                files.push(file);
            }
            // The name as it is written stands in the excerpt.
            Err(LoadError::Io { source, .. }) => {
                last.problems.at(here, format!("cannot read {}: {source}", quote(&path.display().to_string())));
                break;
            }
            // It says itself what is wrong with it.
            Err(invalid @ LoadError::Invalid(_)) => return Err(invalid),
        }
    }
    Ok(merge(files))
}

fn read_file(path: &FilePath) -> Result<Layer, LoadError> {
    let (label, bytes) = bytes_of(path)?;
    let text = text_of(&label, "a plan", &bytes)?.to_owned();
    let mut problems = Problems::default();
    let value = document::parse(&text, &mut problems);
    let mut plan = value.clone().and_then(|value| form::read_as::<Plan>("a plan", value, text.len(), &mut problems));
    if let Some(vary) = plan.as_mut().and_then(|plan| plan.vary.as_mut())
        && vary.len() > MAX_PARAMETERS
    {
        problems.at(Path::Root.key("vary"), format!("a study has at most {MAX_PARAMETERS} parameters"));
        vary.truncate(MAX_PARAMETERS);
    }
    let folder = path.parent().map_or_else(PathBuf::new, FilePath::to_owned);
    match (plan, value) {
        (Some(plan), Some(value)) => Ok(Layer { label, text, folder, plan, value, problems }),
        (None, _) | (_, None) => {
            document::locate(&text, &mut problems.list, &[]);
            Err(Diagnostics::new(&label, &text, problems, &[]).into())
        }
    }
}

/// Keys of the first files count; entries of `vary` go by their names.
fn merge(files: Vec<Layer>) -> Layers {
    let mut owners = BTreeMap::new();
    let mut value = Map::new();
    for (place, file) in files.iter().enumerate() {
        for (key, own) in file.value.as_object().into_iter().flatten() {
            if !owners.contains_key(key) {
                owners.insert(key.clone(), place);
                if key != "extends" && key != "$schema" {
                    value.insert(key.clone(), own.clone());
                }
            }
        }
    }
    let mut entries: Vec<(Vary, usize, usize)> = Vec::new();
    for (place, file) in files.iter().enumerate().rev() {
        let from = entries.len();
        for (index, entry) in file.plan.vary.iter().flatten().enumerate() {
            let key = key_of(entry);
            // Two of one name in one file are told as such later.
            let same = entries[..from].iter_mut().find(|(old, ..)| key.is_some() && key_of(old) == key);
            match same {
                Some(old) => *old = (entry.clone(), place, index),
                None => entries.push((entry.clone(), place, index)),
            }
        }
    }
    let varied: Vec<(usize, usize)> = entries.iter().map(|(_, place, index)| (*place, *index)).collect();
    let written = |(place, index): &(usize, usize)| files[*place].value["vary"][*index].clone();
    if !varied.is_empty() {
        value.insert("vary".to_owned(), varied.iter().map(written).collect());
    }
    let plan = Plan { vary: Some(entries.into_iter().map(|(entry, ..)| entry).collect()), ..together(&files) };
    Layers { files, plan, value: Value::Object(value), owners, varied }
}

fn together(files: &[Layer]) -> Plan {
    let mut whole = Plan::default();
    for file in files {
        let Plan { schema, title, description, extends, scenario, set, constants, vary, only, .. } = file.plan.clone();
        let Plan { method, points, replications, warm_up, metrics, formulas, level, compare, charts, .. } =
            file.plan.clone();
        whole = Plan {
            schema: whole.schema.or(schema),
            title: whole.title.or(title),
            description: whole.description.or(description),
            extends: whole.extends.or(extends),
            scenario: whole.scenario.or(scenario),
            set: whole.set.or(set),
            constants: whole.constants.or(constants),
            vary: whole.vary.or(vary),
            only: whole.only.or(only),
            method: whole.method.or(method),
            points: whole.points.or(points),
            replications: whole.replications.or(replications),
            warm_up: whole.warm_up.or(warm_up),
            metrics: whole.metrics.or(metrics),
            formulas: whole.formulas.or(formulas),
            level: whole.level.or(level),
            compare: whole.compare.or(compare),
            charts: whole.charts.or(charts),
        };
    }
    whole
}

impl Layers {
    /// The folder of the file that says a key.
    pub(super) fn folder_of(&self, key: &str) -> &FilePath {
        &self.files[self.owners.get(key).copied().unwrap_or(0)].folder
    }

    /// Whether some file is wrong in its form.
    pub(super) fn is_sound(&self) -> bool {
        self.files.iter().all(|file| file.problems.is_empty())
    }

    /// All errors, in the files in which they are; none if there are none.
    pub(super) fn errors(self, found: Problems) -> Option<Diagnostics> {
        let mut files = self.files;
        let of_form: Vec<usize> = files.iter().map(|file| file.problems.list.len()).collect();
        if let Some(first) = files.first_mut() {
            first.problems.dropped += found.dropped;
        }
        for mut problem in found.list {
            let place = place_of(&mut problem, &self.owners, &self.varied);
            if let Some(file) = files.get_mut(place) {
                file.problems.push(problem);
            }
        }
        let own = |(mut file, of_form): (Layer, usize)| {
            file.problems.drop_consequences(of_form);
            if file.problems.is_empty() {
                return None;
            }
            document::locate(&file.text, &mut file.problems.list, &[]);
            Some(Diagnostics::new(&file.label, &file.text, file.problems, &[]))
        };
        Diagnostics::join(files.into_iter().zip(of_form).filter_map(own).collect())
    }
}

/// The file in which a finding on the whole stands; its path becomes that in this file.
fn place_of(problem: &mut Problem, owners: &BTreeMap<String, usize>, varied: &[(usize, usize)]) -> usize {
    let Some(Step::Key(key)) = problem.steps.first() else { return 0 };
    if key == "vary"
        && let Some(Step::Index(index)) = problem.steps.get(1)
        && let Some((place, own)) = varied.get(*index)
    {
        problem.steps[1] = Step::Index(*own);
        return *place;
    }
    owners.get(key).copied().unwrap_or(0)
}
