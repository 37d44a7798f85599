"""The resources of brokerage: models and routes, no SQL, no rules."""
