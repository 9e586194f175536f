"""The whole way with a client of openapi-python-client."""

import os
import random
import re
from typing import Any
from uuid import UUID

import httpx
from sparrow_verify_client import AuthenticatedClient
from sparrow_verify_client.api.accounts import (
    get_own_account,
    issue_user_token,
    list_accounts,
    revoke_user_token,
    unlink_phone,
)
from sparrow_verify_client.api.administration import issue_key, list_keys, revoke_key
from sparrow_verify_client.api.verifications import (
    cancel_verification,
    check_phone,
    check_verification,
    get_verification,
    list_verifications,
    resend_verification,
    start_verification,
)
from sparrow_verify_client.models import (
    Account,
    AccountPage,
    CheckCode,
    CheckPhone,
    IssuedKey,
    IssuedUserToken,
    IssueKey,
    IssueUserToken,
    Key,
    Problem,
    StartVerification,
    UserToken,
    Verification,
    VerificationPage,
)
from sparrow_verify_client.types import Response, Unset

URL = os.environ["VERIFY_URL"]


def client(credential: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=URL, token=credential, raise_on_unexpected_status=True)


API = client(os.environ["VERIFY_KEY"])

# Two to a page.
LIMIT = 2


def any_phone() -> str:
    """A mobile number of Nepal that no other journey has."""
    return f"985{random.randrange(10**7):07}"


def code_sent_to(phone: str) -> str:
    """The code of the last SMS to this phone, from the inbox of the demo."""
    messages = httpx.get(f"{URL}/inbox", params={"to": f"+977{phone}"}).json()
    found = re.search(r"\d{6,10}", messages[-1]["text"])
    assert found, "an SMS with a code came"
    return found.group()


def wrong(code: str) -> str:
    """A code of the same length that is not this one."""
    return ("1" if code[0] == "0" else "0") + code[1:]


def succeeded(answer: Response[Any], status: int) -> Verification:
    assert answer.status_code == status, answer
    assert isinstance(answer.parsed, Verification), answer
    return answer.parsed


def refused(answer: Response[Any], status: int, code: str) -> Problem:
    assert isinstance(answer.parsed, Problem), answer
    assert (answer.status_code, str(answer.parsed.code)) == (status, code), answer
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.parsed


def start(account: str, phone: str) -> Response[Any]:
    return start_verification.sync_detailed(client=API, body=StartVerification(account=account, phone=phone))


def check(verification: Verification, code: str) -> Response[Any]:
    return check_verification.sync_detailed(id_of(verification), client=API, body=CheckCode(code=code))


def id_of(verification: Verification) -> UUID:
    return UUID(str(verification.id))


def a_phone_is_proved() -> Verification:
    phone = any_phone()
    begun = succeeded(start("asim", phone), 201)
    assert (str(begun.status), begun.account) == ("pending", "asim")

    code = code_sent_to(phone)
    problem = refused(check(begun, wrong(code)), 422, "code-incorrect")
    assert problem.checks_left == begun.checks_left - 1
    approved = succeeded(check(begun, code), 200)
    assert str(approved.status) == "approved"
    assert not isinstance(approved.approved_at, Unset)
    assert succeeded(check(begun, code), 200) == approved, "a double submit changes nothing"

    refused(start("asim", phone), 403, "already-verified")
    refused(cancel_verification.sync_detailed(id_of(begun), client=API), 409, "verification-approved")
    return approved


def a_phone_is_proved_without_the_id() -> None:
    phone = any_phone()
    succeeded(start("bimal", phone), 201)
    body = CheckPhone(account="bimal", phone=phone, code=code_sent_to(phone))
    approved = succeeded(check_phone.sync_detailed(client=API, body=body), 200)
    assert approved.account == "bimal"


def a_verification_is_canceled() -> None:
    phone = any_phone()
    begun = succeeded(start("chetan", phone), 201)
    canceled = succeeded(cancel_verification.sync_detailed(id_of(begun), client=API), 200)
    assert str(canceled.status) == "canceled"
    refused(check(begun, code_sent_to(phone)), 410, "verification-canceled")


