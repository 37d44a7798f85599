"""Rules of the register: pure functions on frozen dataclasses, without I/O and without a framework."""
