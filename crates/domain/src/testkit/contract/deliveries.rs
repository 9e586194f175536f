//! The contract of the store of deliveries.

use std::sync::Arc;
use std::time::Duration;

use super::super::demand::{kept, present};
use super::ground::Ground;
use super::race::{RACERS, race};
use crate::application::ApplicationId;
use crate::deliverability::Pace;
use crate::delivery::{Credits, DeliveryRecord, GatewayTally, MessageId};
use crate::id::DeliveryId;
use crate::ports::{
    Change, DeliveryFilter, DeliveryStore, Inserted, Page, Saved, SendAnswer, SendReport, VerificationStore,
};
use crate::route::RouteName;
use crate::time::{Timestamp, after};
use crate::verification::step::DeliveryReport;
use crate::verification::{Command, DeliveryState, Subject, Verification, step};

/// The contract of [`DeliveryStore`]. The verifications are those of the same store.
///
/// # Panics
/// When a promise is not kept.
pub async fn delivery_store(
    deliveries: Arc<dyn DeliveryStore>,
    verifications: Arc<dyn VerificationStore>,
    ground: &Ground,
) {
    let bench = Bench { deliveries, verifications, ground };
    a_delivery_is_kept_with_what_it_changes(&bench).await;
    several_attempts_of_a_send_are_kept_together(&bench).await;
    a_send_without_an_attempt_changes_its_verification(&bench).await;
    a_delivery_over_another_version_is_not_kept(&bench).await;
    a_delivery_that_changes_nothing_is_kept(&bench).await;
    pages_have_no_gap_and_no_duplicate(&bench).await;
    gateways_are_tallied_by_what_they_said(&bench).await;
    of_racing_changes_one_is_kept_with_its_delivery(&bench).await;
}

struct Bench<'a> {
    deliveries: Arc<dyn DeliveryStore>,
    verifications: Arc<dyn VerificationStore>,
    ground: &'a Ground,
}

impl Bench<'_> {
    async fn begun(&self, application: &ApplicationId) -> Verification {
        let subject = Subject { application: application.clone(), ..self.ground.subject() };
        let begun = self.ground.verification(&subject);
        assert_eq!(kept(self.verifications.insert(&begun).await), Inserted::Stored);
        begun
    }

    fn record(&self, of: &Verification, answer: SendAnswer) -> DeliveryRecord {
        let at = self.ground.now();
        DeliveryRecord {
            id: kept(DeliveryId::new(at, self.ground.entropy())),
            application: of.subject.application.clone(),
            verification: of.id,
            number: of.delivery.number,
            attempt: 1,
            phone: of.subject.phone,
            route: RouteName::parse("to-nepal"),
            gateway: "sparrow".into(),
            report: answer.into(),
            at,
            took: Duration::from_millis(37),
            segments: 1,
            template: Some(2),
        }
    }

    async fn store(&self, next: &Verification, expected: u32, attempts: &[DeliveryRecord]) -> Saved {
        let change = Change { next, expected, guess: None };
        kept(self.deliveries.record_delivery(&change, attempts).await)
    }

    async fn list(&self, of: &Verification) -> Vec<DeliveryRecord> {
        let filter = DeliveryFilter { verification: Some(of.id) };
        self.page(&of.subject.application, &filter, Page { before: None, limit: 100 }).await
    }

    async fn page(
        &self,
        application: &ApplicationId,
        filter: &DeliveryFilter,
        page: Page<DeliveryId>,
    ) -> Vec<DeliveryRecord> {
        kept(self.deliveries.list_deliveries(application, filter, page).await)
    }

    async fn tally(&self, application: &ApplicationId, since: Timestamp, at_most: u16) -> Vec<GatewayTally> {
        kept(self.deliveries.tally_gateways(application, since, at_most).await)
    }
}

