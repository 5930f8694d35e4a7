"""Whether the edge itself answers: the last thing to see before a deployment counts as done."""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import replace
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from adclick.errors import AdclickError
from serving.access import CERTIFICATE, environment_access
from serving.edge_options import EdgeOptions
from serving.local.intent import Intent

SECONDS = 2.0


def check_probe(edge: EdgeOptions) -> None:
    """Raise AdclickError where this process could not ask such an edge."""
    if edge.tls and edge.tls.client_ca and environment_access().certificate is None:
        raise AdclickError(
            f"edge.tls.client_ca lets only clients with a certificate in: set {CERTIFICATE} to a "
            "PEM file with one and its key"
        )


def edge_answers(intent: Intent) -> bool:
    """Whether a server behind the edge says that it is healthy.

    Over TLS the certificate is known by its fingerprint: it may be for another name than this
    machine's address, and of a CA that this machine does not know.
    """
    if intent.port is None:
        return False
    check_probe(intent.edge)
    local = intent.edge.model_copy(update={"url": None})
    with replace(environment_access(), ca=None, key=None, token=None).session() as session:
        if local.tls:
            session.mount("https://", _Known(fingerprint(local)))
            session.verify = False
        try:
            answer = session.get(f"{local.url_at(intent.port)}/health/status", timeout=SECONDS)
        except requests.RequestException:
            return False
    return answer.status_code == requests.codes.ok


def fingerprint(edge: EdgeOptions) -> str:
    """The SHA-256 of the edge's certificate."""
    assert edge.tls
    chain = edge.tls.certificate.read_text(encoding="utf-8")
    end = "-----END CERTIFICATE-----"
    first = chain[chain.index("-----BEGIN CERTIFICATE") : chain.index(end) + len(end)]
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()


class _Known(HTTPAdapter):
    """Talks to the server that has one certificate, and to no other."""

    def __init__(self, fingerprint: str) -> None:
        self._fingerprint = fingerprint
        super().__init__()

    def init_poolmanager(self, *settings: Any, **named: Any) -> None:
        super().init_poolmanager(*settings, **named, assert_fingerprint=self._fingerprint)
