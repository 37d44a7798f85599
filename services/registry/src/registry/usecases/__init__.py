"""What can be done with the register: one verb per file, each in the transaction that it is given."""
