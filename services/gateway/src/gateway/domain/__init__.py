"""Pure rules of the gateway: which route, how much, which headers, one document of many."""
