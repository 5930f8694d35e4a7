"""How raw columns and candidates become the numbers that the model takes."""
