"""What brokerage does with events of the registry and of visits: it keeps what its own rules and rights turn on."""

from brokerage.storage import known
from brokerage.storage.tables import (
    RIGHTS,
    known_categories,
    known_findings,
    known_schools,
    known_visits,
    moved_schools,
)
from brokerage.usecases.follow_school import KINDS
from contracts.events.visits import FindingFacts, FindingPublished, VisitAmended, VisitFacts, VisitFinalised
from contracts.events.visits_categories import (
    CategoryChangedInYear,
    CategoryHeld,
    CategoryPublished,
    CategorySuperseded,
)
from contracts.events.visits_moves import CategoryMoved, FindingMoved, VisitMoved
from contracts.text import Text
from eventing.envelope import Envelope
from eventing.reactions import Unit, WaitFor, reactions_of, reacts_to
from service_kit.known_schools import keeping_schools, schools_projection
from service_kit.moving import following, moves_projection
from service_kit.projections import Projection

keep_school = keeping_schools(known_schools)
follow_school = following(moved_schools, KINDS)


@reacts_to(FindingPublished, FindingMoved)
async def keep_finding(event: FindingFacts, envelope: Envelope, unit: Unit) -> WaitFor | None:
    """Keeps a published finding, and whose it is. One of a school that was not announced yet waits for the school."""
    if event.state != "published":
        return None
    if event.school is None or event.authority is None or event.published_on is None:
        raise ValueError("a published finding names its school, its authority and its day")
    if event.school not in await known.schools_of(unit.connection, [event.school]):
        return WaitFor(event.school)
    values = {
        "finding_id": event.finding_id,
        "visit_id": event.visit_id,
        "school": event.school,
        "authority": event.authority,
        "area": event.area,
        "published_on": event.published_on,
    }
    await known.keep_finding(unit.connection, envelope.version, values)
    return None


@reacts_to(VisitFinalised, VisitAmended, VisitMoved)
async def keep_visit(event: VisitFacts, envelope: Envelope, unit: Unit) -> None:
    """Keeps who held a visit: whoever wrote a finding has an interest in what answers it."""
    if event.state not in ("final", "amended"):
        return
    if event.school is None or event.authority is None:
        raise ValueError("a visit names its school and authority")
    values = {
        "visit_id": event.visit_id,
        "school": event.school,
        "authority": event.authority,
        "adviser_id": event.adviser_id,
    }
    await known.keep_visit(unit.connection, envelope.version, values)


@reacts_to(CategoryPublished, CategoryChangedInYear, CategoryMoved)
async def keep_category(event: CategoryHeld, envelope: Envelope, unit: Unit) -> None:
    """Keeps which category a school has from a day on, and the days of support that it allows."""
    if event.school is None:
        raise ValueError("a category names its school")
    values = {
        "category_id": event.category_id,
        "dated": event.dated,
        "number": event.school,
        "scheme": event.scheme,
        "value": event.value,
        "ceiling_days": event.ceiling_days,
        "ended": event.valid_to,
    }
    await known.keep_category(unit.connection, envelope.version, values)


@reacts_to(CategorySuperseded)
async def end_category(event: CategorySuperseded, envelope: Envelope, unit: Unit) -> None:
    """Keeps until when a category holds."""
    if event.valid_to is not None:
        await known.end_category(unit.connection, event.category_id, event.valid_to)


PROJECTIONS = (
    schools_projection(known_schools),
    moves_projection(moved_schools),
    Projection(
        "known_findings",
        Text("Published findings", "Canfyddiadau cyhoeddedig"),
        [known_findings],
        reactions_of(keep_finding),
    ),
    Projection(
        "known_visits",
        Text("Who held visits", "Pwy a gynhaliodd ymweliadau"),
        [known_visits],
        reactions_of(keep_visit),
    ),
    Projection(
        "known_categories",
        Text("Support categories of schools", "Categorïau cymorth ysgolion"),
        [known_categories],
        reactions_of(keep_category, end_category),
    ),
    RIGHTS.projection(announced=known.schools_of),
)
