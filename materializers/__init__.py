"""How our types travel between steps; importing this package makes ZenML know them."""

from materializers import cards, documents, models, monitoring

__all__ = ["cards", "documents", "models", "monitoring"]
