"""The command line: up, demo, token, migrate, replay, redrive, contracts, bench."""
