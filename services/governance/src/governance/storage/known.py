"""What the registry told of schools."""

from functools import partial

from governance.storage.tables import known_schools
from service_kit import known_schools as known

schools_of = partial(known.schools_of, known_schools)
"""The schools with these numbers that were announced, by number."""
