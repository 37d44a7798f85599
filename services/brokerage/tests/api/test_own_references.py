"""R35: a client's own ids on everything that is kept of support."""

from brokerage_suite import SUPPORTER, Brokerage

from testkit.own_references import assert_referenced

OFFICER, BROKER = "consortium_officer", "broker"


async def supported(region: Brokerage) -> dict[str, tuple[str, str, list[str]]]:
    """For each path of a record: who asks, the path of the list, and two ids."""
    items = [await region.provider(), await region.provider(provider_school="6742055")]
    providers = [item["provider_id"] for item in items]
    await region.hear(region.finding("finding-2"))
    commissions, requests, offers = [], [], []
    for finding in ("finding-1", "finding-2"):
        commission = await region.placed(items[0], 3, finding_id=finding)
        commissions.append(commission["id"])
        requests.append(commission["request_id"])
        offers.append(commission["offer_id"])
    period = {"first_day": "2020-04-20", "last_day": "2020-07-05", "days": 5}
    await region.broker.made(f"/v1/providers/{providers[0]}/capacities", period)
    capacities = (await region.broker.get(f"/v1/providers/{providers[0]}/capacities")).json()["items"]
    head, path = region.head(SUPPORTER), f"/v1/commissions/{commissions[0]}"
    await head.made(f"{path}/start")
    day = {"delivered_on": "2020-02-12", "days": 1}
    region.clock.moment = region.clock.moment.replace(month=2, day=20)
    head = region.head(SUPPORTER)
    deliveries = [(await head.made(f"{path}/deliveries", day))["id"] for _ in range(2)]
    interest = {
        "provider_id": providers[0],
        "ground": "commercial_gain",
        "statement": "They know each other.",
    }
    interests = [
        (await region.broker.made("/v1/interests", {**interest, "request_id": id_}))["id"] for id_ in requests
    ]
    return {
        "providers": (BROKER, "/v1/providers", providers),
        "capacities": (BROKER, f"/v1/providers/{providers[0]}/capacities", [one["id"] for one in capacities]),
        "menu-items": (BROKER, "/v1/menu-items", [item["id"] for item in items]),
        "support-requests": (BROKER, "/v1/support-requests", requests),
        "offers": (BROKER, "/v1/offers", offers),
        "interests": (BROKER, "/v1/interests", interests),
        "commissions": (OFFICER, "/v1/commissions", commissions),
        "deliveries": (OFFICER, f"{path}/deliveries", deliveries),
    }


async def test_records_of_support_take_a_clients_own_references(region: Brokerage) -> None:
    """R35: set, shown, found; unique per client; nobody else's business."""
    for path, (role, listed, (first, second)) in (await supported(region)).items():
        mine, other = [region.caller(role, body="csc", client_id=client) for client in ("mine", "another")]
        await assert_referenced(mine.send, other.send, listed, f"/v1/{path}/{first}", f"/v1/{path}/{second}")
