"""What a local API takes at its edge: from which addresses, from whom, how much and how slowly."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from serving.http import MAX_BODY_BYTES
from serving.options import ADDRESS

# the keeper runs in another folder than who named the file
AbsolutePath = Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Section(BaseModel):
    """Settings of which each is known; nothing of them is secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyOptions(Section):
    """Where the API's keys are, between commas or one a line: in a variable or in a file.

    A file is read again when it changes; a variable is read at each deployment.
    """

    variable: str | None = None
    file: AbsolutePath | None = None

    @model_validator(mode="after")
    def _in_one_place(self) -> Self:
        if (self.variable is None) == (self.file is None):
            raise ValueError("name the variable or the file that has the keys, and not both")
        return self


class JwtOptions(Section):
    """Whose tokens are taken: of `issuer`, for one of `audiences`, signed by a key of `jwks`.

    `jwks` is a file, which is read again when it changes, or an https:// address, which Envoy
    fetches every ten minutes; there public CAs are trusted, or that of the file `jwks_ca`.
    """

    issuer: str
    audiences: tuple[str, ...] = Field(min_length=1)
    jwks: str
    jwks_ca: AbsolutePath | None = None

    @field_validator("jwks")
    @classmethod
    def _file_or_https(cls, jwks: str) -> str:
        if jwks.startswith("https://"):
            return jwks
        if "://" in jwks:
            raise ValueError("keys that anyone on the way can change prove nothing: use https://")
        return str(Path(jwks).expanduser().absolute())

    @property
    def remote(self) -> bool:
        """Whether the keys are fetched."""
        return self.jwks.startswith("https://")


class TlsOptions(Section):
    """The certificate (with its chain) and its key, as PEM files that are read when they change.

    With `client_ca`, a PEM file, only clients with a certificate of that CA are let in.
    """

    certificate: AbsolutePath
    key: AbsolutePath
    client_ca: AbsolutePath | None = None


class RateOptions(Section):
    """So many `requests` a second for all clients together, and `burst` of them at once."""

    requests: int = Field(ge=1)
    burst: int = Field(default=0, ge=0)

    @property
    def most_at_once(self) -> int:
        """The burst, which is a second's requests unless told else."""
        return self.burst or self.requests


class EdgeOptions(Section):
    """The edge of a local API: by default this machine alone reaches it, and needs no key.

    `address` is the IP address to listen on, and `url` what clients call it, where that is not its
    address. Another address than a loopback one needs `tls`, unless `allow_plain`, and `keys`,
    `jwt` or a client CA, unless `allow_anyone`. A body may have `body_mib` MiB. A client has
    `header_seconds` for a TLS handshake and for the headers of a request, `request_seconds` for all
    of one, and `idle_seconds` between two; there may be so many `connections`.
    """

    address: str = ADDRESS
    url: str | None = None
    keys: KeyOptions | None = None
    jwt: JwtOptions | None = None
    tls: TlsOptions | None = None
    rate: RateOptions | None = None
    body_mib: int = Field(default=MAX_BODY_BYTES // 2**20, ge=1, le=MAX_BODY_BYTES // 2**20)
    header_seconds: Seconds = 10.0
    request_seconds: Seconds = 30.0
    idle_seconds: Seconds = 300.0
    connections: int = Field(default=4096, ge=1)
    allow_plain: bool = False
    allow_anyone: bool = False

    @field_validator("address")
    @classmethod
    def _is_ip(cls, address: str) -> str:
        return str(ip_address(address))

    @field_validator("url")
    @classmethod
    def _is_address(cls, url: str | None) -> str | None:
        if url is not None and not url.startswith(("http://", "https://")):
            raise ValueError("begins with neither http:// nor https://")
        return url.rstrip("/") if url else None

    @model_validator(mode="after")
    def _is_guarded(self) -> Self:
        if self.keys and self.jwt:
            raise ValueError("a request proves who sends it by keys or by jwt: choose one")
        if ip_address(self.address).is_loopback:
            return self
        known = self.keys or self.jwt or (self.tls and self.tls.client_ca)
        where = f"other machines reach {self.address}"
        if self.tls is None and not self.allow_plain:
            raise ValueError(
                f"{where}, and would send keys and features in clear: set tls, or allow_plain"
            )
        if not known and not self.allow_anyone:
            raise ValueError(f"{where}, and anyone there: set keys or jwt, or allow_anyone")
        return self

    def url_at(self, port: int) -> str:
        """What clients call the API on this port: `url`, or else made of the address."""
        if self.url:
            return self.url
        address = ip_address(self.address)
        host = str(address)
        if address.is_unspecified:
            host = "127.0.0.1" if address.version == 4 else "::1"
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def sources(self) -> tuple[Path, ...]:
        """The files of which Envoy is told the content, which may change."""
        keys = [self.keys.file] if self.keys else []
        jwt = [Path(self.jwt.jwks)] if self.jwt and not self.jwt.remote else []
        tls = [self.tls.certificate, self.tls.key, self.tls.client_ca] if self.tls else []
        return tuple(path for path in (*keys, *jwt, *tls) if path is not None)
