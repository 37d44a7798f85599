"""Rules of the half-termly return: who owes it, what it says, what is refused. Pure: no framework, no I/O."""
