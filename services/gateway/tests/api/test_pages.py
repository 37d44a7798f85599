"""R76: the gateway's own pages: index, description, viewer, problems, who I am."""

import re

import pytest
from jsonschema import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31

from gateway.domain.routes import METHODS, compile_routes

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

OWN = ("/v1/me", "/v1/schools/{school_number}/profile", "/v1/authorities/{authority}/dashboard",
       "/v1/advisers/{person_id}/caseload")  # fmt: skip
"""What the gateway answers itself."""


async def test_the_merged_description_is_valid_and_has_no_route_without_an_operation(running):
    async with running.client(None) as client:
        document = (await client.get("/openapi.json")).json()
    # The OpenAPI Initiative's own metaschema, as schemathesis carries it.
    Draft202012Validator(OPENAPI_31).validate(document)
    assert document["openapi"].startswith("3.1")
    upstream = running.upstream.document
    routed = {route.template: route for route in compile_routes({"registry": upstream}).routes}
    assert set(document["paths"]) == {*routed, *OWN}
    for template, route in routed.items():
        behind = {method.upper() for method in METHODS if method in upstream["paths"][template]}
        assert set(route.methods) - {"HEAD"} == behind


async def test_the_viewer_loads_nothing_from_elsewhere(running):
    async with running.client(None, headers=BROWSER) as client:
        page = await client.get("/docs")
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
        assert len(addresses) >= 4
        for address in addresses:
            if address.startswith("data:"):
                continue
            assert address.startswith("/")
            answer = await client.get(address)
            assert answer.status_code == 200, address
        script = await client.get("/docs/assets/swagger-ui-bundle.js")
        assert len(script.content) > 1_000_000
        again = await client.get(
            "/docs/assets/swagger-ui-bundle.js", headers={"If-None-Match": script.headers["etag"]}
        )
        assert again.status_code == 304
        assert (await client.get("/docs/assets/..%2Fservice.py")).status_code == 404


@pytest.mark.parametrize(("language", "title"), [("en", "School improvement"), ("cy", "Gwella ysgolion")])
async def test_the_index_leads_everywhere_in_both_languages(running, language, title):
    async with running.client(None) as client:
        page = await client.get("/", headers={**BROWSER, "Accept-Language": language})
        assert f"<h1>{title}</h1>" in page.text
        assert f'<html lang="{language}">' in page.text
        for address in (await client.get("/")).json()["links"]:
            assert (await client.get(address)).status_code == (401 if address == "/v1/me" else 200), address
        other = "cy" if language == "en" else "en"
        switched = await client.get(f"/?lang={other}", headers={**BROWSER, "Accept-Language": language})
        assert f'<html lang="{other}">' in switched.text


async def test_every_problem_type_resolves_for_programs_and_people(running):
    async with running.client(None) as client:
        listed = (await client.get("/problems")).json()
        codes = {problem["code"] for problem in listed["problems"]}
        assert {"upstream_timeout", "not_found", "too_many_in_flight"} <= codes
        for problem in listed["problems"]:
            one = await client.get(problem["type"])
            assert one.json() == problem
            for part in ("title", "cause", "remedy"):
                assert problem[part].keys() == {"en", "cy"}, (problem["code"], part)
                assert problem[part]["cy"] != problem[part]["en"]
        for fault in listed["faults"]:
            assert fault["cause"] == fault["detail"]
            assert fault["remedy"]["cy"] != fault["remedy"]["en"]
        page = await client.get("/problems/not_found", headers={**BROWSER, "Accept-Language": "cy"})
        assert "<h1>Heb ei ganfod</h1>" in page.text
        assert "<h2>Beth i&#x27;w wneud</h2><p>Gwiriwch y dynodwr." in page.text
        assert "<table>" in (await client.get("/problems", headers=BROWSER)).text
        assert (await client.get("/problems/nothing")).json()["code"] == "route_not_found"


async def test_a_services_own_problems_are_explained_too(start_gateway):
    running = await start_gateway(
        catalogue={
            "problems": {
                "list_too_old": {
                    "status": 409,
                    "title": {"en": "Too old", "cy": "Rhy hen"},
                    "detail": {"en": "The list is too old.", "cy": "Mae'r rhestr yn rhy hen."},
                    "cause": {"en": "Lists grow old.", "cy": "Mae rhestri'n heneiddio."},
                    "remedy": {"en": "Take a new one.", "cy": "Cymerwch un newydd."},
                }
            },
            "faults": {
                "too_odd": {
                    "en": "Too odd.",
                    "cy": "Rhy od.",
                    "remedy": {"en": "Add one.", "cy": "Ychwanegwch un."},
                }
            },
        }
    )
    async with running.client(None) as client:
        assert (await client.get("/problems/list_too_old")).json()["status"] == 409
        odd, mended = {"en": "Too odd.", "cy": "Rhy od."}, {"en": "Add one.", "cy": "Ychwanegwch un."}
        assert {"code": "too_odd", "detail": odd, "cause": odd, "remedy": mended} in (
            await client.get("/problems")
        ).json()["faults"]


async def test_me_says_who_i_am_and_what_i_may_do(running):
    async with running.client("authority_system", authority="673", client_id="la-673") as client:
        me = await client.get("/v1/me")
        assert (me.status_code, me.json()["client_id"]) == (200, "la-673")
        assert me.json()["roles"][0]["authority"] == "673"
        assert "schools.read" in {entry["operation"] for entry in me.json()["operations"]}
        assert me.headers["x-request-id"]
        held = await client.get("/v1/me", headers={"If-None-Match": me.headers["etag"]})
        assert held.status_code == 304
    async with running.client(None) as client:
        assert (await client.get("/v1/me")).json()["code"] == "token_missing"


async def test_the_gateway_is_alive_and_ready_without_its_upstream(start_gateway):
    running = await start_gateway(upstream_up=False)
    async with running.client(None) as client:
        for path in ("/livez", "/readyz", "/startupz"):
            assert (await client.get(path)).status_code == 200
