//! Every row of the design's table of operations, each with every answer that it names, on the native API and on the
//! classic one. What leads there is the shortest way; the ways themselves are walked in the other journeys.

use std::time::Duration;

use harness::{Answer, Stack, wrong};
use reqwest::Method;
use serde_json::{Value, json};
use simulator::Behaviour;

const RAM: &str = "+9779841234567";
const SITA: &str = "+9779801234567";
const GITA: &str = "+9779851234567";
const HARI: &str = "+9779861234567";
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// A person before the service: a user token, and the two APIs.
struct Person<'a> {
    stack: &'a Stack,
    name: &'static str,
    token: String,
}

impl<'a> Person<'a> {
    async fn of(stack: &'a Stack, name: &'static str) -> Self {
        Self { stack, name, token: stack.user(name).await }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.stack.client.post(path, &self.token, &body).await
    }

    async fn start(&self, phone: &str) -> Answer {
        self.post("/v1/verifications", json!({"phone": phone})).await
    }

    async fn started(&self, phone: &str) -> String {
        self.start(phone).await.is(201).member("id")
    }

    async fn check(&self, id: &str, code: &str) -> Answer {
        self.post(&format!("/v1/verifications/{id}/checks"), json!({"code": code})).await
    }

    async fn check_phone(&self, phone: &str, code: &str) -> Answer {
        self.post("/v1/verifications/checks", json!({"phone": phone, "code": code})).await
    }

    async fn resend(&self, id: &str) -> Answer {
        self.stack.client.call(Method::POST, &format!("/v1/verifications/{id}/resends"), &self.token).await
    }

    async fn cancel(&self, id: &str) -> Answer {
        self.stack.client.call(Method::DELETE, &format!("/v1/verifications/{id}"), &self.token).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.stack.client.get(path, &self.token).await
    }

    async fn validate_phone(&self, phone: &str) -> Answer {
        classic(self.post("/validate_phone/", json!({"phone": phone})).await)
    }

    async fn validate_otp(&self, phone: &str, otp: &str) -> Answer {
        classic(self.post("/validate_otp/", json!({"phone": phone, "otp": otp, "username": self.name})).await)
    }

    async fn prove(&self, phone: &str) -> String {
        let id = self.started(phone).await;
        let _ = self.check(&id, &self.stack.code(phone)).await.is(200);
        id
    }
}

/// The form of the classic API: its two members, and the status said twice.
#[track_caller]
fn classic(answer: Answer) -> Answer {
    let body = answer.json();
    let members: Vec<_> = body.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["status", "details"], "{}", answer.text);
    assert_eq!(body["status"], answer.status, "{}", answer.text);
    answer
}

/// What every answer about a live verification carries.
#[track_caller]
fn tells_how_it_stands(answer: &Answer) {
    for member in ["expires_at", "resend_at", "sends_left", "checks_left"] {
        assert!(!answer.json()[member].is_null(), "no {member} in {}", answer.text);
    }
}

#[tokio::test]
async fn start_verification_answers_as_the_table_says() {
    let mut stack = Stack::start().await;
    let ram = Person::of(&stack, "ram").await;
    tells_how_it_stands(&ram.start(RAM).await.is(201));
    let limited = ram.start(RAM).await.is_problem(429, "resend-too-soon");
    tells_how_it_stands(&limited);
    assert!(limited.header("retry-after").is_some());
    stack.clock.advance(Duration::from_mins(1));
    tells_how_it_stands(&ram.start(RAM).await.is(200));
    let _ = ram.check_phone(RAM, &stack.code(RAM)).await.is(200);
    let _ = ram.start(RAM).await.is_problem(403, "already-verified");

    let broken = stack.client.request(Method::POST, "/v1/verifications", &ram.token);
    let broken = broken.header("content-type", "application/json").body("{");
    let _ = harness::Client::send(broken).await.is_problem(400, "body-malformed");
    let body = json!({"phone": SITA});
    let _ = stack.client.post("/v1/verifications", "", &body).await.is_problem(401, "unauthenticated");
    let _ = ram.start("014123456").await.is_problem(422, "phone-invalid");
    assert!(stack.simulator.enqueue(Behaviour::Refuse { code: 1011 }));
    let _ = ram.start(SITA).await.is_problem(422, "destination-unsupported");
    assert!(stack.simulator.enqueue(Behaviour::Refuse { code: 1012 }));
    let _ = ram.start(GITA).await.is_problem(502, "gateway-refused");
    let token = ram.token.clone();
    stack.stop_gateway().await;
    let down = stack.client.post("/v1/verifications", &token, &json!({"phone": HARI})).await;
    let down = down.is_problem(503, "gateway-unavailable");
    assert!(down.header("retry-after").is_some());
}

