"""What governance does with events of the registry: it keeps which schools there are, for their governing bodies."""

from governance.storage.tables import known_schools, moved_schools
from governance.usecases.follow_school import KINDS
from service_kit.known_schools import keeping_schools, schools_projection
from service_kit.moving import following, moves_projection

keep_school = keeping_schools(known_schools)
follow_school = following(moved_schools, KINDS)

PROJECTIONS = (schools_projection(known_schools), moves_projection(moved_schools))
