"""Event classes made at random, random changes of them, and random events of theirs: real classes, real JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from random import Random
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from contracts.data_class import DataClass
from contracts.event import Change, Event

KINDS = ("text", "number", "flag", "day", "code", "choice", "bounded", "either", "table")
"""What a field may hold, beside other objects."""
LETTERS = "abcdef"


@dataclass(frozen=True)
class Value:
    """What a field holds. `limit` narrows the kinds that have limits; `part` describes an object below."""

    kind: str
    limit: int = 5
    many: bool = False
    nullable: bool = False
    part: "Mapping[str, Member] | None" = None
    closed: bool = False


@dataclass(frozen=True)
class Member:
    """A field: what it holds, whether it is always there, and its class where it has one of its own."""

    value: Value
    required: bool = True
    data_class: DataClass | None = None


Form = Mapping[str, Member]


def kind_of(value: Value) -> Any:
    """The Python type of what a field holds."""
    limit = value.limit
    made: Any = {
        "text": lambda: str,
        "number": lambda: int,
        "flag": lambda: bool,
        "day": lambda: Annotated[str, Field(pattern=rf"^2020-01-0[1-{limit}]$")],
        "code": lambda: StrEnum("Code", {letter: letter for letter in LETTERS[:limit]}),
        "choice": lambda: Literal[tuple(LETTERS[:limit])],
        "bounded": lambda: Annotated[int, Field(ge=0, le=limit)],
        "either": lambda: Annotated[int, Field(ge=0, le=limit)] | Literal[tuple(LETTERS[:limit])],
        "table": lambda: dict[str, Annotated[int, Field(ge=0, le=limit)]],
        "object": lambda: model_of("Part", value.part or {}, BaseModel, closed=value.closed),
    }[value.kind]()
    made = list[made] if value.many else made
    return made | None if value.nullable else made


def model_of(name: str, form: Form, base: type[BaseModel], *, closed: bool = False) -> type[Any]:
    """The class of a form."""
    fields: dict[str, Any] = {}
    for key, member in form.items():
        kind = kind_of(member.value)
        if member.data_class is not None:
            kind = Annotated[kind, member.data_class]
        # A default that the schema does not tell: whether a field must be there is then all that changes.
        fields[key] = (kind, ... if member.required else Field(default_factory=lambda: None))
    extra: Any = {"__config__": ConfigDict(extra="forbid")} if closed else {"__base__": base}
    return create_model(name, **extra, **fields)


def event_of(form: Form) -> type[Event]:
    """A registered-looking event class of a form, as its publisher would declare it."""
    cls: type[Event] = model_of("Happened", form, Event)
    cls.__doc__ = "Something happened."
    cls.TYPE, cls.PUBLISHER, cls.AGGREGATE = "cymru.gwella.tests.thing.happened.v1", "tests", "thing"
    cls.CHANGE, cls.DATA_CLASS = Change.upsert, DataClass.internal
    return cls


# ---------------------------------------------------------------------------------------------------
# Forms and events


def random_value(chance: Random, depth: int) -> Value:
    """What a field may hold, at most so many objects deep."""
    many, nullable = chance.random() < 0.3, chance.random() < 0.4
    if depth and chance.random() < 0.4:
        part = random_form(chance, depth - 1)
        return Value("object", many=many, nullable=nullable, part=part, closed=chance.random() < 0.3)
    return Value(chance.choice(KINDS), chance.randint(2, 5), many, nullable)


def random_form(chance: Random, depth: int = 2) -> Form:
    """One to three fields."""
    classes = [None, None, DataClass.internal, DataClass.confidential]
    return {
        name: Member(random_value(chance, depth), chance.random() < 0.6, chance.choice(classes))
        for name in chance.sample("abcd", chance.randint(1, 3))
    }


def told(chance: Random, form: Form) -> dict[str, Any]:
    """Data of an event, as JSON: what its publisher may send under this form."""
    return {
        name: _held(chance, member.value)
        for name, member in form.items()
        if member.required or chance.random() < 0.7
    }


def _held(chance: Random, value: Value) -> Any:
    if value.nullable and chance.random() < 0.3:
        return None
    if value.many:
        return [_one(chance, value) for _ in range(chance.randint(0, 2))]
    return _one(chance, value)


def _one(chance: Random, value: Value) -> Any:
    limit = value.limit
    # What a narrower reader would not take is tried more often than not.
    at = limit if chance.random() < 0.6 else chance.randint(1, limit)
    made: Mapping[str, Callable[[], Any]] = {
        "text": lambda: chance.choice(["", "x", "3", "true", "2020-01-09"]),
        "number": lambda: chance.randint(-9, 9),
        "flag": lambda: chance.random() < 0.5,
        "day": lambda: f"2020-01-0{at}",
        "code": lambda: LETTERS[at - 1],
        "choice": lambda: LETTERS[at - 1],
        "bounded": lambda: at,
        "either": lambda: at if chance.random() < 0.5 else LETTERS[at - 1],
        "table": lambda: dict.fromkeys(chance.sample("kl", chance.randint(0, 2)), at),
        "object": lambda: told(chance, value.part or {}),
    }
    return made[value.kind]()


# ---------------------------------------------------------------------------------------------------
# Changes: each makes another form of one, at its top or below

Mutation = Callable[[Form, str], Form]


def _value(**changes: Any) -> Mutation:
    return lambda form, key: {
        **form, key: replace(form[key], value=replace(form[key].value, **changes))
    }  # fmt: skip


def _member(change: Callable[[Member], Member]) -> Mutation:
    return lambda form, key: {**form, key: change(form[key])}


@dataclass(frozen=True)
class Mutations:
    """By name. `harmless` ones keep every promise; all the others break one, unless they change nothing."""

    harmless: Mapping[str, Mutation] = field(
        default_factory=lambda: {
            "added": lambda form, key: {**form, "z": Member(Value("text"), required=False)},
            "added with a class": lambda form, key: {
                **form, "z": Member(Value("number"), required=False, data_class=DataClass.confidential)
            },
            "none": lambda form, key: form,
        }
    )  # fmt: skip
    harmful: Mapping[str, Mutation] = field(
        default_factory=lambda: {
            "removed": lambda form, key: {k: v for k, v in form.items() if k != key},
            "renamed": lambda form, key: {("y" if k == key else k): v for k, v in form.items()},
            "added as required": lambda form, key: {**form, "z": Member(Value("text"))},
            "required": _member(lambda m: replace(m, required=not m.required)),
            "null": _member(lambda m: replace(m, value=replace(m.value, nullable=not m.value.nullable))),
            "many": _member(lambda m: replace(m, value=replace(m.value, many=not m.value.many))),
            "type": _value(kind="flag", part=None),
            "type of number": _value(kind="number", part=None),
            "narrowed": _member(lambda m: replace(m, value=replace(m.value, limit=m.value.limit - 1))),
            "widened": _member(lambda m: replace(m, value=replace(m.value, limit=m.value.limit + 1))),
            "class": _member(lambda m: replace(m, data_class=DataClass.public)),
            "closed": _member(lambda m: replace(m, value=replace(m.value, closed=not m.value.closed))),
        }
    )


MUTATIONS = Mutations()


def changed(chance: Random, form: Form, mutation: Mutation) -> Form:
    """Another form, by a mutation of one field at the top or in an object below."""
    key = chance.choice(sorted(form))
    value = form[key].value
    if value.part and chance.random() < 0.6:
        part = changed(chance, value.part, mutation)
        return {**form, key: replace(form[key], value=replace(value, part=part))}
    return mutation(form, key)
