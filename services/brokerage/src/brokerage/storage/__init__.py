"""Tables and SQL of the menu, providers, requests, offers and commissions, and what other services told."""
