//! Ids in addresses. Owns that whatever is written there is answered alike: an id that is none names no verification.

use std::borrow::Cow;

use domain::id::VerificationId;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseFromParameter, ParseResult, Type};

use crate::problem::{Problem, Slug};

/// What stands in the address where an id belongs.
#[derive(Debug)]
pub(super) struct IdText(Option<VerificationId>);

impl IdText {
    /// The id, if it is one.
    pub(super) fn known(&self) -> Result<VerificationId, Problem> {
        self.0.ok_or_else(|| Problem::of(Slug::VerificationNotFound))
    }
}

impl Type for IdText {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string_uuid".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(MetaSchema::new_with_format("string", "uuid")))
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl ParseFromParameter for IdText {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Ok(Self(VerificationId::parse(value)))
    }

    /// The framework hands nothing over when the address is not UTF-8.
    fn parse_from_parameters<I: IntoIterator<Item = A>, A: AsRef<str>>(values: I) -> ParseResult<Self> {
        let id = values.into_iter().next().and_then(|value| VerificationId::parse(value.as_ref()));
        Ok(Self(id))
    }
}
