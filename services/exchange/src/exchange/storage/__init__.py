"""Tables and SQL of the exchange: the change log over all services, and what rights turn on."""
