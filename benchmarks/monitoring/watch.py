"""A model's months, watched: what is found in one of the same world, and in one that is spoilt."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from adclick.adlog import CreativeTable
from adclick.images import decode_image
from adclick.monitoring.checks import DriftChecks
from adclick.monitoring.compare import compare
from adclick.monitoring.images import with_images
from adclick.monitoring.performance import Performance
from adclick.monitoring.profile import Profile, month_profile
from adclick.monitoring.reference import Reference
from adclick.monitoring.slice_codes import SliceCodes
from adclick.monitoring.verdict import Finding
from adclick.sample_data.creatives import born_in
from adclick.sample_data.render import encode_jpeg, render
from benchmarks.monitoring.faults import Fault
from benchmarks.monitoring.months import SCHEMA, SampleWorld, statistics_of

TRAINED = 4
SLICES = ("device", "age")
SOUND = Fault("none", (), "fine")


@dataclass
class WatchedWorld:
    """Months of a world: four to train on, one to test on, and the next is watched; then on.

    With `pictures` the creatives are drawn, too: it takes 2 milliseconds a creative.
    """

    world: SampleWorld
    checks: DriftChecks
    pictures: bool = False
    _months: dict[int, tuple[Profile, Performance]] = field(default_factory=dict)
    _drawn: dict[int, CreativeTable] = field(default_factory=dict)

    def watch(self, month: int, fault: Fault = SOUND) -> tuple[Finding, ...]:
        """The findings on the month with this index, at least 5, after a fault."""
        first = month - TRAINED - 1
        reference = Reference.of(
            [self._sound(one)[0] for one in range(first, month - 1)],
            self.checks,
            [self._sound(month - 1)[0]],
        ).model_copy(update={"tested": self._sound(month - 1)[1]})
        profile, performance = self._sound(month) if fault == SOUND else self._seen(month, fault)
        return compare(reference, profile, self.checks, performance)

    def _sound(self, month: int) -> tuple[Profile, Performance]:
        if month not in self._months:
            self._months[month] = self._seen(month, SOUND)
        return self._months[month]

    def _seen(self, month: int, fault: Fault) -> tuple[Profile, Performance]:
        table = fault.rows(self.world.table(month))
        profile = month_profile(statistics_of(table, self.world.options.month_names[month]))
        if self.pictures:
            profile = with_images(profile, fault.pictures(self._pictures(month)))
        return profile, self.world.performance(table, self._slices)

    @cached_property
    def _slices(self) -> SliceCodes:
        return SliceCodes(month_profile(self.world.statistics(0)), SLICES)

    def _pictures(self, month: int) -> CreativeTable:
        """The creatives that may be shown in a month."""
        tables = [self._born(one) for one in range(max(month - 2, 0), month + 1)]
        ids = tuple(name for table in tables for name in table.ids)
        return CreativeTable(ids, np.concatenate([table.images for table in tables]))

    def _born(self, month: int) -> CreativeTable:
        if month not in self._drawn:
            options, styles = self.world.options, self.world.rules.styles
            born, shape = born_in(options, styles, month), SCHEMA.image_shape
            assert shape is not None
            images = [
                decode_image(encode_jpeg(render(born, index)), shape) for index in range(len(born))
            ]
            self._drawn[month] = CreativeTable(tuple(born.ids), np.stack(images))
        return self._drawn[month]
