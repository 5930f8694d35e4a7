"""Which stage each version of a model belongs into, going by what serves."""

from __future__ import annotations

import pytest

from serving.deployment import Role, Served, Status
from steps.stages import stages

CHAMPION, CANARY, SHADOW = (Served("v1"), Served("v2", Role.CANARY, 10), Served("v3", Role.SHADOW))


@pytest.mark.parametrize(
    ("served", "left", "found"),
    [
        ((CHAMPION,), (), {"v1": "production"}),
        ((CHAMPION, CANARY), ("v1",), {"v1": "production", "v2": "staging"}),
        ((CHAMPION, SHADOW), ("v2", "v1"), {"v1": "production", "v2": "archived", "v3": "staging"}),
        ((CHAMPION, Served("v4", Role.IDLE, 0)), ("v0",), {"v1": "production", "v0": "archived"}),
        ((), ("v1",), {"v1": "archived"}),
    ],
    ids=["first", "trial", "another trial", "on its way out", "stopped"],
)
def test_stages_are_those_of_what_serves(
    served: tuple[Served, ...], left: tuple[str, ...], found: dict[str, str]
) -> None:
    assert stages(Status("u", served), left) == found
