"""What an application's other services use: accounts, calls that are made twice, proofs, events, and what webhooks tell."""

import json
import os
import sys
from typing import Any
from uuid import UUID

import httpx
import jwt
from journey import API, LIMIT, URL, any_phone, client, code_sent_to, refused, succeeded
from sparrow_verify_client import Client
from sparrow_verify_client.api.accounts import create_account, get_account, list_accounts
from sparrow_verify_client.api.administration import get_event, list_events
from sparrow_verify_client.api.proofs import list_proof_keys
from sparrow_verify_client.api.verifications import check_verification, start_verification
from sparrow_verify_client.models import (
    Account,
    AccountPage,
    CheckCode,
    CreateAccount,
    Event,
    EventPage,
    ProofKeySet,
    StartVerification,
)
from sparrow_verify_client.types import Response, Unset
from standardwebhooks import Webhook, WebhookVerificationError


def accounts_are_kept() -> None:
    names = ["manoj", "nabin", "om"]
    for username in names:
        made = create_account.sync_detailed(client=API, body=CreateAccount(username=username))
        assert made.status_code == 201 and isinstance(made.parsed, Account), made
        again = create_account.sync_detailed(client=API, body=CreateAccount(username=username))
        assert (again.status_code, again.parsed) == (200, made.parsed), "it is there already"
        assert get_account.sync(UUID(str(made.parsed.id)), client=API) == made.parsed
    seen: list[str] = []
    page = list_accounts.sync(client=API, limit=LIMIT)
    while True:
        assert isinstance(page, AccountPage) and len(page.items) <= LIMIT, page
        seen += [account.username for account in page.items]
        if isinstance(page.next_, Unset):
            break
        page = list_accounts.sync(client=API, limit=LIMIT, cursor=page.next_)
    assert set(names) <= set(seen), "every page was read"
    assert len(set(seen)) == len(seen), "nothing comes twice"


def a_call_that_is_made_twice_is_done_once() -> None:
    phone = any_phone()

    def start(account: str) -> Response[Any]:
        body = StartVerification(account=account, phone=phone)
        return start_verification.sync_detailed(client=API, body=body, idempotency_key=f"order-{phone}")

    first, second = start("manoj"), start("manoj")
    assert succeeded(second, 201) == succeeded(first, 201), "the same answer"
    assert second.headers["Idempotency-Replayed"] == "true"
    inbox = httpx.get(f"{URL}/inbox", params={"to": f"+977{phone}"}).json()
    assert len(inbox) == 1, "one SMS"
    refused(start("nabin"), 422, "idempotency-key-reused")


def an_approval_is_believed_elsewhere() -> None:
    phone = any_phone()
    body = StartVerification(account="om", phone=phone)
    begun = succeeded(start_verification.sync_detailed(client=API, body=body), 201)
    id = UUID(str(begun.id))
    code = CheckCode(code=code_sent_to(phone))
    proof = succeeded(check_verification.sync_detailed(id, client=API, body=code), 200).proof
    assert isinstance(proof, str)

    # The keys are asked for once and kept; from here on nobody asks the service.
    published = list_proof_keys.sync(client=Client(base_url=URL))
    assert isinstance(published, ProofKeySet), published
    keys = jwt.PyJWKSet.from_dict(published.to_dict())
    header = jwt.get_unverified_header(proof)
    assert header["typ"] == "phone-proof+jwt"
    key = keys[header["kid"]]
    claims = jwt.decode(proof, key, algorithms=["EdDSA"], audience="default", issuer=URL)
    assert (claims["sub"], claims["jti"], claims["method"]) == ("om", str(id), "sms")
    signed, signature = proof.rsplit(".", 1)
    try:
        jwt.decode(f"{signed[:-4]}AAAA.{signature}", key, algorithms=["EdDSA"], audience="default", issuer=URL)
        raise AssertionError("it was forged")
    except jwt.InvalidTokenError:
        pass

    admin = client(os.environ["VERIFY_ADMIN_KEY"])
    events = list_events.sync(client=admin, kind="verification.approved", account="om")
    assert isinstance(events, EventPage), events
    approved = next(event for event in events.items if str(event.verification) == str(id))
    one = get_event.sync(UUID(str(approved.id)), client=admin)
    assert isinstance(one, Event) and one.type_ == approved.type_


def what_webhooks_tell_is_believed() -> None:
    webhook = Webhook(os.environ["WEBHOOK_SECRET"])
    with open(os.environ["WEBHOOK_MESSAGES"], encoding="utf-8") as file:
        messages: list[dict[str, Any]] = json.load(file)
    for message in messages:
        told = webhook.verify(message["body"], message["headers"])
        assert told["data"]["application"] == "default", told
        try:
            webhook.verify(message["body"] + " ", message["headers"])
            raise AssertionError("it was forged")
        except WebhookVerificationError:
            pass
    assert "verification.approved" in [json.loads(message["body"])["type"] for message in messages]


if __name__ == "__main__":
    if sys.argv[1:] == ["webhooks"]:
        what_webhooks_tell_is_believed()
    else:
        accounts_are_kept()
        a_call_that_is_made_twice_is_done_once()
        an_approval_is_believed_elsewhere()
    print("services: arrived")
