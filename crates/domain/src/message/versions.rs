//! The versions of one locale's text. Owns their numbers, and which of them is sent; never reads a template.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::locale::Locale;
use super::template::{Template, TemplateFault};

/// The version of the text that is built in: what is sent until an application brings its own.
pub const BUILT_IN_VERSION: u16 = 0;
/// The greatest number of a version.
pub const VERSION_MAX: u16 = 9999;
/// The most versions of one locale's text, beside the one that is built in.
pub const VERSIONS_MAX: usize = 20;

/// The texts of one locale by their numbers. One of them is active, so that there is always a text to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Versions {
    active: u16,
    template: Template,
    idle: BTreeMap<u16, Template>,
}

impl Versions {
    pub(super) fn built_in(locale: Locale) -> Self {
        Self { active: BUILT_IN_VERSION, template: Template::built_in(locale), idle: BTreeMap::new() }
    }

    /// Adds a version, or replaces the one of this number, and makes it the active one.
    pub(super) fn put(&mut self, version: u16, template: Template) -> Result<(), VersionFault> {
        if !(1..=VERSION_MAX).contains(&version) {
            return Err(VersionFault::Number);
        }
        let is_new = version != self.active && !self.idle.contains_key(&version);
        if is_new && self.own().count() == VERSIONS_MAX {
            return Err(VersionFault::TooMany);
        }
        self.idle.insert(version, template);
        self.activate(version);
        Ok(())
    }

    /// Makes this version the active one; `false` when there is none of this number.
    pub(super) fn activate(&mut self, version: u16) -> bool {
        let Some(template) = self.idle.remove(&version) else { return version == self.active };
        let before = std::mem::replace(&mut self.template, template);
        // Not when the active one was put anew: then what it replaces is gone.
        if version != self.active {
            self.idle.insert(self.active, before);
        }
        self.active = version;
        true
    }

    pub(super) const fn active(&self) -> u16 {
        self.active
    }

    pub(super) const fn template(&self) -> &Template {
        &self.template
    }

    /// Every version by its number, the built-in one only where nothing else is sent.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u16, &Template)> {
        self.all().filter(|(version, _)| *version != BUILT_IN_VERSION || self.active == BUILT_IN_VERSION)
    }

    fn own(&self) -> impl Iterator<Item = (u16, &Template)> {
        self.all().filter(|(version, _)| *version != BUILT_IN_VERSION)
    }

    fn all(&self) -> impl Iterator<Item = (u16, &Template)> {
        let idle = |bounds: (Bound<u16>, Bound<u16>)| {
            self.idle.range(bounds).map(|(version, template)| (*version, template))
        };
        idle((Bound::Unbounded, Bound::Excluded(self.active)))
            .chain(std::iter::once((self.active, &self.template)))
            .chain(idle((Bound::Excluded(self.active), Bound::Unbounded)))
    }
}

/// Why a text cannot be a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VersionFault {
    /// Its number is 0, which is the built-in text, or beyond [`VERSION_MAX`].
    #[error("the number of a version must be from 1 to {VERSION_MAX}")]
    Number,
    /// There are [`VERSIONS_MAX`] versions already.
    #[error("there may be {VERSIONS_MAX} versions")]
    TooMany,
    /// The text does not go with the application's name.
    #[error(transparent)]
    Template(#[from] TemplateFault),
}
