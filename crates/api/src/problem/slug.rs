//! The kinds of problems: their slugs, statuses, titles and advice, in one table.

use poem::http::StatusCode;

macro_rules! slugs {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $status:ident, $title:literal, $advice:literal;)*) => {
        /// A kind of problem. The slug is stable: clients branch on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Slug {
            $($(#[$doc])* #[doc = $title] $name,)*
        }

        impl Slug {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The slug, in kebab case.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What kind of problem it is.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// What happened and what to do, when there is no more to say.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }
        }
    };
}

slugs! {
    BodyMalformed = "body-malformed", BAD_REQUEST, "The body cannot be read",
        "The body is not what its content type says. Send one JSON object.";
    ParameterInvalid = "parameter-invalid", BAD_REQUEST, "A parameter of the URL is not valid",
        "A parameter of the URL cannot be read. See the API document for what it takes.";
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "No valid credential was presented",
        "Send `Authorization: Bearer` with a key or a user token that is in force.";
    AccountForbidden = "account-forbidden", FORBIDDEN, "The account is not the caller's own",
        "A user token acts for its own account only. Leave the account out, or use an application key.";
    ScopeMissing = "scope-missing", FORBIDDEN, "The credential is not for this operation",
        "Keys with the scope `verify` and user tokens start and check; admin keys administer. See what the operation asks for.";
    AlreadyVerified = "already-verified", FORBIDDEN, "The account has already verified this phone",
        "There is nothing to do: this account has proved that it holds this phone.";
    PhoneNotVerified = "phone-not-verified", FORBIDDEN, "The phone is not the account's verified phone",
        "This purpose needs the phone that the account has verified for the purpose `contact`.";
    Blocked = "blocked", FORBIDDEN, "This cannot be verified here",
        "The operator has blocked it. Trying again does not help; whoever is concerned may ask the operator.";
    RouteNotFound = "route-not-found", NOT_FOUND, "There is nothing at this address",
        "Check the path against the API document at /openapi.json.";
    VerificationNotFound = "verification-not-found", NOT_FOUND, "There is no such verification",
        "It does not exist, is not yours, or nothing is live for this phone. Start a new one.";
    AccountNotFound = "account-not-found", NOT_FOUND, "There is no such account",
        "It does not exist, or it is not yours. See the list of accounts.";
    KeyNotFound = "key-not-found", NOT_FOUND, "There is no such key",
        "It does not exist, or it is another application's. See the list of keys.";
    TokenNotFound = "token-not-found", NOT_FOUND, "There is no such user token",
        "It does not exist, or it is another account's. See the list of the account's tokens.";
    ApplicationNotFound = "application-not-found", NOT_FOUND, "There is no such application",
        "It does not exist, or it is not the one of your key. See the list of applications.";
    EventNotFound = "event-not-found", NOT_FOUND, "There is no such event",
        "It does not exist, is another application's, or is older than events are kept. See the list of events.";
    WebhookNotFound = "webhook-not-found", NOT_FOUND, "There is no such webhook",
        "The application has no webhook of this name. See `GET /v1/admin/webhooks`.";
    WebhookDeliveryNotFound = "webhook-delivery-not-found", NOT_FOUND, "There is no such webhook delivery",
        "It does not exist, is another application's, or was deleted after its retention.";
    BlockNotFound = "block-not-found", NOT_FOUND, "There is no such block",
        "It does not exist, was removed, or is not the application's own.";
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here",
        "Use one of the methods in the header `Allow`.";
    RequestTimeout = "request-timeout", REQUEST_TIMEOUT, "The request took too long to arrive",
        "Send the whole request at once.";
    PhoneTaken = "phone-taken", CONFLICT, "Another account holds this phone",
        "Another account of the application has verified this phone. Use another phone, or free it there first.";
    TooManyBlocks = "too-many-blocks", CONFLICT, "There are too many blocks",
        "There are 10000 already, over all applications. Remove some, or block prefixes in place of phones.";
    VerificationApproved = "verification-approved", CONFLICT, "The verification is already approved",
        "There is nothing left to send or cancel.";
    VerificationExpired = "verification-expired", GONE, "The verification has expired",
        "Start a new verification.";
    VerificationCanceled = "verification-canceled", GONE, "The verification was canceled",
        "Start a new verification.";
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large",
        "Send at most 4096 bytes.";
    MediaTypeUnsupported = "media-type-unsupported", UNSUPPORTED_MEDIA_TYPE, "The content type is not supported",
        "Send `Content-Type: application/json`.";
    BodyInvalid = "body-invalid", UNPROCESSABLE_ENTITY, "The body has fields that are not valid",
        "See `errors` for each field.";
    PhoneInvalid = "phone-invalid", UNPROCESSABLE_ENTITY, "The phone number is not valid",
        "Send a mobile number that can receive SMS, such as +9779841234567.";
    DestinationUnsupported = "destination-unsupported", UNPROCESSABLE_ENTITY, "No SMS can be sent to this phone",
        "The gateway cannot reach this number. Ask for another one.";
    AppHashUnknown = "app-hash-unknown", UNPROCESSABLE_ENTITY, "The app hash is not one of the application's",
        "Add it to the application's `app_hashes`, or leave it out.";
    OriginUnknown = "origin-unknown", UNPROCESSABLE_ENTITY, "The origin is not one of the application's",
        "Add it to the application's `origins`, or leave it out.";
    CodeMalformed = "code-malformed", UNPROCESSABLE_ENTITY, "This cannot be a code",
        "Send the digits of the SMS. This has not cost a check.";
    CodeIncorrect = "code-incorrect", UNPROCESSABLE_ENTITY, "The code is not the right one",
        "Ask for the code again; `checks_left` says how often it may be tried.";
    ResendTooSoon = "resend-too-soon", TOO_MANY_REQUESTS, "The last SMS was sent too recently",
        "Wait until `Retry-After` has passed.";
    SendsUsedUp = "sends-used-up", TOO_MANY_REQUESTS, "The code has been sent as often as it may be",
        "Use the code that was sent, or start again after `Retry-After`.";
    TooManyChecks = "too-many-checks", TOO_MANY_REQUESTS, "Too many wrong codes",
        "No checks are left. Start a new verification after `Retry-After`.";
    RateLimited = "rate-limited", TOO_MANY_REQUESTS, "A limit on SMS is reached",
        "Try again after `Retry-After`.";
    InternalError = "internal-error", INTERNAL_SERVER_ERROR, "Something went wrong here",
        "It is not the request's fault, and the operator's log tells more.";
    GatewayRefused = "gateway-refused", BAD_GATEWAY, "The SMS gateway refuses to send",
        "Nothing was sent and nothing counted. The operator has been told; try again later.";
    GatewayUnavailable = "gateway-unavailable", SERVICE_UNAVAILABLE, "The SMS gateway cannot be reached",
        "Nothing was sent and nothing counted. Try again after `Retry-After`.";
    TemporarilyUnavailable = "temporarily-unavailable", SERVICE_UNAVAILABLE, "The service cannot answer just now",
        "Try again after `Retry-After`.";
}

impl Slug {
    /// Whether trying again later may help, which `Retry-After` then says.
    pub fn may_retry(self) -> bool {
        matches!(self.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_kebab_case_and_unique() {
        let mut seen = std::collections::BTreeSet::new();
        for slug in Slug::ALL {
            let text = slug.as_str();
            assert!(text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{text}");
            assert!(seen.insert(text), "{text} is there twice");
            assert!(slug.status().as_u16() >= 400, "{text}");
        }
    }
}
