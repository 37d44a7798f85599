"""Bases of what comes in and what goes out.

    class ContactIn(Model):                                  # a request: strict, unknown fields refused
        telephone: str | None = None

    class SchoolView(View, data_class=DataClass.public):     # an answer: each field has a class
        school_number: str
        authority: str
        head_teacher: Annotated[str | None, classed(DataClass.personal)] = None

A field whose class the caller may not see for that row is absent from the answer, never null; the description says so
by not requiring it. Which classes are visible is asked of the policy per row, by its authority, school and person.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_args

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    TypeAdapter,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from contracts.data_class import DataClass
from contracts.docstrings import describe
from service_kit.written_forms import with_strict_times

Timestamp = AwareDatetime
"""RFC 3339, with an offset; a time without one is refused."""

Item = TypeVar("Item", bound="View")

Exclusion = dict[str, Any]
"""Which fields to leave out, as pydantic's `exclude` takes it."""


class Model(BaseModel):
    """A request body: types are not coerced, unknown fields are refused, names are snake_case."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """As pydantic makes it; dates and moments in one form only (`written_forms`)."""
        return with_strict_times(handler(source))

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """As pydantic makes it, each field with its docstring."""
        described = handler(schema)
        describe(cls, handler.resolve_ref_schema(described))
        return described


def classed(data_class: DataClass) -> DataClass:
    """Annotates a field of a View with its class: `Annotated[str, classed(DataClass.personal)]`."""
    return data_class


class View(BaseModel):
    """An answer. `data_class` is the class of every field that is not annotated with one of its own.

    `SCOPED_BY` names the row's members that hold its authority, school, person and subject, by which the policy
    decides which classes are visible; a member that the row lacks counts as none. `RECORD` is the kind of record as
    the audit of reads names it: the view's name without `View`. `OTHER_SIDE` names, in the same way, the members of a
    second party to the record (the supporting school of a commission): it is shown public and internal fields.
    """

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=False)

    DATA_CLASS: ClassVar[DataClass]
    RECORD: ClassVar[str]
    SCOPED_BY: ClassVar[Mapping[str, str]] = {
        name: name for name in ("authority", "school", "person", "subject", "body")
    }
    OTHER_SIDE: ClassVar[Mapping[str, str]] = {}

    def __init_subclass__(cls, *, data_class: DataClass | None = None, **kwargs: Any) -> None:
        """Takes the class of the fields. Raises TypeError where neither the view nor its base has one."""
        super().__init_subclass__(**kwargs)
        if data_class is not None:
            cls.DATA_CLASS = data_class
        cls.RECORD = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__.removesuffix("View")).lower()
        if not hasattr(cls, "DATA_CLASS"):
            raise TypeError(f"{cls.__qualname__}: class ...(View, data_class=DataClass....) is needed")

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Describes which class each field has, and that fields of other classes than the view's may be absent."""
        described = handler(schema)
        target = handler.resolve_ref_schema(described)
        describe(cls, target)
        classes = field_classes(cls)
        for name, data_class in classes.items():
            target.get("properties", {}).get(name, {})["x-data-class"] = data_class.value
        if "required" in target:
            kept = [name for name in target["required"] if classes.get(name) == cls.DATA_CLASS]
            target["required"] = kept
            if not kept:
                del target["required"]
        return described


@cache
def field_classes(view: type[View]) -> Mapping[str, DataClass]:
    """The class of each field of a view."""
    return {
        name: next((extra for extra in field.metadata if isinstance(extra, DataClass)), view.DATA_CLASS)
        for name, field in view.model_fields.items()
    }


@cache
def hidden_fields(view: type[View], visible: frozenset[DataClass]) -> Exclusion:
    """What to leave out of a view for somebody who may see these classes, also within nested views and lists."""
    hidden: Exclusion = {}
    for name, data_class in field_classes(view).items():
        if data_class not in visible:
            hidden[name] = True
            continue
        for inner, listed in inner_views(view.model_fields[name].annotation):
            below = hidden_fields(inner, visible)
            if below:
                hidden[name] = {"__all__": below} if listed else below
    return hidden


def inner_views(annotation: Any, listed: bool = False) -> list[tuple[type[View], bool]]:
    """The views within a field's type, each with whether it stands in a list."""
    if isinstance(annotation, type) and issubclass(annotation, View):
        return [(annotation, listed)]
    origin = getattr(annotation, "__origin__", None)
    sequence = origin in (list, tuple)
    return [found for part in get_args(annotation) for found in inner_views(part, listed or sequence)]


@cache
def nested_view(view: type[View], name: str) -> type[View] | None:
    """The view that a field holds one of, or null; None for every other field."""
    annotation = view.model_fields[name].annotation
    parts = [part for part in get_args(annotation) or (annotation,) if part is not type(None)]
    found = parts[0] if len(parts) == 1 else None
    listed = getattr(annotation, "__origin__", None) in (list, tuple)
    return found if not listed and isinstance(found, type) and issubclass(found, View) else None


@cache
def adapter(view: type[Any]) -> TypeAdapter[Any]:
    """The validator and serialiser of a view or model, built once."""
    return TypeAdapter(view)


class File(View, data_class=DataClass.public):
    """Stands for an answer that is a file: its bytes are described as such (`openapi`)."""


class Links(View, data_class=DataClass.public):
    """Where a list goes on. `next` is absent on the last page."""

    self: str
    next: str | None = None


class Page(View, Generic[Item], data_class=DataClass.public):
    """One page of a list."""

    items: list[Item]
    links: Links
    total: int | None = None
    """All records under the same filter and policy; only where `?total=true` asked for it."""


ExternalReferences = Annotated[list[str], classed(DataClass.public)]
"""The caller's own references to the record; those of other clients are never shown."""
