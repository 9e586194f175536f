//! The kinds of problems: their slugs, statuses, titles, meanings and advice, in one table. The API document and the
//! pages under `/problems` are made of it.

use poem::http::StatusCode;

macro_rules! slugs {
    ($($(#[doc = $meaning:literal])+ $name:ident = $text:literal, $status:ident, $title:literal, $advice:literal;)*) => {
        /// A kind of problem. The slug is stable: clients branch on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Slug {
            $($(#[doc = $meaning])+ $name,)*
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

            /// What happened, told to somebody who meets it for the first time: its comment in the table.
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($meaning),+).trim_ascii(),)* }
            }

            /// What to do about it: the `detail` of the problem, when there is no more to say.
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$name => $advice,)* }
            }
        }
    };
}

slugs! {
    /// The bytes that arrived are not what `Content-Type` announces: JSON that breaks off, a list where one object
    /// belongs, text that is not UTF-8. Nothing was done.
    BodyMalformed = "body-malformed", BAD_REQUEST, "The body cannot be read",
        "The body is not what its content type says. Send one JSON object.";
    /// A parameter in the path or behind the question mark has a value that is not one of those it takes. Nothing
    /// was done.
    ParameterInvalid = "parameter-invalid", BAD_REQUEST, "A parameter of the URL is not valid",
        "A parameter of the URL cannot be read. See the API document for what it takes.";
    /// The header `Idempotency-Key` is there twice, empty, too long, or has characters that it may not have. Nothing was
    /// done.
    IdempotencyKeyInvalid = "idempotency-key-invalid", BAD_REQUEST, "The idempotency key is not valid",
        "Send one `Idempotency-Key` of 1 to 255 visible ASCII characters, in quotes or bare.";
    /// There is no `Authorization` header, it is not of the scheme `Bearer`, or what it carries is unknown, has
    /// expired or was revoked. Which of these it is, is not told.
    Unauthenticated = "unauthenticated", UNAUTHORIZED, "No valid credential was presented",
        "Send `Authorization: Bearer` with a key, a user token or a token of your own sign-in that is in force.";
    /// The credential is a user token, which acts for one account, and the call names another account.
    AccountForbidden = "account-forbidden", FORBIDDEN, "The account is not the caller's own",
        "A user token acts for its own account only. Leave the account out, or use an application key.";
    /// The credential is genuine and in force, but its kind or scope does not reach this operation.
    ScopeMissing = "scope-missing", FORBIDDEN, "The credential is not for this operation",
        "Keys with the scope `verify` and user tokens start and check; admin keys administer. See what the operation asks for.";
    /// The account has proved that it holds this phone, and the proof is still fresh, so no SMS was sent.
    AlreadyVerified = "already-verified", FORBIDDEN, "The account has already verified this phone",
        "There is nothing to do: this account has proved that it holds this phone.";
    /// A login, a recovery or a transaction is proved with the phone that the account has verified before. The
    /// account has none, or it is another one.
    PhoneNotVerified = "phone-not-verified", FORBIDDEN, "The phone is not the account's verified phone",
        "This purpose needs the phone that the account has verified for the purpose `contact`.";
    /// The operator has blocked the phone, a prefix of it, or the account; which of them, is not told. No SMS was sent,
    /// and no code was compared.
    Blocked = "blocked", FORBIDDEN, "This cannot be verified here",
        "The operator has blocked it. Trying again does not help; whoever is concerned may ask the operator.";
    /// No operation and no page has this path. Paths are exact: there is no slash at their end, and capitals count.
    RouteNotFound = "route-not-found", NOT_FOUND, "There is nothing at this address",
        "Check the path against the API document at /openapi.json.";
    /// No verification of yours has this id, or nothing is live for this phone, account and purpose. That of
    /// somebody else reads as one that does not exist.
    VerificationNotFound = "verification-not-found", NOT_FOUND, "There is no such verification",
        "It does not exist, is not yours, or nothing is live for this phone. Start a new one.";
    /// No account of your application has this id, or, for a user token, it is not your own. That of another application
    /// reads as one that does not exist.
    AccountNotFound = "account-not-found", NOT_FOUND, "There is no such account",
        "It does not exist, or it is not yours. See the list of accounts.";
    /// No key of your application has this id. That of another application reads as one that does not exist.
    KeyNotFound = "key-not-found", NOT_FOUND, "There is no such key",
        "It does not exist, or it is another application's. See the list of keys.";
    /// No user token of the account has this id.
    TokenNotFound = "token-not-found", NOT_FOUND, "There is no such user token",
        "It does not exist, or it is another account's. See the list of the account's tokens.";
    /// No application that your key may see has this id.
    ApplicationNotFound = "application-not-found", NOT_FOUND, "There is no such application",
        "It does not exist, or it is not the one of your key. See the list of applications.";
    /// No event of your application has this id. That of another application reads as one that does not exist.
    EventNotFound = "event-not-found", NOT_FOUND, "There is no such event",
        "It does not exist, is another application's, or is older than events are kept. See the list of events.";
    /// The application has no webhook of this name.
    WebhookNotFound = "webhook-not-found", NOT_FOUND, "There is no such webhook",
        "The application has no webhook of this name. See `GET /v1/admin/webhooks`.";
    /// No delivery of an event of your application has this id. That of another application reads as one that does not
    /// exist.
    WebhookDeliveryNotFound = "webhook-delivery-not-found", NOT_FOUND, "There is no such webhook delivery",
        "It does not exist, is another application's, or was deleted after its retention.";
    /// No block of your application has this id. One of another application, or of all of them, reads as one that does
    /// not exist.
    BlockNotFound = "block-not-found", NOT_FOUND, "There is no such block",
        "It does not exist, was removed, or is not the application's own.";
    /// The path exists, but not for this HTTP method.
    MethodNotAllowed = "method-not-allowed", METHOD_NOT_ALLOWED, "The method is not allowed here",
        "Use one of the methods in the header `Allow`.";
    /// The body did not arrive within the time that a body may take. Nothing was done.
    RequestTimeout = "request-timeout", REQUEST_TIMEOUT, "The request took too long to arrive",
        "Send the whole request at once.";
    /// The phone is bound to another account of the application, which has proved that it holds it, and it does not go
    /// over by itself. After a right code this is so by the application's policy; before one, it is not told.
    PhoneTaken = "phone-taken", CONFLICT, "Another account holds this phone",
        "Another account of the application has verified this phone. Use another phone, or free it there first.";
    /// Every process holds all blocks in memory, and no more than this many. Nothing was added.
    TooManyBlocks = "too-many-blocks", CONFLICT, "There are too many blocks",
        "There are 9000 already, over all applications. Remove some, or block prefixes in place of phones.";
    /// The right code has come back before, so there is nothing to send again and nothing to cancel.
    VerificationApproved = "verification-approved", CONFLICT, "The verification is already approved",
        "There is nothing left to send or cancel.";
    /// An earlier call with this key has not been answered yet. Nothing was done.
    IdempotencyKeyInUse = "idempotency-key-in-use", CONFLICT, "The first call with this idempotency key is still running",
        "Send the same call again after `Retry-After`; its answer is that of the first.";
    /// The life of the code has ended (ten minutes, unless the operator says otherwise) before the right code came
    /// back.
    VerificationExpired = "verification-expired", GONE, "The verification has expired",
        "Start a new verification.";
    /// The verification was canceled, and its code died with it.
    VerificationCanceled = "verification-canceled", GONE, "The verification was canceled",
        "Start a new verification.";
    /// The body has more bytes than any operation takes. It was not read.
    BodyTooLarge = "body-too-large", PAYLOAD_TOO_LARGE, "The body is too large",
        "Send at most 4096 bytes.";
    /// `Content-Type` is missing, or names something that the operation does not read.
    MediaTypeUnsupported = "media-type-unsupported", UNSUPPORTED_MEDIA_TYPE, "The content type is not supported",
        "Send `Content-Type: application/json`.";
    /// The body is a JSON object, but a field is missing, unknown, twice there, of the wrong type, or has a value
    /// that it does not take. Nothing was done.
    BodyInvalid = "body-invalid", UNPROCESSABLE_ENTITY, "The body has fields that are not valid",
        "See `errors` for each field.";
    /// An earlier call with this key had another body. Nothing was done.
    IdempotencyKeyReused = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "The idempotency key was used for another body",
        "A key names one call. Use a new one for a new call, and the same body for the same call.";
    /// The text is not a mobile number of a country that codes are sent to; `reason` says why as a slug, and
    /// `detail` as a sentence. No SMS was sent.
    PhoneInvalid = "phone-invalid", UNPROCESSABLE_ENTITY, "The phone number is not valid",
        "Send a mobile number that can receive SMS, such as +9779841234567.";
    /// The number is valid, but the SMS gateway does not deliver to it. No SMS was sent.
    DestinationUnsupported = "destination-unsupported", UNPROCESSABLE_ENTITY, "No SMS can be sent to this phone",
        "The gateway cannot reach this number. Ask for another one.";
    /// The hash that would let an Android app read the SMS is not configured for the application, so no SMS was
    /// sent.
    AppHashUnknown = "app-hash-unknown", UNPROCESSABLE_ENTITY, "The app hash is not one of the application's",
        "Add it to the application's `app_hashes`, or leave it out.";
    /// The web origin that would be allowed to read the code is not configured for the application, so no SMS was
    /// sent.
    OriginUnknown = "origin-unknown", UNPROCESSABLE_ENTITY, "The origin is not one of the application's",
        "Add it to the application's `origins`, or leave it out.";
    /// What was submitted is not six to ten digits, so it was not compared with anything.
    CodeMalformed = "code-malformed", UNPROCESSABLE_ENTITY, "This cannot be a code",
        "Send the digits of the SMS. This has not cost a check.";
    /// The code was compared, and it is not the one that was sent. It has cost one check.
    CodeIncorrect = "code-incorrect", UNPROCESSABLE_ENTITY, "The code is not the right one",
        "Ask for the code again; `checks_left` says how often it may be tried.";
    /// Between two SMS for the same phone, account and purpose some time has to pass: a minute after the first,
    /// longer after each further one. No SMS was sent.
    ResendTooSoon = "resend-too-soon", TOO_MANY_REQUESTS, "The last SMS was sent too recently",
        "Wait until `Retry-After` has passed.";
    /// This verification has been sent as often as one may be. The code that was sent stays good until
    /// `expires_at`.
    SendsUsedUp = "sends-used-up", TOO_MANY_REQUESTS, "The code has been sent as often as it may be",
        "Use the code that was sent, or start again after `Retry-After`.";
    /// Wrong codes have used up the checks of this verification, or of the phone for the day. Not even the right
    /// code is taken now.
    TooManyChecks = "too-many-checks", TOO_MANY_REQUESTS, "Too many wrong codes",
        "No checks are left. Start a new verification after `Retry-After`.";
    /// As many SMS as allowed have gone to this phone, account or application. The wait is told coarsely, because
    /// it may be about somebody else. No SMS was sent.
    RateLimited = "rate-limited", TOO_MANY_REQUESTS, "A limit on SMS is reached",
        "Try again after `Retry-After`.";
    /// Gateways have refused too many of the application's numbers as invalid, in a row or of the last ones, which the
    /// gateway's operator fines. So for a while nothing is sent to numbers that were not sent to before. No SMS was sent.
    NewNumbersPaused = "new-numbers-paused", TOO_MANY_REQUESTS, "New numbers have to wait",
        "Try again after `Retry-After`. Phones that have had an SMS before go on; an operator can end the wait.";
    /// The service met something that it was not made for.
    InternalError = "internal-error", INTERNAL_SERVER_ERROR, "Something went wrong here",
        "It is not the request's fault, and the operator's log tells more.";
    /// The SMS gateway answered that it does not send: its credit is used up, its token or its identity is not
    /// accepted, or it does not take the text. No SMS was sent.
    GatewayRefused = "gateway-refused", BAD_GATEWAY, "The SMS gateway refuses to send",
        "Nothing was sent and nothing counted. The operator has been told; try again later.";
    /// The SMS gateway did not answer, or answered that it is out of order.
    GatewayUnavailable = "gateway-unavailable", SERVICE_UNAVAILABLE, "The SMS gateway cannot be reached",
        "Nothing was sent and nothing counted. Try again after `Retry-After`.";
    /// The database or the counters behind the service do not answer, or it is busy. It sends and approves nothing
    /// until they do.
    TemporarilyUnavailable = "temporarily-unavailable", SERVICE_UNAVAILABLE, "The service cannot answer just now",
        "Try again after `Retry-After`.";
}

