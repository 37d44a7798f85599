"""The event backbone: outbox, sequencer, event log, shippers, consumers and the transports between services."""
