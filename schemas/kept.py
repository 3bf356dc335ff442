"""Read again what an earlier version accepted, though it would be refused if it came today.

A contract may become stricter: what then arrives is refused. What stands on record already, in the
history or in a state, was accepted and stays readable by the patterns of its time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from pydantic_core import SchemaValidator

from schemas.characters import EARLIER

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Form = TypeVar("Form")


class Kept(Generic[Form]):
    """A contract as it may stand on record; raises `pydantic.ValidationError` as the contract."""

    def __init__(self, contract: TypeAdapter[Form]) -> None:
        # Otherwise the models' own validators are used again, with the patterns of today.
        self._reader = SchemaValidator(_earlier(contract.core_schema), _use_prebuilt=False)

    def validate_json(self, raw: str | bytes) -> Form:
        """Read it from JSON."""
        return cast("Form", self._reader.validate_json(raw))

    def validate_python(self, value: object) -> Form:
        """Read it from Python's values."""
        return cast("Form", self._reader.validate_python(value))


def _earlier(schema: Any) -> Any:
    """Give a schema of pydantic's core with the patterns of its time."""
    if isinstance(schema, dict):
        return {
            key: EARLIER.get(value, value) if key == "pattern" else _earlier(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list | tuple):
        return type(schema)(_earlier(each) for each in schema)
    return schema
