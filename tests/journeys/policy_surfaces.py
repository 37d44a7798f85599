"""The surfaces of the policy, each one function that says where it differs from what the caller may read.

A new surface is a function of the same shape and a line in `SURFACES`. `Read` is what the caller reads record by
record, by path: the measure for all the others.
"""

import csv
import io
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import httpx
import orjson
from policy_region import AFTER, AUTHORITIES, BEFORE, SCHOOLS, TODAY
from policy_world import Asker, World

Read = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class List:
    """One list: the path of its records below `/v1`, the days on which it is asked, of whose record it hangs."""

    path: str
    record: str
    days: tuple[str, ...] = ()
    below: str = ""


EXPORTED: Final = 6
"""Lists that one caller exports, chosen by luck."""
DATED: Final = (BEFORE, TODAY, AFTER)


def _listed(path: str, key: str = "id", **more: Any) -> List:
    return List(f"/v1/{path}", f"/{path}/{{{key}}}", **more)


LISTS: Final = (
    _listed("schools", "school_number"), _listed("authorities", "authority"), _listed("regimes", "authority"),
    _listed("people"), _listed("liaisons"), *(
        _listed(path, days=DATED)
        for path in ("role-assignments", "adviser-allocations", "footprint-memberships", "body-members")
    ),
    *map(_listed, (
        "visits", "findings", "actions", "categories", "monitoring", "menu-items", "providers", "support-requests",
        "offers", "interests", "commissions", "impacts", "ceiling-overrides", "bodies", "meetings", "agenda-items",
        "attendances", "declarations", "votes", "resolutions", "minutes", "decisions", "references",
    )),
    List("/v1/schools/{0}/contacts", "/schools/{school_number}/contacts/{post}", below="/schools/"),
    List("/v1/providers/{0}/capacities", "/capacities/{id}", below="/providers/"),
    List("/v1/commissions/{0}/deliveries", "/deliveries/{id}", below="/commissions/"),
)  # fmt: skip
OF_A_DAY: Final = ("body-members",)
"""Kinds whose records are read as they hold on the day."""
NOT_ONE_BY_ONE: Final = ("monitoring",)
"""Kinds whose records have no address of their own."""
BY_STAGE: Final = frozenset({"visits.visit", "visits.finding"})
"""Told to those alone who see every stage (R97 of the feed): whoever sees later ones reads more than it is told."""
LATE_READERS: Final = frozenset({"head", "chair_of_governors"})


def kind_of(path: str) -> str:
    """What a record is, by its path: the last collection in it."""
    parts = path.strip("/").split("/")
    return parts[2] if len(parts) > 3 else parts[0]


async def read(world: World, asker: Asker) -> dict[str, dict[str, Any]]:
    """Every record that the caller may read, by path."""
    found = {}
    for path in world.universe:
        if kind_of(path) in NOT_ONE_BY_ONE:
            continue
        for day in DATED if kind_of(path) in OF_A_DAY else ("",):
            answer = await world.ask(asker, f"/v1{path}", **({"valid_at": day} if day else {}))
            if answer.status_code == 200:
                found[path] = answer.json()
            elif answer.status_code not in (403, 404):
                raise RuntimeError(f"{path}: {answer.text}")
    return found


async def pages(
    world: World, asker: Asker, path: str, **query: Any
) -> tuple[list[dict[str, Any]], int | None]:
    """All rows of a list, three at a time, and its total; None and nothing where it is refused."""
    rows: list[dict[str, Any]] = []
    total, address = None, f"{path}?{httpx.QueryParams({'limit': 3, 'total': 'true', **query})}"
    while address:
        answer = await world.ask(asker, address)
        if answer.status_code in (403, 404):
            return [], None
        if answer.status_code != 200:
            raise RuntimeError(f"{address}: {answer.text}")
        rows += answer.json()["items"]
        total = answer.json()["total"]
        address = answer.json()["links"].get("next")
    return rows, total


async def lists(world: World, asker: Asker, seen: Read, luck: Random) -> list[str]:
    """List, filter and total: the records that are read, each as it is read."""
    return [one for listing in LISTS async for one in _list(world, asker, seen, listing)]


