"""Writes down what the suite promises: schemas, AsyncAPI, OpenAPI and the generated pages of `docs/reference`."""
