//! The control API is what the manual says, and all of it.

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Harness, start};

const MANUAL: &str = include_str!("../../../../docs/operating.md");
const SOURCE: &str = include_str!("../../src/control.rs");

fn section() -> &'static str {
    let (_, rest) = MANUAL.split_once("## A simulator for your own tests").unwrap();
    rest.split("\n## ").next().unwrap()
}

/// What stands between back-ticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The first cells of the table rows.
fn rows() -> impl Iterator<Item = &'static str> {
    section().lines().filter_map(|line| line.strip_prefix("| `"))
}

async fn call(harness: &Harness, call: &str, body: Option<Value>) -> StatusCode {
    let (method, path) = call.split_once(' ').unwrap();
    let request = harness.client.request(Method::from_bytes(method.as_bytes()).unwrap(), harness.url(path));
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn every_call_of_the_manual_is_there_and_no_other() {
    let harness = start().await;
    let methods = ["GET ", "PUT ", "DELETE "];
    let told: BTreeSet<&str> =
        quoted(section()).filter(|text| methods.iter().any(|method| text.starts_with(method))).collect();
    for told in &told {
        let body = told.starts_with("PUT").then(|| json!({"kind": "normal"}));
        let status = call(&harness, told, body).await;
        assert!(status.is_success() || status.is_redirection(), "{told}: {status}");
    }
    let paths: BTreeSet<&str> =
        told.iter().filter_map(|told| told.split_once(' ')).map(|(_, path)| path).collect();
    let code: BTreeSet<&str> =
        SOURCE.split(".at(").skip(1).filter_map(|rest| rest.split('"').nth(1)).collect();
    assert_eq!(paths, code);
    for path in paths {
        for method in ["GET", "PUT", "DELETE"] {
            let one = format!("{method} {path}");
            let status = call(&harness, &one, Some(json!({"kind": "normal"}))).await;
            let refused = status == StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(refused, !told.contains(one.as_str()), "{one}: {status}");
        }
    }
}

#[tokio::test]
async fn every_behaviour_of_the_manual_is_one_and_no_other_is_there() {
    let harness = start().await;
    let behaviours: Vec<Value> = rows()
        .filter_map(|row| row.split('`').next())
        .filter(|cell| cell.starts_with('{'))
        .map(|cell| serde_json::from_str(cell).unwrap())
        .collect();
    for behaviour in &behaviours {
        assert_eq!(harness.put("/behaviour", behaviour).await.0, StatusCode::OK, "{behaviour}");
    }
    let script = quoted(section()).find(|text| text.starts_with("{\"standing\"")).unwrap();
    let script: Value = serde_json::from_str(script).unwrap();
    assert_eq!(harness.put("/behaviour", &script).await, (StatusCode::OK, script));
    let told: BTreeSet<&str> = behaviours.iter().filter_map(|behaviour| behaviour["kind"].as_str()).collect();
    // Who names none of them is told of all.
    let (status, refused) = harness.put("/behaviour", &json!({"kind": "explode"})).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let there_are: BTreeSet<&str> =
        quoted(refused["error"].as_str().unwrap()).filter(|kind| *kind != "explode").collect();
    assert_eq!(told, there_are);
}
