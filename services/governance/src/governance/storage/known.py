"""What the registry told of schools."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from governance.storage.tables import known_schools


async def keep_school(
    connection: AsyncConnection, told: int, number: str, authority: str, status: str
) -> None:
    """Keeps a school, unless something later was told already."""
    values = {"of_authority": authority, "status": status}
    statement = insert(known_schools).values(told=told, number=number, **values)
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[known_schools.c.number],
            set_={**values, "told": told},
            where=known_schools.c.told < told,
        )
    )


async def authority_of(connection: AsyncConnection, number: str) -> str | None:
    """The authority of a school; None where the registry has not announced it."""
    query = select(known_schools.c.of_authority).where(known_schools.c.number == number)
    authority: str | None = await connection.scalar(query)
    return authority
