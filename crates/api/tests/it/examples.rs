//! The examples of the API document: there is one of everything that goes over the wire, each is what its schema says,
//! and those of requests are understood.

use serde_json::{Map, Value, json};

use crate::harness::{Contract, Service, call, conforms};

/// The values that a media type shows, and its schema.
fn values<'a>(document: &'a Value, media: &'a Value) -> Vec<&'a Value> {
    let resolved = |example: &'a Value| match example["$ref"].as_str() {
        Some(reference) => &document.pointer(&reference[1..]).unwrap()["value"],
        None => &example["value"],
    };
    let schema = document.pointer(&media["schema"]["$ref"].as_str().unwrap()[1..]).unwrap();
    let named = media["examples"].as_object().into_iter().flat_map(Map::values).map(resolved);
    named.chain(media.get("example")).chain(schema.get("example")).collect()
}

#[test]
fn there_is_an_example_of_all_that_goes_over_the_wire_and_it_is_what_the_schema_says() {
    let document = Contract::new().document;
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values())
    {
        let answers = operation["responses"].as_object().unwrap();
        let bodies = answers.iter().map(|(status, answer)| (status.as_str(), answer));
        for (of, body) in bodies.chain([("request", &operation["requestBody"])]) {
            for media in body["content"].as_object().into_iter().flat_map(Map::values) {
                let place = format!("{} {of}", operation["operationId"]);
                let values = values(&document, media);
                assert!(!values.is_empty(), "{place} has no example");
                for value in values {
                    conforms(&media["schema"], value, &place);
                    if of >= "400"
                        && of != "request"
                        && value.get("code").is_some()
                        && media["examples"].is_object()
                    {
                        assert!(value["status"].is_number(), "{place}: {value}");
                    }
                }
            }
        }
    }
}

/// What is wrong with it is not that it cannot be read.
#[tokio::test]
async fn every_request_that_is_shown_is_understood() {
    let document = Contract::new().document;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let Some(media) = operation.pointer("/requestBody/content/application~1json") else { continue };
            for value in values(&document, media) {
                let service = Service::new();
                let token = service.user("ram").await;
                let path = path.replace("{id}", crate::harness::UNKNOWN_ID);
                let answer =
                    service.call(call(&method.to_uppercase(), path).bearer(&token).json(value)).await;
                let told = if answer.status < 400 { Value::Null } else { answer.json()["code"].clone() };
                let misread = [
                    "body-malformed",
                    "body-invalid",
                    "phone-invalid",
                    "code-malformed",
                    "media-type-unsupported",
                ];
                assert!(
                    !misread.iter().any(|code| told == json!(code)),
                    "{}: {value}: {answer:?}",
                    operation["operationId"]
                );
            }
        }
    }
}

/// A problem's example is what the service would answer: its page, its status, its code.
#[test]
fn the_example_of_a_problem_is_of_its_kind() {
    let document = Contract::new().document;
    let examples = document["components"]["examples"].as_object().unwrap();
    let statuses =
        document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    for (status, answer) in statuses.flat_map(|operation| operation["responses"].as_object().unwrap()) {
        let content = answer["content"].as_object().into_iter().flat_map(Map::values);
        for (name, reference) in content.filter_map(|media| media["examples"].as_object()).flatten() {
            let Some(reference) = reference["$ref"].as_str() else { continue };
            let value = &examples[reference.rsplit('/').next().unwrap()]["value"];
            assert_eq!(value["status"].to_string(), *status, "{name}");
            if value.get("code").is_some() {
                assert_eq!(value["code"], **name);
                assert_eq!(value["type"], format!("/problems/{name}"));
            }
        }
    }
}
