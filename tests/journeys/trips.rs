//! What a start and a check ask of PostgreSQL and Redis: the real binary behind wires that count.

use harness::{Answer, Fleet, Ground, Wire, wrong};

/// How often each call is made.
const TIMES: u32 = 8;

/// A service, and the wires to its servers.
struct Overheard {
    fleet: Fleet,
    postgres: Wire,
    redis: Wire,
}

impl Overheard {
    async fn start() -> Self {
        let (ground, postgres) = Ground::shared().await.through_a_wire("DATABASE__URL").await;
        let (ground, redis) = ground.through_a_wire("COUNTERS__URL").await;
        let fleet = Fleet::start(&ground, 1).await;
        Self { fleet, postgres, redis }
    }

    /// The round trips of a call to PostgreSQL and to Redis. What goes on beside it, and what happens but now and then
    /// (a connection, a statement that is learnt, a credential that is asked for again), only makes some calls cost more: the cheapest is what a call costs.
    async fn trips<Call>(&self, mut call: impl FnMut(u32) -> Call) -> (u32, u32)
    where
        Call: Future<Output = Answer>,
    {
        let (mut postgres, mut redis) = (u32::MAX, u32::MAX);
        for turn in 0..TIMES {
            let _ = (self.postgres.trips(), self.redis.trips());
            let answer = call(turn).await;
            assert!(answer.status < 500, "{}", answer.text);
            (postgres, redis) = (postgres.min(self.postgres.trips()), redis.min(self.redis.trips()));
        }
        (postgres, redis)
    }
}

fn phone(of_turn: u32) -> String {
    format!("+97798412345{of_turn:02}")
}

fn account(of_turn: u32) -> String {
    format!("ram-{of_turn}")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_and_a_check_ask_no_more_than_they_need() {
    let overheard = Overheard::start().await;
    let fleet = &overheard.fleet;
    let client = fleet.client(0);
    let start = async |turn: u32| {
        let body = serde_json::json!({ "phone": phone(turn) });
        client.post("/v1/verifications", &fleet.key, &body).await
    };
    // Where the phone stands; the new verification; what the gateway said. One script takes from all counters.
    assert_eq!(overheard.trips(start).await, (3, 1), "a start for no account");
    assert_eq!(overheard.trips(start).await, (1, 0), "a start that comes too soon");

    let start = async |turn: u32| fleet.start_at(0, &account(turn), &phone(50 + turn)).await;
    // Whether the account is there; the account.
    assert_eq!(overheard.trips(start).await, (5, 1), "a start that makes an account");
    let start = async |turn: u32| fleet.start_at(0, &account(turn), &phone(70 + turn)).await;
    assert_eq!(overheard.trips(start).await, (3, 1), "a start for an account that is known");

    let check = async |turn: u32| {
        let code = wrong(&fleet.code(&phone(50 + turn)));
        fleet.check_at(0, &account(turn), &phone(50 + turn), &code).await
    };
    // The verification; what came of the check.
    assert_eq!(overheard.trips(check).await, (2, 0), "a wrong check");
    let check = async |turn: u32| {
        let code = fleet.code(&phone(50 + turn));
        fleet.check_at(0, &account(turn), &phone(50 + turn), &code).await.is(200)
    };
    assert_eq!(overheard.trips(check).await, (2, 0), "a check that approves, or says so again");
}
