"""Every word of the published description in both languages: none is missing, none is said in vain."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

import pytest

from gwella.contracts.openapi import merged_document, service_document
from gwella.suite.parts import load_service
from gwella.suite.topology import read_topology
from service_kit.dictionary import (
    LABELS,
    METHODS,
    Dictionary,
    Place,
    Words,
    dictionary_of,
    shared_dictionary,
    slots,
    valued,
)

COMPLETE: Final = frozenset(
    {"brokerage", "exchange", "gateway", "governance", "registry", "service_kit", "visits"}
)
"""Packages of whose names every one is explained in both languages."""

ALIKE: Final = frozenset({"Cabinet", "Data", "Partner", "Person"})
"""Texts that are the same in both languages, rightly."""

Described = Mapping[str, Any]
CY: Final = "x-description-cy"


@pytest.fixture(scope="module")
def dictionaries() -> dict[str, Dictionary]:
    return {plan.name: dictionary_of(load_service(plan.name).package) for plan in read_topology().services}


@pytest.fixture(scope="module")
def documents() -> dict[str, dict[str, Any]]:
    return {plan.name: service_document(load_service(plan.name)) for plan in read_topology().services}


@pytest.fixture(scope="module")
def merged(documents: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return merged_document(documents)


def lacks(where: str, of: Described, key: str = "description", welsh: str = CY) -> Iterator[str]:
    """What a text lacks, a line each."""
    english, cymraeg = of.get(key, ""), of.get(welsh, "")
    if not english.strip():
        yield f"{where}: no English"
    if not cymraeg.strip():
        yield f"{where}: no Welsh"
    elif english == cymraeg and english not in ALIKE:
        yield f"{where}: the Welsh is the English"


def lacking_labels(where: str, schema: Any) -> Iterator[str]:
    """Values of enumerations, however deep, that have no label."""
    if isinstance(schema, list):
        for one in schema:
            yield from lacking_labels(where, one)
    if not isinstance(schema, Mapping):
        return
    if isinstance(schema.get("enum"), list):
        labels = schema.get(LABELS, {})
        for value in schema["enum"]:
            yield from lacks(f"{where}={value}", labels.get(str(value), {}), "en", "cy")
    for key, inner in schema.items():
        if key not in ("properties", "example", "examples", LABELS):
            yield from lacking_labels(where, inner)


def lacking_in_schemas(document: Described) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        yield from lacks(name, schema)
        yield from lacking_labels(name, schema)
        for field, described in schema.get("properties", {}).items():
            yield from lacks(f"{name}.{field}", described)
            yield from lacking_labels(f"{name}.{field}", described)
            # What a schema holds is a schema of its own, whose fields are looked at by its name.
            assert "'properties':" not in str(described), f"{name}.{field}"


def operations(document: Described) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from (item[method] for method in METHODS if method in item)


def lacking_in_operations(document: Described) -> Iterator[str]:
    for operation in operations(document):
        name = operation["operationId"]
        yield from lacks(f"{name} description", operation)
        for parameter in operation.get("parameters", ()):
            yield from lacking_labels(f"{name}({parameter['name']})", parameter["schema"])


def lacking_when_published(merged: Described) -> Iterator[str]:
    """What the gateway adds for all services."""
    for tag in merged["tags"]:
        yield from lacks(f"tag {tag['name']}", tag)
    for header, described in merged["components"]["headers"].items():
        yield from lacks(f"header {header}", described)
    for operation in operations(merged):
        name = operation["operationId"]
        yield from lacks(f"{name} summary", operation, "summary", "x-summary-cy")
        for parameter in operation.get("parameters", ()):
            yield from lacks(f"{name}({parameter['name']})", parameter)
        for status, answer in operation["responses"].items():
            reference = answer.get("$ref", "").rpartition("/")[2]
            held = merged["components"]["responses"][reference] if reference else answer
            yield from lacks(f"{name} {status}", held)


def told(lines: Iterator[str]) -> str:
    found = sorted(set(lines))
    return "\n".join([*found, f"{len(found)} texts"]) if found else ""


def test_what_the_gateway_adds_is_in_both_languages(merged: dict[str, Any]) -> None:
    """Tags, headers, summaries, parameters and answers."""
    assert len(list(operations(merged))) > 300
    assert told(lacking_when_published(merged)) == ""


def test_every_operation_schema_field_and_value_is_explained(documents: dict[str, dict[str, Any]]) -> None:
    def lacking() -> Iterator[str]:
        for name, document in documents.items():
            found = (*lacking_in_operations(document), *lacking_in_schemas(document))
            yield from (f"{name}: {line}" for line in found)

    assert told(lacking()) == ""


def said(
    documents: dict[str, dict[str, Any]], dictionaries: dict[str, Dictionary]
) -> dict[tuple[str, Place], set[str]]:
    """For each entry that is used, the English sentences beside its Welsh."""
    found: dict[tuple[str, Place], set[str]] = defaultdict(set)
    shared = shared_dictionary()
    for name, document in documents.items():
        for slot in slots(document, dictionaries[name], shared):
            entry = slot.entry()
            if entry is not None and slot.target.get(slot.welsh) == entry[2].cy:
                found[entry[:2]].add(slot.target.get(slot.key, ""))
        for slot, value in valued(document, dictionaries[name], shared):
            entry = slot.entry()
            if entry is not None and slot.target[LABELS][value]["cy"] == entry[2].cy:
                found[entry[:2]].add(slot.target[LABELS][value]["en"])
    return found


def in_vain(dictionaries: Iterable[Dictionary], used: Mapping[tuple[str, Place], set[str]]) -> Iterator[str]:
    """Entries that hold nowhere, whose English is shown nowhere, or whose Welsh stands beside two sentences."""
    for dictionary in dictionaries:
        for place, words in dictionary.entries.items():
            where = f"{dictionary.owner}: {'.'.join(place)}"
            english = used.get((dictionary.owner, place), set())
            if not english:
                yield f"{where}: holds nowhere"
            elif words.en is not None and words.en not in english:
                yield f"{where}: the code has other English everywhere: {sorted(english)}"
            elif len(english) > 1:
                yield f"{where}: one Welsh for {sorted(english)}"


def test_no_entry_is_in_vain_or_translates_another_sentence(
    documents: dict[str, dict[str, Any]], dictionaries: dict[str, Dictionary]
) -> None:
    """An entry holds somewhere, its English is the one that is shown, and its Welsh is of one sentence only."""
    every = (shared_dictionary(), *dictionaries.values())
    assert told(in_vain(every, said(documents, dictionaries))) == ""


def test_an_entry_in_vain_is_found() -> None:
    """The mutants: of each of the three kinds one."""
    english = {"gone": "A.", "other": "B.", "both": None, "fine": "D."}
    entries: dict[Place, Words] = {("fields", name): Words("Cymraeg.", en) for name, en in english.items()}
    shown = {"other": {"Code."}, "both": {"One.", "Two."}, "fine": {"D."}}
    used: dict[tuple[str, Place], set[str]] = {("x", ("fields", name)): said for name, said in shown.items()}
    assert list(in_vain([Dictionary("x", entries)], used)) == [
        "x: fields.gone: holds nowhere",
        "x: fields.other: the code has other English everywhere: ['Code.']",
        "x: fields.both: one Welsh for ['One.', 'Two.']",
    ]


def test_a_gap_of_each_kind_is_found(documents: dict[str, dict[str, Any]], merged: dict[str, Any]) -> None:
    """The mutants: a text taken away, or said in English twice, is told with its place."""
    document: dict[str, Any] = {
        "paths": {"/v1/a": {"get": {"operationId": "read_a", "description": "A.", CY: "A.", "parameters": [
            {"name": "side", "schema": {"type": "string", "enum": ["left"]}}]}}},
        "components": {"schemas": {"A": {CY: "Un.", "properties": {
            "b": {"description": "B."}, "c": {"items": {"enum": ["x"], LABELS: {"x": {"en": "X", "cy": "Ecs"}}},
                                              "description": "C.", CY: "Ec."}}}}},
    }  # fmt: skip
    assert [*lacking_in_operations(document), *lacking_in_schemas(document)] == [
        "read_a description: the Welsh is the English", "read_a(side)=left: no English",
        "read_a(side)=left: no Welsh", "A: no English", "A.b: no Welsh",
    ]  # fmt: skip
    assert not list(lacking_when_published(merged))
    merged["tags"][0].pop(CY)
    next(operations(merged)).pop("x-summary-cy")
    assert len(list(lacking_when_published(merged))) == 2
