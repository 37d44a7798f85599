"""The register over HTTP: one file per resource, its models and its routes."""
