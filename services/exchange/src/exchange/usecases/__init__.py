"""What the exchange does for a caller: one verb per file."""
