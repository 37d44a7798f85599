"""What the services promise each other: events, identifiers, code lists, operations. No I/O."""
