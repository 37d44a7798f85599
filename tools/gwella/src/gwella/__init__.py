"""The command line: up, demo, token, migrate, replay, redrive, contracts, bench."""

from time import perf_counter

BEGAN = perf_counter()
"""When this process began to load, before its imports: what "ready after" counts from."""