def a_limit_says_when_to_come_back() -> None:
    phone = any_phone()
    begun = succeeded(start("dinesh", phone), 201)
    resent = resend_verification.sync_detailed(id_of(begun), client=API)
    for answer in (start("dinesh", phone), resent):
        problem = refused(answer, 429, "resend-too-soon")
        assert 1 <= int(answer.headers["Retry-After"]) <= 60
        assert problem.resend_at, "the answer says how the live one stands"


def words(problem: Problem) -> str:
    """As an application would: it branches on `code`, and on nothing else."""
    match str(problem.code):
        case "phone-invalid":
            return f"no phone: {problem.reason}"
        case "unauthenticated":
            return "no credential"
        case "verification-not-found":
            return "not ours"
        case _:
            return problem.title


def problems_are_told_apart(stranger: Verification) -> None:
    invalid = refused(start("asim", "98412345"), 422, "phone-invalid")
    assert words(invalid) == "no phone: wrong-length"

    body = StartVerification(phone=any_phone())
    nobody = start_verification.sync_detailed(client=client("svk_nobody"), body=body)
    assert words(refused(nobody, 401, "unauthenticated")) == "no credential"

    someone = client(os.environ["VERIFY_TOKEN"])
    foreign = get_verification.sync_detailed(id_of(stranger), client=someone)
    assert words(refused(foreign, 404, "verification-not-found")) == "not ours"

    empty = refused(start("", any_phone()), 422, "body-invalid")
    assert not isinstance(empty.errors, Unset)
    assert [error.pointer for error in empty.errors] == ["#/account"]


def pages_lead_to_the_end(known: Verification) -> None:
    seen: list[str] = []
    page: VerificationPage | Problem | None = list_verifications.sync(client=API, limit=LIMIT)
    while True:
        assert isinstance(page, VerificationPage), page
        assert len(page.items) <= LIMIT
        seen += [str(item.id) for item in page.items]
        if isinstance(page.next_, Unset):
            break
        page = list_verifications.sync(client=API, limit=LIMIT, cursor=page.next_)
    assert len(seen) >= 4 and str(known.id) in seen, "every page was read"
    assert len(set(seen)) == len(seen), "nothing comes twice"


def an_account_is_looked_after() -> None:
    phone = any_phone()
    succeeded(start("ganesh", phone), 201)
    proof = CheckPhone(account="ganesh", phone=phone, code=code_sent_to(phone))
    succeeded(check_phone.sync_detailed(client=API, body=proof), 200)

    found = list_accounts.sync(client=API, username="ganesh")
    assert isinstance(found, AccountPage), found
    account = found.items[0]
    assert not isinstance(account.phone_verified_at, Unset)
    id = UUID(str(account.id))

    issued = issue_user_token.sync(id, client=API, body=IssueUserToken(name="phone", expires_in_days=1))
    assert isinstance(issued, IssuedUserToken), issued
    own = get_own_account.sync(client=client(issued.secret))
    assert isinstance(own, Account) and own.username == "ganesh", "the token acts for its account"
    revoked = revoke_user_token.sync(id, UUID(str(issued.id)), client=API)
    assert isinstance(revoked, UserToken) and not isinstance(revoked.revoked_at, Unset)

    unlinked = unlink_phone.sync(id, client=API)
    assert isinstance(unlinked, Account) and isinstance(unlinked.phone, Unset)


def an_application_is_administered() -> None:
    forbidden = list_keys.sync_detailed(client=API)
    refused(forbidden, 403, "scope-missing")
    admin = client(os.environ["VERIFY_ADMIN_KEY"])
    issued = issue_key.sync(client=admin, body=IssueKey.from_dict({"scope": "verify", "name": "spare"}))
    assert isinstance(issued, IssuedKey), issued
    assert isinstance(list_verifications.sync(client=client(issued.secret)), VerificationPage)
    revoked = revoke_key.sync(UUID(str(issued.id)), client=admin)
    assert isinstance(revoked, Key) and not isinstance(revoked.revoked_at, Unset)


if __name__ == "__main__":
    proved = a_phone_is_proved()
    a_phone_is_proved_without_the_id()
    a_verification_is_canceled()
    a_limit_says_when_to_come_back()
    problems_are_told_apart(proved)
    pages_lead_to_the_end(proved)
    an_account_is_looked_after()
    an_application_is_administered()
    print("openapi-python-client: arrived")
