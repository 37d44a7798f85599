"""Measurements: each in one run beside its baseline, printed as ratios. Seconds on a shared machine mean little alone."""
