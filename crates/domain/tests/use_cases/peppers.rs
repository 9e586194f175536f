//! Peppers that rotate, and peppers that are gone.

use std::time::Duration;

use crate::answers::{begun, check, done, only, refusal};
use domain::refusal::Refusal;
use domain::testkit::{World, phone};
use domain::use_cases::resend;

#[tokio::test]
async fn a_code_outlives_the_rotation_of_its_pepper() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let code = world.gateway.last_code();
    let rotated = world.with_peppers(2, &[1]);
    world.pass(Duration::from_mins(1));
    let again = done(resend(&rotated, &ram, begun.id).await);
    assert_eq!(world.gateway.last_code(), code, "an older pepper still makes its codes");
    assert_eq!(again.generation, begun.generation);
    assert!(done(check(&rotated, &ram, &begun, &world.right_code()).await).now);
}

#[tokio::test]
async fn a_new_generation_has_the_newest_pepper() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let rotated = world.with_peppers(2, &[1]);
    world.pass(Duration::from_mins(8));
    let renewed = done(resend(&rotated, &ram, begun.id).await);
    assert_eq!(renewed.generation.pepper, rotated.peppers.newest());
    assert!(done(check(&rotated, &ram, &begun, &world.right_code()).await).now);
}

#[tokio::test]
async fn a_resend_without_the_pepper_begins_a_new_generation() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let replaced = world.with_peppers(2, &[]);
    world.pass(Duration::from_mins(1));
    let renewed = done(resend(&replaced, &ram, begun.id).await);
    assert_ne!(renewed.generation.nonce, begun.generation.nonce);
    assert!(done(check(&replaced, &ram, &begun, &world.right_code()).await).now);
}

#[tokio::test]
async fn a_check_without_the_pepper_reads_as_expired_and_changes_nothing() {
    let world = World::new();
    let ram = world.user("ram").await;
    let begun = begun(&world, &ram, phone("9841234567")).await;
    let replaced = world.with_peppers(2, &[]);
    let answer = check(&replaced, &ram, &begun, &world.right_code()).await;
    assert_eq!(refusal(answer), Refusal::VerificationExpired);
    assert_eq!(only(&world), begun, "another process may have the pepper");
    assert!(done(check(&world.verifier, &ram, &begun, &world.right_code()).await).now, "as this one has");
    let again = check(&replaced, &ram, &begun, &world.right_code()).await;
    assert_eq!(refusal(again), Refusal::VerificationExpired);
}
