//! The dependency rule: `domain` sees nobody, `api` and `adapters` never see each other, and only the command line
//! wires them.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// What each of our packages may depend on, of ours.
const ALLOWED: &[(&str, &[&str])] = &[
    ("sparrow-verify-domain", &[]),
    ("sparrow-verify-simulator", &[]),
    ("sparrow-verify-servers", &[]),
    ("sparrow-verify-bench", &["sparrow-verify-servers", "sparrow-verify-simulator"]),
    ("sparrow-verify-adapters", &["sparrow-verify-domain"]),
    ("sparrow-verify-api", &["sparrow-verify-domain"]),
    (
        "sparrow-verify",
        &[
            "sparrow-verify-adapters",
            "sparrow-verify-api",
            "sparrow-verify-domain",
            "sparrow-verify-simulator",
        ],
    ),
    (
        "sparrow-verify-tests",
        &[
            "sparrow-verify",
            "sparrow-verify-adapters",
            "sparrow-verify-api",
            "sparrow-verify-domain",
            "sparrow-verify-servers",
            "sparrow-verify-simulator",
        ],
    ),
];

/// What the pure crate must not reach, by name.
const IMPURE: &[&str] = &[
    "tokio",
    "poem",
    "poem-openapi",
    "sqlx",
    "redis",
    "reqwest",
    "serde",
    "serde_json",
    "rand",
    "getrandom",
    "tracing",
];

#[cfg(test)]
mod rule {
    use super::*;

    /// The normal dependencies of every package of the workspace.
    fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
        let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
        let metadata =
            MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata");
        let of_package = |package: cargo_metadata::Package| {
            let normal = package
                .dependencies
                .iter()
                .filter(|dependency| dependency.kind == DependencyKind::Normal && !dependency.optional);
            (package.name.to_string(), normal.map(|dependency| dependency.name.clone()).collect())
        };
        metadata.packages.into_iter().map(of_package).collect()
    }

    #[test]
    fn every_package_depends_only_on_what_the_hexagon_allows() {
        let allowed: BTreeMap<_, _> = ALLOWED.iter().copied().collect();
        let dependencies = dependencies();
        let names: BTreeSet<_> = dependencies.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            allowed.keys().copied().collect(),
            "a package is new or gone: say what it may depend on"
        );
        for (package, theirs) in &dependencies {
            let ours = theirs.iter().filter(|name| names.contains(name.as_str()));
            let forbidden: Vec<_> =
                ours.filter(|name| !allowed[package.as_str()].contains(&name.as_str())).collect();
            assert!(forbidden.is_empty(), "{package} must not depend on {forbidden:?}");
        }
    }

    #[test]
    fn the_domain_reaches_no_world() {
        let dependencies = dependencies();
        let impure: Vec<_> =
            IMPURE.iter().filter(|name| dependencies["sparrow-verify-domain"].contains(**name)).collect();
        assert!(impure.is_empty(), "the domain must not depend on {impure:?}");
    }
}
