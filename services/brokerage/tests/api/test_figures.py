"""Figures that others count on: ledgers, lead times, expiry, dry runs, and what a list costs (D-16, S2-55)."""

from datetime import timedelta

from brokerage_suite import SCHOOL, SUPPORTER, Brokerage

from brokerage.service import service
from brokerage.usecases.clock_tasks import expire_offers
from contracts.identifiers import new_id
from contracts.working_days import WORKING_DAYS
from service_kit.database import Database
from service_kit.journal import Actor, Journal
from service_kit.unit_of_work import UnitOfWork
from testkit.statements import statements_of


async def test_ledgers_add_up_by_authority(region: Brokerage) -> None:
    """D-16, domain 2.2.14: ceilings of categorised schools add up; used <= committed <= ceiling + overrides."""
    commission = await region.placed(await region.provider())
    await region.delivered(commission, 5)
    totals = (await region.officer.get("/v1/support-day-totals", school_year="2019/20")).json()["items"]
    assert totals == [
        {"authority": "673", "schools_with_category": 1, "ceiling_days": 10, "committed_days": 5, "used_days": 5,
         "override_days": 0},
        {"authority": "681", "schools_with_category": 1, "ceiling_days": 4, "committed_days": 0, "used_days": 0,
         "override_days": 0},
    ]  # fmt: skip
    own = (await region.head(SCHOOL).get("/v1/support-days", school_year="2019/20")).json()["items"]
    assert [(one["school_number"], one["used_days"]) for one in own] == [(SCHOOL, 5)]
    assert (await region.officer.get("/v1/support-days", school_year="2019/2020")).status_code == 422
    narrowed = (await region.officer.get("/v1/support-day-totals", authority="681")).json()
    assert (narrowed["school_year"], [one["authority"] for one in narrowed["items"]]) == ("2019/20", ["681"])
    one = (await region.officer.get("/v1/support-days", school_number=SCHOOL)).json()["items"]
    assert one == own, "of this school year where none is named"


async def test_lead_times_are_working_days_from_request_to_commission(region: Brokerage) -> None:
    """S2-55: swift commissioning is measured: median and 90th percentile."""
    item = await region.provider()
    await region.category(SCHOOL, "red", 25)
    leads = []
    for wait in (0, 1, 6):
        offer = await region.agreed(item, 2)
        asked = region.clock.today()
        region.clock.advance(timedelta(days=wait))
        leads.append((asked, region.clock.today()))
        assert (await region.place(offer)).status_code == 201
    counted = sorted(WORKING_DAYS.between(*days) for days in leads)
    assert counted == [0, 1, 4]
    answer = await region.officer.get("/v1/support-lead-times", first_day="2020-01-01", last_day="2020-12-31")
    figures = {"commissions": 3, "median_working_days": 1, "p90_working_days": 4}
    assert answer.json()["items"] == [{"authority": "673", **figures}, {"authority": None, **figures}]
    empty = await region.officer.get("/v1/support-lead-times", first_day="2019-01-01", last_day="2019-12-31")
    assert empty.json()["items"] == [], "no commission: no figure, not zero"


async def test_an_offer_that_nobody_answers_expires_with_its_request(region: Brokerage) -> None:
    """Flows 2: overdue is derived from a clock and emits one event."""
    offer = await region.offered(await region.provider())
    region.clock.advance(timedelta(days=10))
    worker = Database(region.settings.worker_database_url.get_secret_value(), pool_size=1)
    journal = Journal("brokerage", frozenset(service.publishes), service.foundation)
    for _ in range(2):
        async with worker.transaction() as connection:
            unit = UnitOfWork(connection, region.clock, Actor("clock", "clock", new_id()), journal)
            await expire_offers(unit)
    await worker.dispose()
    assert len(await region.events("offer.expired")) == 1
    assert len(await region.events("support_request.expired")) == 1
    late = await region.head().post(f"/v1/offers/{offer['id']}/accept", {"side": "supported"})
    assert late.json()["code"] == "offer_not_open"
    request = (await region.head().get(f"/v1/support-requests/{offer['request_id']}")).json()
    assert (request["state"], request["allowed_transitions"]) == ("expired", [])


async def test_a_dry_run_of_a_request_keeps_nothing(region: Brokerage) -> None:
    """Flows 5: an authority's system tries a support request first."""
    system = region.caller("authority_system", authority="673")
    body = {"finding_id": "finding-1", "specialism": "teaching", "days": 6, "need": "x"}
    tried = await system.post("/v1/support-requests", body, dry_run="true")
    assert (tried.status_code, tried.json()["state"]) == (201, "requested")
    assert await region.rows("select 1 from support_requests") == []
    assert (await system.post("/v1/support-requests", body)).status_code == 201


async def test_earlier_versions_of_a_request_stay_readable(region: Brokerage) -> None:
    """Flows 2: a final record is never edited; what was known stays readable."""
    offer = await region.offered(await region.provider())
    path = f"/v1/support-requests/{offer['request_id']}"
    states = [one["state"] for one in (await region.head().get(f"{path}/versions")).json()["items"]]
    assert states == ["requested", "triaged", "matched", "offered"]


async def test_a_page_of_commissions_costs_a_fixed_number_of_statements(region: Brokerage) -> None:
    """R16: whatever the page holds."""
    item = await region.provider()
    await region.category(SCHOOL, "red", 25)
    costs = []
    for _ in range(2):
        await region.placed(item, 2)
        head = region.head(SUPPORTER)
        with statements_of() as seen:
            assert (await head.get("/v1/commissions")).status_code == 200
        costs.append(len([one for one in seen if "commission_slices" in one or "set_config" in one]))
    assert costs == [2, 2], seen


async def test_providers_are_found_by_what_they_specialise_in(region: Brokerage) -> None:
    """B-01: the list of providers by specialism; one that has others too is found, one without it is not."""
    found = (await region.provider(specialisms=["teaching", "welsh"]))["provider_id"]
    await region.provider(provider_school="6742055")
    for specialism, expected in (("welsh", [found]), ("leadership", [])):
        page = await region.broker.get("/v1/providers", specialism=specialism)
        assert page.status_code == 200, page.text
        assert [one["id"] for one in page.json()["items"]] == expected
