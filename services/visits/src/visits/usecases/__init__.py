"""What visits does for a caller, by the clock or for a file: one verb per file."""
