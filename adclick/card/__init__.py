"""What a model version is: where it comes from, how good it is, and where it ends."""
