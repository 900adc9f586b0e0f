"""Files that are written as a whole: whoever reads one sees the old content or the new one."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a draft beside it, and put it in its place."""
    import tempfile  # noqa: PLC0415 - its import, with shutil's, is 4 ms of a first start, which writes nothing like that

    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, mode)
        file.write(text)
    Path(draft).replace(path)
