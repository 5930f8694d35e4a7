"""The picture of the stale model study, from figures as the benchmark keeps them."""

from __future__ import annotations

from xml.etree import ElementTree

from docs.draw_retraining import draw

SVG = "{http://www.w3.org/2000/svg}"


def figure(name: str, value: float, what: str | None = None) -> dict[str, str | float | None]:
    return {"name": name, "value": value, "compared_with": what}


def test_each_policy_has_a_line_and_each_promotion_a_mark() -> None:
    asked = "on 2026-01 to 2026-05, because of so; "
    figures = [
        figure("never retrained: mean expected AUC of 2 months", 0.65),
        figure("never retrained: trainings", 0.0, "0 promoted"),
        figure("never retrained: 2026-05", 0.7),
        figure("never retrained: 2026-06", 0.6),
        figure("retrained by verdict: 2026-05", 0.7, f"{asked}promoted: better"),
        figure("retrained by verdict: 2026-06", 0.68, f"{asked}kept back: worse"),
        figure("retrained by verdict, on 3 months: 2026-05", 0.7),
        figure("retrained by verdict, on 3 months: 2026-06", 0.69),
        figure("true probabilities: 2026-05", 0.8),
        figure("true probabilities: 2026-06", 0.79),
    ]
    picture = ElementTree.fromstring(draw(figures))
    lines = {one.get("class"): one.get("points", "") for one in picture.iter(f"{SVG}polyline")}
    assert set(lines) == {"true", "never", "verdict", "fewer"}
    assert all(len(points.split()) == 2 for points in lines.values())
    (mark,) = picture.iter(f"{SVG}circle")
    assert lines["verdict"].startswith(f"{mark.get('cx')},{mark.get('cy')}")
    said = {text.text for text in picture.iter(f"{SVG}text")}
    assert {"2026-05", "2026-06", "retrained by verdict"} <= said
