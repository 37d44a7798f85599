"""Real servers and tools for tests and for the embedded suite: PostgreSQL, Kafka, token issuer, client, builders."""
