"""The tutorial's two endpoints on the native API: `{phone}` and `{phone, otp, username}` in, `{status, details}` out."""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

import requests
from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from .models import VerifiedPhone
from .service import post

# What the tutorial said, by the code of the problem. Codes are stable; what is not here is told by its status.
SENTENCES = {
    "already-verified": (403, "Phone number already verified."),
    "phone-taken": (403, "Phone number already verified by another user."),
    "phone-invalid": (400, "Enter a mobile number."),
    "body-invalid": (400, "Enter a mobile number and the OTP as text."),
    "code-incorrect": (400, "Incorrect OTP."),
    "code-malformed": (400, "Incorrect OTP."),
    "verification-not-found": (400, "No OTP is waiting for this phone number. Request a new one."),
    "resend-too-soon": (429, "An OTP was sent a moment ago. Wait before you request another."),
    "rate-limited": (429, "Maximum number of OTPs sent. Try again later, or contact support."),
    "sends-used-up": (429, "Maximum number of OTPs sent. Try again later, or contact support."),
    "too-many-checks": (429, "Too many incorrect OTPs. Request a new one later."),
}


def answer(status: int, details: str, headers: dict[str, str] | None = None) -> JsonResponse:
    return JsonResponse({"status": status, "details": details}, status=status, headers=headers)


def refused(response: requests.Response) -> JsonResponse:
    """The service's refusal in the tutorial's form."""
    problem = response.json()
    status, details = SENTENCES.get(problem.get("code"), (response.status_code, problem.get("detail", "Try again.")))
    if response.status_code in (401, 403) and problem.get("code") not in SENTENCES:
        # Our key is wrong, which is no fault of the user's.
        status, details = 502, "Phones cannot be verified just now."
    wait = response.headers.get("Retry-After")
    return answer(status, details, {"Retry-After": wait} if wait else None)


View = Callable[[HttpRequest, dict[str, Any]], JsonResponse]


def for_users(view: View) -> Callable[[HttpRequest], JsonResponse]:
    """Logged in, by POST, with an object of JSON or a form."""

    @require_POST
    @wraps(view)
    def checked(request: HttpRequest) -> JsonResponse:
        if not request.user.is_authenticated:
            return answer(401, "Log in first.")
        try:
            body = json.loads(request.body) if request.content_type == "application/json" else request.POST.dict()
        except ValueError:
            return answer(400, "The body is not JSON.")
        if not isinstance(body, dict):
            return answer(400, "Send an object.")
        return view(request, body)

    return checked


@for_users
def validate_phone(request: HttpRequest, body: dict[str, Any]) -> JsonResponse:
    # The account is who is logged in, never a name of the body.
    start = {"phone": body.get("phone"), "account": request.user.get_username()}
    response = post("/v1/verifications", settings.VERIFY_KEY, start)
    return answer(200, "OTP sent successfully.") if response.ok else refused(response)


@for_users
def validate_otp(request: HttpRequest, body: dict[str, Any]) -> JsonResponse:
    username = request.user.get_username()
    if body.get("username", username) != username:
        return answer(403, "The username is not yours.")
    check = {"phone": body.get("phone"), "code": body.get("otp"), "account": username}
    response = post("/v1/verifications/checks", settings.VERIFY_KEY, check)
    if not response.ok:
        return refused(response)
    approved = response.json()
    fields = {
        "masked": approved["phone"],
        "verification": approved["id"],
        "at": parse_datetime(approved["approved_at"]),
    }
    VerifiedPhone.objects.update_or_create(user=request.user, defaults=fields)
    return answer(200, "OTP matched. Phone number verified.")
