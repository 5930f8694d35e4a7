"""Golden requests: that a server, or the bundle itself, gives the scores that training gave."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adclick.bundle.bundle import GoldenRequest, ServingBundle
from adclick.encoding.candidate import parse_candidates
from adclick.errors import AdclickError

if TYPE_CHECKING:
    from adclick.bundle.scorer import Scorer


@dataclass(frozen=True)
class GoldenCheck:
    """How many golden requests were scored, and by how much the worst one was off."""

    checked: int
    largest_difference: float


def check_golden(
    bundle: ServingBundle,
    golden: Sequence[GoldenRequest],
    score: Callable[[dict[str, Any]], float],
) -> GoldenCheck:
    """Score each of `golden` with `score` and compare with the bundle's tolerance.

    Raises AdclickError when there is none, or when one differs.
    """
    if not golden:
        raise AdclickError(f"bundle {bundle.path} has no golden request: build the bundle again")
    largest = 0.0
    for number, request in enumerate(golden):
        got = score(request.features)
        difference = abs(got - request.score)
        # not (<=) instead of (>): NaN must not pass
        if not difference <= bundle.manifest.tolerance:
            raise AdclickError(
                f"golden request {number} of version {bundle.version} scores {got:.9g}, not "
                f"{request.score:.9g} (tolerance {bundle.manifest.tolerance:g}): build it again"
            )
        largest = max(largest, difference)
    return GoldenCheck(len(golden), largest)


def check_offline(bundle: ServingBundle) -> GoldenCheck:
    """Check all golden requests with the bundle's own files, without a server.

    Raises AdclickError when the files cannot be loaded or a score differs.
    """
    from adclick.bundle.scorer import Scorer

    try:
        return check_golden(bundle, bundle.golden, golden_scorer(Scorer(bundle)))
    except AdclickError:
        raise
    except Exception as error:
        raise AdclickError(f"bundle {bundle.path} cannot be loaded: {error}") from error


def golden_scorer(scorer: Scorer) -> Callable[[dict[str, Any]], float]:
    """The in-process `score` for `check_golden`."""
    schema = scorer.bundle.schema
    return lambda features: float(scorer.score(parse_candidates(schema, [features]))[0])
