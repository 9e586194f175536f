//! The ledger of wrong checks: counted with the change they come from, and never beyond the ceilings.

use super::super::super::demand::present;
use super::{Bench, changed, wide};
use crate::guess::{GUESS_WINDOW_DAYS, Guess, GuessClass, GuessTotals};
use crate::ports::Saved;
use crate::time::{Day, Timestamp};
use crate::verification::{Subject, Verification};

pub(super) async fn all(bench: &Bench<'_>) {
    a_wrong_check_is_counted_with_its_change(bench).await;
    a_right_check_is_not_counted(bench).await;
    wrong_checks_are_the_phones_and_nobody_elses(bench).await;
    a_conflict_counts_nothing_even_when_the_budget_is_spent(bench).await;
    the_ceiling_of_the_day_holds_for_both_classes_together(bench).await;
    the_ceiling_of_short_codes_holds_for_short_codes(bench).await;
    a_right_check_without_room_stores_nothing(bench).await;
    a_change_of_nothing_only_asks(bench).await;
    each_day_has_its_own_ceiling(bench).await;
    the_window_adds_up_short_codes_and_ends(bench).await;
}

const SPENT: &str = "a comparison that the budget has no room for must be refused";
const ROOM: &str = "a comparison that the budget has room for must be stored";

fn a_day(bench: &Bench<'_>) -> Day {
    Day::of(bench.ground.now())
}

fn under(day: Day, class: GuessClass, short_ceiling: u32, ceiling: u32) -> Guess {
    Guess { day, class, wrong: true, short_ceiling, ceiling }
}

/// A live verification of a phone that has these wrong checks today.
async fn with_wrong_checks(bench: &Bench<'_>, day: Day, short: u32, long: u32) -> Verification {
    let subject = bench.ground.subject();
    bench.charge(subject.phone, day, GuessClass::Short, short).await;
    bench.charge(subject.phone, day, GuessClass::Long, long).await;
    bench.begun(&subject).await
}

async fn a_wrong_check_is_counted_with_its_change(bench: &Bench<'_>) {
    let day = a_day(bench);
    let begun = bench.begun(&bench.ground.subject()).await;
    let once = changed(&begun);
    bench.must_save(&once, Some(wide(day, GuessClass::Short))).await;
    let twice = changed(&once);
    bench.must_save(&twice, Some(wide(day, GuessClass::Long))).await;

    let expected = GuessTotals { short_in_window: 1, short_today: 1, long_today: 1 };
    let loaded = present(bench.load(&begun).await, "a stored verification must be found");
    assert_eq!(loaded.verification, twice, "a change must be stored together with its wrong check");
    assert_eq!(loaded.guesses, expected, "a load must tell the wrong checks of the phone, each in its class");
    let standing = bench.standing(&begun.subject, day).await;
    assert_eq!(standing.guesses, expected, "a standing must tell the same wrong checks as a load");
}

async fn a_right_check_is_not_counted(bench: &Bench<'_>) {
    let day = a_day(bench);
    let begun = bench.begun(&bench.ground.subject()).await;
    let right = Guess { wrong: false, ..wide(day, GuessClass::Short) };
    bench.must_save(&changed(&begun), Some(right)).await;
    let totals = bench.totals(begun.subject.phone, day).await;
    assert_eq!(totals, GuessTotals::default(), "a right check must not be counted");
}

async fn wrong_checks_are_the_phones_and_nobody_elses(bench: &Bench<'_>) {
    let day = a_day(bench);
    let begun = with_wrong_checks(bench, day, 2, 1).await;
    let elsewhere = Subject { phone: begun.subject.phone, ..bench.ground.subject() };
    let there = bench.begun(&elsewhere).await;
    bench.must_save(&changed(&there), Some(wide(day, GuessClass::Short))).await;

    let totals = present(bench.load(&begun).await, "a stored verification must be found").guesses;
    let expected = GuessTotals { short_in_window: 3, short_today: 3, long_today: 1 };
    assert_eq!(totals, expected, "the wrong checks of a phone must add up over all applications");
    let neighbour = bench.totals(bench.ground.phone(), day).await;
    assert_eq!(neighbour, GuessTotals::default(), "the wrong checks of a phone must not be another one's");
}

