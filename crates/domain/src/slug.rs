//! Slugs: the names that operators give in the configuration. Owns what one may be; knows nothing of what is named.

/// Whether a text is one: 1 to 40 lower-case letters, digits and inner dashes.
#[must_use]
pub fn is_slug(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A type whose values are slugs.
macro_rules! slug {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Reads a slug; `None` when it is none.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                $crate::slug::is_slug(text).then(|| Self(text.into()))
            }

            /// The slug.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

pub(crate) use slug;

#[cfg(test)]
mod tests {
    use super::is_slug;

    #[test]
    fn a_slug_has_up_to_forty_lower_case_letters_digits_and_inner_dashes() {
        for text in ["shop-2", "a", "7", &"x".repeat(40)] {
            assert!(is_slug(text), "{text:?}");
        }
        for text in ["", "Shop", "-shop", "shop-", "a b", "दोकान", &"x".repeat(41)] {
            assert!(!is_slug(text), "{text:?}");
        }
    }
}
