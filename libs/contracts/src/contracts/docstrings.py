"""What a model's source says of its fields, read when somebody asks for a schema.

Pydantic can read it as each class is made, which takes as long as all the rest of a service's start; nobody needs it
before a description is asked for.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from types import ModuleType
from typing import Any

from pydantic import BaseModel


def describe(model: type[BaseModel], schema: dict[str, Any]) -> None:
    """Gives each property of a model's JSON Schema the docstring of its field as description, where it has none."""
    said = field_docstrings(model)
    properties = schema.get("properties", {})
    for name, field in model.model_fields.items():
        for key in (name, field.alias):
            if name in said and key in properties:
                properties[key].setdefault("description", said[name])


def field_docstrings(model: type[BaseModel]) -> Mapping[str, str]:
    """The docstring below each field, by field; a class that declares a field anew speaks for it."""
    said: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        module = sys.modules.get(cls.__module__)
        if module is not None and cls is not BaseModel and issubclass(cls, BaseModel):
            # A generic model filled in has the name of its origin and a bracket.
            said.update(_classes(module).get(cls.__qualname__.partition("[")[0], {}))
    return said


@cache
def _classes(module: ModuleType) -> Mapping[str, Mapping[str, str]]:
    """For each class of a module, by qualified name, the docstrings below its annotated attributes."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):  # a class made where there is no source has nothing to say
        return {}
    return {name: dict(_attributes(body)) for name, body in _bodies(tree.body, "")}


def _bodies(statements: list[ast.stmt], within: str) -> Iterator[tuple[str, list[ast.stmt]]]:
    for statement in statements:
        if isinstance(statement, ast.ClassDef):
            yield within + statement.name, statement.body
            yield from _bodies(statement.body, f"{within}{statement.name}.")
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _bodies(statement.body, f"{within}{statement.name}.<locals>.")


def _attributes(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for declared, said in pairwise(body):
        if (
            isinstance(declared, ast.AnnAssign)
            and isinstance(declared.target, ast.Name)
            and isinstance(said, ast.Expr)
            and isinstance(said.value, ast.Constant)
            and isinstance(said.value.value, str)
        ):
            yield declared.target.id, inspect.cleandoc(said.value.value)
