//! The sections of the API document.

use poem_openapi::Tags;

/// The sections of the API document.
#[derive(Tags)]
pub(crate) enum ApiTags {
    /// Send a code, check it, and look at what came of it.
    Verifications,
    /// The users of an application: their phones and their tokens.
    Accounts,
    /// For those who run the application: needs an admin key.
    Administration,
    /// The two endpoints of the Django tutorial that this service began as, for clients written for it. New clients
    /// use the others.
    Classic,
    /// Check proofs of approvals without asking this service.
    Proofs,
    /// Is it running, and can it work?
    Health,
}