#[tokio::test]
async fn check_verification_answers_as_the_table_says() {
    let stack = Stack::start().await;
    let (ram, sita) = (Person::of(&stack, "ram").await, Person::of(&stack, "sita").await);
    let id = ram.started(RAM).await;
    let code = stack.code(RAM);
    tells_how_it_stands(&ram.check(&id, &wrong(&code)).await.is_problem(422, "code-incorrect"));
    let _ = ram.check(NOBODY, &code).await.is_problem(404, "verification-not-found");
    let _ = sita.check(&id, &code).await.is_problem(404, "verification-not-found");
    let approved = ram.check(&id, &code).await.is(200);
    assert_eq!(ram.check(&id, &code).await.is(200).json(), approved.json(), "a double submit");

    let taken = sita.started(RAM).await;
    let _ = sita.check(&taken, &stack.code(RAM)).await.is_problem(409, "phone-taken");

    let canceled = ram.started(SITA).await;
    let _ = ram.cancel(&canceled).await.is(200);
    let _ = ram.check(&canceled, &stack.code(SITA)).await.is_problem(410, "verification-canceled");
    let _ = sita.check(&canceled, &stack.code(SITA)).await.is_problem(404, "verification-not-found");

    let tried = ram.started(GITA).await;
    let code = stack.code(GITA);
    for _ in 0..5 {
        let _ = ram.check(&tried, &wrong(&code)).await.is_problem(422, "code-incorrect");
    }
    let locked = ram.check(&tried, &code).await.is_problem(429, "too-many-checks");
    assert!(locked.header("retry-after").is_some());

    let expired = ram.started(HARI).await;
    stack.clock.advance(Duration::from_mins(10));
    let _ = ram.check(&expired, &stack.code(HARI)).await.is_problem(410, "verification-expired");
}

#[tokio::test]
async fn check_phone_answers_as_the_table_says() {
    let stack = Stack::start().await;
    let (ram, sita) = (Person::of(&stack, "ram").await, Person::of(&stack, "sita").await);
    let _ = ram.check_phone(RAM, "123456").await.is_problem(404, "verification-not-found");
    let _ = ram.started(RAM).await;
    let code = stack.code(RAM);
    tells_how_it_stands(&ram.check_phone(RAM, &wrong(&code)).await.is_problem(422, "code-incorrect"));
    let _ = sita.check_phone(RAM, &code).await.is_problem(404, "verification-not-found");
    let _ = ram.check_phone("12", &code).await.is_problem(422, "phone-invalid");
    let _ = ram.check_phone(RAM, &code).await.is(200);

    let _ = sita.started(RAM).await;
    let _ = sita.check_phone(RAM, &stack.code(RAM)).await.is_problem(409, "phone-taken");

    // Whatever the reason that nothing is live, the answer is one.
    let canceled = ram.started(SITA).await;
    let _ = ram.cancel(&canceled).await.is(200);
    let _ = ram.check_phone(SITA, &stack.code(SITA)).await.is_problem(404, "verification-not-found");
    let _ = ram.started(GITA).await;
    stack.clock.advance(Duration::from_mins(10));
    let _ = ram.check_phone(GITA, &stack.code(GITA)).await.is_problem(404, "verification-not-found");

    let _ = ram.started(HARI).await;
    let code = stack.code(HARI);
    for _ in 0..5 {
        let _ = ram.check_phone(HARI, &wrong(&code)).await.is_problem(422, "code-incorrect");
    }
    let _ = ram.check_phone(HARI, &code).await.is_problem(429, "too-many-checks");
}

#[tokio::test]
async fn reading_resending_and_canceling_answer_as_the_table_says() {
    let stack = Stack::start().await;
    let (ram, sita) = (Person::of(&stack, "ram").await, Person::of(&stack, "sita").await);
    let approved = ram.prove(RAM).await;
    // Of two of one millisecond either may be the younger.
    stack.clock.advance(Duration::from_millis(1));
    let id = ram.started(SITA).await;

    let path = format!("/v1/verifications/{id}");
    tells_how_it_stands(&ram.get(&path).await.is(200));
    let _ = sita.get(&path).await.is_problem(404, "verification-not-found");
    let page = ram.get("/v1/verifications?limit=1").await.is(200);
    assert_eq!(page.json()["items"][0]["id"], id.as_str(), "the youngest first");
    let next = ram.get(&format!("/v1/verifications?limit=1&cursor={}", page.member("next"))).await.is(200);
    assert_eq!(next.json()["items"][0]["id"], approved.as_str());
    let filtered = ram.get("/v1/verifications?status=approved").await.is(200).json();
    assert_eq!(filtered["items"].as_array().map(Vec::len), Some(1));
    let _ = ram.get("/v1/verifications?cursor=nothing").await.is_problem(400, "parameter-invalid");
    assert_eq!(sita.get("/v1/verifications").await.is(200).json()["items"], json!([]));

    let _ = ram.resend(&id).await.is_problem(429, "resend-too-soon");
    stack.clock.advance(Duration::from_mins(1));
    tells_how_it_stands(&ram.resend(&id).await.is(200));
    let _ = sita.resend(&id).await.is_problem(404, "verification-not-found");
    let _ = ram.resend(&approved).await.is_problem(409, "verification-approved");

    let _ = sita.cancel(&id).await.is_problem(404, "verification-not-found");
    for _ in 0..2 {
        assert_eq!(ram.cancel(&id).await.is(200).member("status"), "canceled");
    }
    let _ = ram.resend(&id).await.is_problem(410, "verification-canceled");
    let _ = ram.cancel(&approved).await.is_problem(409, "verification-approved");
}