async fn a_conflict_counts_nothing_even_when_the_budget_is_spent(bench: &Bench<'_>) {
    let day = a_day(bench);
    let begun = with_wrong_checks(bench, day, 3, 0).await;
    let moved = changed(&begun);
    bench.must_save(&moved, None).await;

    let late = changed(&begun);
    let saved = bench.save(&late, begun.version, Some(wide(day, GuessClass::Short))).await;
    assert_eq!(saved, Saved::Conflict, "a change of another version must be a conflict");
    let saved = bench.save(&late, begun.version, Some(under(day, GuessClass::Short, 3, 3))).await;
    assert_eq!(
        saved,
        Saved::Conflict,
        "a conflict must be told as one even when the budget is spent as well"
    );
    assert_eq!(bench.reload(&begun).await, moved, "a conflict must change nothing");
    let totals = bench.totals(begun.subject.phone, day).await;
    assert_eq!(totals.short_today, 3, "a conflict must count nothing");
}

async fn the_ceiling_of_the_day_holds_for_both_classes_together(bench: &Bench<'_>) {
    let day = a_day(bench);
    for class in [GuessClass::Short, GuessClass::Long] {
        let begun = with_wrong_checks(bench, day, 2, 2).await;
        let next = changed(&begun);
        let saved = bench.save(&next, begun.version, Some(under(day, class, 1000, 4))).await;
        assert_eq!(saved, Saved::BudgetSpent, "{SPENT}: two and two reach a ceiling of four");
        assert_eq!(bench.reload(&begun).await, begun, "a spent budget must leave the verification as it was");
        let totals = bench.totals(begun.subject.phone, day).await;
        let unchanged = GuessTotals { short_in_window: 2, short_today: 2, long_today: 2 };
        assert_eq!(totals, unchanged, "a spent budget must count nothing");
        let saved = bench.save(&next, begun.version, Some(under(day, class, 1000, 5))).await;
        assert_eq!(saved, Saved::Stored, "{ROOM}: two and two leave one of five");
    }
}

async fn the_ceiling_of_short_codes_holds_for_short_codes(bench: &Bench<'_>) {
    let day = a_day(bench);
    let begun = with_wrong_checks(bench, day, 3, 1).await;
    let next = changed(&begun);
    let saved = bench.save(&next, begun.version, Some(under(day, GuessClass::Short, 3, 1000))).await;
    assert_eq!(saved, Saved::BudgetSpent, "{SPENT}: three short ones reach a ceiling of three short ones");
    let saved = bench.save(&next, begun.version, Some(under(day, GuessClass::Short, 0, 1000))).await;
    assert_eq!(saved, Saved::BudgetSpent, "{SPENT}: a ceiling of none leaves no room");
    let saved = bench.save(&next, begun.version, Some(under(day, GuessClass::Short, 4, 1000))).await;
    assert_eq!(saved, Saved::Stored, "{ROOM}: long ones must not be charged to short ones");
    let last = changed(&next);
    let saved = bench.save(&last, next.version, Some(under(day, GuessClass::Long, 0, 1000))).await;
    assert_eq!(saved, Saved::Stored, "{ROOM}: the ceiling of short ones must not hold for long ones");

    let fresh = bench.begun(&bench.ground.subject()).await;
    let saved = bench.save(&changed(&fresh), 0, Some(under(day, GuessClass::Short, 0, 1000))).await;
    assert_eq!(saved, Saved::BudgetSpent, "{SPENT}: a ceiling of none leaves no room for the first either");
    let saved = bench.save(&changed(&fresh), 0, Some(under(day, GuessClass::Long, 0, 0))).await;
    assert_eq!(
        saved,
        Saved::BudgetSpent,
        "{SPENT}: a day's ceiling of none leaves no room for the first either"
    );
    let totals = bench.totals(fresh.subject.phone, day).await;
    assert_eq!(totals, GuessTotals::default(), "a spent budget must count nothing");
}

