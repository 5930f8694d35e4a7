"""Emulated: an authority of our own, and the certificate that it signs for all hosts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.gcp.cloud import names

VALID = timedelta(days=2)


@dataclass(frozen=True)
class Certificates:
    """Files: the authority that clients trust, and the hosts' certificate with its key."""

    authority: Path
    certificate: Path
    key: Path

    @property
    def trust(self) -> dict[str, str]:
        """The variables by which client libraries learn whom to trust."""
        variables = (
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "HTTPLIB2_CA_CERTS",
            "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
            "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
        )
        return dict.fromkeys(variables, str(self.authority))


def make_certificates(folder: Path) -> Certificates:
    """Write new ones to `folder`; the authority's own key is kept nowhere."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "authority.pem", folder / "hosts.pem", folder / "hosts.key")
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    issuer = _name("Emulated authority")
    authority = (
        _builder(issuer, issuer, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    hosts = (
        _builder(_name("Emulated hosts"), issuer, key.public_key())
        .add_extension(x509.SubjectAlternativeName(_alternatives()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    made.certificate.write_bytes(hosts.public_bytes(serialization.Encoding.PEM))
    made.key.touch(mode=0o600)
    made.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(hours=1),
        not_valid_after=now + VALID,
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternatives() -> list[x509.GeneralName]:
    addresses = {ipaddress.ip_address(address) for address in names.HOSTS.values()}
    addresses.add(ipaddress.ip_address(names.CLUSTER_ADDRESS))
    return [
        *(x509.DNSName(host) for host in names.HOSTS),
        *(x509.IPAddress(address) for address in sorted(addresses)),
    ]