#[tokio::test]
async fn validate_phone_answers_as_the_tutorial_did() {
    let mut stack = Stack::start().await;
    let ram = Person::of(&stack, "ram").await;
    assert_eq!(ram.validate_phone(RAM).await.is(200).member("details"), "OTP sent successfully.");
    assert!(ram.validate_phone(RAM).await.is(429).header("retry-after").is_some());
    stack.clock.advance(Duration::from_mins(1));
    let _ = ram.validate_phone(RAM).await.is(200);
    let _ = ram.validate_otp(RAM, &stack.code(RAM)).await.is(200);
    let told = ram.validate_phone(RAM).await.is(403).member("details");
    assert_eq!(told, "Phone number already verified.");

    let _ = ram.validate_phone("014123456").await.is(400);
    let nobody = stack.client.post("/validate_phone/", "", &json!({"phone": SITA})).await;
    let _ = classic(nobody).is(401);
    let _ = classic(ram.post("/validate_phone/", json!({})).await).is(400);
    assert!(stack.simulator.enqueue(Behaviour::Refuse { code: 1011 }));
    let _ = ram.validate_phone(SITA).await.is(400);
    assert!(stack.simulator.enqueue(Behaviour::Refuse { code: 1012 }));
    let _ = ram.validate_phone(GITA).await.is(502);
    let token = ram.token.clone();
    stack.stop_gateway().await;
    let down = stack.client.post("/validate_phone/", &token, &json!({"phone": HARI})).await;
    assert!(classic(down).is(503).header("retry-after").is_some());
}

#[tokio::test]
async fn validate_otp_answers_as_the_tutorial_did() {
    let stack = Stack::start().await;
    let (ram, sita) = (Person::of(&stack, "ram").await, Person::of(&stack, "sita").await);
    let _ = ram.validate_otp(RAM, "123456").await.is(400);
    let _ = ram.validate_phone(RAM).await.is(200);
    let code = stack.code(RAM);
    assert_eq!(ram.validate_otp(RAM, &wrong(&code)).await.is(400).member("details"), "Incorrect OTP.");
    let _ = sita.validate_otp(RAM, &code).await.is(400);
    let other = json!({"phone": RAM, "otp": code, "username": "ram"});
    let _ = classic(sita.post("/validate_otp/", other).await).is(403);
    for _ in 0..2 {
        let told = ram.validate_otp(RAM, &code).await.is(200).member("details");
        assert_eq!(told, "OTP matched. Phone number verified.");
    }

    let _ = sita.validate_phone(RAM).await.is(200);
    let told = sita.validate_otp(RAM, &stack.code(RAM)).await.is(403).member("details");
    assert_eq!(told, "Phone number already verified by another user.");

    let _ = ram.validate_phone(SITA).await.is(200);
    let code = stack.code(SITA);
    for _ in 0..5 {
        let _ = ram.validate_otp(SITA, &wrong(&code)).await.is(400);
    }
    assert!(ram.validate_otp(SITA, &code).await.is(429).header("retry-after").is_some());

    let _ = ram.validate_phone(GITA).await.is(200);
    stack.clock.advance(Duration::from_mins(10));
    let _ = ram.validate_otp(GITA, &stack.code(GITA)).await.is(400);
}

#[tokio::test]
async fn the_classic_addresses_answer_options_and_head() {
    let stack = Stack::start().await;
    for path in ["/validate_phone", "/validate_phone/", "/validate_otp", "/validate_otp/"] {
        for method in [Method::OPTIONS, Method::HEAD] {
            let is_head = method == Method::HEAD;
            let answer = stack.client.call(method, path, "").await.is(200);
            assert_eq!(answer.header("allow"), Some("POST, OPTIONS, HEAD"), "{path}");
            assert_eq!(answer.text.is_empty(), is_head, "{path}");
        }
    }
}
