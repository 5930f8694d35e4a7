"""The settings of an API's edge: by default, refused, and never told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adclick.errors import AdclickError
from adclick.schema import describe
from serving.access import Access, environment_access
from serving.client import curl
from serving.edge_options import EdgeOptions
from serving.envoy import version_of
from serving.envoy_access import access, certificate, client_ca, read_keys
from serving.envoy_files import edge_files
from serving.local.intent import Intent, read_intent, write_intent
from serving.local.keys import keys_in_file

SECRET = "0123456789abcdef-secret"
KEYS = {"variable": "ADS_KEYS"}
TLS = {"certificate": "/certificate.pem", "key": "/key.pem"}
JWT = {"issuer": "https://issuer.test/", "audiences": ["ads"], "jwks": "/jwks.json"}


def edge(**settings: Any) -> EdgeOptions:
    return EdgeOptions.model_validate(settings)


def test_by_default_this_machine_alone_reaches_it() -> None:
    assert edge().address == "127.0.0.1"
    assert edge().url_at(9000) == "http://127.0.0.1:9000"
    assert (edge().keys, edge().jwt, edge().tls, edge().rate) == (None,) * 4


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        ({"address": "::1"}, "http://[::1]:9000"),
        ({"tls": TLS}, "https://127.0.0.1:9000"),
        ({"tls": TLS, "keys": KEYS, "address": "0.0.0.0"}, "https://127.0.0.1:9000"),
        ({"tls": TLS, "jwt": JWT, "address": "::"}, "https://[::1]:9000"),
        ({"tls": {**TLS, "client_ca": "/ca.pem"}, "address": "10.0.0.4"}, "https://10.0.0.4:9000"),
        ({"keys": KEYS, "allow_plain": True, "address": "10.0.0.4"}, "http://10.0.0.4:9000"),
        ({"tls": TLS, "allow_anyone": True, "address": "10.0.0.4"}, "https://10.0.0.4:9000"),
        ({"url": "https://ads.test/"}, "https://ads.test"),
    ],
)
def test_what_clients_call_it(settings: dict[str, Any], url: str) -> None:
    assert edge(**settings).url_at(9000) == url


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"address": "0.0.0.0"}, "other machines reach 0.0.0.0, and would send .* in clear"),
        ({"address": "10.0.0.4", "keys": KEYS}, "in clear: set tls, or allow_plain"),
        ({"address": "10.0.0.4", "tls": TLS}, "and anyone there: set keys or jwt, or allow_anyone"),
        ({"address": "::", "allow_plain": True}, "other machines reach ::, and anyone there"),
        ({"address": "localhost"}, "address: .*does not appear to be an IPv4 or IPv6 address"),
        ({"keys": KEYS, "jwt": JWT}, "by keys or by jwt: choose one"),
        ({"keys": {}}, "keys: .*name the variable or the file"),
        ({"keys": {**KEYS, "file": "/keys"}}, "keys: .*and not both"),
        ({"jwt": {**JWT, "jwks": "http://issuer.test/jwks"}}, "jwt.jwks: .*use https://"),
        ({"jwt": {**JWT, "audiences": []}}, "jwt.audiences"),
        ({"tls": {"certificate": "/certificate.pem"}}, "tls.key"),
        ({"url": "ads.test"}, "url: .*neither http:// nor https://"),
        ({"body_mib": 9}, "body_mib"),
        ({"header_seconds": 0}, "header_seconds"),
        ({"rate": {"requests": 0}}, "rate.requests"),
        ({"timeout": 3}, "timeout: Extra inputs"),
        ({"keys": SECRET}, "keys: "),
    ],
)
def test_what_cannot_be_is_told(settings: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError) as refused:
        edge(**settings)
    told = describe(refused.value)
    with pytest.raises(AdclickError, match=why):
        raise AdclickError(told)
    assert SECRET not in told


def test_keys_lie_in_a_file_of_their_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "edge" / "keys"
    kept = keys_in_file(edge(keys=KEYS), path, {"ADS_KEYS": f"{SECRET}, {SECRET}2\n"})
    assert kept.keys and kept.keys.file == path
    assert path.read_text() == f"{SECRET}\n{SECRET}2\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with pytest.raises(AdclickError, match="ADS_KEYS is not set: export"):
        keys_in_file(edge(keys=KEYS), path, {"ADS_KEYS": ""})
    (typed,) = access(kept)
    assert json.dumps(typed).count(SECRET) == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("\n , \n", "has no key"),
        (f"{SECRET}\nshort", "key 2 of ADS_KEYS is no 16 or more visible ASCII"),
        (f"{SECRET} {SECRET}", "key 1 of ADS_KEYS is no"),
        (f"{SECRET},{SECRET}", "has a key twice"),
    ],
)
def test_what_is_no_key(text: str, why: str) -> None:
    with pytest.raises(AdclickError, match=why) as refused:
        read_keys(text, "ADS_KEYS")
    assert SECRET not in str(refused.value)


@given(st.text("0123456789 ,\n\té~", min_size=4))
def test_a_text_is_keys_or_is_refused_without_being_quoted(text: str) -> None:
    try:
        keys = read_keys(text, "K")
    except AdclickError as error:
        told = str(error)
        assert all(part not in told for part in text.split() if len(part) > 3)
    else:
        assert all(len(key) >= 16 and key.isascii() and key in text for key in keys)


def test_files_that_do_not_fit_are_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    named = edge(keys={"file": str(file)}, tls={"certificate": str(file), "key": str(file)})
    with pytest.raises(AdclickError, match=r"edge\.keys: .*file cannot be read: No such file"):
        edge_files(tmp_path, 1, named)
    file.write_text(SECRET)
    assert named.tls
    with pytest.raises(AdclickError, match=r"edge\.tls: .* are no certificate and its key"):
        certificate(named.tls)
    asks = edge(tls={"certificate": "/c", "key": "/k", "client_ca": str(file)}).tls
    assert asks
    with pytest.raises(AdclickError, match=r"client_ca: .*file is no CA's PEM file"):
        client_ca(asks)
    for text in (SECRET, "{}", '{"keys": []}', '{"keys": 1}', "[]"):
        file.write_text(text)
        with pytest.raises(AdclickError, match=r"edge\.jwt\.jwks: .*is no JSON Web Key Set"):
            access(edge(jwt={**JWT, "jwks": str(file)}))


def test_an_intent_says_how_the_edge_is_meant(tmp_path: Path) -> None:
    path = tmp_path / "intent.json"
    meant = Intent(champion="v1", port=9000, edge=edge(tls=TLS, rate={"requests": 5}))
    write_intent(path, meant)
    assert read_intent(path) == meant
    content = json.loads(path.read_text())
    del content["edge"], content["port"]
    path.write_text(json.dumps(content))
    assert read_intent(path) == Intent(champion="v1")


def test_envoy_knows_one_edge_from_another(tmp_path: Path) -> None:
    told = edge_files(tmp_path, 1, edge())
    assert told == edge_files(tmp_path, 1, edge())
    (name,) = told
    other = edge_files(tmp_path, 1, edge(body_mib=1))
    assert version_of(told[name]) != version_of(other[name])


def test_a_client_s_access_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert environment_access({"ADCLICK_API_KEY": ""}) == Access()
    file = tmp_path / "ca.pem"
    file.write_text("")
    for name, value in {
        "ADCLICK_API_KEY": f" {SECRET}\n",
        "ADCLICK_API_TOKEN": "header.claims.signature",
        "ADCLICK_API_CA": str(file),
    }.items():
        monkeypatch.setenv(name, value)
    found = environment_access()
    assert found.headers == {
        "x-api-key": SECRET,
        "Authorization": "Bearer header.claims.signature",
    }
    assert SECRET not in repr(found)
    with found.session() as session:
        assert session.verify == str(file)
    tried = curl("https://ads", {"age": 3})
    assert '-H "x-api-key: $ADCLICK_API_KEY"' in tried and SECRET not in tried
    assert '--cacert "$ADCLICK_API_CA"' in tried and "--cert " not in tried
    with pytest.raises(AdclickError, match="ADCLICK_API_CA: there is no file /none"):
        environment_access({"ADCLICK_API_CA": "/none"})
    with pytest.raises(AdclickError, match="ADCLICK_API_KEY has characters") as refused:
        environment_access({"ADCLICK_API_KEY": f"{SECRET}\n{SECRET}"})
    assert SECRET not in str(refused.value)
