//! The guess budget against somebody who wants one phone and has a year: as many accounts as they like, no limit on
//! sends, every check used that the rules leave. Played against the real use cases.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::guess::GUESS_PROBABILITY_MAX;
use domain::policy::{Limits, Policy};
use domain::ports::Clock;
use domain::refusal::Refusal;
use domain::testkit::{World, phone, start_request};
use domain::time::Day;
use domain::use_cases::{Answer, CheckTarget, Retention, Started, check, start, sweep};
use domain::verification::Verification;
use proptest::prelude::*;

const DAYS: u32 = 400;

/// One habit of the attacker: how many checks of each verification are used before the next is begun, and how long
/// they wait in between.
#[derive(Clone, Copy, Debug)]
struct Habit {
    checks: usize,
    pause_seconds: u64,
}

fn habit() -> impl Strategy<Value = Habit> {
    (1_usize..=5, 0_u64..1200).prop_map(|(checks, pause_seconds)| Habit { checks, pause_seconds })
}

struct Attacker {
    world: World,
    accounts: u64,
    /// What each comparison was worth, by day.
    guesses: Vec<(i32, f64)>,
}

impl Attacker {
    fn new() -> Self {
        let limits =
            Limits { sends_per_phone: vec![], sends_per_account: vec![], phones_per_account: vec![] };
        let world = World::with_policy(Policy { limits, ..Policy::default() });
        Self { world, accounts: 0, guesses: Vec::new() }
    }

    fn today(&self) -> i32 {
        Day::of(self.world.clock.now()).number()
    }

    /// Begins a verification of the phone for an account that has none; `None` when the rules refuse.
    async fn begin(&mut self) -> Option<Verification> {
        self.accounts += 1;
        let caller = self.world.user(&format!("account-{}", self.accounts)).await;
        let request = start_request(phone("9841234567"));
        match start(&self.world.verifier, &caller, request).await.expect("the fakes are up") {
            Answer::Done(Started::New(verification)) => Some(verification),
            Answer::Done(Started::Resent(_)) => panic!("nothing of this account is live"),
            Answer::Refused(refused) => {
                assert!(matches!(refused.refusal, Refusal::RateLimited { .. }), "{:?}", refused.refusal);
                None
            }
        }
    }

    /// Waits until there may be more to be had. Meanwhile old verifications go, as they do in a running service.
    async fn sleep(&mut self) {
        self.world.pass(Duration::from_hours(6));
        self.accounts = 0;
        let retention = Retention { verification_days: 1, ..Retention::default() };
        sweep(&self.world.verifier, retention).await.expect("the fakes are up");
    }

    /// Uses up to `checks` checks; answers whether any was compared.
    async fn guess(&mut self, verification: &Verification, checks: usize) -> bool {
        let caller = self.world.user(&format!("account-{}", self.accounts)).await;
        let target = CheckTarget::Id(verification.id);
        for number in 0..checks {
            let wrong = self.world.wrong_code(u64::try_from(number).unwrap());
            let answer =
                check(&self.world.verifier, &caller, &target, &wrong).await.expect("the fakes are up");
            let Answer::Refused(refused) = answer else { panic!("a wrong code proves nothing") };
            if refused.refusal != Refusal::CodeIncorrect {
                return number > 0;
            }
            #[expect(clippy::cast_precision_loss, reason = "10^10 is far below 2^52")]
            let codes = verification.generation.length.codes() as f64;
            let today = self.today();
            self.guesses.push((today, 1.0 / codes));
        }
        true
    }

    /// The most that any 365 days in a row were worth.
    fn best_year(&self) -> f64 {
        let mut days: BTreeMap<i32, f64> = BTreeMap::new();
        for (day, chance) in &self.guesses {
            *days.entry(*day).or_default() += chance;
        }
        days.keys()
            .map(|first| days.range(first..&(first + 365)).map(|(_, chance)| chance).sum())
            .fold(0.0, f64::max)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn a_year_of_guessing_stays_below_one_in_ten_thousand(habits in prop::collection::vec(habit(), 1..6)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let (best, last_day) = runtime.block_on(async {
            let mut attacker = Attacker::new();
            let first_day = attacker.today();
            let mut turns = habits.iter().cycle();
            while attacker.today() - first_day < i32::try_from(DAYS).unwrap() {
                let Some(habit) = turns.next() else { break };
                let compared = match attacker.begin().await {
                    Some(verification) => attacker.guess(&verification, habit.checks).await,
                    None => false,
                };
                // Nothing more to be had today: the attacker sleeps until tomorrow.
                if compared {
                    attacker.world.pass(Duration::from_secs(habit.pause_seconds));
                } else {
                    attacker.sleep().await;
                }
            }
            let last = attacker.guesses.iter().filter(|(day, _)| *day - first_day > 300).count();
            (attacker.best_year(), last)
        });
        prop_assert!(best < GUESS_PROBABILITY_MAX, "{best:e}");
        prop_assert!(best > GUESS_PROBABILITY_MAX / 2.0, "the attacker of this test is too weak: {best:e}");
        prop_assert!(last_day > 0, "the phone's owner could not use it any more");
    }
}
