"""What brokerage does for a caller or by the clock: one verb per file."""
