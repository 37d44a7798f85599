"""The whole workspace shares one PostgreSQL and one Kafka per test session: see `testkit.fixtures`."""

pytest_plugins = ["testkit.fixtures"]
