"""Read a YAML file into a contract, and say precisely what is wrong with it.

A calendar or a catalogue is written by people at a bureau. So whatever is wrong with a file is
collected at once, and each problem names the file, the line, the key, the value and the remedy.

YAML's implicit types are switched off: `09:00` is not 540 minutes, `no` is not a truth value and
`2026-01-04` is not a date until the contract says so. Every scalar reaches pydantic as the text
that was written; only a plain `null`, `~` or nothing is None. Anchors and aliases are refused: a
reader of the file must see each value where it applies. A file is read within the bounds of
`schemas.bounds`, and what is told of it is short and printable, whatever it holds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from schemas.bounds import (
    DEEPEST,
    MAX_FILE_BYTES,
    MOST_PROBLEMS,
    MOST_VALUES,
    SHOWN_TEXT,
    shown,
)
from schemas.characters import what_is_wrong

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from importlib.resources.abc import Traversable
    from pathlib import Path

    from pydantic_core import ErrorDetails

Loc: TypeAlias = tuple[int | str, ...]
Contract = TypeVar("Contract", bound=BaseModel)

_LONGEST_VALUE = 80  # characters of a value shown in a problem
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_REMEDIES = {
    "missing": "add the key",
    "date_from_datetime_parsing": "write a day that exists, as 2026-10-01",
    "int_parsing": "write a whole number",
    "list_type": "write a list: one `- value` a line, or [a, b]",
    "tuple_type": "write a list: one `- value` a line, or [a, b]",
    "model_type": "write a block of `key: value` lines",
    "dict_type": "write a block of `key: value` lines",
    "model_attributes_type": "write a block of `key: value` lines",
    "string_type": "write one text value",
    "too_short": "add at least one entry",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in one file. `line` counts from 1, `key` is a path such as `off[2].to`."""

    file: str
    line: int
    key: str
    value: str
    message: str
    remedy: str

    def __post_init__(self) -> None:
        """Keep to what a person can read: texts of the file stand in most of it."""
        for name in ("key", "value", "message", "remedy"):
            object.__setattr__(self, name, shown(getattr(self, name), SHOWN_TEXT))

    def __str__(self) -> str:
        """One line for a person: where, what, and what to do."""
        what = " = ".join(part for part in (self.key, self.value) if part)
        parts = (f"{self.file}:{self.line}", what, f"{self.message}; {self.remedy}")
        return ": ".join(part for part in parts if part)


class SchemaError(Exception):
    """Raised when files do not hold what their contract asks; `problems` lists everything wrong.

    Of very many only the first are told, and that there are more.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        told = sorted(set(problems), key=lambda p: (p.file, p.line, p.key))
        if len(told) > MOST_PROBLEMS:
            where = told[MOST_PROBLEMS]
            more = Problem(where.file, where.line, "", "", "more is wrong", "mend the above first")
            told = [*told[:MOST_PROBLEMS], more]
        self.problems = tuple(told)
        super().__init__("\n".join(map(str, self.problems)))


def fault(message: str, remedy: str) -> PydanticCustomError:
    """Make the error that a contract's own validator raises, with the remedy to show beside it."""
    return PydanticCustomError("fault", "{message}", {"message": message, "remedy": remedy})


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML file as written: its data, all scalars still text, and the line of each place."""

    file: str
    data: Any
    lines: Mapping[Loc, int] = field(repr=False)

    def problem(self, loc: Loc, message: str, remedy: str) -> Problem:
        """Describe something wrong at `loc`, for checks that reach beyond one contract."""
        known, value = self._locate(loc)
        shown = "" if known != loc or isinstance(value, dict | list) else _shorten(value)
        # A key that is not there has no line of its own: its parent's line is the nearest.
        line = self.lines.get(known, 1)
        return Problem(self.file, line, _dotted(loc), shown, message, remedy)

    def parse(self, model: type[Contract]) -> Contract:
        """Return the file as `model`. Raises SchemaError holding everything that is wrong."""
        try:
            return model.model_validate(self.data)
        except ValidationError as error:
            details = error.errors(include_url=False)
            told = (detail for detail in details if not _follows(detail, details))
            raise SchemaError(
                self._explain(detail, model) for detail in islice(told, MOST_PROBLEMS + 1)
            ) from error

    def _explain(self, detail: ErrorDetails, model: type[BaseModel]) -> Problem:
        loc, kind = self._locate(detail["loc"])[0], detail["type"]
        remedy = detail.get("ctx", {}).get("remedy") or _REMEDIES.get(kind, "correct the value")
        if kind == "missing":
            loc = (*loc, detail["loc"][-1])
        elif kind == "extra_forbidden":
            near = get_close_matches(shown(loc[-1]), sorted(_keys(model)), n=1)
            remedy = f"did you mean `{near[0]}`?" if near else "remove it: nothing reads this key"
        message = detail["msg"].removeprefix("Value error, ")
        if kind == "string_pattern_mismatch":
            found = what_is_wrong(str(detail["input"]), detail["ctx"]["pattern"])
            message, remedy = found if found[0] else (message, remedy)
        return self.problem(loc, message[:1].lower() + message[1:], remedy)

    def _locate(self, loc: Loc) -> tuple[Loc, Any]:
        """Follow `loc` through the data, past the parts pydantic adds to name a union's member."""
        known: Loc = ()
        value = self.data
        for part in loc:
            if (*known, part) in self.lines:
                known = (*known, part)
                value = value[part]
        return known, value


