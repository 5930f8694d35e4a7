"""A dated table of prices, by region: what a machine, an accelerator, a disk and a run cost."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from adclick.errors import AdclickError
from adclick.resources import StepResources
from adclick.schema import describe

# a month as cloud providers bill disks
HOURS_A_MONTH = 730


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(_Frozen):
    """Where prices come from: the provider's page, what was read instead, and when."""

    address: str
    read: date
    copy_of: str = Field(alias="copy")


class Hourly(_Frozen):
    """Price of an hour; None where there is no spot offer or its price is not known."""

    on_demand: float = Field(ge=0)
    spot: float | None = Field(default=None, ge=0)

    def of(self, spot: bool, fee: float) -> float | None:
        """The price with the service's fee, which is a share of the on-demand price."""
        base = self.spot if spot else self.on_demand
        return None if base is None else base + fee * self.on_demand


class MachinePrice(Hourly):
    """Price of a machine type without accelerators, and how many processors it has."""

    cpus: float = Field(gt=0)


class MachinePrices(_Frozen):
    """Machine types by name."""

    source: str
    types: dict[str, MachinePrice]


class GpuPrices(_Frozen):
    """Accelerators by name; the price is of one."""

    source: str
    types: dict[str, Hourly]


class Price(_Frozen):
    """One price."""

    price: float = Field(ge=0)
    source: str


class Fee(_Frozen):
    """What the service adds, as a share of the on-demand price of machines and disks."""

    share: float = Field(ge=0)
    source: str


class StartUp(_Frozen):
    """Minutes until a step's machine works for it, paid as well."""

    low: float = Field(ge=0)
    typical: float
    high: float
    source: str

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.typical <= self.high:
            raise ValueError("low, typical and high are not in order")
        return self


class RegionPrices(_Frozen):
    """All prices of one region."""

    machines: MachinePrices
    gpus: GpuPrices
    disk_gb_month: Price


class Prices(_Frozen):
    """The contents of configs/prices/NAME.yaml; every price names its source."""

    currency: str
    sources: dict[str, Source]
    service_fee: Fee
    pipeline_run: Price
    start_up_minutes: StartUp
    regions: dict[str, RegionPrices]

    @model_validator(mode="after")
    def _sourced(self) -> Self:
        regions = [
            part.source
            for region in self.regions.values()
            for part in (region.machines, region.gpus, region.disk_gb_month)
        ]
        fees = [self.service_fee.source, self.pipeline_run.source, self.start_up_minutes.source]
        for name in (*fees, *regions):
            if name not in self.sources:
                raise ValueError(f"source {name} is not among `sources`")
        return self

    @property
    def oldest(self) -> date:
        """When the oldest of the prices was read."""
        return min(source.read for source in self.sources.values())

    def cpus(self, region: str, machine: str) -> float | None:
        """Processors of a machine type, where the table knows it."""
        prices = self.regions.get(region)
        known = prices.machines.types.get(machine) if prices else None
        return known.cpus if known else None

    def hourly(self, region: str, resources: StepResources) -> float | tuple[str, ...]:
        """What an hour of a step's machines costs, or the names of what has no price."""
        prices = self.regions.get(region)
        if prices is None:
            return (f"region {region}",)
        fee, spot = self.service_fee.share, resources.spot
        machine = prices.machines.types.get(resources.machine or "")
        parts = {
            resources.machine or "a step without a machine type": machine.of(spot, fee)
            if machine
            else None
        }
        if resources.gpu:
            gpu = prices.gpus.types.get(resources.gpu)
            each = gpu.of(spot, fee) if gpu else None
            parts[resources.gpu] = None if each is None else each * resources.gpus
        missing = tuple(name + " spot" * spot for name, price in parts.items() if price is None)
        if missing:
            return missing
        disk = resources.disk_gb * prices.disk_gb_month.price / HOURS_A_MONTH * (1 + fee)
        return resources.workers * (sum(price for price in parts.values() if price) + disk)


def load_prices(path: Path) -> Prices:
    """The price table in a YAML file; raises AdclickError with the entry that is wrong."""
    try:
        return Prices.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except yaml.YAMLError as error:
        raise AdclickError(f"{path} is no YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise AdclickError(f"{path}: {describe(error)}") from error
