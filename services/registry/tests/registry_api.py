"""The register as it runs, for tests: its API over ASGI under real tokens, its jobs run on demand, its outbox."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

import httpx
import orjson
from registry_data import DATA, ODS, list_bytes
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from registry.storage.tables import metadata
from service_kit.clock import FixedClock
from service_kit.jobs.running import JobRunner
from testkit.databases import ServiceDatabase
from testkit.tokens import TokenFactory

CENTRAL_SOUTH = ("672", "673", "674", "675", "681")
_keys = count(1)


@dataclass
class Caller:
    """One client with its token."""

    client: httpx.AsyncClient
    bearer: str
    language: str = "en"

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any
    ) -> httpx.Response:
        sent = {"Authorization": f"Bearer {self.bearer}", "Accept-Language": self.language, **(headers or {})}
        if method == "POST":
            sent.setdefault("Idempotency-Key", f"test-{next(_keys)}")
        return await self.client.request(method, path, headers=sent, **options)

    async def get(
        self, path: str, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        return await self.send("GET", path, params=query or None, headers=headers)

    async def post(
        self, path: str, body: Any = None, *, headers: Mapping[str, str] | None = None, **query: Any
    ) -> httpx.Response:
        options = {} if body is None else {"json": body}
        return await self.send("POST", path, params=query, headers=headers, **options)

    async def patch(self, path: str, body: Any, etag: str | None) -> httpx.Response:
        headers = {"Content-Type": "application/merge-patch+json"} | ({"If-Match": etag} if etag else {})
        return await self.send("PATCH", path, content=orjson.dumps(body), headers=headers)

    async def everything(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All pages of a list."""
        items, address = [], f"{path}?{httpx.QueryParams({'limit': 200, **query})}"
        while address:
            answer = await self.send("GET", address)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            items += page["items"]
            address = page["links"].get("next")
        return items


@dataclass
class Register:
    """The running register."""

    client: httpx.AsyncClient
    tokens: TokenFactory
    clock: FixedClock
    database: ServiceDatabase
    jobs: JobRunner
    superuser: AsyncEngine

    def caller(self, role: str, language: str = "en", **of: Any) -> Caller:
        """A client that holds one role."""
        of.setdefault("client_id", f"{role}-{of.get('authority') or of.get('school') or 'any'}")
        of.setdefault("sub", of["client_id"])
        return Caller(self.client, self.tokens.token(role, **of), language)

    @property
    def operator(self) -> Caller:
        return self.caller("operator")

    async def rows(self, statement: str, **values: Any) -> list[Any]:
        """What stands in the database, as its superuser sees it."""
        async with self.superuser.connect() as connection:
            return list((await connection.execute(text(statement), values)).all())

    async def rows_changed(self, statement: str, **values: Any) -> None:
        """Changes the database behind the register's back."""
        async with self.superuser.begin() as connection:
            await connection.execute(text(statement), values)

    async def number(self, statement: str, **values: Any) -> int:
        return int((await self.rows(statement, **values))[0][0])

    async def count(self, table: str) -> int:
        """The rows of a table."""
        async with self.superuser.connect() as connection:
            found = await connection.scalar(select(func.count()).select_from(metadata.tables[table]))
        return int(found or 0)

    async def events(self, kind: str = "%") -> list[dict[str, Any]]:
        """The data of events in the outbox, in order."""
        rows = await self.rows("select data from outbox where type like :kind order by seq", kind=f"%{kind}%")
        return [orjson.loads(bytes(row.data)) for row in rows]

    async def register_authorities(self) -> None:
        with (DATA / "wales-local-authorities.csv").open(encoding="utf-8") as file:
            rows = [
                {"authority": r["la_code"], **{n: r[n] for n in ("gss_code", "name_en", "name_cy")}}
                for r in csv.DictReader(file)
            ]
        answer = await self.operator.post("/v1/authorities", {"authorities": rows})
        assert answer.status_code == 201, answer.text

    async def send_list(
        self, content: bytes, list_date: str = "2018-04-10", caller: Caller | None = None, **headers: str
    ) -> httpx.Response:
        kind = "application/vnd.oasis.opendocument.spreadsheet" if content.startswith(b"PK") else "text/csv"
        return await (caller or self.operator).send(
            "POST", "/v1/school-lists", params={"list_date": list_date}, content=content,
            headers={"Content-Type": kind, **headers},
        )  # fmt: skip

    async def previewed(self, content: bytes, list_date: str = "2018-04-10") -> dict[str, Any]:
        """Sends a list and runs its preview; gives the list."""
        answer = await self.send_list(content, list_date)
        assert answer.status_code == 202, answer.text
        assert await self.jobs.run_one()
        return (await self.operator.get(f"/v1/school-lists/{answer.json()['id']}")).json()

    async def applied(self, content: bytes, list_date: str = "2018-04-10") -> dict[str, Any]:
        """Sends, previews and applies a list; gives it as it is then."""
        sent = await self.previewed(content, list_date)
        answer = await self.operator.post(f"/v1/school-lists/{sent['id']}/application")
        assert answer.status_code == 202, answer.text
        assert await self.jobs.run_one()
        return (await self.operator.get(f"/v1/school-lists/{sent['id']}")).json()

    async def load_region(self) -> None:
        """Authorities and the whole list of April 2018, applied."""
        await self.register_authorities()
        assert (await self.applied(list_bytes(ODS)))["state"] == "applied"

    async def join_footprints(self) -> None:
        with (DATA / "footprint-memberships.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                body = {"authority": row["la_code"], "footprint": row["footprint"]}
                body |= {name: row[name] for name in ("valid_from", "valid_to") if row[name]}
                answer = await self.operator.post("/v1/footprint-memberships", body)
                assert answer.status_code == 201, answer.text

    async def adopt_regimes(self) -> None:
        for authority in CENTRAL_SOUTH:
            answer = await self.operator.post(
                "/v1/regimes", {"authority": authority, "regime": "national_model_2014", "valid_from": "2014-04-01"}
            )  # fmt: skip
            assert answer.status_code == 201, answer.text

    async def person(self, name: str, authority: str = "674", employer: str = "csc", **details: Any) -> str:
        """Registers a person; gives the id."""
        answer = await self.operator.post(
            "/v1/people", {"name": name, "authority": authority, "employer": employer, **details}
        )
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])


def terms_of(name: str, authority: str) -> tuple[str, list[dict[str, str]]]:
    """School year and terms of a shipped file, as the API takes them."""
    with (DATA / name).open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["la_code"] == authority]
    days = {row["period"]: (row["start"], row["end"]) for row in rows}
    terms = []
    for term in ("autumn", "spring", "summer"):
        (first, last), (from_, to) = days[f"{term}_term"], days[f"{term}_half_term_holiday"]
        terms.append(
            {
                "name": term,
                "first_day": first,
                "last_day": last,
                "holiday_first_day": from_,
                "holiday_last_day": to,
            }
        )
    return rows[0]["school_year"], terms


def edited_csv(part: str, change: Any) -> bytes:
    """A real CSV after `change` has been made to its rows."""
    rows = list(csv.reader(io.StringIO(list_bytes(f"wales-{part}-2018-04-10.en.csv").decode())))
    change(rows)
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()
