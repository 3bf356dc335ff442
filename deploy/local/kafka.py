"""An embedded Kafka: `python -m deploy.local.kafka [--topic NAME:PARTITIONS ...]`.

Prints one line, `kafka ready on 127.0.0.1:PORT`, when it serves; ends on SIGTERM or Ctrl-C, and
with it all it held. What it can and cannot do: docs/embedded.md.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deploy.local import signals
from deploy.local.mock_cluster import MockCluster, MockClusterError


def main(arguments: list[str] | None = None) -> int:
    """Serve until a signal; return the exit code: 0, or 1 with one line that says why."""
    options = _options(arguments)
    try:
        with signals.held() as wait_for_end, MockCluster() as cluster:
            for name, partitions in options.topic:
                cluster.create_topic(name, partitions)
            if options.address_file:
                _write_whole(options.address_file, cluster.bootstrap)
            print(f"kafka ready on {cluster.bootstrap}", flush=True)  # noqa: T201 - the contract
            wait_for_end()
    except MockClusterError as error:
        sys.stderr.write(f"kafka: {error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"kafka: {error.filename}: {error.strerror}\n")
        return 1
    return 0


def topic(argument: str) -> tuple[str, int]:
    """Read `NAME:PARTITIONS`."""
    name, colon, partitions = argument.rpartition(":")
    if not (name and colon and partitions.isdecimal() and int(partitions) > 0):
        raise argparse.ArgumentTypeError(f"{argument!r} is not NAME:PARTITIONS")
    return name, int(partitions)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="An embedded Kafka, in memory.")
    parser.add_argument(
        "--topic", type=topic, action="append", default=[], metavar="NAME:PARTITIONS",
        help="a topic to make at once; others get 4 partitions when a client names them",
    )  # fmt: skip
    parser.add_argument("--address-file", type=Path, help="where to write the bootstrap address")
    return parser.parse_args(arguments)


def _write_whole(file: Path, content: str) -> None:
    """Write a file that others never see in part."""
    draft = file.with_name(file.name + ".new")
    draft.write_text(content, encoding="ascii")
    draft.replace(file)


if __name__ == "__main__":
    sys.exit(main())
