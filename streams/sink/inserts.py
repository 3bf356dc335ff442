"""Puts a sealed batch into ClickHouse, and finds the row that no table takes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from streams.sink.batches import Refused
from streams.sink.errors import Kind, kind_of, words
from streams.sink.migrations import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from clickhouse_driver import Client

    from streams.sink.batches import Batch, Entry
    from streams.sink.tables import Table

MOST_REFUSED: Final = 100
"""More refused rows than these in one table's share of a batch are no longer the rows' fault."""

INSERT_SETTINGS: Final = {
    "async_insert": False,  # when the insert returns, the rows are on disk
    "max_partitions_per_insert_block": 0,  # a replay may span more years than the server's 100
}


class TooManyRefused(Exception):  # noqa: N818 - named after the condition
    """Raised when a table refuses so much that the table must be wrong. Nothing is lost by it."""


class SchemaDiffers(Exception):  # noqa: N818 - named after the condition
    """Raised when the tables are not what the sink writes. Nothing is lost by it."""


class Writer:
    """Inserts rows. `counted` is told each table and how many of its rows were taken."""

    def __init__(self, client: Client, database: str, counted: Callable[[str, int], None]) -> None:
        self._client = client
        self._database = database
        self._counted = counted
        self._verified = False

    def write(self, batch: Batch) -> list[Refused]:
        """Insert a batch, and give the rows that their tables refused, with the reason.

        Raises what the driver raises when the failure is not the rows' fault, SchemaDiffers, and
        TooManyRefused. Some of the batch may then be in; to write it again changes nothing.
        """
        self._verify()
        refused: list[Refused] = []
        for table, entries in batch.entries.items():
            self._verified = False
            found = sift(entries, partial(self._insert, table))
            self._verified = True
            refused += [Refused(entry.record, table.name, why) for entry, why in found]
            self._counted(table.name, len(entries) - len(found))
        return refused

    def _verify(self) -> None:
        """Look at the tables before the first insert, and again after a failure."""
        if not self._verified and (differences := verify(self._client, self._database)):
            raise SchemaDiffers(f"{'; '.join(differences[:5])}: run `jiancha migrate`")
        self._verified = True

    def _insert(self, table: Table, entries: Sequence[Entry]) -> None:
        # The driver writes into the lists it is given (a NULL becomes 0): make them anew each time.
        columns = [list(column) for column in zip(*(e.values for e in entries), strict=True)]
        self._client.execute(table.insert, columns, columnar=True, settings=INSERT_SETTINGS)


def sift(
    entries: Sequence[Entry], insert: Callable[[Sequence[Entry]], Any]
) -> list[tuple[Entry, str]]:
    """Insert entries, halving what fails until single rows are left, and give those with reasons.

    Raises what `insert` raises when that is not the data's fault, and TooManyRefused.
    """
    refused: list[tuple[Entry, str]] = []
    todo = [entries]
    while todo:
        some = todo.pop()
        try:
            insert(some)
        except Exception as error:
            if kind_of(error) is not Kind.DATA:
                raise
            if len(some) > 1:
                middle = len(some) // 2
                todo += [some[middle:], some[:middle]]
                continue
            refused.append((some[0], words(error)))
            if len(refused) > MOST_REFUSED:
                raise TooManyRefused(
                    f"more than {MOST_REFUSED} rows refused, the last: {words(error)}"
                ) from error
    return refused
