"""The chain: `GET /v1/findings/{id}/chain`, from a finding to the returns that counted it (X-03, X-06)."""

from collections.abc import Mapping
from hashlib import sha256

from starlette.responses import Response

from contracts.code_list import CodeList
from contracts.codes import CODE_LISTS
from contracts.data_class import DataClass
from contracts.identifiers import RecordId
from contracts.text import Language, Text
from exchange.domain.chain import RETURN, STATUSES, Step
from exchange.storage.definitions import definitions
from exchange.usecases.read_chain import CHAIN_OPERATIONS, Chain, Link, read_chain
from exchange.usecases.read_changes import feed_decision, shown_to
from service_kit import preconditions
from service_kit.call import Call
from service_kit.models import View, adapter
from service_kit.problems import ProblemError
from service_kit.routing import Router

router = Router("chain", Text("Chain", "Cadwyn"))


class CountedRecordView(View, data_class=DataClass.confidential):
    """A record of the chain."""

    record: str
    """Plural of the resource, as in its path."""
    id: str


class CountingFigureView(View, data_class=DataClass.confidential):
    """A figure of a return that counts records of the chain."""

    code: str
    title: str
    counted: list[CountedRecordView]
    trace: str
    """Path of the trace, which gives the versions counted, under your own rights."""


class ChainLinkView(View, data_class=DataClass.confidential):
    """One record at its step, as its last event told it; it is read under its own path."""

    record: str
    """Plural of the resource, as in its path."""
    id: str
    version: int
    path: str
    state: str | None = None
    """Code of the record's states, where it has some."""
    state_title: str | None = None
    follows_from: list[CountedRecordView]
    """What the record itself says it follows from, where you may see it here."""
    facts: dict[str, str | int]
    """Days, counts, amounts and codes by the names that the record's events give them; those not known are left out."""
    figures: list[CountingFigureView] | None = None
    """Of a return: under which figures it counts records of the chain."""


class ChainStepView(View, data_class=DataClass.confidential):
    """One step. Records that you may not see are neither shown nor counted."""

    code: str
    title: str
    status: str
    """`present`, or `none_yet` where there is no record that you may see."""
    status_title: str
    records: list[ChainLinkView]


class ChainView(View, data_class=DataClass.confidential):
    """The chain of a published finding: visit, support, impact, what bodies decided, the returns that counted it."""

    finding_id: str
    as_of: int
    """Everything up to this position of the change feed is considered. It is no part of the ETag."""
    steps: list[ChainStepView]


@router.get(
    "/findings/{id}/chain", operation="visits.read", response_model=ChainView, dated=False, selects=False
)
async def read_finding_chain(id: RecordId, call: Call) -> Response:  # noqa: A002  the path's own word
    """Follows a published finding to what became of it, each record shown where you may read it.

    Built from events alone, so it may be a moment behind the services; `as_of` says where it stands. A link shows
    where the record that tells it may be read: what you may not know of is not counted either.
    """
    async with call.read(operations={"visits.read", *CHAIN_OPERATIONS.values()}) as uow:
        shown = shown_to(call.principal, call.memberships, call.serving.roles, CHAIN_OPERATIONS)
        await call.under(uow, feed_decision(call.principal, shown))
        found = await read_chain(uow.connection, id, shown)
    if found is None:
        raise ProblemError("not_found")
    steps = _steps(found, call.language)
    tag = _tag(steps, call.language)
    headers = {**call.headers(), "ETag": f"W/{tag}"}
    if preconditions.unchanged(call.request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    call.note_read(ChainView, {"id": id}, frozenset({DataClass.confidential}))
    view = ChainView(finding_id=id, as_of=found.as_of, steps=steps)
    body = adapter(ChainView).dump_json(view, exclude_none=True)
    return Response(body, 200, headers, "application/json")


def _tag(steps: list[ChainStepView], language: Language) -> str:
    content = adapter(list[ChainStepView]).dump_json(steps)
    return f'"{sha256(language.encode() + content).hexdigest()[:24]}"'


def _steps(chain: Chain, language: Language) -> list[ChainStepView]:
    shown = {link.reference for _, links in chain.steps for link in links}
    made = []
    for step, links in chain.steps:
        status = "present" if links else "none_yet"
        made.append(
            ChainStepView(
                code=step.code,
                title=step.title.in_(language),
                status=status,
                status_title=STATUSES[status].in_(language),
                records=[_record(step, link, shown, language) for link in links],
            )
        )
    return made


def _record(step: Step, link: Link, shown: set[str], language: Language) -> ChainLinkView:
    state = link.data.get("state") if step.states is not None else None
    facts = {name: link.data[name] for name in step.facts if link.data.get(name) is not None}
    return ChainLinkView(
        **_named(link.reference),
        version=link.version,
        path=f"/v1{link.subject}",
        state=state,
        state_title=_state_title(step, state, language),
        follows_from=[CountedRecordView(**_named(one)) for one in link.follows_from if one in shown],
        facts=facts,
        figures=_figures(link, language) if step.aggregate == RETURN else None,
    )


def _state_title(step: Step, state: str | None, language: Language) -> str | None:
    codes: CodeList | None = CODE_LISTS.get(step.states or "")
    # A newer publisher's state has its code here before it has its label.
    code = codes.get(state) if codes is not None and state is not None else None
    return code.label.in_(language) if code is not None else None


def _figures(link: Link, language: Language) -> list[CountingFigureView]:
    titles = definitions()[link.data["definition"]].figures
    return [
        CountingFigureView(
            code=figure.code,
            title=titles[figure.code].title.in_(language),
            counted=[CountedRecordView(**_named(one)) for one in figure.references],
            trace=f"/v1{link.subject}/figures/{figure.code}/trace",
        )
        for figure in link.figures
    ]


def _named(reference: str) -> Mapping[str, str]:
    record, _, id_ = reference.partition(":")
    return {"record": record, "id": id_}
