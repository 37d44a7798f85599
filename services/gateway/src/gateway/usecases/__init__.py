"""What the gateway does with a request: admit its caller, forward it."""
