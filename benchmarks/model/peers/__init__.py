"""Other models of the same rows, in an environment of their own."""
