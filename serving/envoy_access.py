"""Who may ask: Envoy's filter for keys or tokens, and its certificate, with what is secret in it.

Each is a file of its own that Envoy takes over when it changes, between two requests.
"""

from __future__ import annotations

import json
import re
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from adclick.errors import AdclickError
from serving.access import KEY_HEADER
from serving.edge_options import EdgeOptions, JwtOptions, TlsOptions
from serving.envoy import ACCESS, TYPES, Resource, seconds, socket_address

CERTIFICATE = "certificate"
JWKS_CLUSTER = "jwks of the edge"
JWKS_SECONDS = 5.0
SHORTEST_KEY = 16
KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]+")


def read_keys(text: str, where: str) -> tuple[str, ...]:
    """The keys in a text, between commas or one a line; `where` is for messages.

    Raises AdclickError for none, for one that is short or can be no header's, and for one that is
    there twice; no message has a key in it.
    """
    keys = tuple(key.strip() for line in text.splitlines() for key in line.split(","))
    keys = tuple(key for key in keys if key)
    if not keys:
        raise AdclickError(f"edge.keys: {where} has no key")
    for number, key in enumerate(keys, start=1):
        if len(key) < SHORTEST_KEY or not KEY.fullmatch(key):
            raise AdclickError(
                f"edge.keys: key {number} of {where} is no {SHORTEST_KEY} or more visible ASCII "
                "characters: make one with `openssl rand -hex 32`"
            )
    if len(set(keys)) < len(keys):
        raise AdclickError(f"edge.keys: {where} has a key twice")
    return keys


def access(options: EdgeOptions) -> list[Resource]:
    """The filter that lets requests with a key or a token through; none where all are let through.

    Envoy's `api_key_auth` would do for keys, but is work in progress in 1.40, outside of Envoy's
    threat model, and logs a key that is there twice; `rbac` is neither.
    """
    if options.keys:
        assert options.keys.file
        keys = read_keys(_text(options.keys.file, "edge.keys"), str(options.keys.file))
        typed = _by_key(keys)
    elif options.jwt:
        typed = _by_token(options.jwt)
    else:
        return []
    return [
        {
            "@type": f"{TYPES}.config.core.v3.TypedExtensionConfig",
            "name": ACCESS,
            "typed_config": typed,
        }
    ]


def certificate(tls: TlsOptions) -> list[Resource]:
    """The certificate and its key; raises AdclickError when they are no pair."""
    try:
        # a key with a password would be asked for on a terminal
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls.certificate, tls.key, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise AdclickError(
            f"edge.tls: {tls.certificate} and {tls.key} are no certificate and its key: "
            f"{getattr(error, 'strerror', None) or type(error).__name__}"
        ) from error
    return [
        {
            "@type": f"{TYPES}.extensions.transport_sockets.tls.v3.Secret",
            "name": CERTIFICATE,
            "tls_certificate": {
                "certificate_chain": {"inline_string": _text(tls.certificate, "edge.tls")},
                "private_key": {"inline_string": _text(tls.key, "edge.tls")},
            },
        }
    ]


def client_ca(tls: TlsOptions) -> Resource:
    """Whose certificates clients must have, in Envoy's words; nothing where they need none."""
    if tls.client_ca is None:
        return {}
    try:
        ssl.create_default_context(cafile=tls.client_ca)
    except (OSError, ValueError) as error:
        raise AdclickError(f"edge.tls.client_ca: {tls.client_ca} is no CA's PEM file") from error
    trusted = {"inline_string": _text(tls.client_ca, "edge.tls.client_ca")}
    return {"validation_context": {"trusted_ca": trusted}}


def jwks_clusters(jwt: JwtOptions | None) -> list[Resource]:
    """Where Envoy fetches an issuer's keys, if it does."""
    if jwt is None or not jwt.remote:
        return []
    parts = urlsplit(jwt.jwks)
    assert parts.hostname
    endpoint = {"endpoint": {"address": socket_address(parts.hostname, parts.port or 443)}}
    ca = jwt.jwks_ca or _public_cas()
    return [
        {
            "@type": f"{TYPES}.config.cluster.v3.Cluster",
            "name": JWKS_CLUSTER,
            "type": "STRICT_DNS",
            "dns_lookup_family": "ALL",
            "connect_timeout": seconds(JWKS_SECONDS),
            "load_assignment": {
                "cluster_name": JWKS_CLUSTER,
                "endpoints": [{"lb_endpoints": [endpoint]}],
            },
            "transport_socket": {
                "name": "tls",
                "typed_config": {
                    "@type": f"{TYPES}.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
                    "sni": parts.hostname,
                    "auto_sni_san_validation": True,
                    "common_tls_context": {
                        "validation_context": {"trusted_ca": {"filename": str(ca)}}
                    },
                },
            },
        }
    ]


def _by_key(keys: tuple[str, ...]) -> Resource:
    with_key = [{"header": {"name": KEY_HEADER, "string_match": {"exact": key}}} for key in keys]
    return {
        "@type": f"{TYPES}.extensions.filters.http.rbac.v3.RBAC",
        "rules": {
            "action": "ALLOW",
            "policies": {"keys": {"permissions": [{"any": True}], "principals": with_key}},
        },
    }


def _by_token(jwt: JwtOptions) -> Resource:
    provider = {
        "issuer": jwt.issuer,
        "audiences": [*jwt.audiences],
        "require_expiration": True,
        **_jwks(jwt),
    }
    return {
        "@type": f"{TYPES}.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
        "providers": {"edge": provider},
        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "edge"}}],
    }


def _jwks(jwt: JwtOptions) -> Resource:
    if jwt.remote:
        uri = {"uri": jwt.jwks, "cluster": JWKS_CLUSTER, "timeout": seconds(JWKS_SECONDS)}
        # fetched before the first token comes, and again before its keys are ten minutes old
        return {"remote_jwks": {"http_uri": uri, "async_fetch": {}}}
    return {"local_jwks": {"inline_string": read_jwks(jwt)}}


def read_jwks(jwt: JwtOptions) -> str:
    """The text of an issuer's keys in a file; raises AdclickError when they are none."""
    text = _text(Path(jwt.jwks), "edge.jwt.jwks")
    try:
        known = json.loads(text)["keys"]
    except (ValueError, KeyError, TypeError):
        known = None
    if not known or not isinstance(known, list):
        raise AdclickError(f"edge.jwt.jwks: {jwt.jwks} is no JSON Web Key Set with a key in it")
    return text


def _public_cas() -> str:
    # a tenth of a second that a keeper without such keys is spared
    from requests import certs

    return certs.where()


def _text(path: Path, setting: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise AdclickError(f"{setting}: {path} cannot be read: {why}") from error
