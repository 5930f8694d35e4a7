"""How our types travel between steps; importing this package makes ZenML know them."""

from materializers import documents, models, monitoring

__all__ = ["documents", "models", "monitoring"]
