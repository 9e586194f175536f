"""What is left of the tutorial's models. The codes, their counters and their states are the service's."""

from django.conf import settings
from django.db import models


class VerifiedPhone(models.Model):
    """That a user has proved a phone, as the service told. The number itself stays with the service."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="verified_phone")
    masked = models.CharField(max_length=32)
    verification = models.UUIDField()
    at = models.DateTimeField()


class VerifyToken(models.Model):
    """The service's token of a user: only drop_in.py needs it."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="verify_token")
    secret = models.CharField(max_length=100)
