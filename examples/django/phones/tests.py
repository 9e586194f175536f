"""Against a running `sparrow-verify demo`: VERIFY_URL, VERIFY_KEY, VERIFY_ACCOUNT and its VERIFY_TOKEN."""

import os
import random
import re
from typing import Any

import requests
from django.conf import settings
from django.contrib.auth.models import User
from django.test import TestCase, override_settings

from .models import VerifiedPhone, VerifyToken


def any_phone() -> str:
    return f"986{random.randrange(10**7):07}"


def code_sent_to(phone: str) -> str:
    """The code of the last SMS to this phone, from the inbox of the demo."""
    messages = requests.get(f"{settings.VERIFY_URL}/inbox", params={"to": f"+977{phone}"}, timeout=5).json()
    found = re.search(r"\d{6,10}", messages[-1]["text"])
    assert found
    return found.group()


def wrong(code: str) -> str:
    return ("1" if code[0] == "0" else "0") + code[1:]


class TheTutorialsClient(TestCase):
    """What a client of the tutorial does, word for word, on the native API."""

    prefix = ""
    username = "maya"

    def setUp(self) -> None:
        self.user = User.objects.create_user(self.username)
        self.client.force_login(self.user)

    def told(self, path: str, body: dict[str, Any]) -> tuple[int, str]:
        answer = self.client.post(f"{self.prefix}/{path}/", body, content_type="application/json")
        said = answer.json()
        self.assertEqual(set(said), {"status", "details"})
        self.assertEqual(said["status"], answer.status_code)
        if answer.status_code == 429:
            self.assertGreaterEqual(int(answer.headers["Retry-After"]), 1)
        return answer.status_code, said["details"]

    def test_a_phone_is_verified(self) -> None:
        phone = any_phone()
        self.assertEqual(self.told("validate_phone", {"phone": phone}), (200, "OTP sent successfully."))
        self.assertEqual(self.told("validate_phone", {"phone": phone})[0], 429)
        code = code_sent_to(phone)
        body = {"phone": phone, "username": self.username}
        self.assertEqual(self.told("validate_otp", {**body, "otp": wrong(code)}), (400, "Incorrect OTP."))
        verified = (200, "OTP matched. Phone number verified.")
        self.assertEqual(self.told("validate_otp", {**body, "otp": code}), verified)
        self.assertEqual(self.told("validate_otp", {**body, "otp": code}), verified, "double submits happen")
        self.assertEqual(self.told("validate_phone", {"phone": phone}), (403, "Phone number already verified."))

    def test_a_code_is_for_whom_it_was_sent(self) -> None:
        phone = any_phone()
        self.assertEqual(self.told("validate_phone", {"phone": phone})[0], 200)
        body = {"phone": phone, "otp": code_sent_to(phone), "username": "somebody-else"}
        self.assertEqual(self.told("validate_otp", body)[0], 403)

    def test_what_is_no_phone_is_refused(self) -> None:
        for phone in ("12", "9841234567,9851234567", "", None, 9841234567, ["9841234567"]):
            self.assertEqual(self.told("validate_phone", {"phone": phone})[0], 400, phone)

    def test_who_is_not_logged_in_is_told(self) -> None:
        self.client.logout()
        self.assertEqual(self.told("validate_phone", {"phone": any_phone()}), (401, "Log in first."))


class TheTutorialsClientOnTheClassicApi(TheTutorialsClient):
    """The same, handed on."""

    prefix = "/drop_in"
    username = os.environ["VERIFY_ACCOUNT"]

    def setUp(self) -> None:
        super().setUp()
        VerifyToken.objects.create(user=self.user, secret=os.environ["VERIFY_TOKEN"])


class TheNativeApi(TestCase):
    def test_what_was_proved_is_kept(self) -> None:
        user = User.objects.create_user("nisha")
        self.client.force_login(user)
        phone = any_phone()
        self.client.post("/validate_phone/", {"phone": phone})
        self.client.post("/validate_otp/", {"phone": phone, "otp": code_sent_to(phone), "username": "nisha"})
        kept = VerifiedPhone.objects.get(user=user)
        self.assertEqual((kept.masked[:5], kept.masked[-2:]), ("+9779", phone[-2:]))

    @override_settings(VERIFY_URL="http://127.0.0.1:1")
    def test_a_service_that_is_down_is_told(self) -> None:
        self.client.force_login(User.objects.create_user("om"))
        answer = self.client.post("/validate_phone/", {"phone": any_phone()})
        self.assertEqual((answer.status_code, answer.json()["status"]), (503, 503))
        self.assertTrue(answer.headers["Retry-After"])
