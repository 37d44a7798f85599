"""R35: a client's own ids on returns: on the return, whatever its versions."""

from functools import partial
from typing import Any

from returning import BEFORE, OFFICER, RETURN, opened

from testkit.own_references import assert_referenced


async def test_returns_take_a_clients_own_references(filled: Any) -> None:
    """R35: set, shown, found; unique per client; nobody else's business."""
    await opened(filled, BEFORE)

    async def send(client: str, method: str, path: str, **sent: Any) -> Any:
        query = sent.get("params", {})
        return await filled.ask(method, path, sent=sent.get("json"), query=query, client_id=client, **OFFICER)

    first, second = [f"/v1/returns/{id_}" for id_ in (RETURN, BEFORE)]
    mine, other = partial(send, "mine"), partial(send, "another")
    await assert_referenced(mine, other, "/v1/returns", first, second)
