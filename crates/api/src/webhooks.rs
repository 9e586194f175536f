//! Webhooks and what they were told, for those who administer. Translates between HTTP and the use cases; decides nothing.

use domain::id::{EventId, WebhookDeliveryId};
use domain::ports::WebhookDeliveryFilter;
use domain::use_cases::webhooks::{self, Replayed};
use domain::webhook::{DeliveryStatus, WebhookId};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, OpenApi};

use crate::auth::Authenticated;
use crate::body::Strict;
use crate::context::Context;
use crate::ids::IdText;
use crate::paging::Paging;
use crate::problem::{Problem, Refusing, Slug, problems};
use crate::tags::ApiTags;
use crate::verifications::done;

mod resources;

pub(crate) use resources::ReplayEvent;
pub(crate) use resources::notes;
use resources::{
    WebhookDeliveryDetails, WebhookDeliveryPage, WebhookDeliveryResource, WebhookList, WebhookResource,
};

/// The operations on webhooks.
#[derive(Debug)]
pub(crate) struct WebhooksApi;

problems!(ListWebhooksProblems: ScopeMissing);
problems!(ListWebhookDeliveriesProblems: ScopeMissing, ParameterInvalid);
problems!(GetWebhookDeliveryProblems: ScopeMissing, WebhookDeliveryNotFound);
problems!(ReplayEventProblems: ScopeMissing, BodyMalformed, BodyTooLarge, RequestTimeout, MediaTypeUnsupported,
    BodyInvalid, EventNotFound, WebhookNotFound);

/// The event is told again.
#[derive(ApiResponse)]
pub(crate) enum ReplayAnswer {
    /// A new delivery was made, which is due at once.
    #[oai(status = 201)]
    Created(Json<WebhookDeliveryResource>),
}

#[OpenApi(prefix_path = "/v1/admin", tag = "ApiTags::Administration")]
impl WebhooksApi {
    /// List webhooks
    ///
    /// Who is told of the application's events, by their names. They are set in the configuration; secrets, and the
    /// queries of their URLs, are not shown.
    #[oai(path = "/webhooks", method = "get", operation_id = "listWebhooks")]
    #[expect(clippy::unused_async, reason = "an operation is asynchronous")]
    async fn list(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
    ) -> Result<Json<WebhookList>, Refusing<ListWebhooksProblems>> {
        let found = done(webhooks::list(&context.verifier, &caller.0))?;
        Ok(Json(WebhookList { items: found.iter().map(WebhookResource::from).collect() }))
    }

    /// List webhook deliveries
    ///
    /// What webhooks were told of events and are to be told, the youngest first.
    #[oai(path = "/webhook-deliveries", method = "get", operation_id = "listWebhookDeliveries")]
    #[expect(clippy::too_many_arguments, reason = "each is a parameter of the operation")]
    async fn deliveries(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// Only those to this webhook, by its name.
        webhook: Query<Option<String>>,
        /// Only those of this event, by its id.
        event: Query<Option<String>>,
        /// Only those that stand so: `pending`, `delivered` or `given-up`.
        status: Query<Option<String>>,
        /// How many at most: 1 to 100, 20 if not given.
        limit: Query<Option<String>>,
        /// Where to go on: the `next` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<WebhookDeliveryPage>, Refusing<ListWebhookDeliveriesProblems>> {
        let filter = WebhookDeliveryFilter {
            webhook: parsed(webhook.0, WebhookId::parse, "`webhook` must be the name of a webhook.")?,
            event: parsed(event.0, EventId::parse, "`event` must be the id of an event.")?,
            status: parsed(
                status.0,
                DeliveryStatus::parse,
                "`status` must be one of `pending`, `delivered`, `given-up`.",
            )?,
        };
        let paging = Paging::read(limit.0.as_deref(), cursor.0.as_deref(), WebhookDeliveryId::parse)?;
        let found = webhooks::deliveries(&context.verifier, &caller.0, &filter, paging.wanted()).await;
        let mut found = done(found)?;
        let next = paging.cut(&mut found, |last| last.id.to_string());
        Ok(Json(WebhookDeliveryPage { items: found.iter().map(Into::into).collect(), next }))
    }

    /// Look at a webhook delivery
    ///
    /// One delivery, with every attempt that was made.
    #[oai(path = "/webhook-deliveries/:id", method = "get", operation_id = "getWebhookDelivery")]
    async fn delivery(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The delivery's id.
        id: Path<IdText<WebhookDeliveryId>>,
    ) -> Result<Json<WebhookDeliveryDetails>, Refusing<GetWebhookDeliveryProblems>> {
        let id = id.0.known(Slug::WebhookDeliveryNotFound)?;
        let found = done(webhooks::delivery(&context.verifier, &caller.0, id).await)?;
        let (delivery, attempts) = found.ok_or_else(|| Problem::of(Slug::WebhookDeliveryNotFound))?;
        Ok(Json(WebhookDeliveryDetails::new(&delivery, &attempts)))
    }

    /// Replay an event
    ///
    /// Tells a webhook of an event again, whatever came of it before: its receiver sees the same `webhook-id`. A
    /// delivery of the same event that is still pending is given up in favour of the new one.
    #[oai(path = "/events/:id/replays", method = "post", operation_id = "replayEvent")]
    async fn replay(
        &self,
        context: Data<&Context>,
        caller: Authenticated,
        /// The event's id.
        id: Path<IdText<EventId>>,
        body: Strict<ReplayEvent>,
    ) -> Result<ReplayAnswer, Refusing<ReplayEventProblems>> {
        let event = id.0.known(Slug::EventNotFound)?;
        let webhook = WebhookId::parse(&body.0.webhook).ok_or_else(|| Problem::of(Slug::WebhookNotFound))?;
        match done(webhooks::replay(&context.verifier, &caller.0, event, &webhook).await)? {
            Replayed::Due(delivery) => Ok(ReplayAnswer::Created(Json((&delivery).into()))),
            Replayed::EventUnknown => Err(Problem::of(Slug::EventNotFound).into()),
            Replayed::WebhookUnknown => Err(Problem::of(Slug::WebhookNotFound).into()),
        }
    }
}

/// Reads a filter.
fn parsed<T>(
    text: Option<String>,
    parse: fn(&str) -> Option<T>,
    detail: &'static str,
) -> Result<Option<T>, Problem> {
    text.map(|text| parse(&text).ok_or_else(|| Problem::new(Slug::ParameterInvalid, detail))).transpose()
}
