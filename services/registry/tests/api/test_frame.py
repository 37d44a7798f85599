"""Authorities, footprints, regimes and calendars: what the register hangs on, all of it dated."""

from datetime import date, timedelta

from registry_api import CENTRAL_SOUTH, Register, terms_of

from contracts.codes import HALF_TERMS


async def test_the_22_authorities(register: Register) -> None:
    await register.register_authorities()
    reader = register.caller("welsh_government")
    found = await reader.everything("/v1/authorities")
    assert [a["authority"] for a in found] == [str(code) for code in range(660, 682)]
    vale = (await reader.get("/v1/authorities/673")).json()
    assert (vale["name_en"], vale["name_cy"], vale["gss_code"]) == (
        "The Vale of Glamorgan", "Bro Morgannwg", "W06000014"
    )  # fmt: skip
    assert len(await register.events("authority.registered")) == 22
    again = await register.operator.post(
        "/v1/authorities",
        {"authorities": [{"authority": "673", "gss_code": "W06000014", "name_en": "X", "name_cy": "X"}]},
    )
    assert again.status_code == 409
    assert (await reader.post("/v1/authorities", {"authorities": []})).status_code == 403
    new = {"authority": "999", "gss_code": "W06000099", "name_en": "X", "name_cy": "X"}
    twice = await register.operator.post("/v1/authorities", {"authorities": [new, new]})
    assert [(e["pointer"], e["code"]) for e in twice.json()["errors"]] == [
        ("/authorities/1/authority", "repeated_value")
    ]


async def test_bridgend_moved_on_1_april_2019(region: Register) -> None:
    """Domain §3.2: in 2018 Bridgend was in Abertawe Bro Morgannwg, since in Cwm Taf Morgannwg."""

    async def board(day: str) -> tuple[str, str]:
        reader = region.caller("welsh_government")
        (held,) = await reader.everything(
            "/v1/footprint-memberships", authority="672", kind="health_board", valid_at=day
        )
        names = (await reader.get("/v1/footprints", valid_at=day)).json()["items"]
        return held["valid_to"], next(n["name_en"] for n in names if n["footprint"] == held["footprint"])

    assert await board("2018-04-10") == ("2019-04-01", "Abertawe Bro Morgannwg University Health Board")
    assert await board("2019-03-31") == ("2019-04-01", "Abertawe Bro Morgannwg University Health Board")
    assert await board("2019-04-01") == (None, "Cwm Taf Morgannwg University Health Board")
    members = await region.operator.everything("/v1/footprint-memberships", footprint="csc")
    assert tuple(m["authority"] for m in members) == CENTRAL_SOUTH


async def test_an_authority_is_in_one_footprint_of_a_kind(region: Register) -> None:
    answer = await region.operator.post(
        "/v1/footprint-memberships", {"authority": "672", "footprint": "gwe", "valid_from": "2021-09-01"}
    )
    assert answer.status_code == 409
    assert answer.json()["code"] == "footprint_overlap"
    (held,) = await region.operator.everything(
        "/v1/footprint-memberships", authority="672", kind="consortium"
    )
    path = f"/v1/footprint-memberships/{held['id']}"
    etag = (await region.operator.get(path)).headers["etag"]
    ended = await region.operator.patch(path, {"valid_to": "2021-09-01"}, etag)
    assert ended.json()["valid_to"] == "2021-09-01"
    nowhere = await region.operator.post(
        "/v1/footprint-memberships", {"authority": "672", "footprint": "nowhere"}
    )
    assert [(e["pointer"], e["code"]) for e in nowhere.json()["errors"]] == [("/footprint", "not_in_list")]
    moved = await region.operator.post(
        "/v1/footprint-memberships", {"authority": "672", "footprint": "gwe", "valid_from": "2021-09-01"}
    )
    assert moved.status_code == 201
    csc = await region.operator.everything(
        "/v1/footprint-memberships", footprint="csc", valid_at="2021-09-01"
    )
    assert [m["authority"] for m in csc] == ["673", "674", "675", "681"]
    event = (await region.events("membership_changed"))[-2]
    assert (event["footprint"], event["valid_from"], event["valid_to"]) == ("csc", "2012-09-01", "2021-09-01")


async def test_regimes_follow_each_other_whatever_order_they_are_told_in(register: Register) -> None:
    await register.register_authorities()
    for code, day in (
        ("authority_led_2025", "2025-04-01"),
        ("joint_education_service_2012", "2012-09-01"),
        ("national_model_2014", "2014-04-01"),
    ):
        answer = await register.operator.post(
            "/v1/regimes", {"authority": "673", "regime": code, "valid_from": day}
        )
        assert answer.status_code == 201, answer.text
    again = {"authority": "673", "regime": "national_model_2014", "valid_from": "2014-04-01"}
    assert (await register.operator.post("/v1/regimes", again)).status_code == 201  # nothing new: no event
    reader = register.caller("authority_system", "cy", authority="673")

    async def held(day: str) -> tuple[str, str, str]:
        row = (await reader.get("/v1/regimes/673", valid_at=day)).json()
        return row["regime"], row["delivered_by"], row["role_titles"][0]["title"]

    assert await held("2013-01-01") == ("joint_education_service_2012", "consortium", "Arweinydd System")
    assert await held("2014-04-01") == ("national_model_2014", "consortium", "Ymgynghorydd Her")
    assert await held("2025-04-01") == ("authority_led_2025", "authority", "Partner Gwella")
    assert (await reader.get("/v1/regimes/673", valid_at="2012-08-31")).status_code == 404
    events = await register.events("regime.adopted")
    assert [(e["regime_code"], e["valid_to"]) for e in events] == [
        ("authority_led_2025", None),
        ("joint_education_service_2012", "2025-04-01"),
        ("national_model_2014", "2025-04-01"),
    ]


