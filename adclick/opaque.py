"""Types that pydantic takes as they are."""

from __future__ import annotations

from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class Opaque:
    """A value that pydantic checks by its type alone, and neither looks into nor copies.

    ZenML validates what it hands to a step with pydantic, which cannot describe arrays or networks.
    """

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: type[Any], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """An instance check."""
        return core_schema.is_instance_schema(cls)
