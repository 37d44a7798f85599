"""The resources of visits: models and routes, no SQL, no rules."""
