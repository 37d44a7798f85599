"""Governance: bodies and their constitutions, meetings, resolutions, executive decisions, references between bodies."""
