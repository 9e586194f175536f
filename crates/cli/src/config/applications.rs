//! `[application]` and `[applications.<id>]`: which applications there are, and what holds for all of them together. Owns
//! where an application is configured; what can be set there is in [`super::application`].

use domain::application::{Application, ApplicationId};
use domain::guess::{GUESS_PROBABILITY_MAX, GuessAllowance};

use super::application::{GUESSES, application};
use super::reader::Reader;

/// The section of the application `default`.
const DEFAULT: &str = "application";
/// The sections of the others are in this one.
const OTHERS: &str = "applications";
/// The most applications.
const APPLICATIONS_MAX: usize = 100;

/// An application and the prefix of its keys.
pub(super) struct Place {
    pub(super) id: ApplicationId,
    pub(super) prefix: String,
}

/// Where the applications are configured, `default` first and then by their ids.
pub(super) fn places(reader: &mut Reader) -> Vec<Place> {
    let default = ApplicationId::default_application();
    let mut places = vec![Place { id: default.clone(), prefix: DEFAULT.to_owned() }];
    for (name, origin) in reader.sections_of(OTHERS) {
        let prefix = format!("{OTHERS}.{name}");
        let problem = match ApplicationId::parse(&name) {
            Some(id) if id == default => format!("is the application of `[{DEFAULT}]`; set its keys there"),
            Some(_) if places.len() == APPLICATIONS_MAX => {
                format!("is one too many; there may be {APPLICATIONS_MAX} applications")
            }
            Some(id) => {
                places.push(Place { id, prefix });
                continue;
            }
            None => "is no id: it must have 1 to 40 lower-case letters, digits and inner dashes".to_owned(),
        };
        reader.drop_section(&prefix);
        reader.fault_in(&prefix, problem, origin);
    }
    places
}

/// The applications, in the order of their places; those whose name is not known are left out.
pub(super) fn applications(reader: &mut Reader, places: &[Place]) -> Vec<Application> {
    let read = |place: &Place| application(&mut reader.section(&place.prefix), place.id.clone());
    let applications: Vec<_> = places.iter().filter_map(read).collect();
    joint_budget(reader, places, &applications);
    applications
}

/// The ledger of wrong checks is one for all applications, so that together they may not allow what each alone may not.
fn joint_budget(reader: &mut Reader, places: &[Place], applications: &[Application]) {
    let key = |place: &Place| format!("{}.{GUESSES}", place.prefix);
    // What is wrong, or stands in for what could not be read, is told already.
    if places.iter().any(|place| reader.faulty(&format!("{}.policy", place.prefix))) {
        return;
    }
    let allowances = applications.iter().map(|application| application.policy.guess_allowance());
    let probability = GuessAllowance::joint_probability(&allowances.collect::<Vec<_>>());
    let Some(last) = places.last().filter(|_| probability >= GUESS_PROBABILITY_MAX) else { return };
    let problem = format!(
        "together with those of the other applications would let a code of one phone be guessed within a year with \
         probability {probability:.1e}; it must stay below 1e-4, as it does where all have the same code lengths and \
         budgets"
    );
    reader.fault(&key(last), problem);
}
