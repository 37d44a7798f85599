"""Numbers of resolutions: they run on across the meetings of a body's municipal year [domain 1.2.5; S4-25]."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from governance.storage.tables import minute_numbers


async def next_number(connection: AsyncConnection, body_id: str, municipal_year: str) -> int:
    """The next number. The row is locked until the transaction ends, so numbers have no gap and no double."""
    statement = insert(minute_numbers).values(body_id=body_id, municipal_year=municipal_year, last_number=1)
    number: int | None = await connection.scalar(
        statement.on_conflict_do_update(
            index_elements=[minute_numbers.c.body_id, minute_numbers.c.municipal_year],
            set_={"last_number": minute_numbers.c.last_number + 1},
        ).returning(minute_numbers.c.last_number)
    )
    if number is None:
        raise RuntimeError("a number was neither begun nor raised")
    return number
