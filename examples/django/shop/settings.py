"""As little as the example needs. Yours has its own."""

import os

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only for the example")
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "phones"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

# Where Sparrow Verify answers, and a key of this application: `sparrow-verify key issue`.
VERIFY_URL = os.environ["VERIFY_URL"]
VERIFY_KEY = os.environ["VERIFY_KEY"]
