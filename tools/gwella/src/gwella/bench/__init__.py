"""Measurements: each in one run beside its baseline, printed as ratios."""
