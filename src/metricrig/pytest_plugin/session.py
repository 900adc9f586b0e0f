"""The session: what the plugin remembers during a run. Nothing is started, or even imported, before a test asks."""

from __future__ import annotations

import contextlib
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import pytest

from metricrig._core.stream import everything
from metricrig.pytest_plugin.session_stats import SessionStats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from metricrig._core.events import Event
    from metricrig.instance import Instance
    from metricrig.pytest_plugin.chaos import Chaos
    from metricrig.pytest_plugin.fetch_display import FetchDisplay
    from metricrig.pytest_plugin.fetch_news import News
    from metricrig.pytest_plugin.live_fixtures import LiveFixtures
    from metricrig.pytest_plugin.options import PluginOptions
    from metricrig.pytest_plugin.server_usage import ServersOfTest
    from metricrig.pytest_plugin.session_servers import Attached, Servers
    from metricrig.pytest_plugin.xdist import WorkerPlace
    from metricrig.rig import Rig
    from metricrig.service import Service

SESSION = pytest.StashKey["Session"]()


class Session:
    """The state of a run in this process."""

    def __init__(self, settings: PluginOptions, config: pytest.Config) -> None:
        self.root = config.rootpath
        self._config = config
        self.settings = settings
        self.tally = SessionStats()
        self.setting_up: list[Any] = []
        """Definitions of the fixtures that are being set up, the innermost last."""
        self._fixtures: LiveFixtures | None = None
        self.item: pytest.Item | None = None
        """The test that runs now, if any."""
        self.servers_used: ServersOfTest | None = None
        """What it uses, if anything."""
        self.ended: ServersOfTest | None = None
        """The same of the test that has ended last."""
        self.failed = 0
        self.counted_by_leader = ""
        """The rig whose starts are on record there: a worker may be killed before it can tell of them."""
        self.calling = False
        """Whether a test's own code runs, and not its fixtures'."""
        self._everybodys: list[Rig] = []
        """Rigs that were opened while no test ran, by no fixture: every test may use them."""
        self._shared: Servers | None = None
        self._own: Servers | None = None
        self._attached: Attached | None = None
        self._making_own = False
        self._display: FetchDisplay | None = None
        self.end = everything.subscribe(partial(_hear, self))
        """To be called when the session is over: hear no more."""

    @cached_property
    def chaos(self) -> Chaos:
        """Seeds of chance, once there is a rig that may need one."""
        from metricrig.pytest_plugin.chaos import Chaos  # noqa: PLC0415 - see the module

        return Chaos(self, self._config)

    @cached_property
    def worker_place(self) -> WorkerPlace:
        """Where in a parallel run this process sits."""
        from metricrig.pytest_plugin.xdist import worker_place_of  # noqa: PLC0415 - see the module

        return worker_place_of(self._config)

    @property
    def fixtures(self) -> LiveFixtures:
        """What fixtures have made that lives now."""
        if self._fixtures is None:
            from metricrig.pytest_plugin.live_fixtures import LiveFixtures  # noqa: PLC0415 - see the module

            self._fixtures = LiveFixtures(self)
        return self._fixtures

    @property
    def has_live_fixtures(self) -> bool:
        """Whether any has made something that lives now."""
        return bool(self._fixtures)

    def servers(self, *, shared: bool) -> Servers:
        """Whoever has the session's servers: those of all processes, or this one's own."""
        from metricrig.pytest_plugin.session_servers import new_servers, own_servers  # noqa: PLC0415 - see the module

        if shared and self._shared is None:
            self._shared = new_servers(self) or self.servers(shared=False)
        elif not shared and self._own is None:
            self._making_own = True  # its servers are known one by one
            try:
                self._own = own_servers(self)
            finally:
                self._making_own = False
        servers = self._shared if shared else self._own
        assert servers is not None  # noqa: S101 - made above
        return servers

    @contextlib.contextmanager
    def having(self, service: Service, *, shared: bool, scope: str) -> Iterator[Instance]:
        """This server, ready, as the value of a fixture: the session's, or one with a rig of its own."""
        if scope == "session":
            # A container in a run of processes is this process's own: only processes can be shared.
            servers = self.servers(shared=shared and service.runtime in {None, "process"})
            instance = servers.server(service)
            with self.fixtures.holding(instance, partial(_mend, instance, servers.ensure)):
                yield instance
            return
        from metricrig.pytest_plugin.session_servers import mend  # noqa: PLC0415 - see the module

        with self.new_rig(service.name) as rig:
            instance = rig.add(service)
            rig.start(instance)
            with self.fixtures.holding(instance, partial(_mend, instance, mend)):
                yield instance

    @contextlib.contextmanager
    def attached(self, service: Service, url: str) -> Iterator[Instance]:
        """The server that somebody else runs at this URL; whatever becomes of it, there is no other."""
        from metricrig.pytest_plugin.session_servers import Attached  # noqa: PLC0415 - see the module

        if self._attached is None:
            self._making_own = True  # its servers are known one by one
            try:
                self._attached = Attached()
            finally:
                self._making_own = False
        instance = self._attached.server(service, url)
        with self.fixtures.holding(instance, None):
            yield instance

    @contextlib.contextmanager
    def new_rig(self, name: str) -> Iterator[Rig]:
        """A rig for a fixture; its files stay if that was asked for."""
        from metricrig.rig import Rig  # noqa: PLC0415 - see the module

        before = self.failed
        with Rig(name, runtime=self.settings.runtime) as rig:
            yield rig
            rig.keep = rig.keep or self.keeps(failed=self.failed > before)

    def using(self, value: Instance | Rig) -> None:
        """The running test uses this from now on: the death of a server of it ends the test."""
        if self.item is None:
            return
        servers_used = self.servers_used_by(self.item)
        if (
            self.counted_by_leader
            and not servers_used.uses(value)
            and getattr(value, "rig", "") == self.counted_by_leader
        ):
            from metricrig.pytest_plugin.neighbours import Presence  # noqa: PLC0415 - only where workers share

            server: Any = value  # a rig is never shared
            servers_used.presences.append(Presence(server, self.worker_place.worker))
        servers_used.use(value)
        servers_used.arm()

    def servers_used_by(self, item: pytest.Item) -> ServersOfTest:
        """What this test uses, which runs now."""
        if self.servers_used is None:
            from metricrig.pytest_plugin.server_usage import ServersOfTest  # noqa: PLC0415 - see the module

            self.servers_used = ServersOfTest(item.nodeid, full=self._config.option.verbose > 1)
        return self.servers_used

    def begin(self, item: pytest.Item) -> None:
        """A test begins: renew fixtures whose servers have died."""
        self.item, self.servers_used = item, None
        if self._fixtures is not None:
            self._fixtures.renew(item)
        for rig in self._everybodys:
            self.using(rig)

    def opened(self, rig: Rig) -> None:
        """A rig was opened: by a fixture, for its users; by the running test; or by somebody else, for all tests."""
        if self._making_own or self.fixtures.opened(rig):
            return
        if self.item is None:
            self._everybodys.append(rig)
            return
        self.using(rig)
        if self.calling:  # else it may be closed at the test's end
            self.servers_used_by(self.item).opened.append(rig.id)

    def closed(self, rig: str) -> None:
        """A rig was closed."""
        self.fixtures.closed(rig)
        self._everybodys = [each for each in self._everybodys if each.id != rig]
        if self.servers_used is not None and rig in self.servers_used.opened:
            self.servers_used.opened.remove(rig)

    def show(self, news: News) -> None:
        """Have people see what is being fetched, in the process that has the terminal."""
        if self.worker_place.inbox:
            from metricrig.pytest_plugin.worker_channel import send  # noqa: PLC0415 - see the module

            send(self.worker_place.inbox, news)
            return
        if self._display is None:
            from metricrig.pytest_plugin.fetch_display import FetchDisplay  # noqa: PLC0415 - see the module

            self._display = FetchDisplay(self._config)
        self._display.show(news)

    def close(self) -> None:
        """Close the servers; the last process that uses shared ones stops them."""
        made = (self._shared, self._own, self._attached)
        servers = {id(each): each for each in made if each is not None}
        self._shared = self._own = self._attached = None
        for each in servers.values():
            each.close()

    def keeps(self, *, failed: bool) -> bool:
        """Whether files are to stay."""
        return self.settings.keep == "always" or (self.settings.keep == "failed" and failed)


def _hear(session: Session, event: Event) -> None:
    """Import the handlers with the first event: whoever emits one has loaded the rest."""
    from metricrig.pytest_plugin.event_handlers import hear  # noqa: PLC0415 - see the module

    hear(session, event)


def _mend(instance: Instance, ensure: Callable[[Instance], None]) -> None:
    """Make it ready again after what a test has done to it on purpose."""
    if instance.provoked:
        instance.stop()  # it may be about to end, and take the next test with it
    ensure(instance)


def session_of(config: pytest.Config) -> Session:
    """The session's memory."""
    session: Any = config.stash[SESSION]
    assert isinstance(session, Session)  # noqa: S101 - for the type checker
    return session
