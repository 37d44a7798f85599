"""What visits does with events of the registry: it keeps what its own rules and rights turn on."""

from collections.abc import Sequence

from contracts.events.registry import CalendarPublished, RegimeAdopted
from contracts.text import Text
from eventing.envelope import Envelope
from eventing.reactions import Unit, reactions_of, reacts_to
from service_kit.known_schools import keeping_schools, schools_projection
from service_kit.moving import following, moves_projection
from service_kit.projections import Projection
from visits.storage import known
from visits.storage.tables import RIGHTS, known_periods, known_regimes, known_schools, moved_schools
from visits.usecases.follow_school import KINDS

keep_school = keeping_schools(known_schools)
follow_school = following(moved_schools, KINDS)


@reacts_to(RegimeAdopted)
async def keep_regime(event: RegimeAdopted, envelope: Envelope, unit: Unit) -> None:
    """Keeps under which regime an authority works: visit types and cycle hang off it."""
    if event.authority is not None and event.valid_from is not None:
        await known.keep_regime(
            unit.connection, event.authority, event.regime_code, event.valid_from, event.valid_to
        )


@reacts_to(CalendarPublished)
async def keep_calendar(event: CalendarPublished, envelope: Envelope, unit: Unit) -> None:
    """Keeps an authority's half-term periods: monitoring falls due by them."""
    if event.authority is not None:
        periods: Sequence[dict[str, object]] = [period.model_dump() for period in event.periods]
        await known.keep_calendar(unit.connection, event.authority, event.school_year, periods)


PROJECTIONS = (
    schools_projection(known_schools),
    moves_projection(moved_schools),
    Projection(
        "known_regimes",
        Text("Regimes of authorities", "Cyfundrefnau awdurdodau"),
        [known_regimes],
        reactions_of(keep_regime),
    ),
    Projection(
        "known_periods",
        Text("Half-terms of the authorities' calendars", "Hanner tymhorau calendrau'r awdurdodau"),
        [known_periods],
        reactions_of(keep_calendar),
    ),
    RIGHTS.projection(announced=known.schools_of),
)
