"""An Envoy in front of a server, without a manager or a keeper, in tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt
import psutil
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from serving.client import PREDICTIONS
from serving.edge_options import EdgeOptions
from serving.local.edge import Edge
from serving.local.intent import Intent
from tests.bundles import example
from tests.servers import free_port, wait_until

ISSUER, AUDIENCE = "https://issuer.test/", "ads"


@dataclass(frozen=True)
class Door:
    """An edge that listens."""

    edge: Edge
    port: int
    options: EdgeOptions

    @property
    def url(self) -> str:
        return self.options.url_at(self.port)

    def ask(self, path: str = PREDICTIONS, **settings: Any) -> requests.Response:
        """Post a good request."""
        body = {"jsonData": example()}
        return requests.post(self.url + path, **{"json": body, "timeout": 10, **settings})


@contextmanager
def door(folder: Path, ports: dict[str, int], **options: Any) -> Iterator[Door]:
    """An Envoy whose files are in `folder`, in front of the first of these servers."""
    made = Door(Edge(folder), free_port(), EdgeOptions.model_validate(options))
    made.edge.listen(made.port, made.options)
    made.edge.know(ports, made.options)
    made.edge.route(Intent(champion=next(iter(ports))))
    made.edge.start()
    try:
        wait_until(lambda: made.edge.applied().port == made.port, f"Envoy listens: {made.edge.log}")
        yield made
    finally:
        process = made.edge.process()
        if process:
            process.terminate()
            psutil.wait_procs([process], timeout=10)


@dataclass(frozen=True)
class Issuer:
    """Who signs tokens, with a key of its own."""

    key: rsa.RSAPrivateKey
    name: str

    @classmethod
    def new(cls, name: str) -> Issuer:
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=2048), name)

    @property
    def jwks(self) -> dict[str, Any]:
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {"keys": [{**public, "kid": self.name, "use": "sig", "alg": "RS256"}]}

    def token(self, **claims: Any) -> str:
        """A signed token with these claims; None leaves one out."""
        given = {"iss": ISSUER, "aud": AUDIENCE, "sub": "ads", "exp": 4_000_000_000, **claims}
        said = {name: value for name, value in given.items() if value is not None}
        return jwt.encode(said, self.key, "RS256", headers={"kid": self.name})
