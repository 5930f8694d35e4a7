"""What a client of an API shows at its edge: a key or a token, and whom it trusts itself."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from adclick.errors import AdclickError

if TYPE_CHECKING:
    import requests

KEY_HEADER = "x-api-key"
KEY, TOKEN = "ADCLICK_API_KEY", "ADCLICK_API_TOKEN"
CA, CERTIFICATE = "ADCLICK_API_CA", "ADCLICK_API_CERTIFICATE"
VARIABLES = frozenset({KEY, TOKEN, CA, CERTIFICATE})


@dataclass(frozen=True)
class Access:
    """An API key or a token (JWT), where the API asks for one.

    `ca` is a PEM file of the CA that the API's certificate is trusted by, where the public ones
    do not know it; `certificate` one of the client's own certificate and its key.
    """

    key: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    ca: Path | None = None
    certificate: Path | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of each request."""
        bearer = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return {**({KEY_HEADER: self.key} if self.key else {}), **bearer}

    @property
    def curl(self) -> str:
        """The same for curl, from the variables: no secret is printed."""
        words = {
            f'-H "{KEY_HEADER}: ${KEY}"': self.key,
            f'-H "Authorization: Bearer ${TOKEN}"': self.token,
            f'--cacert "${CA}"': self.ca,
            f'--cert "${CERTIFICATE}"': self.certificate,
        }
        return "".join(f" {word}" for word, given in words.items() if given)

    def session(self) -> requests.Session:
        """Connections that show it."""
        # the keeper only asks for the header's name, and lives long
        import requests

        session = requests.Session()
        # a proxy from the environment knows no way to a local server, and a .netrc file no token
        session.trust_env = False
        session.headers.update(self.headers)
        if self.ca:
            session.verify = str(self.ca)
        if self.certificate:
            session.cert = str(self.certificate)
        return session


def environment_access(environment: Mapping[str, str] = os.environ) -> Access:
    """What the variables ADCLICK_API_KEY, _TOKEN, _CA and _CERTIFICATE say; one may be empty.

    Raises AdclickError, which names the variable and not its value, for what cannot be.
    """
    return Access(
        _header(KEY, environment),
        _header(TOKEN, environment),
        _file(CA, environment),
        _file(CERTIFICATE, environment),
    )


def _header(name: str, environment: Mapping[str, str]) -> str | None:
    value = environment.get(name, "").strip()
    if not all(" " < character <= "~" for character in value):
        raise AdclickError(f"{name} has characters that no header can have: set it anew")
    return value or None


def _file(name: str, environment: Mapping[str, str]) -> Path | None:
    value = environment.get(name)
    if not value:
        return None
    path = Path(value).expanduser()
    if not path.is_file():
        raise AdclickError(f"{name}: there is no file {path}")
    return path
