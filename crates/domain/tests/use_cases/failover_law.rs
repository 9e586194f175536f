//! What holds whatever gateways say, over whatever routes.

use std::sync::Arc;
use std::time::Duration;

use domain::credential::Caller;
use domain::guess::GuessPolicy;
use domain::phone::Phone;
use domain::policy::Policy;
use domain::ports::{Clock as _, SendAnswer};
use domain::route::OnUnknown;
use domain::testkit::{ScriptedGateway, World, code, phone};
use domain::use_cases::{Answer, resend};
use domain::verification::{DeliveryState, State, Verification};
use proptest::prelude::*;

use crate::answers::{check, start};
use crate::failover::{PHONE, attempts, world_of_three};

/// What somebody does, and what the gateways say to it.
#[derive(Clone, Debug)]
enum Move {
    Start([Said; 3]),
    Resend([Said; 3]),
    Mistype,
    /// Types the code of the last SMS.
    Prove,
    Cancel,
    Pass(u64),
}

#[derive(Clone, Copy, Debug)]
enum Said {
    Answer(SendAnswer),
    Held,
}

fn said() -> impl Strategy<Value = Said> {
    prop_oneof![
        5 => proptest::sample::select(SendAnswer::ALL.to_vec()).prop_map(Said::Answer),
        1 => Just(Said::Held),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let answers = || [said(), said(), said()];
    let one = prop_oneof![
        4 => answers().prop_map(Move::Start),
        3 => answers().prop_map(Move::Resend),
        2 => Just(Move::Mistype),
        1 => Just(Move::Prove),
        1 => Just(Move::Cancel),
        5 => (1_u64..420).prop_map(Move::Pass),
    ];
    proptest::collection::vec(one, 1..60)
}

/// Plays the moves and answers when SMS went out, or may have, with their codes.
async fn play(
    world: &World,
    gateways: &[Arc<ScriptedGateway>; 3],
    ram: &Caller,
    to: Phone,
    moves: Vec<Move>,
) -> Vec<(u64, String)> {
    let (mut seconds, mut out, mut live) = (0, Vec::<(u64, String)>::new(), None);
    for one in moves {
        let before = attempts(world).await.len();
        let (answers, start_again) = match one {
            Move::Start(answers) => (answers, true),
            Move::Resend(answers) => (answers, false),
            Move::Mistype => {
                if let Some(live) = &live {
                    let _ = check(&world.verifier, ram, live, &code("000000")).await.unwrap();
                }
                continue;
            }
            Move::Prove => {
                if let (Some(live), Some((_, sent))) = (&live, out.last()) {
                    let _ = check(&world.verifier, ram, live, &code(sent)).await.unwrap();
                }
                continue;
            }
            Move::Cancel => {
                if let Some(live) = live.take() {
                    let live: Verification = live;
                    let _ = domain::use_cases::cancel(&world.verifier, ram, live.id).await.unwrap();
                }
                continue;
            }
            Move::Pass(pass) => {
                seconds += pass;
                world.pass(Duration::from_secs(pass));
                continue;
            }
        };
        for (gateway, said) in gateways.iter().zip(answers) {
            gateway.forget_script();
            match said {
                Said::Answer(answer) => gateway.answer_next([answer]),
                Said::Held => gateway.hold_next(Duration::from_secs(1)),
            }
        }
        if start_again {
            let _ = start(world, ram, to).await.unwrap();
        } else if let Some(live) = &live {
            let live: &Verification = live;
            let _ = resend(&world.verifier, ram, live.id).await.unwrap();
        }
        live = world.store.verifications().into_iter().max_by_key(|verification| verification.id);
        let kept = attempts(world).await;
        let made = kept.len() - before;
        let mut fresh: Vec<_> = kept.into_iter().collect();
        fresh.sort_by_key(|record| record.id);
        for record in fresh.into_iter().rev().take(made) {
            let names = ["one", "two", "three"];
            let place = names.iter().position(|name| **name == *record.gateway).unwrap();
            if record.report.answer.state() != DeliveryState::Failed {
                out.push((seconds, gateways[place].last_code().unwrap()));
            }
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the gateways say, over whatever routes: no phone gets more SMS than its limits, and of all the codes that
    /// were sent one at most is good. For what is over none is, but that an approved one is told again, while its code
    /// lives, that the code which approved it was right.
    #[test]
    fn no_phone_gets_too_many_sms_and_one_code_at_most_is_good(
        moves in moves(),
        next in any::<bool>(),
        locks in any::<bool>(),
    ) {
        let on_unknown = if next { OnUnknown::Next } else { OnUnknown::Stop };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            // Wide enough for all codes to be tried at the end, unless wrong ones are to lock.
            let checks_max = if locks { 3 } else { 10_000 };
            let guesses = GuessPolicy { short_max: 100_000, daily_max: 100_000, daily_max_long: 100_000 };
            let policy = Policy { checks_max, guesses, ..Policy::default() };
            let (world, gateways) = world_of_three(policy, on_unknown);
            let ram = world.user("ram").await;
            let out = play(&world, &gateways, &ram, phone(PHONE), moves).await;
            for (limit, window) in [(5, 600), (10, 86_400)] {
                for (at, _) in &out {
                    let within = out.iter().filter(|(other, _)| other <= at && at - other < window).count();
                    prop_assert!(within <= limit, "{within} SMS within {window} s");
                }
            }
            let last_out = out.last().map(|(_, code)| code.clone());
            let mut codes: Vec<_> = out.into_iter().map(|(_, code)| code).collect();
            codes.sort();
            codes.dedup();
            // Every verification that there is with every code that went out, the oldest first.
            let now = world.clock.now();
            let mut all = world.store.verifications();
            all.sort_by_key(|verification| verification.id);
            let live = all.iter().any(|verification| verification.is_live(now));
            let (mut good, mut last_is_good) = (0, false);
            for verification in &all {
                for sent in &codes {
                    let answer = check(&world.verifier, &ram, verification, &code(sent)).await.unwrap();
                    if let Answer::Done(proved) = answer {
                        let repeated = matches!(verification.state, State::Approved { .. })
                            && now < verification.generation.expires_at
                            && !proved.now;
                        prop_assert!(verification.is_live(now) || repeated, "it is over: {:?}", verification.state);
                        good += 1;
                        last_is_good |= last_out.as_ref() == Some(sent);
                    }
                }
            }
            prop_assert!(!live || last_out.is_none() || good <= 1 && (good == 0 || last_is_good), "not the last code");
            prop_assert!(good <= 1, "{good} codes are good");
            Ok(())
        })?;
    }
}
