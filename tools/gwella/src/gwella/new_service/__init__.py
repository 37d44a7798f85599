"""Writes the first page of a new service and makes the workspace know it."""