def read_document(path: Path | Traversable) -> Document:
    """Read one YAML file without a contract.

    Raises SchemaError where it cannot be read, is not UTF-8 or not YAML, repeats a key of a
    mapping, uses an anchor, or is larger than a file may be.
    """
    file = str(path)
    try:
        root = yaml.compose(_text(path), Loader=_Loader)
    except OSError as error:
        reason = error.strerror or str(error)
        raise SchemaError([Problem(file, 1, "", "", reason, "check the path")]) from error
    except UnicodeDecodeError as error:
        message = f"byte {error.start} is not UTF-8"
        raise SchemaError([Problem(file, 1, "", "", message, "save it as UTF-8")]) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        message = f"not YAML: {error.problem or error.context}"
        remedy = "check the indentation and the quotes of this line and the one above"
        raise SchemaError([Problem(file, line, "", "", message, remedy)]) from error
    except yaml.YAMLError as error:
        message = f"not YAML: {' '.join(str(error).split())}"
        remedy = "remove the character named"
        raise SchemaError([Problem(file, 1, "", "", message, remedy)]) from error
    except ValueError as error:  # PyYAML's own, of an escape or a number beyond Python's
        message = f"not YAML: {error}"
        remedy = "look for an escape in double quotes, or a number, of absurd size"
        raise SchemaError([Problem(file, 1, "", "", message, remedy)]) from error
    reader = _Reader(file)
    data = reader.build(root, ()) if root else None
    if reader.problems:
        raise SchemaError(reader.problems)
    return Document(file, data, reader.lines)


def read_yaml(path: Path | Traversable, model: type[Contract]) -> Contract:
    """Read one YAML file as `model`. Raises SchemaError holding everything that is wrong."""
    return read_document(path).parse(model)


def _text(path: Path | Traversable) -> str:
    """Read a file within its bounds. Raises OSError, UnicodeDecodeError, SchemaError."""
    with path.open("rb") as file:
        raw = file.read(MAX_FILE_BYTES + 1)
    if len(raw) > MAX_FILE_BYTES:
        message = f"the file is larger than {MAX_FILE_BYTES:,} bytes"
        raise SchemaError([Problem(str(path), 1, "", "", message, "divide it")])
    text = raw.decode("utf-8")
    return (
        text.replace("\t", " ") if path.name.endswith(".json") else text
    )  # YAML indents by blanks


class _Loader(yaml.BaseLoader):
    """PyYAML's own, with bounds: it composes by recursion, and keeps a kilobyte of each value."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = self._values = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        self._depth += 1
        self._values += 1
        if self._depth > DEEPEST:
            self._refuse(f"nested more than {DEEPEST} deep")
        if self._values > MOST_VALUES:
            self._refuse(f"more than {MOST_VALUES:,} values; divide the file")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def _refuse(self, why: str) -> NoReturn:
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
        raise yaml.MarkedYAMLError(problem=why, problem_mark=mark)


class _Reader:
    """Turns PyYAML's nodes into data, keeping the line of each place."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[Loc, int] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def build(self, node: yaml.Node, loc: Loc) -> Any:
        self.lines.setdefault(loc, node.start_mark.line + 1)
        if id(node) in self._seen:  # only an alias gives one node two places
            self._report(node, loc, "", "an alias stands for a value", "write the value out")
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return dict(self._entries(node, loc))
        if isinstance(node, yaml.SequenceNode):
            return [self.build(item, (*loc, i)) for i, item in enumerate(node.value)]
        plain = node.style is None  # type: ignore[attr-defined]  # the stubs lack it
        return None if plain and node.value in _NOTHING else self._whole(node, loc)

    def _whole(self, node: yaml.Node, loc: Loc) -> str:
        """Give a scalar's text; JSON escapes a rare character as the two halves of UTF-16."""
        text: str = node.value
        try:
            text.encode()
        except UnicodeEncodeError:
            whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
            if "\ufffd" in whole:
                self._report(node, loc, text, "half a character", "write whole characters")
            return whole
        return text

    def _entries(self, node: yaml.MappingNode, loc: Loc) -> Iterator[tuple[str, Any]]:
        first: dict[str, int] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not _is_scalar(key_node):
                self._report(key_node, loc, "", "a key is not text", "write a plain word as key")
                continue
            key = self._whole(key_node, loc)
            if key in first:
                message = f"the key stands in line {first[key]} already"
                shown = _shorten(value_node.value) if _is_scalar(value_node) else ""
                self._report(key_node, (*loc, key), shown, message, "remove one of the two")
            else:
                first[key] = self.lines[*loc, key] = line
                yield key, self.build(value_node, (*loc, key))

    def _report(self, node: yaml.Node, loc: Loc, value: str, message: str, remedy: str) -> None:
        if len(self.problems) <= MOST_PROBLEMS:
            line = node.start_mark.line + 1
            self.problems.append(Problem(self.file, line, _dotted(loc), value, message, remedy))


def _follows(detail: ErrorDetails, details: Iterable[ErrorDetails]) -> bool:
    """Tell whether a list is only too short because its entries are wrong, which is told."""
    loc = detail["loc"]
    return detail["type"] == "too_short" and any(
        other["loc"][: len(loc)] == loc and other["loc"] != loc for other in details
    )


def _is_scalar(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode)


def _dotted(loc: Loc) -> str:
    """('off', 2, 'to') → off[2].to."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in loc)
    return "".join(parts).removeprefix(".")


def _shorten(value: object) -> str:
    return "null" if value is None else shown(value, _LONGEST_VALUE)


def _keys(annotation: Any, seen: set[Any] | None = None) -> set[str]:
    """Every key that some contract within `annotation` knows."""
    seen = set() if seen is None else seen
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return set()
        seen.add(annotation)
        fields = annotation.model_fields
        names = {info.alias or name for name, info in fields.items()}
        return names.union(*(_keys(info.annotation, seen) for info in fields.values()))
    return set().union(*(_keys(argument, seen) for argument in get_args(annotation)))
