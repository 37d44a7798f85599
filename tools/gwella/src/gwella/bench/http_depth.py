"""A page of 200 at the beginning of a list, and one a hundred thousand records deep: keyset paging costs no depth."""

import asyncio
from urllib.parse import urlsplit

import httpx
from sqlalchemy import func, insert, literal, select, text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import LargeBinary, Text

from contracts.welsh import fold, sort_key
from gwella.bench.figures import Figure, percentile
from gwella.bench.http_load import Load, loaded, request_of
from gwella.bench.http_servers import CALLER, GATEWAY, SCHOOL, Server, Servers
from registry.storage.tables import schools
from service_kit.database import Database

AREA = "http: list of 200"
PAGE = 200
PATH = f"/v1/schools?limit={PAGE}"
EXPECTED = 1.25
"""Of the page at depth 0, by p99: 1 but for what two tails differ by chance."""


async def _filled(url: str, rows: int) -> None:
    """So many schools like the one that is there, written at once: a depth is wanted, not their story."""
    heads, slices = schools.heads.c, schools.slices.c
    names = [f"Ysgol {n:06d}" for n in range(rows)]
    given = (
        func.unnest(
            literal(
                [f"66{n:05d}" if n < 100_000 else f"69{n - 100_000:05d}" for n in range(rows)], ARRAY(Text)
            ),
            literal(names, ARRAY(Text)),
            literal([sort_key(name) for name in names], ARRAY(LargeBinary)),
        )
        .table_valued("number", "name", "name_sort")
        .render_derived()
    )
    made = {"id": given.c.number, "school_number": given.c.number, "name": given.c.name}
    made |= {"name_sort": given.c.name_sort, "search_folded": literal(fold("Ysgol"))}
    database = Database(url, pool_size=1)
    try:
        async with database.transaction(
            {"app.everything": "public,internal,personal,confidential"}
        ) as connection:
            for table, columns in ((schools.heads, heads), (schools.slices, slices)):
                taken = [one for one in columns if one.identity is None]
                shown = [made.get(one.name, one).label(one.name) for one in taken]
                source = select(*shown).select_from(table.join(given, true())).where(columns.id == SCHOOL)
                await connection.execute(insert(table).from_select([one.name for one in taken], source))
        async with database.engine.connect() as connection:
            plain = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await plain.execute(text("vacuum analyze"))
    finally:
        await database.dispose()


def _deep(gateway: Server, token: str, depth: int) -> tuple[str, int]:
    """The address of the page that lies so deep, reached page by page, and how many records came before it."""
    headers = {"Authorization": f"Bearer {token}"}
    path, passed = PATH, 0
    with httpx.Client(
        base_url=f"http://127.0.0.1:{gateway.port}", headers=headers, trust_env=False
    ) as client:
        while passed < depth:
            page = client.get(path).raise_for_status().json()
            passed += len(page["items"])
            path = page["links"]["next"]
    parts = urlsplit(path)
    return f"{parts.path}?{parts.query}", passed


def measure(servers: Servers) -> list[Figure]:
    """Both pages in turn on one connection, so that whatever slows one slows the other."""
    sizes, gateway = servers.sizes, servers[GATEWAY]
    asyncio.run(_filled(servers.suite.database("registry").owner_url, sizes.rows))
    token = servers.suite.token(CALLER)
    # The last page of all is shorter.
    path, depth = _deep(gateway, token, sizes.rows // PAGE * PAGE - PAGE)
    requests = [request_of(PATH, token), request_of(path, token)]
    loaded(Load(gateway.port, requests, 1, count=20)).only(200)
    count = max(40, sizes.compared // 3)
    found = loaded(Load(gateway.port, requests, 1, count=count)).only(200).latencies
    return [
        Figure(
            AREA, f"at depth {depth:,}, p{percent}", percentile(found[1], percent), "ms",
            percentile(found[0], percent), "depth 0", EXPECTED, "at most",
        )
        for percent in (50, 99)
    ]  # fmt: skip
