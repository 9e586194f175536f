from django.urls import path
from phones import drop_in, views

urlpatterns = [
    path("validate_phone/", views.validate_phone),
    path("validate_otp/", views.validate_otp),
    path("drop_in/validate_phone/", drop_in.validate_phone),
    path("drop_in/validate_otp/", drop_in.validate_otp),
]
