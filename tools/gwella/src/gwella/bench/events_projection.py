"""The projection of schools as one statement a batch: what a service does that has many to keep."""

from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import BigInteger, Table, Text, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from eventing.envelope import Envelope
from eventing.raw import Composed, driver_of
from eventing.reactions import Reaction, Unit, hears_all, reactions_of

_FACTS = ("number", "of_authority", "name", "status", "sector", "language_category", "postcode")
_FIELDS = ("school_number", "authority", "name", "status", "sector", "language_category", "postcode")


def _keeping(schools: Table) -> Composed:
    names = [*_FACTS, "told"]
    arrays = [bindparam(name, type_=ARRAY(BigInteger() if name == "told" else Text())) for name in names]
    rows = func.unnest(*arrays).table_valued(*names, name="rows").render_derived()
    statement = insert(schools).from_select(
        names, select(*(rows.c[name] for name in names)), include_defaults=False
    )
    return Composed.of(
        statement.on_conflict_do_update(
            index_elements=["number"],
            set_={name: statement.excluded[name] for name in names[1:]},
            where=schools.c.told < statement.excluded.told,
        )
    )


def in_batches(schools: Table) -> tuple[Reaction, ...]:
    """The projection of schools as one statement a batch."""
    keep = _keeping(schools)

    @hears_all
    async def keep_schools(envelopes: Sequence[Envelope], unit: Unit) -> None:
        newest = {envelope.key: envelope for envelope in envelopes}
        facts: list[dict[str, Any]] = [orjson.loads(envelope.data) for envelope in newest.values()]
        columns: dict[str, list[Any]] = {
            column: [one[field] for one in facts] for column, field in zip(_FACTS, _FIELDS, strict=True)
        }
        columns["told"] = [envelope.version for envelope in newest.values()]
        await (await driver_of(unit.connection)).fetch(*keep.with_(**columns))

    return reactions_of(keep_schools)