async def test_a_regime_is_not_adopted_before_it_existed_nor_by_nobody(register: Register) -> None:
    answer = await register.caller("operator", "cy").post(
        "/v1/regimes", {"authority": "999", "regime": "national_model_2014", "valid_from": "2014-03-31"}
    )
    assert answer.status_code == 422
    assert [(e["pointer"], e["code"]) for e in answer.json()["errors"]] == [
        ("/authority", "unknown_authority"), ("/valid_from", "regime_did_not_exist")
    ]  # fmt: skip
    assert "2014-04-01" in answer.json()["errors"][1]["detail"]


async def publish(register: Register, name: str, authority: str) -> dict:
    year, terms = terms_of(name, authority)
    answer = await register.operator.post(
        "/v1/calendars", {"authority": authority, "school_year": year, "terms": terms, "assumed": True}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_term_dates_become_six_half_term_periods(register: Register) -> None:
    """S1-05, flows §3."""
    await register.register_authorities()
    for authority in CENTRAL_SOUTH:
        calendar = await publish(register, "school-term-dates-2019-20.csv", authority)
        assert [p["code"] for p in calendar["half_terms"]] == [entry.code for entry in HALF_TERMS]
    spring = (await register.operator.get("/v1/calendars/673/2019")).json()["half_terms"][2]
    assert (spring["first_day"], spring["last_teaching_day"], spring["last_day"]) == (
        "2020-01-06", "2020-02-14", "2020-02-23"
    )  # fmt: skip
    assert len(await register.operator.everything("/v1/calendars", school_year="2019/20")) == 5
    event = (await register.events("calendar.published"))[0]
    assert (event["school_year"], event["assumed"], len(event["periods"])) == ("2019/20", True, 6)


async def test_the_next_year_ends_the_last_period_of_this_one(register: Register) -> None:
    await register.register_authorities()
    this = await publish(register, "school-term-dates-2019-20.csv", "673")
    assert (this["half_terms"][5]["last_day"], this["half_terms"][5]["provisional"]) == ("2020-08-31", True)
    _, terms = terms_of("school-term-dates-2019-20.csv", "673")
    days = ("first_day", "last_day", "holiday_first_day", "holiday_last_day")
    later = [
        {"name": t["name"], **{d: (date.fromisoformat(t[d]) + timedelta(days=364)).isoformat() for d in days}}
        for t in terms
    ]
    later[0]["first_day"] = "2020-09-02"
    body = {"authority": "673", "school_year": "2020/21", "terms": later}
    assert (await register.operator.post("/v1/calendars", body)).status_code == 201
    again = (await register.operator.get("/v1/calendars/673/2019")).json()
    assert (again["half_terms"][5]["last_day"], again["half_terms"][5]["provisional"]) == (
        "2020-09-01",
        False,
    )
    assert again["version"] == 2
    before = len(await register.events("calendar.published"))
    assert before == 3
    assert (await register.operator.post("/v1/calendars", body)).status_code == 201  # the same again
    assert len(await register.events("calendar.published")) == before


async def test_every_fault_of_term_dates_is_told(register: Register) -> None:
    await register.register_authorities()
    year, terms = terms_of("school-term-dates-2019-20.csv", "673")
    terms[0]["first_day"], terms[1]["first_day"] = "2019-08-30", "2019-12-20"
    answer = await register.operator.post(
        "/v1/calendars", {"authority": "999", "school_year": year, "terms": terms}
    )
    assert {(e["pointer"], e["code"]) for e in answer.json()["errors"]} == {
        ("/authority", "unknown_authority"),
        ("/terms/0/first_day", "calendar_outside_school_year"),
        ("/terms/1/first_day", "calendar_terms_overlap"),
    }
    wrong = await register.operator.post(
        "/v1/calendars", {"authority": "673", "school_year": "2019-20", "terms": terms}
    )
    assert [(e["pointer"], e["code"]) for e in wrong.json()["errors"]] == [
        ("/school_year", "not_a_school_year")
    ]


async def test_an_authority_publishes_its_own_term_dates_only(region: Register) -> None:
    year, terms = terms_of("school-term-dates-2019-20.csv", "673")
    authority = region.caller("authority_system", authority="673")
    own = await authority.post("/v1/calendars", {"authority": "673", "school_year": year, "terms": terms})
    assert own.status_code == 201, own.text
    other = await authority.post("/v1/calendars", {"authority": "681", "school_year": year, "terms": terms})
    assert other.status_code == 403  # everybody may read them, so it is known that they exist
