"""Calls the service. Knows no user and no sentence."""

from typing import Any

import requests
from django.conf import settings

# The service gives up after 30 s by itself.
TIMEOUT_S = (3, 35)


def post(path: str, credential: str, body: dict[str, Any]) -> requests.Response:
    """Posts JSON. A service that does not answer is answered for: 503, like one that says so itself."""
    headers = {"Authorization": f"Bearer {credential}"}
    try:
        return requests.post(settings.VERIFY_URL + path, json=body, headers=headers, timeout=TIMEOUT_S)
    except requests.RequestException:
        silent = requests.Response()
        silent.status_code = 503
        silent.headers["Retry-After"] = "5"
        silent.headers["Content-Type"] = "application/problem+json"
        silent._content = b'{"status": 503, "code": "no-answer", "detail": "Try again."}'
        return silent
