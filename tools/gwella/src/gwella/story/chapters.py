"""The chapters in order, and what to try afterwards."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from gwella.commands.token import granted
from gwella.story import categorising, deciding, loading, returning, seeing, supporting, using, visiting
from gwella.story.clients import Clients
from gwella.story.half_term import SCHOOL
from gwella.story.telling import Telling

BEGINS = "2020-01-06"
"""The first day of spring 1 of 2019/20 in Central South, where the sandbox's clock is set when the story begins."""


def tell(telling: Telling, state: Mapping[str, Any]) -> None:
    """Tells the whole story on a running suite (`state`: its `suite.json`)."""
    clients = Clients(state)
    advisers: list[str] = []
    chapters: tuple[tuple[str, Callable[[], None]], ...] = (
        (
            "The frame: authorities, footprints, regimes, calendars",
            partial(loading.load_frame, telling, clients),
        ),
        ("The list of schools of 10 April 2018", partial(loading.load_schools, telling, clients)),
        ("Its figures", partial(loading.check_figures, telling, clients)),
        ("Schools that came and went", partial(loading.load_successions, telling, clients)),
        ("People", lambda: advisers.extend(loading.load_people(telling, clients))),
        ("A lead adviser for every school", partial(loading.load_advisers, telling, clients, advisers)),
        ("An authority's system at work", partial(using.work_as_authority, telling, clients)),
        ("A command sent twice", partial(using.repeat_a_command, telling, clients)),
        ("A second system follows", partial(using.follow_the_feed, telling, clients)),
        ("Rights on every surface", partial(using.keep_to_rights, telling, clients)),
        ("Bad input", partial(using.send_bad_lists, telling, clients)),
        ("Support categories of January 2020", partial(categorising.import_categories, telling, clients)),
        ("Schools that are watched closely", partial(categorising.watch_closely, telling, clients)),
        ("Visits", partial(visiting.visit_schools, telling, clients)),
        ("A school's reply, and its findings", partial(visiting.hear_the_school, telling, clients)),
        ("Support requested", partial(supporting.request_support, telling, clients)),
        ("Support matched", partial(supporting.match, telling, clients)),
        ("Support commissioned", partial(supporting.commission, telling, clients)),
        ("Silence lapses", partial(visiting.let_silence_lapse, telling, clients)),
        ("Meetings called", partial(deciding.call_meetings, telling, clients)),
        ("Scrutiny recommends", partial(deciding.scrutinise, telling, clients)),
        ("The schools forum votes", partial(deciding.vote_in_the_forum, telling, clients)),
        ("Support delivered and judged", partial(supporting.deliver, telling, clients)),
        ("The joint committee decides", partial(deciding.decide, telling, clients)),
        ("Cabinet considers", partial(deciding.bring_to_cabinet, telling, clients)),
        ("The return is filled and frozen", partial(returning.fill, telling, clients)),
        ("The return is signed", partial(returning.sign, telling, clients)),
        ("Welsh Government pulls it", partial(returning.pull, telling, clients)),
        ("Its spreadsheet and its signature", partial(returning.verify, telling, clients)),
        ("A figure is traced", partial(returning.trace, telling, clients)),
        ("From the finding to the return", partial(seeing.follow_the_chain, telling, clients)),
        ("A school and an authority on one page each", partial(seeing.see_together, telling, clients)),
        ("Three kinds of client", partial(seeing.see_as_each, telling, clients)),
    )
    try:
        for title, tell_it in chapters:
            telling.chapter(title, tell_it)
    finally:
        clients.close()
    failed = len(telling.failed)
    verdict = "[green]all as expected[/green]" if not failed else f"[red]{failed} not as expected[/red]"
    telling.console.print(f"\n[bold]{len(telling.checks)} figures and refusals checked: {verdict}[/bold]")


def what_to_try(telling: Telling, state: Mapping[str, Any]) -> None:
    """Three lines to try, each with a token that is ready."""
    token = granted(state, "authority-673")["access_token"]
    government = granted(state, "welsh-government")["access_token"]
    gateway = state["gateway"]
    clients = Clients(state)
    try:
        finding = visiting.the_findings(clients)["teaching"]
    finally:
        clients.close()
    spreadsheet = f"{gateway}{returning.VERSION}/document?format=ods"
    print_ = telling.console.print
    print_("\n[bold]Try it[/bold] (tokens hold for an hour; more: gwella token --help)\n")
    print_(f"export GWELLA_TOKEN={token}", soft_wrap=True, highlight=False)
    print_(f"export WG_TOKEN={government}\n", soft_wrap=True, highlight=False)
    for line in (
        f'curl -H "Authorization: Bearer $GWELLA_TOKEN" "{gateway}/v1/schools/{SCHOOL}/profile"',
        f'curl -H "Authorization: Bearer $GWELLA_TOKEN" "{gateway}/v1/findings/{finding}/chain"',
        f'curl -H "Authorization: Bearer $WG_TOKEN" -H "Accept-Language: cy" -o ffurflen.ods "{spreadsheet}"',
    ):
        print_(line, soft_wrap=True, highlight=False, markup=False)
    print_("\nThe clock stands in February 2020; set it forward: [bold]gwella clock 2020-03-02[/bold].")
    print_("Ctrl-C stops everything. Start it again with [bold]make up[/bold]: the data stay.")
