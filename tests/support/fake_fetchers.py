"""Programs that stand in for go, pip and apt: they make what the real ones make, and start families."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

WORKING = r"""
# Children of every kind: in this group, in a session of their own, and orphans. Then it works, and says so.
echo "$$" >> "$FAKE_JOURNAL"
grep -s '^State:' "/proc/${FAKE_FIRST:-none}/status" | grep -qv zombie && echo overlap >> "$FAKE_JOURNAL"
if [ -n "$FAKE_FOREVER" ]; then
  sleep 1000 &
  setsid sh -c 'sleep 1000; true' &
  (setsid sh -c 'trap "" TERM INT HUP; sleep 1000; true' &)
  while :; do echo "example.org/package"; sleep 0.05; done >&2
fi
"""
GO = f"""#!/bin/sh
[ "$1" = install ] || exit 0
{WORKING}
printf '#!/bin/sh\\necho acme 1.2.3\\n' > "$GOBIN/acme" && chmod +x "$GOBIN/acme"
"""
APT_CACHE = """#!/bin/sh
case "$*" in *madison*) echo "acme | 1.2.3-1 | http://archive.invalid stable/main amd64 Packages";; esac
"""
APT_GET = f"""#!/bin/sh
{WORKING}
touch acme_1.2.3-1_amd64.deb
"""
DPKG_DEB = """#!/bin/sh
mkdir -p "$3/usr/bin"
printf '#!/bin/sh\\necho acme 1.2.3\\n' > "$3/usr/bin/acme" && chmod +x "$3/usr/bin/acme"
"""
PIP = f"""
import pathlib, subprocess, sys, zipfile
WORKING = {WORKING!r}
subprocess.run(["sh", "-c", WORKING], check=True)
into = pathlib.Path(sys.argv[sys.argv.index("--dest") + 1])
with zipfile.ZipFile(into / "acme-1.2.3-py3-none-any.whl", "w") as wheel:
    wheel.writestr("acme/acme", "#!/bin/sh\\necho acme 1.2.3\\n")
"""
OBTAIN = """
import sys
from metricrig.tools import DebianPackage, GoModule, Tool, Wheel, obtain
acme = Tool(
    name="acme",
    executables=("acme",),
    preferred="1.2.3",
    golang=GoModule("example.org/acme", "example.org/acme"),
    wheel=Wheel("acme", holds=(("1.2.3", "acme"),)),
    debian=DebianPackage(("acme",), "usr/bin"),
)
print(obtain(acme).path)
"""


def put_fakes(directory: Path) -> dict[str, str]:
    """Write them; the environment in which they are found, instead of the real ones."""
    programs, modules = directory / "bin", directory / "modules"
    (modules / "pip").mkdir(parents=True)
    programs.mkdir()
    for name, text in {"go": GO, "apt-get": APT_GET, "apt-cache": APT_CACHE, "dpkg-deb": DPKG_DEB}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (modules / "pip" / "__init__.py").touch()
    (modules / "pip" / "__main__.py").write_text(PIP)
    return {
        "PATH": f"{programs}:/usr/bin:/bin",
        "PYTHONPATH": ":".join([str(modules), *sys.path[1:]]),
        "FAKE_JOURNAL": str(directory / "journal"),
    }
