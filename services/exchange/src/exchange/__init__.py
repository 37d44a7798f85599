"""Outward contracts over all events: the change feed, projections and returns."""
