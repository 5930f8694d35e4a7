"""Serving on Kubernetes, as Seldon Core's SeldonDeployment resources."""
