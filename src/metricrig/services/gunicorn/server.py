"""The description of a Gunicorn: its command, its configuration file, and when it is ready."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Unpack

from metricrig import ready
from metricrig._core.errors import CommandFailed, Unavailable
from metricrig.placement import Placement
from metricrig.service import Service
from metricrig.services.gunicorn.instance import GunicornInstance, at_work

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from metricrig.service import Environment, Workbench
    from metricrig.services.common_options import Options

Config = str | Path | Callable[[Placement], str]

_CONFIG = "gunicorn.conf.py"
# Not "python -m gunicorn": at SIGUSR2 the server executes its own file again, and then the package's modules
# (gunicorn/http) would lie on the path in place of Python's.
_LAUNCHER = "start_gunicorn.py"
_LAUNCH = b'from gunicorn.app.wsgiapp import run\n\nrun(prog="gunicorn")\n'
# A rig's server stays in the foreground, and has no file in common with another one. (The control socket came with
# 25.1, at one place for all servers of a user; older versions ignore the name.)
_ENFORCED = """
# --- what the rig needs
daemon = False
pidfile = None
globals().setdefault("control_socket_disable", True)
"""


class Gunicorn(Service):
    """A WSGI or ASGI application in Gunicorn: ``Gunicorn("shop:app", workers=2)``.

    ``config`` is a configuration file: its text, its path, or a function of the placement that returns the text.
    The options given here, and ``args``, which are added to the command, win over it; what neither says is
    Gunicorn's own default. ``python`` is the interpreter that has Gunicorn and the application; ``pythonpath`` are
    directories to import from, besides ``cwd`` and the instance's own, where ``files`` lie.
    ``ports`` are further ones, besides "http". It is ready when as many workers as were asked for are at work, and
    one of them has answered a GET of "/" with anything below 500.
    """

    instance_type: ClassVar[type[GunicornInstance]] = GunicornInstance

    def __init__(
        self,
        app: str,
        name: str = "gunicorn",
        *,
        workers: int | None = None,
        worker_class: str | None = None,
        threads: int | None = None,
        timeout: int | None = None,
        graceful_timeout: int | None = None,
        config: Config = "",
        args: Sequence[str] = (),
        python: str | Path = sys.executable,
        pythonpath: Sequence[str | Path] = (),
        cwd: str | Path | None = None,
        ports: Mapping[str, int] | None = None,
        metrics: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        options.setdefault("ready", ready.all_of(at_work(workers or 1), ready.http("/", status=range(100, 500))))
        if graceful_timeout is not None:  # Gunicorn's own way to end workers that do not obey comes first
            options.setdefault("stop_within", graceful_timeout + 5.0)
        settings = {
            "--workers": workers,
            "--worker-class": worker_class,
            "--threads": threads,
            "--timeout": timeout,
            "--graceful-timeout": graceful_timeout,
        }
        given = [word for flag, value in settings.items() if value is not None for word in (flag, str(value))]
        options["files"] = {_LAUNCHER: _LAUNCH, _CONFIG: _configuration(config), **options.get("files", {})}
        options["env"] = _environment(options.get("env", {}), pythonpath)
        super().__init__(
            name=name,
            command=[
                str(python),
                f"{{dir}}/{_LAUNCHER}",
                *("--config", f"{{dir}}/{_CONFIG}", "--bind", "{host}:{port[http]}", *given),
                *args,
                app,
            ],
            ports={"http": 8000, **(ports or {})},
            url="http://{host}:{port[http]}",
            metrics=metrics,
            cwd=None if cwd is None else str(cwd),
            prepare=_require_gunicorn(str(python)),
            **options,
        )


def _configuration(config: Config) -> Callable[[Placement], str]:
    """The file: the user's own text, as it is, and what follows."""

    def render(at: Placement) -> str:
        text = config.read_text(encoding="utf-8") if isinstance(config, Path) else config
        return (text(at) if callable(text) else text) + _ENFORCED

    return render


def _environment(env: Environment, pythonpath: Sequence[str | Path]) -> Environment:
    """What is printed is seen at once, and the path is there before the configuration file imports anything."""
    if callable(env):
        return lambda at: _with_path(env(at), at.render_all([*map(str, pythonpath)]))
    return _with_path(env, [*map(str, pythonpath)])


def _with_path(env: Mapping[str, str], first: list[str]) -> Mapping[str, str]:
    inherited = env.get("PYTHONPATH", os.environ.get("PYTHONPATH", "").replace("{", "{{").replace("}", "}}"))
    path = {"PYTHONPATH": os.pathsep.join([*first, *filter(None, [inherited])])} if first else {}
    return {"PYTHONUNBUFFERED": "1", **env, **path}


def _require_gunicorn(python: str) -> Callable[[Workbench], None]:
    """It belongs to the environment of the application, and is not installed by us."""

    def look(bench: Workbench) -> None:
        if python == sys.executable and (spec := importlib.util.find_spec("gunicorn")) and spec.origin:
            return  # asking the interpreter itself takes 20 ms
        try:
            bench.run([python, "-c", "import gunicorn"])
        except CommandFailed as failed:
            raise Unavailable(
                f"Gunicorn for {bench.at.name}",
                reason=f"{python} cannot import it: {failed.err.strip().rpartition(chr(10))[2]}",
                remedy=f"{python} -m pip install gunicorn, or say which Python has it: Gunicorn(..., python=...)",
            ) from failed

    return look
