//! Secrets of the configuration. Owns their masks; a secret leaves only through [`Secret::expose`].

use std::fmt;

use zeroize::Zeroizing;

/// What stands for a secret that is set, where the configuration is shown.
pub(super) const MASK: &str = "********";

/// A secret text. Erased when dropped; shows itself nowhere.
#[derive(Clone)]
pub(super) struct Secret(Zeroizing<String>);

impl Secret {
    pub(super) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.to_owned()))
    }

    /// The text, for the one who must send it, and nobody else.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it is the mask, copied out of a configuration that was shown.
    pub(super) fn is_mask(&self) -> bool {
        self.0.as_str() == MASK
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}
