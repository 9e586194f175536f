//! Web addresses in templates, where an application allows them.

use super::format;
use crate::message::{Origin, Template, TemplateFault};

fn origins() -> Vec<Origin> {
    ["https://example.com", "https://www.shop.example"].map(|origin| Origin::parse(origin).unwrap()).to_vec()
}

#[test]
fn an_address_within_an_origin_is_taken_where_addresses_are_allowed() {
    let format = format().with_link_origins(Some(origins()));
    for text in [
        "{code} https://example.com",
        "{code}\nhttps://example.com/",
        "{code}. Help: https://example.com/a/b-c_d.e~f?x=1&y=%20+.",
        "{code} (https://example.com/help), https://www.shop.example!",
        "{code} is it",
    ] {
        assert!(format.read_template(text).is_ok(), "{text}");
    }
}

#[test]
fn any_other_address_is_refused_even_then() {
    for text in [
        "{code} http://example.com",
        "{code} HTTPS://example.com",
        "{code} www.shop.example",
        "{code} example.com/help",
        "{code} bit.ly/x",
        "{code} https://evil.com",
        "{code} https://example.com.evil.com/",
        "{code} https://sub.example.com/",
        "{code} https://example.com:8443/",
        "{code} https://me@example.com/",
        "{code} https://example.com@evil.com/",
        "{code} https://example.com\\evil.com/",
        "{code} https://example.com?x",
        "{code} https://example.com/?next=https://evil.com",
        "{code} https://example.com/@x",
        "{code} https://example.com/#123456",
        "{code} https://example.com/मद्दत",
        "{code} https://example.com/{app}",
        "{code} {app}https://example.com/",
        "{code} xhttps://example.com/",
        "{code} https://{app}.com/",
        "https://example.com/?code={code}",
        "{code} https://",
    ] {
        assert_eq!(
            Template::parse_linking(text, Some(&origins())),
            Err(TemplateFault::AddressForeign),
            "{text}"
        );
        assert_eq!(Template::parse(text), Err(TemplateFault::Address), "{text}");
    }
    assert_eq!(
        Template::parse_linking("{code} https://example.com", Some(&[])),
        Err(TemplateFault::AddressForeign)
    );
}

#[test]
fn an_address_may_neither_be_taken_for_a_domain_nor_for_the_code() {
    let read = |text| Template::parse_linking(text, Some(&origins()));
    assert_eq!(read("{code} @https://example.com"), Err(TemplateFault::MarkedWord));
    assert_eq!(read("https://example.com/2025 {code}"), Err(TemplateFault::CodeNotFirst));
}
