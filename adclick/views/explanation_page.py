"""The page of an explanation: which columns matter, and what pictures do."""

from __future__ import annotations

import math
from dataclasses import dataclass

from markupsafe import Markup

from adclick.explanation.explanation import AdEffect, Explanation, Importance
from adclick.views.html import render, table
from adclick.views.svg import drawing
from adclick.views.text import shortened, signed

BAR, BAR_HEIGHT = 220.0, 12.0
MOST_GROUPS = 40
STRONGEST = 0.75


@dataclass(frozen=True)
class ShownAd:
    """A picture, what covers it where something counts, and what it does in words."""

    creative: str
    picture: str
    heat: Markup
    said: str


def explanation_page(explanation: Explanation) -> str:
    """HTML that shows what the model goes by, for a person to find it plausible or not."""
    pictures = explanation.pictures
    hottest = max(
        (abs(h) for ad in (*pictures.highest, *pictures.lowest) for row in ad.heat for h in row),
        default=0.0,
    )
    return render(
        "explanation.html.j2",
        explanation=explanation,
        importances=_importances(explanation.importances),
        spread=_times(pictures.spread),
        sheets=[
            ("Pictures that do most for a click", [_ad(ad, hottest) for ad in pictures.highest]),
            ("Pictures that do most against one", [_ad(ad, hottest) for ad in pictures.lowest]),
        ],
    )


def _importances(found: tuple[Importance, ...]) -> Markup:
    most = max((one.logloss for one in found), default=0.0)
    rows = [
        (
            shortened(one.group, 40),
            _bar(one.logloss / most if most > 0 else 0.0),
            signed(one.logloss, 5),
            f"{signed(one.least, 5)} to {signed(one.most, 5)}",
            signed(-one.auc, 4),
        )
        for one in found
    ]
    heads = ("shuffled", "", "logloss", "lowest and highest", "AUC")
    return table(heads, rows, most=MOST_GROUPS)


def _bar(share: float) -> Markup:
    width = BAR * max(0.0, share)
    rect = Markup('<rect x="0" y="0" width="{:.1f}" height="{:g}" class="bar"/>').format(
        width, BAR_HEIGHT
    )
    return drawing(BAR, BAR_HEIGHT, f"{share:.0%} of the largest", [rect])


def _ad(ad: AdEffect, hottest: float) -> ShownAd:
    return ShownAd(
        creative=shortened(ad.creative, 60),
        picture=ad.picture,
        heat=_heat(ad, hottest),
        said=f"odds × {_times(ad.effect)}",
    )


def _heat(ad: AdEffect, hottest: float) -> Markup:
    """A cell for each place, the more opaque the more it counts."""
    cells = [
        Markup(
            '<rect x="{}" y="{}" width="1.02" height="1.02" class="{}" fill-opacity="{:.2f}"/>'
        ).format(
            x, y, "raises" if value > 0 else "lowers", STRONGEST * abs(value) / (hottest or 1.0)
        )
        for y, row in enumerate(ad.heat)
        for x, value in enumerate(row)
    ]
    across, down = len(ad.heat[0]), len(ad.heat)
    return Markup(
        '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" preserveAspectRatio="none">{}</svg>'
    ).format("What in the picture counts", across, down, Markup("").join(cells))


def _times(effect: float) -> str:
    return f"{math.exp(effect):.2f}"
