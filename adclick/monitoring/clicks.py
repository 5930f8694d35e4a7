"""How often what was shown in a period was clicked."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Clicks(BaseModel):
    """What was clicked: by creative (the most shown ones) as impressions and clicks, and by day.

    `days` are impressions and clicks of each day since the period began, in order.
    """

    model_config = ConfigDict(frozen=True)

    impressions: int
    clicks: int
    creatives: dict[str, tuple[int, int]]
    days: tuple[tuple[int, int], ...]

    @property
    def totals(self) -> tuple[int, int]:
        """All impressions and clicks."""
        return self.impressions, self.clicks

    @property
    def rate(self) -> float:
        """Clicks per impression."""
        return self.clicks / self.impressions

    def __add__(self, other: Clicks) -> Clicks:
        creatives = dict(self.creatives)
        for name, (shown, clicked) in other.creatives.items():
            before = creatives.get(name, (0, 0))
            creatives[name] = before[0] + shown, before[1] + clicked
        return Clicks(
            impressions=self.impressions + other.impressions,
            clicks=self.clicks + other.clicks,
            creatives=creatives,
            days=self.days + other.days,
        )
