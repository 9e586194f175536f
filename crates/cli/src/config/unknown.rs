//! Keys that do not exist. Owns what is suggested in their place.

use super::fault::ConfigFault;
use super::raw::{Leaf, Leaves, Raw, variable};

/// The longest key for which the nearest one is looked for.
const LENGTH_MAX: usize = 100;
/// What the keys of gateways begin with.
const GATEWAYS: &str = "gateways.";

/// A fault for each of the leaves that is none of the known keys.
pub(super) fn faults(leaves: &Leaves, known: &[&str]) -> Vec<ConfigFault> {
    let mut faults = Vec::new();
    for (key, Leaf { raw, origin }) in &leaves.by_key {
        let is_section = in_section(known, key).next().is_some();
        if is_section && matches!(raw, Raw::EmptySection | Raw::Unset) {
            continue;
        }
        let from_variable = matches!(raw, Raw::Variable(_));
        let spelled = |key: &str| if from_variable { variable(key) } else { key.to_owned() };
        let mut problem = if is_section {
            format!("is a section; it has {}", listed(in_section(known, key).map(spelled)))
        } else if let Some(nearest) = nearest(key, known) {
            format!("is unknown; did you mean `{}`?", spelled(nearest))
        } else {
            format!("is unknown; {}", possible(key, known, spelled))
        };
        if leaves.tutorial_files.contains(origin) {
            problem.push_str("; name a file that Django reads too in `sparrow.config_file`, not in --config");
        }
        faults.push(if from_variable {
            ConfigFault::new(origin, problem)
        } else {
            ConfigFault::new(key, problem).set_in(Some(origin.clone()))
        });
    }
    faults
}

/// The keys below `section`.
fn in_section<'a>(known: &'a [&str], section: &'a str) -> impl Iterator<Item = &'a str> {
    known
        .iter()
        .copied()
        .filter(move |key| key.strip_prefix(section).is_some_and(|rest| rest.starts_with('.')))
}

/// The keys of the innermost section that exists, or the sections.
fn possible(key: &str, known: &[&str], spelled: impl Fn(&str) -> String) -> String {
    let mut section = key;
    while let Some((outer, _)) = section.rsplit_once('.') {
        section = outer;
        if in_section(known, section).next().is_some() {
            return format!("`{section}` has {}", listed(in_section(known, section).map(spelled)));
        }
    }
    let mut sections: Vec<&str> = known.iter().filter_map(|key| key.split('.').next()).collect();
    sections.dedup();
    format!("the sections are {}", listed(sections.into_iter().map(spelled)))
}

fn listed(keys: impl Iterator<Item = String>) -> String {
    keys.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}

/// The known key that was probably meant: one with a slip of the pen, or one that is in another section. What a gateway of
/// another kind has is meant by nobody.
fn nearest<'a>(key: &str, known: &[&'a str]) -> Option<&'a str> {
    if key.len() > LENGTH_MAX {
        return None;
    }
    let own = gateway_of(key).filter(|gateway| in_section(known, gateway).next().is_some());
    let is_own =
        |it: &str| own.is_none_or(|own| it.strip_prefix(own).is_some_and(|rest| rest.starts_with('.')));
    let known: Vec<&'a str> = known.iter().copied().filter(|it| is_own(it)).collect();
    let (slips, nearest) = known.iter().map(|known| (distance(key, known), *known)).min()?;
    let name = key.rsplit('.').next().unwrap_or(key);
    let fits = |it: &&str| it.rsplit('.').next() == Some(name) && (own.is_some() || gateway_of(it).is_none());
    let elsewhere = || known.iter().copied().find(fits);
    // What all of its keys begin with makes no key alike.
    let length = key.len() - own.map_or(0, str::len);
    if slips <= 2 { Some(nearest) } else { elsewhere().or((slips <= length / 4).then_some(nearest)) }
}

/// The section of the gateway that a key is in: `gateways.NAME`.
fn gateway_of(key: &str) -> Option<&str> {
    let name = key.strip_prefix(GATEWAYS)?.split('.').next()?;
    key.get(..GATEWAYS.len() + name.len())
}

/// How many letters have to be inserted, removed or replaced to make one of the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (line, letter) in from.chars().enumerate() {
        let mut diagonal = line;
        row[0] = line + 1;
        for (column, other) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 4] = ["database.readers", "server.listen", "server.log_format", "sparrow.token"];

    #[test]
    fn the_distance_is_levenshteins() {
        for (from, to, slips) in
            [("", "", 0), ("kitten", "sitting", 3), ("", "abc", 3), ("listen", "lisen", 1)]
        {
            assert_eq!(distance(from, to), slips, "{from} {to}");
            assert_eq!(distance(to, from), slips, "{to} {from}");
        }
    }

    #[test]
    fn the_nearest_key_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("server.lisen", &KNOWN), Some("server.listen"));
        assert_eq!(nearest("sever.listen", &KNOWN), Some("server.listen"));
        assert_eq!(nearest("server_log_format", &KNOWN), Some("server.log_format"));
        assert_eq!(nearest("token", &KNOWN), Some("sparrow.token"));
        assert_eq!(nearest("server.tls", &KNOWN), None);
    }

    #[test]
    fn of_a_gateway_only_its_own_keys_are_suggested() {
        let known = ["gateways.a.url", "gateways.b.listen", "server.url", "sparrow.token"];
        assert_eq!(nearest("gateways.a.uri", &known), Some("gateways.a.url"));
        for key in ["gateways.b.url", "gateways.a.token", "gateways.b.credit.url", "sparrow.listen"] {
            assert_eq!(nearest(key, &known), None, "{key}");
        }
        assert_eq!(nearest("gateway.a.url", &known), Some("gateways.a.url"));
        assert_eq!(nearest("url", &known), Some("server.url"));
    }

    #[test]
    fn where_none_is_near_the_keys_of_the_section_are_told() {
        let keep = |key: &str| key.to_owned();
        assert_eq!(possible("server.tls", &KNOWN, keep), "`server` has `server.listen`, `server.log_format`");
        assert_eq!(possible("tls", &KNOWN, keep), "the sections are `database`, `server`, `sparrow`");
    }

    #[test]
    fn the_prefix_is_that_of_the_variables() {
        assert!(variable("server.listen").starts_with("SPARROW_VERIFY__"));
    }
}
