"""NATS, used by its own Python client."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import nats

from metricrig.services import NATS

if TYPE_CHECKING:
    from metricrig import Rig
    from metricrig.services import NATSInstance

EVERY_RUNTIME = True


async def _exchange(url: str, subject: str, listened_to: str) -> bytes:
    client = await nats.connect(url)
    inbox = await client.subscribe(listened_to)
    await client.publish(subject, b"tea")
    message = await inbox.next_msg(timeout=30)
    await client.close()
    return message.data


async def _heard(url: str, listened_to: str, published: list[str]) -> list[str]:
    """The subjects of what arrives there, as far as the last that was published: a server keeps their order."""
    client = await nats.connect(url)
    inbox = await client.subscribe(listened_to)
    for subject in published:
        await client.publish(subject, b"")
    found: list[str] = []
    while published[-1] not in found:
        found.append((await inbox.next_msg(timeout=30)).subject)
    await client.close()
    return found


def test_a_client_is_served_as_soon_as_it_is_ready(rig: Rig) -> None:
    server = rig.add(NATS())
    rig.start()
    assert asyncio.run(_exchange(server.url, "orders", "orders")) == b"tea"
    assert server.statistics()["in_msgs"] == 1


def test_tests_that_share_one_do_not_hear_each_other(rig: Rig) -> None:
    server = rig.add(NATS())
    rig.start()
    with server.isolated() as mine, server.isolated() as yours:
        published = [yours.subject("orders"), "orders", mine.subject("orders")]
        assert asyncio.run(_heard(mine.url, mine.subject(">"), published)) == [mine.subject("orders")]
        assert asyncio.run(_heard(mine.url, ">", published)) == published


async def _stored(url: str, *, publish: bool) -> int:
    client = await nats.connect(url)
    stream = client.jetstream()
    if publish:
        await stream.add_stream(name="orders", subjects=["orders"])
        await stream.publish("orders", b"tea")
    count = (await stream.stream_info("orders")).state.messages
    await client.close()
    return int(count)


def test_jetstream_keeps_messages_over_a_restart(rig: Rig) -> None:
    server: NATSInstance = rig.add(NATS(jetstream=True))
    rig.start()
    assert asyncio.run(_stored(server.url, publish=True)) == 1
    server.restart()
    assert asyncio.run(_stored(server.url, publish=False)) == 1


def test_the_fixture_is_a_part_of_the_sessions_server(nats: object) -> None:
    assert getattr(nats, "prefix", "").startswith("isolated-")
