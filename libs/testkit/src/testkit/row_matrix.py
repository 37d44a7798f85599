"""Row by row: what each caller must see of what is there, said in the field's words and not by the policy's own code.

What one caller who may see everything lists is the truth. Of it an authority must see its own schools' records, a
school's people their own school's as far as its visits are shown to them, a government what was submitted, everybody
what is public; nobody a row or a field more. `testkit.policy_matrix` is the same for operations.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlsplit

from testkit.client import ApiClient, ApiProblem

Row = Mapping[str, Any]
Kind = Literal[
    "same",
    "public",
    "own",
    "counted",
    "record",
    "below",
    "returns",
    "refused",
    "self",
    "feed",
    "digest",
    "file",
    "levels",
]
"""What a route shows.

same: one answer for everybody (code lists, definitions). public: the same rows for everybody, foreign ones with their
public fields alone. own: rows of the caller's schools and nobody else's. counted: numbers of its own, by authority.
record: one record of the list `of`, or what hangs off it, for whoever sees it there. below: what belongs to a record
of `of` and is the school's own although that record may be public. returns: for a government what was submitted.
refused: no caller has the operation. self: what the caller made. feed: public entries and its own. digest: of the
records that the caller's own feed leaves it with. file: needs a signed link. levels: one promise for
everybody, and where it stands by now. composed: sections, each of them what its
own route shows the caller.
"""
SUBMITTED: Final = frozenset({"submitted", "acknowledged", "queried", "amended", "superseded"})
"""States of a return in which the government has it."""
SAMPLE: Final = 2
"""Records of each side that are read one by one."""
_NAMES: Final = (
    "authority", "school_number", "visit_type", "school_year", "scheme", "value", "sector", "status", "due_by",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What one GET route shows; `of` is the list whose rows fill its path, `query` what it cannot do without."""

    kind: Kind
    of: str = ""
    query: Mapping[str, str] = field(default_factory=dict)


def with_records(kind: Kind, path: str, *below: str, id_: str = "id") -> dict[str, Case]:
    """A list, its records, and what hangs off each."""
    record = f"{path}/{{{id_}}}"
    hanging = {f"{record}/{name}": Case("record", path) for name in below}
    return {path: Case(kind), record: Case("record", path), **hanging}


@dataclass(frozen=True)
class Caller:
    """Who asks: an authority's system, a school's person, or a government (neither of both is given).

    `visits`: states in which a school's person sees a visit. `refused`: lists whose operation the caller lacks.
    """

    name: str
    client: ApiClient
    authority: str | None = None
    school: str | None = None
    visits: frozenset[str] | None = None
    refused: frozenset[str] = frozenset()

    def owns(self, row: Row) -> bool:
        """Whether a record is about the caller's schools, or about support that one of them gives."""
        if self.authority is not None:
            return self.authority in (row.get("authority"), row.get("provider_authority"))
        return self.school is not None and self.school in (
            row.get("school_number"),
            row.get("provider_school"),
        )


def rows_of(client: ApiClient, path: str, query: Mapping[str, str]) -> list[Row]:
    """Every row of a list, all pages. Raises ApiProblem."""
    answer = client.get(path, **query)
    return list(client.pages(path, limit=200, **query)) if "links" in answer.body else list(answer["items"])


def _status(asked: Callable[[], Any]) -> int:
    try:
        return int(asked().status)
    except ApiProblem as problem:
        return problem.status


def _identity(row: Row) -> tuple[Any, ...]:
    return (row["id"],) if "id" in row else tuple(row.get(name) for name in _NAMES)


