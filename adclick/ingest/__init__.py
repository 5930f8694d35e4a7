"""From a data folder to an ad log: find, read, validate, decode, write."""
