//! The name that somebody probably meant.

use strsim::damerau_levenshtein;

/// Names longer than this, in characters, are nobody's slip of the pen, and comparing them is slow.
const LONGEST: usize = 80;

/// The candidate that differs least from `name` by typing errors (Damerau 1964), if it is
/// near enough; of equals the first. Upper and lower case are the same.
pub fn nearest<'n>(name: &str, candidates: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let length = name.chars().count();
    if length > LONGEST {
        return None;
    }
    let bound = (length / 3).max(1);
    let lower = name.to_lowercase();
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len().abs_diff(name.len()) > 4 * bound || candidate.len() > 4 * LONGEST {
            continue;
        }
        let distance = damerau_levenshtein(&lower, &candidate.to_lowercase());
        if distance <= bound && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggestions_are_near() {
        let known = ["hamburger.edu", "crepes.fr"];
        assert_eq!(nearest("hamburgr.edu", known.into_iter()), Some("hamburger.edu"));
        assert_eq!(nearest("crepse.fr", known.into_iter()), Some("crepes.fr"));
        assert_eq!(nearest("pizza.it", known.into_iter()), None);
        assert_eq!(nearest("CREPES.FR", known.into_iter()), Some("crepes.fr"));
        assert_eq!(nearest("ab", ["ac", "ad"].into_iter()), Some("ac"));
    }
}