@dataclass
class RowMatrix:
    """Tries every case with every caller and keeps what is wrong.

    `truth` sees every row; `public` is the client that sees what is public and nothing else of a list that everybody
    has; `outside` the authority of which `truth` sees nothing; `fill` what no row says of a path.
    """

    cases: Mapping[str, Case]
    truth: ApiClient
    public: ApiClient
    outside: str
    fill: Mapping[str, str]
    wrong: list[str] = field(default_factory=list)
    tried: int = 0
    _rows: dict[str, list[Row]] = field(default_factory=dict)

    def check(self, caller: Caller) -> None:
        """Tries every case with one caller."""
        for path, case in self.cases.items():
            getattr(self, f"_check_{case.kind}")(caller, path, case)

    def rows(self, path: str) -> list[Row]:
        """The true rows of a list; of a list below records, those of every record."""
        if path not in self._rows:
            urls = [self.url(path, row) for row in self.rows(self.cases[path].of)] if "{" in path else [path]
            query = self.cases[path].query
            self._rows[path] = [row for url in urls for row in rows_of(self.truth, url, query)]
        return self._rows[path]

    def url(self, path: str, row: Row) -> str:
        """A path with its parameters taken from a row of the list that it belongs to."""
        id_ = row.get("return_id", row.get("id"))
        known = {
            **self.fill, **row, "id": id_, "transfer_id": id_, "authority": row.get("authority", id_),
            "first_year": str(row.get("school_year", ""))[:4],
        }  # fmt: skip
        return path.format(**known)

    @cached_property
    def _visits(self) -> dict[str, str]:
        return {row["id"]: row["state"] for row in self.rows("/v1/visits")}

    @cached_property
    def _public_entries(self) -> set[int]:
        return {e["position"] for e in self.public.follow_changes(wait=0.1, stop_when_empty=True, limit=1000)}

    def _attached_to(self, row: Row) -> list[tuple[str, Row]]:
        """The records that a document is attached to, each with its list."""
        return [
            (path, record)
            for link in row.get("records", ())
            if (path := f"/v1/{link['kind'].replace('_', '-')}s") in self.cases
            for record in self.rows(path)
            if record["id"] == link["id"]
        ]

    def _owns(self, caller: Caller, row: Row) -> bool:
        return caller.owns(row) or any(caller.owns(record) for _, record in self._attached_to(row))

    def _sees(self, caller: Caller, path: str, row: Row) -> bool:
        if path == "/v1/documents":
            return any(self._sees(caller, of, record) for of, record in self._attached_to(row))
        if not caller.owns(row):
            return False
        visit = {"/v1/visits": row.get("id"), "/v1/findings": row.get("visit_id")}.get(path)
        return visit is None or caller.visits is None or self._visits.get(visit) in caller.visits

    def _note(self, holds: bool, caller: Caller, what: str, detail: object = "") -> None:
        self.tried += 1
        if not holds:
            self.wrong.append(f"{caller.name}: {what} {detail}"[:400])

    def _sample(self, caller: Caller, path: str) -> Iterator[Row]:
        kept = {True: 0, False: 0}
        for row in self.rows(path):
            side = self._sees(caller, path, row)
            if kept[side] < SAMPLE:
                kept[side] += 1
                yield row

    def _asked(self, caller: Caller, url: str, query: Mapping[str, str], wanted: int) -> None:
        status = _status(lambda: caller.client.get(url, **query))
        self._note(status == wanted, caller, f"{url}: {status}, not {wanted}")

    def _is_refused(self, caller: Caller, path: str, case: Case) -> bool:
        """Tries the refusal where the caller lacks the operation of a list, and says that it does."""
        if not {path, case.of} & caller.refused:
            return False
        row = next(iter(self.rows(case.of)), {}) if case.of else {}
        self._asked(caller, self.url(path, {"id": "unknown", **row}), case.query, 403)
        return True

    def _check_same(self, caller: Caller, path: str, case: Case) -> None:
        urls = [self.url(path, row) for row in self.rows(case.of)[:SAMPLE]] if case.of else [path]
        for url in urls:
            mine, true = (
                client.get(url, lang="en", **case.query).body for client in (caller.client, self.truth)
            )
            self._note(mine == true, caller, f"{url} differs")

    def _check_public(self, caller: Caller, path: str, case: Case) -> None:
        urls = [self.url(path, row) for row in self.rows(case.of)[:SAMPLE]] if case.of else [path]
        for url in urls:
            mine = {_identity(row): row for row in rows_of(caller.client, url, case.query)}
            public = {_identity(row): row for row in rows_of(self.public, url, case.query)}
            self._note(
                mine.keys() == public.keys(), caller, f"{url} has other rows", mine.keys() ^ public.keys()
            )
            more = [
                row.keys() - public[key].keys()
                for key, row in mine.items()
                if key in public and not caller.owns(row) and row.keys() - public[key].keys()
            ]
            self._note(not more, caller, f"{url} shows more of foreign rows than is public", more[:1])

    def _check_own(self, caller: Caller, path: str, case: Case) -> None:
        if self._is_refused(caller, path, case):
            return
        mine = rows_of(caller.client, path, case.query)
        foreign = [row for row in mine if not self._owns(caller, row)]
        self._note(not foreign, caller, f"{path} shows foreign rows", foreign[:1])
        if caller.authority != self.outside:
            expected = {_identity(row) for row in self.rows(path) if self._sees(caller, path, row)}
            differs = expected ^ {_identity(row) for row in mine}
            self._note(not differs, caller, f"{path} has other rows", sorted(differs, key=str)[:2])

    def _check_counted(self, caller: Caller, path: str, case: Case) -> None:
        if self._is_refused(caller, path, case):
            return
        named = {row["authority"] for row in rows_of(caller.client, path, case.query)} - {None}
        own = caller.authority or (caller.school or "")[:3]
        self._note(named <= {own}, caller, f"{path} counts others", named)

    def _check_record(self, caller: Caller, path: str, case: Case) -> None:
        if self._is_refused(caller, path, case):
            return
        public = self.cases[case.of].kind == "public"
        for row in self._sample(caller, case.of):
            visible = public or self._sees(caller, case.of, row)
            self._asked(caller, self.url(path, row), case.query, 200 if visible else 404)

    def _check_below(self, caller: Caller, path: str, case: Case) -> None:
        if self._is_refused(caller, path, case):
            return
        for row in self._sample(caller, case.of):
            url = self.url(path, row)
            shown = self._shown(caller.client, url)
            wanted = self._sees(caller, case.of, row) and self._shown(self.truth, url)
            self._note(shown == wanted, caller, f"{url} shown: {shown}, not {wanted}")

    @staticmethod
    def _shown(client: ApiClient, url: str) -> bool:
        """Whether there is anything: no record and an empty list are the same to who may not know."""
        try:
            return bool(client.get(url).body.get("items", True))
        except ApiProblem as problem:
            if problem.status != 404:
                raise
            return False

    def _check_refused(self, caller: Caller, path: str, case: Case) -> None:
        row = self.rows(case.of)[0] if case.of else {"id": "unknown"}
        self._asked(caller, self.url(path, row), case.query, 403)

    def _check_returns(self, caller: Caller, path: str, case: Case) -> None:
        """The consortium's returns: a government's from `submitted` on; no authority's, and no school's at all."""
        if self._is_refused(caller, path, case):
            return
        government = caller.authority is None
        wanted = {row["id"] for row in self.rows("/v1/returns") if government and row["state"] in SUBMITTED}
        if path == "/v1/returns":
            got = {row["id"] for row in rows_of(caller.client, path, {})}
            self._note(got == wanted, caller, "/v1/returns has other rows", got ^ wanted)
        elif not case.of:
            # Obligations: which returns are owed when is known to whom they are owed.
            shown = bool(rows_of(caller.client, path, {}))
            self._note(shown == government, caller, f"{path} shows something: {shown}")
        else:
            for row in self.rows(case.of):
                url = self.url(path, row)
                there = _status(lambda url=url: self.truth.get(url, **case.query))  # type: ignore[misc]
                self._asked(caller, url, case.query, there if row["id"] in wanted else 404)

    def _check_feed(self, caller: Caller, path: str, case: Case) -> None:
        if caller.client is self.public:
            self._note(len(self._public_entries) > 0, caller, f"{path} is empty")
            return
        entries = caller.client.follow_changes(wait=0.1, stop_when_empty=True, limit=1000)
        more = [entry for entry in entries if entry["position"] not in self._public_entries]
        foreign = [
            (entry["type"], entry["authority"], entry["data"].get("school"))
            for entry in more
            if not caller.owns(
                {
                    **entry["data"],
                    "authority": entry["authority"],
                    "school_number": entry["data"].get("school"),
                }
            )
        ]
        self._note(not foreign, caller, f"{path} shows foreign entries", foreign[:2])
        inside = caller.authority != self.outside
        self._note(bool(more) == inside, caller, f"{path} shows entries of its own: {bool(more)}")

    def _check_digest(self, caller: Caller, path: str, case: Case) -> None:
        held: dict[tuple[str, str], int] = {}
        for entry in caller.client.follow_changes(wait=0.1, stop_when_empty=True, limit=1000):
            record = (".".join(entry["type"].split(".")[2:4]), entry["key"])
            held[record] = entry["version"]
            if entry["change"] in ("delete", "left_scope"):
                del held[record]
        states = (f"{aggregate}:{key}:{version}" for (aggregate, key), version in held.items())
        total = sum(int.from_bytes(sha256(state.encode()).digest()[:8]) for state in states) % 2**64
        (whole,) = caller.client.get(path)["buckets"]
        same = (whole["count"], whole["hash"]) == (len(held), f"{total:016x}")
        self._note(same, caller, f"{path} is not that of the caller's feed", (whole["count"], len(held)))

    def _check_composed(self, caller: Caller, path: str, case: Case) -> None:
        for row in self._sample(caller, case.of):
            url = self.url(path, row)
            if case.query:
                # Where what it is about may not be known, neither may the whole.
                alone = _status(lambda row=row: caller.client.get(case.query["about"].format(**row)))  # type: ignore[misc]
                whole = _status(lambda url=url: caller.client.get(url))  # type: ignore[misc]
                self._note(whole in (alone, 403), caller, f"{url}: {whole}, not {alone}")
                if whole != 200:
                    continue
            for name, section in caller.client.get(url)["sections"].items():
                link = urlsplit(section["link"])
                try:
                    read = caller.client.get(link.path, **dict(parse_qsl(link.query))).body
                except ApiProblem:
                    read = None
                shown = section["data"] if section["status"] == "ok" else None
                self._note(shown == read, caller, f"{url} shows {name} otherwise than {section['link']}")

    def _check_self(self, caller: Caller, path: str, case: Case) -> None:
        if case.of:
            for row in self.rows(case.of)[:SAMPLE]:
                self._asked(caller, self.url(path, row), case.query, 404)
        else:
            body = caller.client.get(path).body
            self._note(not body.get("items"), caller, f"{path} shows what others made")

    def _check_levels(self, caller: Caller, path: str, case: Case) -> None:
        # How they stand moves with the clock; what is promised is one for everybody.
        mine, true = (
            [{**one, "levels": len(one["levels"])} for one in client.get(path, lang="en")["objectives"]]
            for client in (caller.client, self.truth)
        )
        self._note(mine == true and mine != [], caller, f"{path} differs")

    def _check_file(self, caller: Caller, path: str, case: Case) -> None:
        self._note(_status(lambda: caller.client.get(path.format(id="unknown"))) >= 400, caller, path)


def undecided(documented: Sequence[str], cases: Mapping[str, Case]) -> set[str]:
    """GET routes without a case, and cases without a route."""
    return set(documented) ^ set(cases)
