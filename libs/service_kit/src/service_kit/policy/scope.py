"""Which rows a caller may have: a set of authorities, schools, persons and own records, or everything."""

from dataclasses import dataclass

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RowScope:
    """Rows by what they are about. A row is covered when any one of its tenant columns is.

    `subjects` are the owners of a record that belongs to who made it (a job, a stored answer); `persons` are those
    whom a record is about.
    """

    everything: bool = False
    authorities: frozenset[str] = _NONE
    schools: frozenset[str] = _NONE
    persons: frozenset[str] = _NONE
    subjects: frozenset[str] = _NONE
    bodies: frozenset[str] = _NONE

    def covers(
        self,
        authority: str | None = None,
        school: str | None = None,
        person: str | None = None,
        subject: str | None = None,
        body: str | None = None,
    ) -> bool:
        """Whether a row with these tenants may be known. A row without any tenant is covered by everything only."""
        return (
            self.everything
            or authority in self.authorities
            or school in self.schools
            or person in self.persons
            or subject in self.subjects
            or body in self.bodies
        )

    def __or__(self, other: "RowScope") -> "RowScope":
        """The rows of either."""
        return RowScope(
            self.everything or other.everything,
            self.authorities | other.authorities,
            self.schools | other.schools,
            self.persons | other.persons,
            self.subjects | other.subjects,
            self.bodies | other.bodies,
        )

    @property
    def empty(self) -> bool:
        """Whether no row can be covered."""
        tenants = (self.authorities, self.schools, self.persons, self.subjects, self.bodies)
        return not (self.everything or any(tenants))


NO_ROWS = RowScope()
"""Covers nothing."""
ALL_ROWS = RowScope(everything=True)
"""Covers every row, whatever it is about."""
