"""Google Cloud as the one who checks sees it: whose credentials, and requests with them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import requests

from stacks.checks.check import Finding, fails, holds
from stacks.checks.web import SECONDS, ApiError, Web, answer_of

if TYPE_CHECKING:
    from google.auth.credentials import Credentials

SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)
USERINFO = "https://www.googleapis.com/oauth2/v2/userinfo"
LOGIN = "gcloud auth application-default login"
CREDENTIALS = "credentials"
ROBOT = ".gserviceaccount.com"
FORBIDDEN = 403

Answer = dict[str, Any]


class Google:
    """Requests to Google's REST APIs with the application default credentials.

    `sign_in` comes first; then `account` is the e-mail address of who asks, where it is known.
    """

    def __init__(self, web: Web, project: str) -> None:
        self.project = project
        self.account: str | None = None
        self._web = web
        self._credentials: Credentials | None = None

    def sign_in(self) -> Finding:
        """Find the credentials and try them: whose are they?"""
        # here and below: only the gcp environment has google-auth
        import google.auth
        from google.auth.exceptions import DefaultCredentialsError, RefreshError
        from google.auth.transport.requests import Request

        request = functools.partial(
            Request(self._web.prepared(requests.Session())), timeout=SECONDS
        )
        try:
            found, _ = google.auth.default(scopes=SCOPES, request=request)
            found.refresh(request)
        except (DefaultCredentialsError, RefreshError) as error:
            return fails(str(error.args[0]), LOGIN)
        self._credentials = found
        self.account = getattr(found, "service_account_email", None) or self._user()
        return holds(self.account or f"{type(found).__module__} (name unknown)")

    def get(self, url: str, **parameters: str | list[str]) -> Answer:
        """The answer's JSON; raises ApiError for a refusal."""
        return self._ask("GET", url, parameters, None)

    def post(self, url: str, body: Answer) -> Answer:
        """The answer's JSON; raises ApiError for a refusal."""
        return self._ask("POST", url, {}, body)

    @property
    def token(self) -> str:
        """An access token, for servers that are no API of Google's."""
        credentials = self._signed_in()
        return str(credentials.token)

    @property
    def member(self) -> str:
        """Who asks, in the words of IAM policies."""
        account = self.account or "ACCOUNT"
        return f"serviceAccount:{account}" if account.endswith(ROBOT) else f"user:{account}"

    def grant(self, *roles: str) -> str:
        """The command that gives who asks these roles in the project."""
        return " && ".join(
            f"gcloud projects add-iam-policy-binding {self.project} --member={self.member} "
            f"--role={role} --condition=None"
            for role in roles
        )

    def refused(self, error: ApiError, role: str) -> Finding:
        """The finding for a request that needs `role`; raises other errors again."""
        if error.status != FORBIDDEN or error.off:
            raise error
        return fails(error.message, self.grant(role))

    def _ask(
        self, method: str, url: str, parameters: dict[str, str | list[str]], body: Answer | None
    ) -> Answer:
        from google.auth.transport.requests import AuthorizedSession, Request

        # a session each: checks run at the same time
        session = AuthorizedSession(
            self._signed_in(), auth_request=Request(self._web.prepared(requests.Session()))
        )
        with self._web.prepared(session) as prepared:
            return answer_of(
                prepared.request(method, url, params=parameters, json=body, timeout=SECONDS)
            )

    def _user(self) -> str | None:
        """A person's address, if the credentials may say it."""
        try:
            return self.get(USERINFO).get("email")
        except ApiError:
            return None

    def _signed_in(self) -> Credentials:
        assert self._credentials is not None, "sign_in comes first"
        return self._credentials
