//! Which kinds of events this release knows, in the words of SQL. What a newer release has stored is left to those who
//! know it: it is not listed, not handed out and not claimed here, and takes no place where others are counted.

/// The kinds that are known, as what stands behind an `IN`. In words, so that a statement has no argument more and a
/// plan is made with them in view.
macro_rules! known_kinds {
    () => {
        "('verification.approved', 'verification.expired', 'verification.locked', 'verification.canceled', \
          'phone.transferred', 'phone.unlinked', 'phone.changed', 'fraud.decided', 'credit.low', \
          'numbers.paused', 'numbers.resumed')"
    };
}

/// Whether the event with the id that is given has a kind that is known. Each event is looked up by itself, so that a
/// statement goes on walking what it is about; one that has gone has no kind, and this is NULL.
macro_rules! of_known_kind {
    ($event_id:literal) => {
        concat!(
            "((SELECT known.kind FROM events known WHERE known.id = ",
            $event_id,
            ") IN ",
            crate::sql::events::known_kinds!(),
            ")"
        )
    };
}

/// What of the outbox (`o`) may be handed out here. What belongs to no event any more may be: nobody else knows it better.
macro_rules! to_hand_out {
    () => {
        concat!("o.place > 0 AND ", crate::sql::events::of_known_kind!("o.event_id"), " IS NOT FALSE")
    };
}

pub(in crate::sql) use {known_kinds, of_known_kind, to_hand_out};

#[cfg(test)]
mod tests {
    use domain::event::EventKind;

    #[test]
    fn every_kind_is_known_to_the_statements() {
        let listed = known_kinds!().trim_matches(['(', ')']).split(',');
        let listed: Vec<_> = listed.map(|name| EventKind::parse(name.trim().trim_matches('\''))).collect();
        assert_eq!(listed, EventKind::ALL.map(Some));
    }
}