async def _list(world: World, asker: Asker, seen: Read, listing: List) -> Any:
    kind = kind_of(listing.record)
    holders = [""]
    if listing.below:
        holders = [
            path.removeprefix(listing.below) for path in world.universe if path.startswith(listing.below)
        ]
        holders = [one for one in holders if "/" not in one]
    found: dict[str, Any] = {}
    for holder in holders:
        for day in listing.days or (TODAY,):
            asked = {"valid_at": day} if listing.days else {}
            rows, total = await pages(world, asker, listing.path.format(holder), **asked)
            if total is not None and total != len(rows):
                yield f"{listing.path} says a total of {total} and shows {len(rows)}"
            if total is None and any(kind_of(path) == kind for path in seen) and not listing.below:
                yield f"{listing.path} is refused, and records of it are read"
            shown = {listing.record.format_map(row): row for row in rows}
            found = shown | found if day == AFTER else found | shown
    if kind in NOT_ONE_BY_ONE:
        return
    mine = {path for path in seen if kind_of(path) == kind}
    if mine != found.keys():
        yield f"{listing.path}: lists and reads differ in {sorted(mine ^ found.keys())[:3]}"
    for path in mine & found.keys():
        if not listing.days and (differing := _differing(found[path], seen[path])):
            yield f"{path} is listed otherwise than read: {differing}"


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Fields that differ; what the caller may do next is no field of the record, and some lists leave it open."""
    names = {*one, *other} - {"allowed_transitions"}
    return sorted(name for name in names if one.get(name, ...) != other.get(name, ...))


async def search(world: World, asker: Asker, seen: Read, luck: Random) -> list[str]:
    """Search and filters find what is read and nothing else."""
    wrong = []
    number = luck.choice(SCHOOLS)
    for path, query in (
        ("schools", {"q": number}), ("schools", {"authority": number[:3]}), ("visits", {"school_number": number}),
        ("actions", {"school_number": number}), ("commissions", {"school_number": number}),
        ("support-requests", {"school_number": number}), ("categories", {"school_number": number}),
    ):  # fmt: skip
        rows, total = await pages(world, asker, f"/v1/{path}", **query)
        wanted = {
            record for record, row in seen.items()
            if kind_of(record) == path and number[:3] == row["authority"]
            and ("authority" in query or row["school_number"] == number)
        }  # fmt: skip
        key = "school_number" if path == "schools" else "id"
        got = {f"/{path}/{row[key]}" for row in rows}
        if got != wanted or (total is not None and total != len(wanted)):
            wrong.append(f"/v1/{path} with {query} finds {sorted(got ^ wanted)[:3]}, total {total}")
    return wrong


async def exports(world: World, asker: Asker, seen: Read, luck: Random) -> list[str]:
    """An export of a list has its records and fields, in each of two renderings."""
    wrong = []
    for listing in luck.sample([one for one in LISTS if not (one.days or one.below)], EXPORTED):
        kind = kind_of(listing.record)
        lines, table = [
            await world.send(asker, "GET", listing.path, Accept=media_type)
            for media_type in ("application/x-ndjson", "text/csv")
        ]
        if lines.status_code != 200 or table.status_code != 200:
            refused = {lines.status_code, table.status_code} <= {403, 404}
            if not refused or any(kind_of(path) == kind for path in seen):
                wrong.append(f"{listing.path} is exported with {lines.status_code} and {table.status_code}")
            continue
        rows = [orjson.loads(line) for line in lines.text.splitlines()]
        if len(list(csv.reader(io.StringIO(table.text)))) - 1 != len(rows):
            wrong.append(f"{listing.path}: CSV and NDJSON have other rows")
        if kind in NOT_ONE_BY_ONE:
            continue
        found = {listing.record.format_map(row): row for row in rows}
        mine = {path for path in seen if kind_of(path) == kind}
        if mine != found.keys():
            wrong.append(f"{listing.path}: exports and reads differ in {sorted(mine ^ found.keys())[:3]}")
        for path in mine & found.keys():
            if differing := _differing(found[path], seen[path]):
                wrong.append(f"{path} is exported otherwise than read: {differing}")
    return wrong


async def follow(world: World, asker: Asker) -> dict[str, dict[str, Any]] | None:
    """The copy of a follower of the feed: the last entry of each record by path; None where it may not follow."""
    held: dict[str, dict[str, Any]] = {}
    after = 0
    while True:
        answer = await world.ask(asker, "/v1/changes", after=after, limit=1000)
        if answer.status_code == 403:
            return None
        page = answer.json()
        for entry in page["items"]:
            held[entry["subject"]] = entry
            if entry["change"] in ("delete", "left_scope"):
                del held[entry["subject"]]
        after = page["next_after"]
        if after >= page["safe_until"]:
            return held


async def feed(world: World, asker: Asker, seen: Read, luck: Random) -> list[str]:
    """The feed tells of the records that are read, and of each the fields that are read."""
    held = await follow(world, asker)
    if held is None:
        return []
    wrong = []
    told = {path for path in held if kind_of(path) not in NOT_ONE_BY_ONE}
    for path in sorted(told ^ seen.keys()):
        staged = world.universe[path][0] in BY_STAGE and asker.roles & LATE_READERS
        narrowed = asker.scopes != "*" and world.universe[path][0] in BY_STAGE
        if path in told or not (staged or narrowed):
            wrong.append(f"{path} is {'told and not read' if path in told else 'read and not told'}")
    for path in told & seen.keys():
        data, shown = held[path]["data"], seen[path]
        hidden = [name for name in data if name in world.fields[kind_of(path)] and name not in shown]
        other = [
            name for name in data.keys() & shown.keys()
            if name not in ("valid_from", "valid_to") and type(data[name]) is type(shown[name])
            and not isinstance(data[name], (list, dict)) and data[name] != shown[name]
        ]  # fmt: skip
        if hidden or other:
            wrong.append(
                f"{path}: the feed tells {hidden}, which is not read, and otherwise than read {other}"
            )
    return wrong


async def digest(world: World, asker: Asker, seen: Read, luck: Random) -> list[str]:
    """The digest is that of the caller's own copy by the feed."""
    held = await follow(world, asker)
    answer = await world.ask(asker, "/v1/digests")
    if held is None:
        return [] if answer.status_code == 403 else ["the digest is given, the feed is not"]
    (whole,) = answer.json()["buckets"]
    states = ((*world.universe[path], entry["version"]) for path, entry in held.items())
    hashes = (sha256(f"{a}:{key}:{version}".encode()).digest()[:8] for a, key, version in states)
    total = f"{sum(map(int.from_bytes, hashes)) % 2**64:016x}"
    mine = (whole["count"], whole["hash"])
    return [] if mine == (len(held), total) else [f"the digest says {mine}, the feed {(len(held), total)}"]