impl Slug {
    /// The kind with this slug.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|slug| slug.as_str() == text)
    }

    /// Where its page is: the `type` of its problems (RFC 9457 3.1.1), a reference with a full path, which is the same
    /// in every installation and leads to the page of whichever answered.
    pub fn page(self) -> String {
        format!("/problems/{}", self.as_str())
    }

    /// Whether trying again later may help, which `Retry-After` then says.
    pub fn may_retry(self) -> bool {
        let later = matches!(self.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        later || self == Self::IdempotencyKeyInUse
    }

    /// Whether such an answer is kept under an idempotency key. Not kept is what a later try may change, and what was
    /// wrong before the rules had a look at it: a body that cannot be read, or a caller who is not known.
    pub fn is_kept_under_a_key(self) -> bool {
        let passes = matches!(
            self.status(),
            StatusCode::BAD_REQUEST
                | StatusCode::UNAUTHORIZED
                | StatusCode::REQUEST_TIMEOUT
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::TOO_MANY_REQUESTS
        );
        let unread = matches!(self, Self::BodyInvalid | Self::PhoneInvalid | Self::CodeMalformed);
        let own = matches!(self, Self::IdempotencyKeyInUse | Self::IdempotencyKeyReused);
        // An operator changes these.
        let blocks = matches!(self, Self::Blocked | Self::TooManyBlocks);
        !(passes || unread || own || blocks || self.status().is_server_error())
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
            assert_eq!(Slug::parse(text), Some(*slug));
            for sentence in [slug.meaning(), slug.advice()] {
                assert!(sentence.ends_with('.') && !sentence.contains("  "), "{text}: {sentence}");
            }
        }
    }
}
