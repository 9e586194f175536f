"""The tutorial's two endpoints, handed on to the service's classic API as they came. It answers in the tutorial's words."""

import requests
from django.http import HttpRequest, JsonResponse

from .models import VerifyToken
from .service import post
from .views import answer, for_users


def handed_on(request: HttpRequest, path: str, body: dict[str, object]) -> JsonResponse:
    token = VerifyToken.objects.filter(user=request.user).values_list("secret", flat=True).first()
    if token is None:
        return answer(400, "Incorrect username.")
    response: requests.Response = post(path, token, body)
    wait = response.headers.get("Retry-After")
    return JsonResponse(response.json(), status=response.status_code, headers={"Retry-After": wait} if wait else None)


@for_users
def validate_phone(request: HttpRequest, body: dict[str, object]) -> JsonResponse:
    return handed_on(request, "/validate_phone/", body)


@for_users
def validate_otp(request: HttpRequest, body: dict[str, object]) -> JsonResponse:
    return handed_on(request, "/validate_otp/", body)
