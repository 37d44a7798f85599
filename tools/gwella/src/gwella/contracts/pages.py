"""The generated pages of `docs/reference`: Markdown, in the order of the things themselves."""

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import typer
from rich.text import Text as Marked
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from contracts.event import Event
from contracts.text import Text
from eventing.metrics import Metric
from gwella.contracts.monitoring import page_rows
from gwella.contracts.schemas import as_json, event_schema, example_of
from service_kit.problems import Catalogue

MADE: Final = "<!-- Written by `make contracts`; change the source, not this page. -->\n"

_EVENTS_INTRO: Final = """\
Each event carries the new values of all public and internal fields of its aggregate, with its authority and school
as of then. Personal and confidential fields are named in `changed`, never carried. A reader ignores fields that it
does not know. `valid_from` and `valid_to` say when the values hold; `ce_time` when they became known.
"""
_PROBLEMS_INTRO: Final = """\
Errors are problem documents (RFC 9457), `application/problem+json`. `type` is `/problems/<code>` and can be opened
at the gateway; `code` never changes. `errors` names every fault with a JSON Pointer. Titles and details come in
Welsh or English by `Accept-Language`. Each page of `/problems` says what leads to the problem and what to do about it.
"""
_METRICS_INTRO: Final = """\
Exported by OTLP over HTTP when `GWELLA_TELEMETRY_ENDPOINT` (or `OTEL_EXPORTER_OTLP_ENDPOINT`) names a collector, and
nowhere otherwise. Units are UCUM's. The second name is Prometheus', as the collector of `deploy/collector` offers it;
each series also bears `service_name`. From this catalogue are made the dashboard
[`deploy/grafana/event-backbone.json`](../../deploy/grafana/event-backbone.json) and the rules
[`deploy/grafana/alerts.yaml`](../../deploy/grafana/alerts.yaml): a gauge is compared by its value, a counter by what it
grew in ten minutes, a histogram by its 99th percentile. `page`: at any hour; `ticket`: on the next working day.
"""


def events_page(publishers: Mapping[str, Sequence[type[Event]]]) -> str:
    """Every event: what it means, which fields it carries, an example."""
    parts = [
        MADE,
        "# Events\n",
        _EVENTS_INTRO,
    ]
    for publisher, classes in sorted(publishers.items()):
        parts.append(f"## {publisher}\n")
        parts.append(f"Topic `{publisher}.events`; described in [AsyncAPI](asyncapi/{publisher}.json).\n")
        parts += [_event(cls) for cls in classes]
    return "\n".join(parts)


def _event(cls: type[Event]) -> str:
    schema = event_schema(cls)
    required = set(schema.get("required", ()))
    rows = [
        (f"`{name}`", _type_of(field), "yes" if name in required else "", field.get("description", ""))
        for name, field in schema["properties"].items()
    ]
    return "\n".join(
        [
            f"### {cls.__name__}\n",
            f"`{cls.TYPE}` · {cls.CHANGE} · {cls.DATA_CLASS} · [schema](events/{cls.TYPE}.json)\n",
            f"{schema['description']}\n",
            _table(("field", "type", "always", "meaning"), rows),
            f"```json\n{as_json(example_of(cls))}```\n",
        ]
    )


def _type_of(field: Mapping[str, object]) -> str:
    if "anyOf" in field:
        alternatives = field["anyOf"]
        kinds = [_type_of(one) for one in alternatives] if isinstance(alternatives, list) else []
        return " or ".join(kind for kind in kinds if kind != "null")
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    if field.get("type") == "array":
        items = field.get("items")
        return f"list of {_type_of(items) if isinstance(items, Mapping) else 'anything'}"
    return str(field.get("format", field.get("type", "anything")))


def problems_page(catalogues: Mapping[str, Catalogue]) -> str:
    """Every problem and fault in both languages; `catalogues` by where they are declared."""
    parts = [
        MADE,
        "# Problems\n",
        _PROBLEMS_INTRO,
    ]
    for place, catalogue in catalogues.items():
        if catalogue.problems:
            parts.append(f"## {place}: problems\n")
            rows = [
                (
                    f"`{kind.code}`",
                    str(kind.status),
                    *map(_in_both, (kind.title, kind.detail, kind.cause, kind.remedy)),
                )
                for kind in sorted(catalogue.problems.values(), key=lambda kind: (kind.status, kind.code))
            ]
            parts.append(
                _table(("code", "status", "title", "detail", "what leads to it", "what to do"), rows)
            )
        if catalogue.faults:
            parts.append(f"## {place}: faults\n")
            faults = [
                (f"`{kind.code}`", _in_both(kind.detail), _in_both(kind.remedy))
                for kind in sorted(catalogue.faults.values(), key=lambda kind: kind.code)
            ]
            parts.append(_table(("code", "what is wrong", "what to do"), faults))
    return "\n".join(parts)


def _in_both(text: Text) -> str:
    return f"{text.en}<br>*{text.cy}*"


def metrics_page(metrics: Sequence[Metric]) -> str:
    """Every metric, by name: what it means, what to do when it is high, when somebody is told."""
    head = ("metric", "kind, unit", "attributes", "meaning", "when it is high", "alert")
    return "\n".join([MADE, "# Metrics\n", _METRICS_INTRO, _table(head, page_rows(metrics))])


def command_line_page(app: typer.Typer, name: str) -> str:
    """Every command with its arguments and options."""
    command = typer.main.get_command(app)
    if not isinstance(command, TyperCommand | TyperGroup):
        raise TypeError(f"no command of Typer's own kind: {type(command)}")
    return "\n".join([MADE, "# Command line\n", *_commands(command, name)])


def _commands(command: TyperCommand | TyperGroup, path: str) -> list[str]:
    lines = [f"## {path}\n", f"{Marked.from_markup(inspect.cleandoc(command.help or '')).plain}\n"]
    rows: list[tuple[str, str]] = []
    for parameter in command.params:
        if isinstance(parameter, TyperOption) and not parameter.hidden:
            shown = ", ".join(f"`{spelt}`" for spelt in (*parameter.opts, *parameter.secondary_opts))
            rows.append((shown, Marked.from_markup(parameter.help or "").plain))
        elif isinstance(parameter, TyperArgument):
            rows.append((f"`{(parameter.name or '').upper()}`", parameter.help or ""))
    if rows:
        lines.append(_table(("argument or option", "meaning"), rows))
    if isinstance(command, TyperGroup):
        for name, child in sorted(command.commands.items()):
            if isinstance(child, TyperCommand | TyperGroup) and not child.hidden:
                lines += _commands(child, f"{path} {name}")
    return lines


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(_cell(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
