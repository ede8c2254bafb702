//! Words of ours within lines that others read: a shell, and the `#SBATCH` lines of a job script.
//!
//! A name may hold anything that a file system allows but line breaks and their like, which would end the line.

/// A word of a shell's command line.
pub(super) fn for_shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Within double quotes of a file name in an `#SBATCH` line; `%` would begin a replacement. There is no way to write a
/// backslash: it switches all replacements off.
pub(super) fn for_sbatch(path: &str) -> String {
    path.replace('"', "\\\"").replace('%', "%%")
}

/// Replaces each `@KEY@` of a template, once, so that nothing in a value is taken for a key.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('@') {
        filled.push_str(before);
        let found = after.split_once('@').and_then(|(key, behind)| {
            let value = values.iter().find(|(name, _)| *name == key)?;
            Some((value.1, behind))
        });
        if let Some((value, behind)) = found {
            filled.push_str(value);
            rest = behind;
        } else {
            filled.push('@');
            rest = after;
        }
    }
    filled + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Would break if a shell saw anything but one word, as it is.
    #[test]
    fn a_shell_reads_back_every_name() {
        for name in ["a", "", "a b", "it's", "$HOME", "`id`", "a\"b", "\\", "~", "-x", "é*?[]", "#1", "!!", "a;b&c|d"]
        {
            let script = format!("printf %s {}", for_shell(name));
            let told = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(told.stdout).unwrap(), name, "{script}");
        }
    }

    #[test]
    fn values_are_no_templates() {
        let values = [("A", "@B@"), ("B", "b")];
        assert_eq!(fill("x@y @A@@B@ $@ \"$@\" @C@", &values), "x@y @B@b $@ \"$@\" @C@");
    }

    #[test]
    fn replacements_of_slurm_are_switched_off() {
        assert_eq!(for_sbatch("/a b/%j\"c'"), "/a b/%%j\\\"c'");
    }
}