/// What the gateway's taking the SMS makes of a verification.
fn sent(verification: &Verification, now: Timestamp) -> Verification {
    let number = verification.delivery.number;
    let route = RouteName::parse("to-nepal");
    let (report, pace) = (DeliveryReport::Sent, Pace::Usual);
    let command = Command::RecordDelivery { number, report, replaced: None, sent_before: None, route, pace };
    step(verification, command, now).next
}

async fn a_delivery_is_kept_with_what_it_changes(bench: &Bench<'_>) {
    let begun = bench.begun(&bench.ground.application()).await;
    let mut record = bench.record(&begun, SendAnswer::Accepted);
    record.report = SendReport {
        answer: SendAnswer::Accepted,
        message_id: MessageId::parse("SM-7/x"),
        credits: Some(Credits::from_thousandths(1500)),
    };
    record.segments = 2;
    let next = sent(&begun, record.at);
    assert_eq!(bench.store(&next, begun.version, std::slice::from_ref(&record)).await, Saved::Stored);
    assert_eq!(bench.list(&begun).await, [record], "a delivery must be kept as it is");
    let loaded = present(
        kept(bench.verifications.load(begun.id, crate::time::Day::of(begun.created_at)).await),
        "what was inserted is there",
    );
    let state = loaded.verification.delivery.state;
    assert_eq!(state, DeliveryState::Sent, "what a delivery changes must be kept with it");
}

async fn several_attempts_of_a_send_are_kept_together(bench: &Bench<'_>) {
    let begun = bench.begun(&bench.ground.application()).await;
    let mut attempts: Vec<_> = [SendAnswer::NotSent, SendAnswer::Refused, SendAnswer::Accepted]
        .map(|answer| bench.record(&begun, answer))
        .into();
    for (number, attempt) in (1..).zip(&mut attempts) {
        attempt.attempt = number;
    }
    attempts[1].route = None;
    attempts[1].template = None;
    attempts[2].report.message_id = MessageId::parse("SM-8");
    attempts[2].report.credits = Some(Credits::from_thousandths(1000));
    let next = sent(&begun, attempts[2].at);
    assert_eq!(bench.store(&next, begun.version + 7, &attempts).await, Saved::Conflict);
    assert_eq!(bench.list(&begun).await, [], "what conflicts must store nothing");
    assert_eq!(bench.store(&next, begun.version, &attempts).await, Saved::Stored);
    attempts.reverse();
    assert_eq!(bench.list(&begun).await, attempts, "every attempt must be kept as it is");
    let loaded = kept(bench.verifications.load(begun.id, crate::time::Day::of(begun.created_at)).await);
    assert_eq!(present(loaded, "what was inserted is there").verification, next);
    let late: Vec<_> =
        [SendAnswer::Unknown, SendAnswer::Unknown].map(|answer| bench.record(&next, answer)).into();
    assert_eq!(bench.store(&next, next.version, &late).await, Saved::Stored);
    assert_eq!(bench.list(&begun).await.len(), 5);
}

async fn a_send_without_an_attempt_changes_its_verification(bench: &Bench<'_>) {
    let begun = bench.begun(&bench.ground.application()).await;
    let next = sent(&begun, bench.ground.now());
    assert_eq!(bench.store(&next, begun.version, &[]).await, Saved::Stored);
    assert_eq!(bench.store(&next, begun.version, &[]).await, Saved::Conflict);
    assert_eq!(bench.list(&begun).await, []);
    let loaded = kept(bench.verifications.load(begun.id, crate::time::Day::of(begun.created_at)).await);
    assert_eq!(present(loaded, "what was inserted is there").verification, next);
}

async fn a_delivery_over_another_version_is_not_kept(bench: &Bench<'_>) {
    let begun = bench.begun(&bench.ground.application()).await;
    let record = bench.record(&begun, SendAnswer::Accepted);
    let next = sent(&begun, record.at);
    assert_eq!(bench.store(&next, begun.version + 7, std::slice::from_ref(&record)).await, Saved::Conflict);
    assert_eq!(bench.store(&begun, begun.version + 7, std::slice::from_ref(&record)).await, Saved::Conflict);
    assert_eq!(bench.list(&begun).await, [], "what conflicts must store nothing");
}

