"""Write what the contracts say into docs/: the step event as tables and JSON Schema, the topics.

`python -m schemas.describe` writes the files; a test keeps them current.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from schemas import bounds, patterns, topics
from schemas.calendars.fields import MOST_DAYS
from schemas.decoding import MANY_FAULTS
from schemas.describe_options import options_page
from schemas.events import KINDS, SCHEMA_VERSION, STEP_EVENT, Envelope
from schemas.macs import DOMAIN, MAC_HEADER
from schemas.rulings import Ruling
from schemas.ticks import LARGEST_CHANGE
from schemas.words import KINDS as KIND_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import timedelta

    from schemas.topics import Topic

DOCS: Final = Path(__file__).parents[1] / "docs"
NOTE: Final = "<!-- Written by `python -m schemas.describe`; edit the contract, not this file. -->"

_EVENTS_HEAD: Final = f"""\
{NOTE}

# The step event (环节事件)

One record a fact, sent to the topic `{topics.STEPS.name}`: the key is the case number, the value
one JSON object in UTF-8. `event.schema.json` is the same contract for machines. Schema version
{SCHEMA_VERSION}.

```json
{{"event_id": "20260302-0001", "case_no": "430102-2026-0001", "source": "furong-hall",
 "kind": "accepted", "occurred_at": "2026-03-02T10:00:00+08:00",
 "item": "spjy", "region": "430102", "department": "sc-430102"}}
```

- **Identity** is `source` and `event_id`: the same event twice counts once. A correction
  repeats both with a higher `record_version`; the highest one holds.
- **Order** does not matter. What arrives late is put where it belongs, and verdicts follow.
- **Taken back**: the same record with a higher `record_version` and `voided: true` counts as never
  sent. **Unrecorded is not 'no'**: `unrecorded` names what the source cannot hold.
- **Times** carry their offset from UTC, with date and time of day: `2026-03-02T09:00:00+08:00`,
  from 1990 to 2100. A time without an offset is refused.
