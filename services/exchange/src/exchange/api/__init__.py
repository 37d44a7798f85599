"""The exchange's resources: models and routes, no SQL, no rules."""
