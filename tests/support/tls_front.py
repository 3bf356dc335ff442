"""TLS before a server that has none of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING

from streams.tls import server_context

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def tls_front(port: int, cert_file: Path, key_file: Path) -> Iterator[int]:
    """Take TLS on a port of the loopback, and pass what comes on to `port`; yield it."""
    started, where = threading.Event(), {}

    async def serve() -> None:
        stop = where["stop"] = asyncio.Event()
        where["loop"] = asyncio.get_running_loop()
        context = server_context(cert_file, key_file)
        server = await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=context)
        where["port"] = server.sockets[0].getsockname()[1]
        started.set()
        await stop.wait()
        server.close()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError):
                while some := await reader.read(1 << 16):
                    writer.write(some)
                    await writer.drain()
            writer.close()
        except asyncio.CancelledError:
            writer.transport.abort()  # else the collector finds it open, in another test

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(10)
    try:
        yield where["port"]
    finally:
        where["loop"].call_soon_threadsafe(where["stop"].set)
        thread.join()
