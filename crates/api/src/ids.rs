//! Ids in addresses. Owns that whatever is written there is answered alike: an id that is none names nothing.

use std::borrow::Cow;

use domain::application::ApplicationId;
use domain::id::{AccountId, BlockId, CredentialId, EventId, VerificationId, WebhookDeliveryId};
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseFromParameter, ParseResult, Type};

use crate::problem::{Problem, Slug};

/// An id that stands in addresses.
pub(crate) trait AddressId: Clone + Send + Sync + 'static {
    /// Reads it; `None` when it is none.
    fn read(text: &str) -> Option<Self>;

    /// How it looks.
    fn schema() -> MetaSchema {
        MetaSchema::new_with_format("string", "uuid")
    }
}

impl AddressId for VerificationId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl AddressId for AccountId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl AddressId for CredentialId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl AddressId for EventId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl AddressId for WebhookDeliveryId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl AddressId for BlockId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl AddressId for ApplicationId {
    fn read(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn schema() -> MetaSchema {
        MetaSchema {
            pattern: Some("^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$".to_owned()),
            ..MetaSchema::new("string")
        }
    }
}

/// What stands in the address where an id belongs.
#[derive(Debug)]
pub(crate) struct IdText<Id>(Option<Id>);

impl<Id: AddressId> IdText<Id> {
    /// The id, if it is one; otherwise this problem.
    pub(crate) fn known(&self, missing: Slug) -> Result<Id, Problem> {
        self.0.clone().ok_or_else(|| Problem::of(missing))
    }
}

impl<Id: AddressId> Type for IdText<Id> {
    const IS_REQUIRED: bool = true;

    type RawValueType = Self;
    type RawElementValueType = Self;

    fn name() -> Cow<'static, str> {
        "string_id".into()
    }

    fn schema_ref() -> MetaSchemaRef {
        MetaSchemaRef::Inline(Box::new(Id::schema()))
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }

    fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self::RawElementValueType> + 'a> {
        Box::new(self.as_raw_value().into_iter())
    }
}

impl<Id: AddressId> ParseFromParameter for IdText<Id> {
    fn parse_from_parameter(value: &str) -> ParseResult<Self> {
        Ok(Self(Id::read(value)))
    }

    /// The framework hands nothing over when the address is not UTF-8.
    fn parse_from_parameters<I: IntoIterator<Item = A>, A: AsRef<str>>(values: I) -> ParseResult<Self> {
        let id = values.into_iter().next().and_then(|value| Id::read(value.as_ref()));
        Ok(Self(id))
    }
}
