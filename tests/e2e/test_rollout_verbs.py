"""deploy, promote and rollback by a person: what serves then, and in which stage versions are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from serving.deployment import Role, Status
from serving.processes import LocalSeldon
from tests.servers import free_port
from tests.verbs import After, Call, use_verbs

pytestmark = pytest.mark.slow

STACK = (Path(__file__).resolve().parents[2] / "stacks/local.yaml").read_text(encoding="utf-8")

CALLS: dict[str, Call] = {
    "promote nothing": ("promote", {}),
    "deploy": ("deploy", {}),
    "deploy again": ("deploy", {}),
    "roll back the first": ("rollback", {}),
    "promote no trial": ("promote", {}),
    "deploy a stranger": ("deploy", {"version": "v9"}),
    "deploy no share": ("deploy", {"version": "v2", "traffic": 0}),
    "deploy what was kept back": ("deploy", {"version": "v3", "traffic": 10}),
    "shadow": ("deploy", {"version": "v3", "shadow": True}),
    "promote what was kept back": ("promote", {}),
    "end the shadow": ("rollback", {}),
    "canary": ("deploy", {"version": "v2", "traffic": 20}),
    "promote": ("promote", {}),
    "roll back": ("rollback", {}),
    "roll back to v2": ("rollback", {"version": "v2"}),
    "roll back to what never served": ("rollback", {"version": "v3"}),
}
UNTOUCHED = {"v2": None, "v3": None}


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, After]]:
    """What each of CALLS led to, one after the other."""
    home = tmp_path_factory.mktemp("verbs") / "home"
    port = free_port()
    try:
        told = use_verbs(home, STACK, {"ADCLICK_SELDON_PORT": str(port)}, list(CALLS.values()))
        assert LocalSeldon(home / "serving", port, home / "log").status() == Status()
        yield dict(zip(CALLS, told, strict=True))
    finally:
        LocalSeldon(home / "serving", port, home / "log").stop()


def alone(version: str) -> tuple[tuple[str, str, int], ...]:
    return ((version, Role.CHAMPION, 100),)


def test_deploy_takes_the_staged_version_into_production(after: dict[str, After]) -> None:
    assert after["deploy"] == After(alone("v1"), {"v1": "production", **UNTOUCHED}, None)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        ("promote nothing", ["nothing was deployed yet", "--pipeline deployment"]),
        ("deploy again", ["no staged version", "--version", "v2 (kept back)", "v1 (production)"]),
        ("roll back the first", ["nothing to roll back"]),
        ("promote no trial", ["no version is on trial"]),
        ("deploy a stranger", ["adclick-tiny has no version v9", "v1 (production)"]),
        ("deploy no share", ["1 to 100 per cent, not 0"]),
        ("deploy what was kept back", ["v3 was kept back", "as it is", "--shadow"]),
        ("promote what was kept back", ["v3 was kept back"]),
        (
            "roll back to what never served",
            ["v3 never was in production", "brings back v2, v1", "deploy --version v3"],
        ),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(
    after: dict[str, After], call: str, words: list[str]
) -> None:
    error = after[call].error
    assert error is not None
    assert [word for word in words if word not in error] == [], error
    before = dict(zip(list(after)[1:], after.values(), strict=False)).get(call)
    if before is not None:
        assert (after[call].serves, after[call].stages) == (before.serves, before.stages)


def test_what_was_kept_back_may_be_a_shadow(after: dict[str, After]) -> None:
    serves = (*alone("v1"), ("v3", Role.SHADOW, 100))
    stages = {"v1": "production", "v2": None, "v3": "staging"}
    assert after["shadow"] == After(serves, stages, None)
    assert after["end the shadow"] == After(alone("v1"), {**stages, "v3": "archived"}, None)


def test_a_canary_is_staged_then_in_production_then_archived(after: dict[str, After]) -> None:
    serves = (("v1", Role.CHAMPION, 80), ("v2", Role.CANARY, 20))
    stages = {"v1": "production", "v2": "staging", "v3": "archived"}
    assert after["canary"] == After(serves, stages, None)
    promoted = {"v1": "archived", "v2": "production", "v3": "archived"}
    assert after["promote"] == After(alone("v2"), promoted, None)
    assert after["roll back"] == After(
        alone("v1"), {**promoted, "v1": "production", "v2": "archived"}, None
    )


def test_a_version_that_was_in_production_comes_back_by_its_name(after: dict[str, After]) -> None:
    stages = {"v1": "archived", "v2": "production", "v3": "archived"}
    assert after["roll back to v2"] == After(alone("v2"), stages, None)
