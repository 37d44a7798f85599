"""Support for schools: the menu, providers and their capacity, requests, offers, commissions and their impact."""
