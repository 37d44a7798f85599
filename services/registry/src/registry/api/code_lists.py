"""Code lists: stable codes with their labels in both languages."""

from datetime import date

from starlette.responses import Response

from contracts.code_list import CodeList
from contracts.codes import CODE_LISTS
from contracts.data_class import DataClass
from contracts.text import Text
from service_kit.call import Call
from service_kit.models import View
from service_kit.problems import ProblemError
from service_kit.routing import Router

router = Router("code-lists", Text("Code lists", "Rhestrau codau"))


class CodeView(View, data_class=DataClass.public):
    """One code."""

    code: str
    label_en: str
    label_cy: str
    valid_from: date | None
    valid_to: date | None


class CodeListView(View, data_class=DataClass.public):
    """A code list in the order in which a person would read it."""

    name: str
    title_en: str
    title_cy: str
    codes: list[CodeView]


class CodeListsView(View, data_class=DataClass.public):
    """Every code list."""

    items: list[CodeListView]


@router.get("/code-lists", operation="codes.read", response_model=CodeListsView, dated=False)
async def list_code_lists(call: Call) -> Response:
    """Lists all code lists with their codes."""
    return call.answer(CodeListsView(items=[_view(codes) for codes in CODE_LISTS.values()]))


@router.get("/code-lists/{name}", operation="codes.read", response_model=CodeListView, dated=False)
async def read_code_list(name: str, call: Call) -> Response:
    """Reads one code list."""
    if name not in CODE_LISTS:
        raise ProblemError("not_found")
    return call.answer(_view(CODE_LISTS[name]))


def _view(codes: CodeList) -> CodeListView:
    return CodeListView(
        name=codes.name,
        title_en=codes.title.en,
        title_cy=codes.title.cy,
        codes=[
            CodeView(
                code=entry.code,
                label_en=entry.label.en,
                label_cy=entry.label.cy,
                valid_from=entry.valid_from,
                valid_to=entry.valid_to,
            )
            for entry in codes
        ],
    )
