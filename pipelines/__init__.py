"""Which steps in which order, one pipeline a file."""
