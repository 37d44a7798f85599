"""`GET /v1/service-levels`: what is promised of the suite, and how it was kept, as the suite itself measured it."""

from decimal import Decimal
from typing import Literal

from starlette.responses import Response

from contracts.data_class import DataClass
from contracts.text import Language, Text
from exchange.domain.service_levels import (
    Counted,
    Objective,
    Standing,
    Window,
    WindowCode,
    judged,
    windows,
)
from exchange.storage.service_levels import OBSERVED, counted, objectives
from service_kit.call import Call
from service_kit.models import Timestamp, View
from service_kit.routing import Router

router = Router("service-levels", Text("Service levels", "Lefelau gwasanaeth"))

_WINDOWS: dict[WindowCode, Text] = {
    "hour": Text("The last hour", "Yr awr ddiwethaf"),
    "day": Text("The last 24 hours", "Y 24 awr ddiwethaf"),
    "thirty_days": Text("The last 30 days", "Y 30 diwrnod diwethaf"),
    "calendar_month": Text("This calendar month", "Y mis calendr hwn"),
}
_STANDINGS: dict[Standing, Text] = {
    Standing.met: Text("Met", "Cyrhaeddwyd"),
    Standing.met_where_measured: Text(
        "Met in the minutes that were measured", "Cyrhaeddwyd yn y munudau a fesurwyd"
    ),
    Standing.missed: Text("Missed", "Methwyd"),
    Standing.nothing_happened: Text("Nothing was asked", "Ni ofynnwyd dim"),
    Standing.not_measured: Text("Not measured", "Heb ei fesur"),
}


class ServiceLevelView(View, data_class=DataClass.public):
    """How one objective was kept in one window. Minutes that were not measured count neither for nor against it."""

    window: Literal["hour", "day", "thirty_days", "calendar_month"]
    title: str
    """The window, in the language of the answer."""
    first: Timestamp
    """Begin of the window."""
    until: Timestamp
    """End of the window: the last whole minute."""
    minutes: int
    """How many minutes the window has."""
    minutes_measured: int
    """In how many of them it was measured."""
    good: int
    """Events that were as promised."""
    total: int
    """All events."""
    percent: str | None
    """Share of good events, rounded down; null where nothing happened."""
    budget_left_percent: str | None
    """Share of the failures allowed that is left; negative once it is overspent."""
    standing: Standing
    """How the window stands."""
    standing_title: str
    """The same, in the language of the answer."""


class ServiceObjectiveView(View, data_class=DataClass.public):
    """One objective, and how it was kept over four windows."""

    code: str
    """Stable code."""
    title: str
    """What is promised, in the language of the answer."""
    meaning: str
    """What is counted."""
    target_percent: str
    """Share of events that must be good."""
    levels: list[ServiceLevelView]
    """The last hour, the last 24 hours, the last 30 days, this calendar month."""


class ServiceLevelsView(View, data_class=DataClass.public):
    """What is promised of the suite, and how it was kept."""

    objectives: list[ServiceObjectiveView]
    """Every objective."""


@router.get("/service-levels", operation="service_levels.read", response_model=ServiceLevelsView, dated=False)
async def read_service_levels(call: Call) -> Response:
    """Reads what is promised of this suite and how it was kept, as it measured it itself.

    Times are the machine's, also in a sandbox whose clock was set.
    """
    over = windows(call.clock.system_now())
    async with call.read() as uow:
        found = await counted(uow.connection, over)
    shown = [
        ServiceObjectiveView(
            code=one.code,
            title=one.title.in_(call.language),
            meaning=one.meaning.in_(call.language),
            target_percent=str(one.target),
            levels=[
                _level(
                    one,
                    window,
                    found[window.code].get(one.measure, Counted()),
                    found[window.code].get(f"{OBSERVED}{one.observed}", Counted()).minutes,
                    call.language,
                )
                for window in over
            ],
        )
        for one in objectives()
    ]
    return call.answer(ServiceLevelsView(objectives=shown))


def _level(
    objective: Objective, window: Window, counted_: Counted, minutes: int, language: Language
) -> ServiceLevelView:
    level = judged(objective, window.minutes, Counted(minutes, counted_.good, counted_.total))
    return ServiceLevelView(
        window=window.code,
        title=_WINDOWS[window.code].in_(language),
        first=window.first,
        until=window.until,
        minutes=window.minutes,
        minutes_measured=minutes,
        good=counted_.good,
        total=counted_.total,
        percent=_text(level.percent),
        budget_left_percent=_text(level.budget_left),
        standing=level.standing,
        standing_title=_STANDINGS[level.standing].in_(language),
    )


def _text(percent: Decimal | None) -> str | None:
    return None if percent is None else str(percent)
