"""Rules of bodies and their meetings. Pure: no clock, no database, no framework."""
