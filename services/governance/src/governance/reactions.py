"""What governance does with events of the registry: it keeps which schools there are, for their governing bodies."""

from governance.storage.tables import known_schools
from service_kit.known_schools import keeping_schools

keep_school = keeping_schools(known_schools)
