"""R73: whose turn it is at a service, so that one client's many requests do not stand before another's one."""

import asyncio

import pytest

from gateway.usecases.turns import ALONE, LATELY, SHARED, Turn, Turns


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def at_once(turns: Turns, client: str, times: int) -> list[Turn]:
    return [turn for _ in range(times) if (turn := turns.at_once(client)) is not None]


async def test_alone_a_client_keeps_a_service_busy_and_no_more():
    turns = Turns()
    assert len(at_once(turns, "noisy", 3 * ALONE)) == ALONE


async def test_while_others_ask_each_has_its_share_and_none_waits_for_the_others():
    turns = Turns(now=Hand())
    assert len(at_once(turns, "calm", 1)) == 1
    assert len(at_once(turns, "noisy", 3 * ALONE)) == SHARED
    waiting = [asyncio.create_task(turns.later("noisy")) for _ in range(20)]
    await asyncio.sleep(0)
    # Twenty of the noisy one wait, and the calm one has its share all the same.
    assert len(at_once(turns, "calm", 5)) == SHARED - 1
    assert len(at_once(turns, "third", 5)) == SHARED
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


async def test_a_service_is_shared_for_a_while_after_another_asked():
    clock = Hand()
    turns = Turns(now=clock)
    at_once(turns, "calm", 1)
    held = at_once(turns, "noisy", ALONE)
    assert len(held) == SHARED
    clock.seconds += LATELY
    assert len(at_once(turns, "noisy", 2 * ALONE)) == ALONE - SHARED


async def test_turns_come_in_the_order_of_asking_and_each_is_given_once():
    clock = Hand()
    turns = Turns(now=clock)
    at_once(turns, "calm", 1)
    held = at_once(turns, "noisy", SHARED)
    order: list[int] = []

    async def ask(number: int) -> Turn:
        turn = turns.at_once("noisy") or await turns.later("noisy")
        order.append(number)
        return turn

    tasks = [asyncio.create_task(ask(number)) for number in range(4)]
    await asyncio.sleep(0)
    assert order == []
    for number, turn in enumerate(held):
        turn.give_back()
        turn.give_back()
        await asyncio.sleep(0.001)
        assert order == list(range(number + 1))
    for task in tasks:
        (await task).give_back()
    assert order == [0, 1, 2, 3]


@pytest.mark.parametrize("given_first", [False, True])
async def test_who_goes_away_while_waiting_keeps_no_turn(given_first: bool):
    turns = Turns(now=Hand())
    at_once(turns, "calm", 1)
    held = at_once(turns, "noisy", SHARED)
    gone, next_one = (asyncio.create_task(turns.later("noisy")) for _ in range(2))
    await asyncio.sleep(0)
    if given_first:
        held[0].give_back()
    gone.cancel()
    if not given_first:
        held[0].give_back()
    with pytest.raises(asyncio.CancelledError):
        await gone
    async with asyncio.timeout(5):
        turns_left = (await next_one, *held[1:])
    for turn in turns_left:
        turn.give_back()
    assert len(at_once(turns, "noisy", ALONE)) == SHARED


async def test_slow_requests_do_not_keep_the_rest_of_their_client_waiting():
    turns = Turns(hold=0.01)
    at_once(turns, "calm", 1)
    slow = at_once(turns, "noisy", SHARED)
    async with asyncio.timeout(5):
        quick = await turns.later("noisy")
    # Those that took too long are counted no more, and giving their turns back changes nothing.
    quick.give_back()
    for turn in slow:
        turn.give_back()
    assert len(at_once(turns, "noisy", ALONE)) == SHARED
