"""Verifies a phone in a terminal: python verify.py PHONE. Needs VERIFY_URL, and in VERIFY_KEY a key of the application.

The package sparrow_verify_client is generated: see docs/sdks.md.
"""

import os
import sys
from uuid import UUID

from sparrow_verify_client import AuthenticatedClient
from sparrow_verify_client.api.verifications import check_verification, start_verification
from sparrow_verify_client.models import CheckCode, Problem, StartVerification, Verification
from sparrow_verify_client.types import Response


def words(answer: Response[Problem | Verification]) -> str:
    """What to tell the person. Codes are stable, texts are not; new codes may come, so there is a default."""
    problem = answer.parsed
    if not isinstance(problem, Problem):
        return f"The service answered {answer.status_code}."
    match str(problem.code):
        case "phone-invalid":
            return "This is not a mobile number."
        case "code-incorrect" | "code-malformed":
            return f"That is not the code. {problem.checks_left} tries left."
        case "resend-too-soon" | "rate-limited":
            return f"Too many SMS; try again in {answer.headers['Retry-After']} s."
        case _:
            return problem.detail


def main(phone: str) -> int:
    with AuthenticatedClient(base_url=os.environ["VERIFY_URL"], token=os.environ["VERIFY_KEY"]) as api:
        started = start_verification.sync_detailed(client=api, body=StartVerification(phone=phone))
        if not isinstance(started.parsed, Verification):
            print(words(started), file=sys.stderr)
            return 1
        print(f"A code is on its way to {started.parsed.phone}.")

        id = UUID(str(started.parsed.id))
        for line in sys.stdin:
            checked = check_verification.sync_detailed(id, client=api, body=CheckCode(code=line.strip()))
            if isinstance(checked.parsed, Verification):
                print(f"Verified: {checked.parsed.phone}")
                return 0
            print(words(checked), file=sys.stderr)
            # 422: it was not the code, and may be tried again. Anything else ends the verification.
            if checked.status_code != 422:
                break
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
