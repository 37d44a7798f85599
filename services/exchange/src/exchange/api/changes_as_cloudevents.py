"""The change feed as a CloudEvents batch, for readers that know the standard and not us.

The same entries under the same rights as in our own form, as a JSON array of structured events
(`application/cloudevents-batch+json`, CloudEvents 1.0.2, JSON event format, section 4). Where to go on has no place in
an array, so the headers say it: `Link` with `rel="next"`, `Gwella-Next-After`, `Gwella-Safe-Until`, `Gwella-Feed`.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.responses import Response

from exchange.storage.change_log import FeedPage
from service_kit.call import RequestCall

BATCH: Final = "application/cloudevents-batch+json"

_EXTENSIONS: Final = {"key": "partitionkey", "change": "change", "correlation_id": "correlationid",
                      "authority": "authority", "school": "school"}  # fmt: skip
"""Members of an entry and the extension attributes that carry them; names as on the topic where it has them."""


def asked_for_batch(call: RequestCall) -> bool:
    """Whether the caller accepts a batch, by name; whoever accepts anything gets our own form."""
    accepted = call.request.headers.get("accept", "")
    return any(one.partition(";")[0].strip().lower() == BATCH for one in accepted.split(","))


def headers_of(call: RequestCall) -> dict[str, str]:
    """What both forms of the answer carry: it depends on what the caller accepts."""
    made = call.headers()
    return {**made, "Vary": f"{made['Vary']}, Accept"}


def batch(call: RequestCall, page: FeedPage, entries: Sequence[Mapping[str, Any]]) -> Response:
    """The answer as a batch."""
    body = orjson.dumps(as_cloudevents(entries))
    return Response(body, 200, headers_of(call) | where_to_go_on(call, page), BATCH)


def as_cloudevents(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entries as the feed tells them, each as a structured event; what was hidden from an entry stays hidden.

    `sequence` and `position` are digits in a text, because integers of the standard end at 2^31. `position` is the
    place in this feed, where on a topic it is the place in the publisher's log.
    """
    return [_event(entry) for entry in entries]


def _event(entry: Mapping[str, Any]) -> dict[str, Any]:
    time = entry["time"].astimezone(UTC)
    made = {
        "specversion": "1.0",
        "id": entry["event_id"],
        # The type names its publisher: `cymru.gwella.<service>.<aggregate>.<verb>.v<n>`.
        "source": f"/{entry['type'].split('.')[2]}",
        "type": entry["type"],
        "subject": entry["subject"],
        "time": time.isoformat(),
        "datacontenttype": "application/json",
        "dataschema": f"/schemas/{entry['type']}.json",
        "sequence": str(entry["version"]),
        "position": str(entry["position"]),
    }
    for member, attribute in _EXTENSIONS.items():
        if entry.get(member) is not None:
            made[attribute] = entry[member]
    return made | {"data": entry["data"]}


def where_to_go_on(call: RequestCall, page: FeedPage) -> dict[str, str]:
    """What our own form says beside the entries, as headers; the link keeps every parameter of the request."""
    asked = parse_qsl(call.request.url.query, keep_blank_values=True)
    kept = [(name, value) for name, value in asked if name != "after"]
    following = urlencode([*kept, ("after", str(page.next_after))])
    return {
        "Link": f'<{call.request.url.path}?{following}>; rel="next"',
        "Gwella-Next-After": str(page.next_after),
        "Gwella-Safe-Until": str(page.safe_until),
        "Gwella-Feed": page.feed,
    }
