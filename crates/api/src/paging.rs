//! Pages of a listing: their size, and the cursor that goes on where one ended. There are no offsets: what comes in or
//! goes away meanwhile shifts nothing.

use domain::ports::Page;

use crate::problem::{Problem, Slug};

/// How many items a page has when nobody says.
pub(crate) const DEFAULT_LIMIT: u16 = 20;
/// The most items of a page.
pub(crate) const LIMIT_MAX: u16 = 100;

/// The page that is asked for.
#[derive(Debug)]
pub(crate) struct Paging<Id> {
    before: Option<Id>,
    limit: u16,
}

impl<Id: Copy> Paging<Id> {
    /// Reads the parameters `limit` and `cursor`.
    pub(crate) fn read(
        limit: Option<&str>,
        cursor: Option<&str>,
        parse: fn(&str) -> Option<Id>,
    ) -> Result<Self, Problem> {
        let limit = limit.map_or(Some(DEFAULT_LIMIT), |text| text.parse().ok());
        let limit = limit.filter(|limit| (1..=LIMIT_MAX).contains(limit));
        let limit = limit.ok_or_else(|| invalid("`limit` must be a number from 1 to 100."))?;
        let before = match cursor {
            Some(text) => {
                Some(parse(text).ok_or_else(|| invalid("`cursor` must be the `next` of the page before."))?)
            }
            None => None,
        };
        Ok(Self { before, limit })
    }

    /// What the store is asked for: one more than the page has tells whether there is a next one.
    pub(crate) fn wanted(&self) -> Page<Id> {
        Page { before: self.before, limit: self.limit + 1 }
    }

    /// Cuts what the store answered to the page; answers the cursor of the next one, when there is one.
    pub(crate) fn cut<T>(&self, found: &mut Vec<T>, cursor: impl FnOnce(&T) -> String) -> Option<String> {
        let there_is_more = found.len() > usize::from(self.limit);
        found.truncate(usize::from(self.limit));
        found.last().filter(|_| there_is_more).map(cursor)
    }
}

fn invalid(detail: &'static str) -> Problem {
    Problem::new(Slug::ParameterInvalid, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: Option<&str>, cursor: Option<&str>) -> Option<Paging<u32>> {
        Paging::read(limit, cursor, |text| text.parse().ok()).ok()
    }

    #[test]
    fn a_page_has_one_to_a_hundred_items() {
        assert_eq!(read(None, None).unwrap().limit, 20);
        assert_eq!(read(Some("100"), Some("7")).unwrap().before, Some(7));
        for limit in ["0", "101", "-1", "x", "", "1.5"] {
            assert!(read(Some(limit), None).is_none(), "{limit}");
        }
        assert!(read(None, Some("")).is_none());
    }

    #[test]
    fn there_is_a_next_page_exactly_when_the_store_had_one_more() {
        let paging = read(Some("2"), None).unwrap();
        let mut found = vec![9, 8, 7];
        assert_eq!(paging.cut(&mut found, ToString::to_string), Some("8".to_owned()));
        assert_eq!(found, [9, 8]);
        assert_eq!(paging.cut(&mut found, ToString::to_string), None);
    }
}
