"""The event backbone: outbox, sequencer, log, shippers, consumers, transports."""
