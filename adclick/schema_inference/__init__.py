"""From a sample of a data folder to a first schema: find, read, guess, write."""