async fn a_delivery_that_changes_nothing_is_kept(bench: &Bench<'_>) {
    let begun = bench.begun(&bench.ground.application()).await;
    let record = bench.record(&begun, SendAnswer::Unknown);
    assert_eq!(bench.store(&begun, begun.version, std::slice::from_ref(&record)).await, Saved::Stored);
    assert_eq!(bench.list(&begun).await, [record]);
}

async fn pages_have_no_gap_and_no_duplicate(bench: &Bench<'_>) {
    let application = bench.ground.application();
    let mut expected = Vec::new();
    for _ in 0..3 {
        let begun = bench.begun(&application).await;
        for answer in [SendAnswer::NotSent, SendAnswer::Accepted] {
            let record = bench.record(&begun, answer);
            assert_eq!(
                bench.store(&begun, begun.version, std::slice::from_ref(&record)).await,
                Saved::Stored
            );
            expected.push(record);
        }
    }
    expected.reverse();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = bench.page(&application, &DeliveryFilter::default(), Page { before, limit: 4 }).await;
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        seen.extend(page);
    }
    assert_eq!(seen, expected, "pages must hold every delivery once, youngest first");
    let other = bench.ground.application();
    let foreign = DeliveryFilter { verification: Some(expected[0].verification) };
    let page = Page { before: None, limit: 10 };
    assert_eq!(bench.page(&other, &foreign, page).await, [], "what is another application's is not there");
}

async fn gateways_are_tallied_by_what_they_said(bench: &Bench<'_>) {
    let application = bench.ground.application();
    assert_eq!(bench.tally(&application, Timestamp::UNIX_EPOCH, 100).await, []);
    let begun = bench.begun(&application).await;
    let answers = [SendAnswer::Refused, SendAnswer::Accepted, SendAnswer::Accepted, SendAnswer::Unknown];
    let mut records = Vec::new();
    for answer in answers {
        let record = bench.record(&begun, answer);
        assert_eq!(bench.store(&begun, begun.version, std::slice::from_ref(&record)).await, Saved::Stored);
        records.push(record);
    }
    let count = |tallies: &[GatewayTally], answer| {
        let found = tallies.iter().find(|tally| tally.answer == answer && &*tally.gateway == "sparrow");
        found.map(|tally| (tally.count, tally.last_at))
    };
    let all = bench.tally(&application, Timestamp::UNIX_EPOCH, 100).await;
    assert_eq!(all.len(), 3, "each answer of a gateway is told once");
    assert_eq!(count(&all, SendAnswer::Accepted), Some((2, records[2].at)));
    let late = bench.tally(&application, after(records[0].at, Duration::from_millis(1)), 100).await;
    assert_eq!(count(&late, SendAnswer::Refused), None, "what was before does not count");
    let few = bench.tally(&application, Timestamp::UNIX_EPOCH, 2).await;
    assert_eq!(count(&few, SendAnswer::Accepted), Some((1, records[2].at)), "the youngest count");
    assert_eq!(count(&few, SendAnswer::Refused), None);
}

async fn of_racing_changes_one_is_kept_with_its_delivery(bench: &Bench<'_>) {
    let begun = bench.begun(&bench.ground.application()).await;
    let records: Vec<_> = (0..RACERS).map(|_| bench.record(&begun, SendAnswer::Accepted)).collect();
    let answers = race(|racer| {
        let (deliveries, begun, record) = (bench.deliveries.clone(), begun.clone(), records[racer].clone());
        async move {
            let next = sent(&begun, record.at);
            let change = Change { next: &next, expected: begun.version, guess: None };
            kept(deliveries.record_delivery(&change, &[record]).await)
        }
    });
    let stored = answers.await.into_iter().filter(|saved| *saved == Saved::Stored).count();
    assert_eq!(stored, 1, "of racing changes of one version one must be stored");
    assert_eq!(bench.list(&begun).await.len(), 1, "and its delivery alone");
}
