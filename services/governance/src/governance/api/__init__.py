"""The service's resources, one a file: models and routes, no SQL and no rules."""