async fn a_right_check_without_room_stores_nothing(bench: &Bench<'_>) {
    let day = a_day(bench);
    let begun = with_wrong_checks(bench, day, 2, 0).await;
    let right = Guess { wrong: false, ..under(day, GuessClass::Short, 2, 10) };
    let saved = bench.save(&changed(&begun), begun.version, Some(right)).await;
    assert_eq!(
        saved,
        Saved::BudgetSpent,
        "{SPENT}, a right one as well: else the budget would tell what is right"
    );
    assert_eq!(bench.reload(&begun).await, begun, "a spent budget must leave the verification as it was");
}

async fn a_change_of_nothing_only_asks(bench: &Bench<'_>) {
    let day = a_day(bench);
    let begun = with_wrong_checks(bench, day, 2, 0).await;
    let ask =
        |short_ceiling| Some(Guess { wrong: false, ..under(day, GuessClass::Short, short_ceiling, 10) });
    let saved = bench.save(&begun, begun.version, ask(3)).await;
    assert_eq!(saved, Saved::Stored, "{ROOM}, also when nothing changes");
    let saved = bench.save(&begun, begun.version, ask(2)).await;
    assert_eq!(saved, Saved::BudgetSpent, "{SPENT}, also when nothing changes");
    assert_eq!(bench.reload(&begun).await, begun, "a question must change nothing, not even the version");
    assert_eq!(bench.totals(begun.subject.phone, day).await.short_today, 2, "a question must count nothing");

    bench.must_save(&changed(&begun), None).await;
    let saved = bench.save(&begun, begun.version, ask(3)).await;
    assert_eq!(saved, Saved::Conflict, "a question about another version must be a conflict");
    let saved = bench.save(&begun, begun.version, ask(2)).await;
    assert_eq!(
        saved,
        Saved::Conflict,
        "a conflict must be told as one even when the budget is spent as well"
    );
}

async fn each_day_has_its_own_ceiling(bench: &Bench<'_>) {
    let day = a_day(bench);
    let begun = with_wrong_checks(bench, day, 2, 1).await;
    let next_day = Day::of(day.end());
    let next = changed(&begun);
    let saved = bench.save(&next, begun.version, Some(under(next_day, GuessClass::Short, 1, 1))).await;
    assert_eq!(
        saved,
        Saved::Stored,
        "{ROOM}: the wrong checks of another day must not reach today's ceilings"
    );
    let totals = bench.totals(begun.subject.phone, next_day).await;
    let expected = GuessTotals { short_in_window: 3, short_today: 1, long_today: 0 };
    assert_eq!(totals, expected, "today's counts must be today's, and the window must hold all short ones");
}

async fn the_window_adds_up_short_codes_and_ends(bench: &Bench<'_>) {
    let phone = bench.ground.phone();
    let day = a_day(bench);
    bench.charge(phone, day, GuessClass::Short, 3).await;
    bench.charge(phone, day, GuessClass::Long, 2).await;
    let later = |days: u16| {
        let noon = day.end().as_second() + 86_400 * (i64::from(days) - 1) + 43_200;
        Day::of(Timestamp::from_second(noon).unwrap_or(Timestamp::MAX))
    };
    assert_eq!(later(1).minus(1), day, "days count by one");

    bench.charge(phone, later(10), GuessClass::Short, 1).await;
    let totals = bench.totals(phone, later(10)).await;
    let expected = GuessTotals { short_in_window: 4, short_today: 1, long_today: 0 };
    assert_eq!(
        totals, expected,
        "the window must add up short ones over the days, and long ones must stay out of it"
    );
    let last = bench.totals(phone, later(GUESS_WINDOW_DAYS - 1)).await;
    assert_eq!(
        last.short_in_window, 4,
        "a day must be in the window for {GUESS_WINDOW_DAYS} days, its own included"
    );
    let behind = bench.totals(phone, later(GUESS_WINDOW_DAYS)).await;
    assert_eq!(behind.short_in_window, 1, "after {GUESS_WINDOW_DAYS} days a day must be out of the window");
}