- **Unknown fields are refused**, so that nothing is lost unseen. So are repeated keys, NaN, and
  records over 256 KB ([limits](#limits)).
- **Characters that nobody sees are refused** in codes (numbers, ids, `source`, `item`, `region`,
  `step`, …): controls, format characters such as U+202E and U+200B, blanks other than the plain
  one, private use. Names and texts may hold them, except controls, separators of lines, and what
  turns the direction of a line. The refusal names the character. Codes that merely look alike are
  not compared: full-width digits are other digits.
- `event.schema.json` refuses what the engine refuses, but for what no schema can say: a repeated
  key, a record that is too large, a whole number written `1.0`. It is stricter where it must be: an
  amount with fen is text, and of the first and last days (1990-01-02, 2099-12-31) none is taken.
- A refused record goes to `{topics.DEAD_LETTERS.name}` with the reason and the remedy
  ([dead letters](dead-letters.md)).
- A record under a missing or another key, or in another partition than Java's default partitioner
  gives its case number, is sent on to the right one.

The second column is the name in GB/T 39046—2020 or the provincial exchange tables; their technical
names stand with the description.
"""

_SIGNING: Final = f"""\
## Signing (签名)

Where the catalogue gives a source keys, each of its records carries the header `{MAC_HEADER}`: the
algorithm, the key's id and the MAC in hexadecimal, with a blank between them. The MAC is HMAC
(RFC 2104) with SHA-256 or SM3 (GB/T 32905) of five lines and the value's own bytes: `{DOMAIN}`, the
algorithm, the key's id, the topic, and the number of bytes of the value, each ended by a line feed.
In Python, with the standard library alone:

```python
import hmac


def signature(key_id, key, topic, value, algorithm="hmac-sha-256"):
    hash_name = {{"hmac-sha-256": "sha256", "hmac-sm3": "sm3"}}[algorithm]
    about = f"jiancha-mac-1\\n{{algorithm}}\\n{{key_id}}\\n{{topic}}\\n{{len(value)}}\\n"
    mac = hmac.digest(key, about.encode() + value, hash_name)
    return "jiancha-mac", f"{{algorithm}} {{key_id}} {{mac.hex()}}".encode()


# headers = [signature("hn-2026", key, "hall.steps", value)]
# producer.produce("hall.steps", value, case_no, headers=headers)
```

- Sign the very bytes that are sent: JSON written a second time may be other bytes.
- `key` is the key's bytes: `bytes.fromhex` of what `openssl rand -hex 32` printed.
- To try yours: the key `000102…1e1f` (32 bytes, each one more than the last), its id `hn-2026`, the
  topic `{topics.STEPS.name}` and the value `{{"case_no":"c"}}` give with SHA-256
  `73ae70176cd3f25079ccc2328564dc15c34bd80bec9ff7c60b58359fc1a09a82`, with SM3
  `14e5f49448f9ac42c984e99d0498cf241fb428fd6a4896938ce5581c2f27808c`.
- A record that is wrongly signed, or that its source may not send, is refused:
  [who speaks for whom](security.md#who-speaks-for-whom).

"""

_RULING: Final = f"""\
## A ruling (处理意见)

What a person of the bureau decided on a card, sent to `{topics.RULINGS.name}` under the case
number. A yellow card that is `answered` or `closed` in time does not turn red by silence; `closed`
ends its alert, and the card stands. It takes effect when it arrives, or at `decided_at` where that
is later; one dated more than a working day before it arrived is a finding.

```json
{{"ruling_id": "r-20260325-01", "case_no": "430102-2026-0001", "card_id": "6f1c0d8e5a7b4c3d2e1f",
 "action": "answered", "actor": "o-121", "decided_at": "2026-03-25T09:10:00+08:00",
 "reason": "材料复杂，已于当日作出决定"}}
```
"""

_LIMITS: Final = f"""\
## Limits

What comes from outside is read only within bounds, far above what is real, so that no input can
hold a worker or fill its memory. What lies beyond is refused like any other fault, with its reason.

| what | at most | beyond it |
|---|---|---|
| a step event | {bounds.MAX_EVENT_BYTES // 1024} KiB | refused, `too_large` |
| the faults of one that are looked at | {MANY_FAULTS:,} | refused, `too_many_faults` |
| a text, a list, a number, a time | as in the tables above | refused, with the field |
| the nesting of JSON | 200 | refused, `json_invalid` |
| a ruling | {bounds.MAX_RULING_BYTES // 1024} KiB | refused, `ruling` |
| the records of a case | {bounds.MAX_RECORDS:,}, of these {bounds.MAX_SPECIAL} special \
procedures, and 256 KiB \
| refused, `case_too_large` |
| a change of calendar or catalogue | {LARGEST_CHANGE >> 20} MiB | not sent; refused |
| a file of a catalogue, calendar or mapping | {bounds.MAX_FILE_BYTES >> 20} MiB, \
{bounds.MOST_VALUES:,} values, nested {bounds.DEEPEST} deep | an error with its line |
| the files of a folder, and the calendars | {bounds.MAX_FILES:,} | an error |
| presets, or calendars, that extend each other | {bounds.MOST_HEIRS} and the last | an error |
| an item | {bounds.MOST_VERSIONS} versions, each of {bounds.MOST_STEPS} steps | an error |
| the people of a post, the departments of a window | {bounds.MOST_PEOPLE:,} | an error |
| a ladder | {bounds.MOST_RUNGS} rungs | an error |
| the days that a calendar's file lists | {MOST_DAYS:,}: each from 1990 to 2100 once | an error |
| a mapping | {bounds.MOST_RULES} events a row, {bounds.LONGEST_TEMPLATE:,} characters a field, \
{bounds.MOST_CODES:,} codes a list | an error |
| the problems of one reading that are told | {bounds.MOST_PROBLEMS} | "more is wrong" |
| a wrong value that is shown | {bounds.SHOWN_VALUE} characters, printable; lists and objects are \
only named | cut, with … |

No refusal names an applicant: of what names one, and of free text, the value is masked or left out,
and so is a piece of a record that is no JSON. `schemas/bounds.py` has the reason of each bound, and
`make fuzz` tries them ([the long proof](proof.md#a-million-hostile-inputs)).
"""

_TOPICS_HEAD: Final = f"""\
{NOTE}

# Topics

`jiancha topics` makes those that are missing and checks them all; nothing that exists is changed.
"""

_TOPICS_TAIL: Final = """
*Co-partitioned* topics have the same number of partitions (`JIANCHA_KAFKA__PARTITIONS`), and a
case stands in the same one of each: murmur2 of its number, as Java's default partitioner has it.
The number is not changed with Kafka's own tools, since cases would belong to partitions that know
nothing of them: choose it once, with room to grow, or see [scaling](scaling.md) for the way that
moves the cases too.

With three replicas or more (`JIANCHA_KAFKA__REPLICATION_FACTOR`) every topic also has
`min.insync.replicas=2`: a write counts once two brokers hold it, so that one may be lost.

A topic may keep more, longer or larger records than stated here. One that keeps less, or compacts
otherwise, is an error that `jiancha topics --check` tells with the command that cures it.
"""


def events_page() -> str:
    """Give docs/events.md."""
    schema = STEP_EVENT.json_schema()
    models = schema["$defs"]
    envelope = _Table(models, Envelope.model_json_schema(), set())
    parts = [_EVENTS_HEAD, "## Every event\n", *envelope.lines(), ""]
    for kind, model in KINDS.items():
        about = " ".join((model.__doc__ or "").split())
        own = _Table(models, models[model.__name__], {*Envelope.model_fields, "kind"})
        parts += [f"## `{kind}` {KIND_WORDS[kind].zh}\n", f"{about}\n", *own.lines(), ""]
    ruling = Ruling.model_json_schema()
    parts += [_SIGNING, _RULING, *_Table(models, ruling, {"schema_version"}).lines(), "", _LIMITS]
    return "\n".join(parts)


def event_schema() -> str:
    """Give docs/event.schema.json."""
    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "step event"}
    schema = {**about, **STEP_EVENT.json_schema()}
    written = json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in written)


def topics_page() -> str:
    """Give docs/topics.md."""
    lines = [
        "| topic | key | holds | co-partitioned | cleanup | kept | largest record |",
        "|---|---|---|---|---|---|---|",
        *(_topic_line(topic) for topic in topics.ALL),
    ]
    return _TOPICS_HEAD + "\n" + "\n".join(lines) + "\n" + _TOPICS_TAIL


def pages() -> dict[str, str]:
    """Give every generated file of docs/ by its name."""
    return {
        "events.md": events_page(),
        "event.schema.json": event_schema(),
        "topics.md": topics_page(),
        "options.md": f"{NOTE}\n\n{options_page()}",
    }


class _Table:
    """The fields of one model as a table."""

    def __init__(
        self, models: Mapping[str, Any], schema: Mapping[str, Any], without: set[str]
    ) -> None:
        self._models = {**models, **schema.get("$defs", {})}
        self._fields = {k: v for k, v in schema["properties"].items() if k not in without}
        self._required = set(schema.get("required", ()))

    def lines(self) -> Iterator[str]:
        if not self._fields:
            yield "No fields of its own."
            return
        yield "| field | 中文 | type | required | description |"
        yield "|---|---|---|---|---|"
        for name, field in self._fields.items():
            required = "yes" if name in self._required else ""
            title, about = field.get("title", ""), field.get("description", "")
            yield f"| `{name}` | {title} | {self._type(field)} | {required} | {about} |"

    def _type(self, field: Mapping[str, Any]) -> str:
        """Describe the forms that a value may take, null apart."""
        forms = [form for form in field.get("anyOf", [field]) if form.get("type") != "null"]
        # An amount of money may come as a number or as text: one of the two says it all.
        return self._form(forms[0])

    def _form(self, form: Mapping[str, Any]) -> str:
        if "$ref" in form:
            form = self._models[form["$ref"].rpartition("/")[2]]
        if "const" in form or "enum" in form:
            return ", ".join(f"`{value}`" for value in form.get("enum", [form.get("const")]))
        match form:
            case {"format": "date-time"}:
                said = "time"
            case {"pattern": patterns.AMOUNT}:
                said = 'amount, as text: "12.50"'
            case {"type": "array", "items": {"enum": _} as of}:
                said = f"list of {self._form(of)}"
            case {"type": "array", "maxItems": most}:
                said = f"list of at most {most} texts"
            case {"type": "string", "maxLength": most}:
                said = f"text, at most {most}"
            case {"type": "integer", "minimum": least, "maximum": most}:
                said = f"integer, {least} to {most:,}"
            case {"type": said}:
                pass
        return said


def _topic_line(topic: Topic) -> str:
    cells = (
        f"`{topic.name}`",
        topic.key,
        topic.holds,
        "yes" if topic.co_partitioned else "no: 1 partition",
        topic.config()["cleanup.policy"],
        "for ever" if topic.compacted else _span(topic.retention),
        f"{topic.max_message_bytes // topics.MEGABYTE} MiB",
    )
    return f"| {' | '.join(cells)} |"


def _span(retention: timedelta | None) -> str:
    return "for ever" if retention is None else f"{retention.days} days"


def main() -> None:
    """Write the files."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
