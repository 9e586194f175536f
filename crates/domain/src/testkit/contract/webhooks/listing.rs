//! Listing: what was asked for, of one application, youngest first, in pages that do not lose or repeat.

use super::super::super::demand::kept;
use super::{Post, Target, of_event, taken};
use crate::ports::{Page, WebhookDeliveryFilter};
use crate::webhook::{DeliveryStatus, WebhookDelivery};

pub(super) async fn all(post: &Post<'_>) {
    filters_are_kept(post).await;
    pages_hold_everything_once(post).await;
    another_application_sees_nothing(post).await;
}

/// Six deliveries of three events to two webhooks, youngest first; one is delivered.
async fn six(post: &Post<'_>) -> ([Target; 2], Vec<WebhookDelivery>) {
    let first = post.target();
    let second = Target { application: first.application.clone(), webhook: post.webhook() };
    for _ in 0..3 {
        post.event(&first.application).await;
        post.hand_out_all(&[&first, &second]).await;
    }
    let due = post.claim(&first, post.now()).await;
    post.record(&due[0], &taken(post.now()), DeliveryStatus::Delivered, None).await;
    let all = post.list(&first.application, &WebhookDeliveryFilter::default()).await;
    assert_eq!(all.len(), 6, "every delivery of an application must be listed");
    assert!(all.is_sorted_by(|younger, older| younger.id > older.id), "youngest must come first");
    assert!(
        all.is_sorted_by(|younger, older| younger.created_at >= older.created_at),
        "youngest must come first"
    );
    ([first, second], all)
}

async fn filters_are_kept(post: &Post<'_>) {
    let (targets, all) = six(post).await;
    let application = &targets[0].application;
    for delivery in &all {
        for by in 0..8 {
            let filter = WebhookDeliveryFilter {
                webhook: (by & 1 != 0).then(|| delivery.webhook.clone()),
                event: (by & 2 != 0).then_some(delivery.event),
                status: (by & 4 != 0).then_some(delivery.status),
            };
            let wanted: Vec<_> = all
                .iter()
                .filter(|row| filter.webhook.as_ref().is_none_or(|webhook| row.webhook == *webhook))
                .filter(|row| filter.event.is_none_or(|event| row.event == event))
                .filter(|row| filter.status.is_none_or(|status| row.status == status))
                .cloned()
                .collect();
            assert_eq!(post.list(application, &filter).await, wanted, "all filters must hold at once");
        }
    }
}

async fn pages_hold_everything_once(post: &Post<'_>) {
    let (targets, all) = six(post).await;
    for limit in [1, 4, 6, 7] {
        let mut found = Vec::new();
        let mut page = Page { before: None, limit };
        loop {
            let filter = WebhookDeliveryFilter::default();
            let part = post.webhooks.list_webhook_deliveries(&targets[0].application, &filter, page).await;
            let part = kept(part);
            assert!(part.len() <= usize::from(limit), "a page must hold no more than was asked for");
            let Some(last) = part.last() else { break };
            page.before = Some(last.id);
            found.extend(part);
            assert!(found.len() <= all.len(), "pages must come to an end");
        }
        assert_eq!(found, all, "pages of {limit} must hold everything once, youngest first");
    }
}

async fn another_application_sees_nothing(post: &Post<'_>) {
    let target = post.target();
    let (event, delivery) = post.delivery(&target).await;
    let other = post.stage.bench.ground.application();
    for filter in [WebhookDeliveryFilter::default(), of_event(&event)] {
        assert_eq!(post.list(&other, &filter).await, [], "an application must see its own only");
    }
    let loaded = kept(post.webhooks.load_webhook_delivery(&other, delivery.id).await);
    assert_eq!(loaded, None, "an application must see its own only");
}
