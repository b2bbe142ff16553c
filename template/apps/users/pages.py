"""The web pages that the links in our emails open. A front end can replace them: docs/accounts.md says how."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from apps.users.email_tokens import InvalidLinkError
from apps.users.serializers import PASSWORD_MAX_LENGTH
from apps.users.services import password_reset_confirm, registration_confirm


class NewPasswordForm(forms.Form):
    """A new password, typed once: browsers can show and save it."""

    new_password = forms.CharField(
        label="New password",
        max_length=PASSWORD_MAX_LENGTH,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class VerifyEmailPage(View):
    """Confirms an email address when the button is pressed. Opening the page changes nothing: mail scanners open it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        context = {
            "title": "Confirm your email address",
            "text": "Press the button to activate your account. If you did not register, close this page.",
            "token": request.GET.get("token", ""),
            "button": "Confirm",
        }
        return render(request, "page.html", context)

    def post(self, request: HttpRequest) -> HttpResponse:
        try:
            registration_confirm(token=request.POST.get("token", ""))
        except InvalidLinkError as error:
            return _message(request, "This link does not work", error.detail, HTTPStatus.BAD_REQUEST)
        return _message(request, "Your email address is confirmed", "You can sign in now.")


@method_decorator([never_cache, sensitive_post_parameters()], name="dispatch")
class ResetPasswordPage(View):
    """Asks for a new password, and sets it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return self._form(request, NewPasswordForm(), request.GET)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = NewPasswordForm(request.POST)
        if not form.is_valid():
            return self._form(request, form, request.POST)
        try:
            password_reset_confirm(token=request.POST.get("token", ""), **form.cleaned_data)
        except InvalidLinkError as error:
            return _message(request, "This link does not work", error.detail, HTTPStatus.BAD_REQUEST)
        except ValidationError as error:
            form.add_error(None, error)
            return self._form(request, form, request.POST)
        return _message(request, "Your password is changed", "Sign in with it. All your devices are signed out.")

    def _form(self, request: HttpRequest, form: NewPasswordForm, data: Mapping[str, Any]) -> HttpResponse:
        context = {
            "title": "Choose a new password",
            "form": form,
            "token": data.get("token", ""),
            "button": "Change password",
        }
        status = HTTPStatus.BAD_REQUEST if form.errors else HTTPStatus.OK
        return render(request, "page.html", context, status=status)


def _message(request: HttpRequest, title: str, text: str, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return render(request, "page.html", {"title": title, "text": text}, status=status)


urlpatterns = [
    path("verify-email/", VerifyEmailPage.as_view(), name="verify-email"),
    path("reset-password/", ResetPasswordPage.as_view(), name="reset-password"),
]
