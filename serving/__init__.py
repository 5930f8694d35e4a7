"""The Seldon server: the model class, the process that hosts it, deployment and client."""
