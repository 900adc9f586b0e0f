"""``python -m model_metrics``: the server, configured by its environment."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl

import uvicorn

from model_metrics.app import Settings, create_app
from model_metrics.directory import Directory


def main() -> None:
    """Serve until it is told to stop."""
    settings = Settings(
        store_url=os.environ["STORE_URL"],
        directory=Directory.read(Path(os.environ["DIRECTORY"])),
        store_parameters=dict(parse_qsl(os.environ.get("STORE_PARAMETERS", ""))),
    )
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    uvicorn.run(create_app(settings), host=host, port=port)


if __name__ == "__main__":
    main()
