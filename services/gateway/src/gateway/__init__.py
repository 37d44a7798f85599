"""One authenticated API over all services: checks, routes, composes; keeps no business data."""