async def counts(world: World, asker: Asker, seen: Read, luck: Random) -> list[str]:
    """What is counted is what is listed."""
    wrong = []
    per_authority = Counter(row["authority"] for path, row in seen.items() if kind_of(path) == "schools")
    rows, _ = await pages(world, asker, "/v1/school-counts")
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row["authority"]] += row["schools"]
    if rows and counted != per_authority:
        wrong.append(f"schools are counted {counted}, and read {per_authority}")
    owed, _ = await pages(world, asker, "/v1/outstanding-visits")
    rows, _ = await pages(world, asker, "/v1/outstanding-visit-counts")
    if sum(row["outstanding"] for row in rows) != len(owed):
        wrong.append(f"{len(owed)} visits are listed as outstanding, and counted otherwise: {rows}")
    answer = await world.ask(asker, "/v1/support-day-totals")
    if answer.status_code == 200:
        ledgers, _ = await pages(world, asker, "/v1/support-days")
        for name in ("committed_days",):
            total = sum(row[name] for row in answer.json()["items"])
            if total != sum(row[name] for row in ledgers):
                wrong.append(f"{name}: in all {total}, school by school {[row[name] for row in ledgers]}")
    return wrong


async def composition(world: World, asker: Asker, seen: Read, luck: Random) -> list[str]:
    """A composed answer shows of each section what the resource itself shows, and knows no record that is not read."""
    wrong = []
    number, authority = luck.choice(SCHOOLS), luck.choice(AUTHORITIES)
    for url in (
        f"/v1/schools/{number}/profile",
        f"/v1/authorities/{authority}/dashboard",
        *world.compositions,
    ):
        answer = await world.gateway.get(url, headers=world.headers(asker))
        if answer.status_code in (403, 404):
            # The whole is asked for under the operation that reads what it is about.
            continue
        for name, section in answer.json()["sections"].items():
            link = urlsplit(section["link"])
            alone = await world.ask(asker, link.path, **dict(parse_qsl(link.query)))
            shown = section["data"] if section["status"] == "ok" else None
            if _lasting(shown) != _lasting(alone.json() if alone.status_code == 200 else None):
                wrong.append(f"{url} shows {name} ({section['status']}) otherwise than {section['link']}")
            for row in _rows(shown):
                path = f"/{link.path.split('/')[2]}/{row.get('id')}"
                if path in world.universe and kind_of(path) not in NOT_ONE_BY_ONE and path not in seen:
                    wrong.append(f"{url} shows {path}, which is not read")
    return wrong


def _lasting(shown: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Without what a moment later says otherwise: whether an entry was told some seconds ago."""
    return None if shown is None else {name: value for name, value in shown.items() if name != "settled"}


def _rows(shown: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    if shown is not None:
        yield from (row for row in shown.get("items", ()) if isinstance(row, dict))


Surface = Callable[[World, Asker, Read, Random], Awaitable[list[str]]]
SURFACES: dict[str, Surface] = {
    "list": lists, "export": exports, "search": search, "feed": feed, "digest": digest, "count": counts,
    "composition": composition,
}  # fmt: skip
"""Every way in which records are seen; refusals are in `policy_refusals`."""
