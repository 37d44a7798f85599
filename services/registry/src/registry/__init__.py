"""The register: schools, authorities, regimes, calendars, people and who challenges which school."""
