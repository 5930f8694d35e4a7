"""The server's OpenAPI document: schemathesis asks what it says that may be asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from adclick.columns import TextColumn
from adclick.schema import Schema
from serving.client import PREDICTIONS
from serving.openapi import openapi_document
from tests.bundles import example, tiny_schema
from tests.hosts import Server, running

ASKED = settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("openapi"), workers=1) as server:
        yield server


@pytest.fixture(scope="module")
def described(server: Server) -> Any:
    return schemathesis.openapi.from_url(f"{server.url}/openapi.json")


def operations(described: Any) -> list[Any]:
    return [result.ok() for result in described.get_all_operations()]


def test_requests_that_fit_the_document_get_scores(described: Any) -> None:
    operation = described[PREDICTIONS]["POST"]

    @ASKED
    @given(case=operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case: Any) -> None:
        response = case.call()
        assert response.status_code == 200, (response.text, case.body)
        case.validate_response(response)

    ask()


@pytest.mark.parametrize("mode", GenerationMode)
def test_no_request_fails_inside_and_every_answer_is_described(
    described: Any, mode: GenerationMode
) -> None:
    for operation in operations(described):
        if mode is GenerationMode.NEGATIVE and operation.method == "get":
            continue

        @ASKED
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            response = case.call()
            assert response.status_code < 500
            checks = [status_code_conformance, response_schema_conformance]
            case.validate_response(response, checks=checks)

        ask()


def test_every_path_is_served(server: Server) -> None:
    document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
    for path, methods in document["paths"].items():
        for method in methods:
            answer = requests.request(method, server.url + path, timeout=10)
            assert answer.status_code == (
                200 if method == "get" else 415 if "v2" not in path else 400
            )


def request_schema(schema: Schema, images: bool = False) -> jsonschema.Draft202012Validator:
    document = openapi_document(schema, "v1", "adclick", images=images)
    return jsonschema.Draft202012Validator(
        {**document, "$ref": "#/components/schemas/Request"},
    )


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"device": None}, True),
        ({"creative": None}, True),
        ({"site": 1005}, True),
        ({"shown_at": "2024-02-29T17:20:00.5+01:00"}, True),
        ({"shown_at": "2023-02-29T17:20:00"}, False),
        ({"device": "fridge"}, False),
        ({"age": -1}, False),
        ({"age": None}, False),
        ({"site": " "}, False),
        ({"colour": 1}, False),
        ({"image": "aGk="}, False),
    ],
    ids=str,
)
def test_the_document_knows_the_columns(change: dict[str, Any], fits: bool) -> None:
    row = example(**change)
    validator = request_schema(tiny_schema())
    assert validator.is_valid({"jsonData": row}) is fits
    assert validator.is_valid({"jsonData": [example(), row]}) is fits


def test_images_are_described_where_they_are_taken() -> None:
    assert request_schema(tiny_schema(), images=True).is_valid({"jsonData": example(image="aGk=")})


@pytest.mark.parametrize(
    ("default", "title", "fits"),
    [(None, "Big sale", True), (None, " ", False), (None, None, False), ("", None, True)],
)
def test_words_are_described(default: str | None, title: str | None, fits: bool) -> None:
    tiny = tiny_schema()
    column = TextColumn(role="text", default=default)
    schema = tiny.model_copy(update={"columns": {**tiny.columns, "title": column}})
    assert request_schema(schema).is_valid({"jsonData": example(title=title)}) is fits


def test_the_shipped_schema_is_described(sample_schema: Schema) -> None:
    document = openapi_document(sample_schema, "v1", "adclick")
    candidate = document["components"]["schemas"]["Candidate"]
    assert set(candidate["properties"]) == set(sample_schema.features)
    assert "creative_id" not in candidate["required"]
    assert "age" not in candidate["required"]


def test_examples_fit_the_document(server: Server) -> None:
    document = requests.get(f"{server.url}/openapi.json", timeout=10).json()
    content = document["paths"][PREDICTIONS]["post"]["requestBody"]["content"]["application/json"]
    for item in content["examples"].values():
        request_schema(tiny_schema()).validate(item["value"])


def test_the_tests_leave_nothing_of_a_request_in_the_servers_output(server: Server) -> None:
    assert Path(server.output).read_text() == ""
