"""What kind of file a table is, by its first bytes: said before it is read as CSV."""

from __future__ import annotations

import codecs
import re
from typing import Final

HEAD: Final = 8_192
GZIP: Final = b"\x1f\x8b"
_KINDS: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"\xd0\xcf\x11\xe0", "an Excel workbook of the old kind (.xls)", "workbook"),
    (b"SQLite format 3\0", "an SQLite database", "database"),
    (b"PAR1", "a Parquet file", "database"),
    (b"ORC", "an ORC file", "database"),
    (b"ARROW1", "an Arrow file", "database"),
    (b"%PDF", "a PDF document", "document"),
    (b"{\\rtf", "a document in rich text", "document"),
    (GZIP, "gzipped twice", "packed"),
    (b"\xfd7zXZ", "packed by xz", "packed"),
    (b"BZh", "packed by bzip2", "packed"),
    (b"\x28\xb5\x2f\xfd", "packed by zstd", "packed"),
    (b"7z\xbc\xaf", "a 7z archive", "packed"),
    (b"Rar!", "a RAR archive", "packed"),
)
_REMEDIES: Final = {
    "workbook": "open it and save the sheet as CSV (UTF-8), with numbers and times as text",
    "database": "export the table as CSV",
    "document": "export the table as CSV where it comes from",
    "packed": "unpack it first",
    "events": "export a table as CSV; step events need no converting: `jiancha check` and `jiancha"
    " replay` read them as they are",
    "xes": "export it as CSV with one row an event (pm4py writes one)",
    "markup": "open it in a spreadsheet and save it as CSV (UTF-8), with numbers and times as text",
}
_UTF_16: Final = ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def kind_of_file(head: bytes, encoding: str) -> str:
    """Say what a file is, if it is no table in an encoding, and what to do; else ""."""
    kind, what = _by_first_bytes(head)
    if kind:
        return f"this is {kind}, no CSV: {_REMEDIES[what]}"
    if codecs.lookup(encoding).name in _UTF_16:
        return ""
    wide = _wide(head)
    if wide:
        tabs = "\t" in head.decode(wide, "ignore").partition("\n")[0]
        mark = ' and delimiter: "\\t"' if tabs else ""
        return (
            f"this is {wide.upper()}, not {encoding}: state table.encoding: {wide}{mark} in the"
            " mapping, or save it as CSV (UTF-8)"
        )
    return _by_first_words(head.removeprefix(b"\xef\xbb\xbf").lstrip())


def _by_first_bytes(head: bytes) -> tuple[str, str]:
    for magic, kind, what in _KINDS:
        if head.startswith(magic):
            return kind, what
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        if b"xl/" in head or b"[Content_Types].xml" in head:
            return "an Excel workbook (.xlsx)", "workbook"
        if b"mimetypeapplication/vnd.oasis" in head:
            return "an OpenDocument sheet (.ods)", "workbook"
        return "a zip archive", "packed"
    return "", ""


def _wide(head: bytes) -> str:
    """Tell the encoding of a text of two bytes a character, or ""."""
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)) and len(head) % 4 == 0:
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    some = head[:1_000]
    if len(some) > 20 and some[1::2].count(0) > len(some) * 0.3:  # noqa: PLR2004 - mostly ASCII
        return "utf-16-le"
    if len(some) > 20 and some[::2].count(0) > len(some) * 0.3:  # noqa: PLR2004 - mostly ASCII
        return "utf-16-be"
    return ""


def _by_first_words(head: bytes) -> str:
    low = head[:2_000].lower()
    if head.startswith((b"{", b"[")) and re.match(rb'[\[{]\s*[\[{"\]}]', head):
        return f"this is JSON, no CSV: {_REMEDIES['events']}"
    if low.startswith(b"<") and re.search(rb"<(?:\w+:)?log[\s>]", low):
        return f"this is an XES event log, no CSV: {_REMEDIES['xes']}"
    if low.startswith((b"<?xml", b"<html", b"<!doctype", b"<table", b"<workbook")):
        kind = "HTML" if b"<html" in low or b"<table" in low else "XML"
        return f"this is {kind}, no CSV, whatever its name ends in: {_REMEDIES['markup']}"
    if low.startswith(b"mime-version:"):
        return f"this is a web archive, no CSV: {_REMEDIES['markup']}"
    return ""


def encoding_of(raw: bytes) -> str:
    """Tell an encoding of Chinese that reads these bytes to their end, or ""."""
    for name in ("utf-8", "gb18030", "big5"):
        decoder = codecs.getincrementaldecoder(name)()
        try:
            decoder.decode(raw)
        except UnicodeDecodeError:
            continue
        return name
    return ""
