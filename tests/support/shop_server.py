"""A small server of HTTP for tests of load, in a process of its own: what it answers is in the path."""

from __future__ import annotations

import asyncio
import sys


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests until one asks to be hung up on."""
    connection = len(CONNECTIONS)
    CONNECTIONS.append(writer)
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            first, *lines = head.decode().split("\r\n")
            sizes = [int(each.split(":")[1]) for each in lines if each.lower().startswith("content-length")]
            body = await reader.readexactly(sizes[0]) if sizes else b""
            what = first.split()[1].strip("/")
            if what == "hang":
                await asyncio.sleep(3600)
            if what == "drop":
                break
            status = what if what.isdecimal() else "200"
            said = f"{connection} {first} {body.decode()}".encode()
            writer.write(f"HTTP/1.1 {status} Told\r\nContent-Length: {len(said)}\r\n".encode())
            writer.write((b"Connection: close\r\n" if what == "once" else b"") + b"\r\n" + said)
            LOG.append(said)
            if what == "once":
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


CONNECTIONS: list[asyncio.StreamWriter] = []
LOG: list[bytes] = []


async def main() -> None:
    """Say the port, serve; a line of input is answered with how many connections there were, and the requests."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(len(CONNECTIONS), LOG[-1:], len(LOG), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
