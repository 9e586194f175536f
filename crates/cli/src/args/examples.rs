//! What the help of each command ends with.

macro_rules! examples {
    ($($(#[$doc:meta])* $name:ident = $($line:literal)+;)+) => {
        $($(#[$doc])* pub(super) const $name: &str = concat!(
            "Examples (the configuration by --config or SPARROW_VERIFY_CONFIG):"
            $(, "\n  sparrow-verify ", $line)+
        );)+

        #[cfg(test)]
        const ALL: &[&str] = &[$($($line),+),+];
    };
}

examples! {
    SERVE = "serve" "serve --no-migrate";
    SIMULATOR = "simulator" "simulator --listen 127.0.0.1:8081 --credits 20";
    CONFIG = "config check" "config show --json";
    DB = "db migrate" "db status" "db export verify.export" "db import verify.export";
    APPLICATION = "application list" "application show --application shop";
    ACCOUNT = "account add ram" "account show ram" "account unlink ram" "account list --limit 20";
    TOKEN = "token issue ram --days 30" "token list --account ram";
    KEY = "key issue --name shop-server" "key issue --scope admin --days 1" "key list";
    PROOF_KEY = "proof-key new";
    VERIFICATION =
        "verification list --account ram"
        "verification list --phone 9841234567 --status pending"
        "verification show 01a206e7-2c1d-7841-bf40-53a200be10d7";
    DELIVERY = "delivery list" "delivery list --verification 01a206e7-2c1d-7841-bf40-53a200be10d7";
    GATEWAY = "gateway list" "gateway list --json";
    ROUTE = "route list" "route test --phone 9841234567" "route test --phone 9841234567 --application shop";
    EVENT = "event list --kind fraud.decided" "event list --account ram";
    WEBHOOK =
        "webhook secret"
        "webhook test orders"
        "webhook deliveries --status given-up"
        "webhook replay --failed --since 2026-01-15T08:00:00Z --webhook orders";
    BLOCK =
        "block add --prefix +977984 --reason pumping --hours 12"
        "block add --allow --phone 9841234567"
        "block add --account ram"
        "block list";
    STATISTICS = "statistics show" "statistics show --days 7 --by operator" "statistics show --json";
    MESSAGE =
        "message preview"
        "message preview --locale ne --app-hash first --origin https://example.com"
        "message preview --version 2 --json";
    APP_HASH =
        "app-hash --package com.example.app --certificate cert.pem"
        "app-hash --package com.example.app --certificate - --json";
    DELIVERABILITY = "deliverability show" "deliverability show --all-applications --json";
    LIMIT = "limit list" "limit show --phone 9841234567" "limit reset --account ram";
    INVALID_NUMBERS = "invalid-numbers show" "invalid-numbers resume --application shop";
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::ALL;
    use crate::args::Arguments;

    #[test]
    fn every_example_is_a_command() {
        for line in ALL {
            let words = ["sparrow-verify"].into_iter().chain(line.split(' '));
            assert!(Arguments::try_parse_from(words).is_ok(), "{line}");
        }
    }
}
