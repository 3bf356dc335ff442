"""Files for what reads files: one folder, gone with the process; built-in files read only once."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import schemas.calendars.loading
import schemas.catalogue_loading
from schemas.reading import read_document

if TYPE_CHECKING:
    from collections.abc import Iterator

_HELD = TemporaryDirectory(prefix="jiancha-fuzz-")
FOLDER = Path(_HELD.name)
_PACKAGE = str(Path(schemas.calendars.loading.__file__).parents[1])

_known = cache(read_document)


def written(name: str, raw: bytes) -> Path:
    """Write a file into a folder of its own; tell where it lies."""
    path = FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw)
    return path


@contextmanager
def built_in_files_known() -> Iterator[None]:
    """Read each built-in file once for all inputs: they are the same each time, and most of it."""

    def read(path):
        return _known(path) if str(path).startswith(_PACKAGE) else read_document(path)

    modules = (schemas.calendars.loading, schemas.catalogue_loading)
    for module in modules:
        module.read_document = read
    try:
        yield
    finally:
        for module in modules:
            module.read_document = read_document
