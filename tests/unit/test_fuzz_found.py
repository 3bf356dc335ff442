"""What fuzzing found, and the bounds that answer it: each once ended the program, or held it."""

from __future__ import annotations

import gzip
import io
import json
import time

import msgspec
import pytest

from schemas import bounds, event_lines, reading, topics
from schemas.bounds import (
    MAX_RECORDS,
    MAX_SPECIAL,
    MOST_HEIRS,
    MOST_PROBLEMS,
    MOST_STEPS,
    SHOWN_TEXT,
    SHOWN_VALUE,
    shown,
)
from schemas.calendars import CalendarDefinition, load_calendars
from schemas.calendars.files import YearFile
from schemas.calendars.importing import read_year, year_text
from schemas.catalogue_loading import load_catalogue
from schemas.decoding import REASONS, Refusal, decode_event
from schemas.event_lines import read_event_lines
from schemas.mapping import HallMapping, RowProblem
from schemas.mapping_rules import apply
from schemas.reading import SchemaError, read_document, read_yaml
from schemas.ticks import read_tick
from schemas.verdicts import DEAD_LETTER_HEADER, ORIGIN_HEADER, Origin, encode
from streams.checking import findings
from streams.converting import convert
from streams.runtime.references import References, Refused
from streams.runtime.rulings import read_ruling
from streams.tables import TableError
from tests.support.bad_messages import event, text, written
from tests.support.cases import assessed, built_in, days, rules
from tests.support.cases import event as told
from tests.support.changing import change
from tests.support.partition import Partition, restarted

DEEP = b"[" * 5_000 + b"]" * 5_000
NAME, NUMBER = "欧阳测试甲", "430102199001011234"


def refused(raw):
    with pytest.raises(Refusal) as caught:
        decode_event(raw)
    assert caught.value.reason in REASONS
    return caught.value


class TestEvents:
    @pytest.mark.parametrize(
        "raw",
        [
            event(kind="received", documents=[""] * 60_000),
            event(unrecorded=[1] * 60_000),
            event(**{"f" * 250_000: 1}),
            event()[:-1] + b"," + b",".join(b'"%x":1' % n for n in range(25_000)) + b"}",
            event(item=[[]] * 60_000),
            event(kind=[[]] * 60_000),
        ],
        ids=["empty-entries", "wrong-entries", "long-name", "many-names", "lists", "kind"],
    )
    def test_a_record_full_of_faults_is_refused_at_once(self, raw):
        seconds = []
        for _ in range(3):
            begin = time.process_time()
            refused(raw)
            seconds.append(time.process_time() - begin)
        assert min(seconds) < 0.05

    def test_a_record_of_thousands_of_faults_is_told_as_such(self):
        many = b",".join(b'"%x":1' % n for n in range(2_000))
        assert refused(b"{" + many + b"," + event()[1:]).reason == "too_many_faults"

    def test_a_number_beyond_64_bits_has_a_reason_of_its_own(self):
        raw = written('"i"', '"i", "schema_version": 9223372036854775808')
        assert refused(raw).reason == "int_parsing_size"

    def test_a_repeated_key_tells_no_sender_that_cannot_be_printed(self):
        raw = text(source="\uffff").replace('"e1"', '"e1", "event_id": "e2"').encode()
        assert refused(raw).source == "unknown"

    @pytest.mark.parametrize(
        "raw",
        [
            event(kind="received", applicant_name=NAME * 50),
            event(kind="received", applicant_id=NUMBER + "\x00"),
            event(kind="received", applicant_nane=NAME),
            event(kind="received", documents=[f"{NAME}\x00"]),
            event(kind="refused", reason=f"{NAME}{NUMBER}\x00"),
            event(item={"applicant": NAME}),
            b"[" + event(kind="received", applicant_name=NAME) + b"]",
            json.dumps(text(applicant_name=NAME)).encode(),
            event(kind="received", applicant_name=NAME)[:-1],
            text(applicant_name=NAME)
            .replace('"applicant_name": ', f'"applicant_name": "{NAME}", "applicant_name": ')
            .replace('"accepted"', '"received"')
            .encode(),
        ],
    )
    def test_no_refusal_names_an_applicant(self, raw):
        refusal = refused(raw)
        said = f"{refusal.field} {refusal.value} {refusal.message} {refusal.remedy}"
        assert NAME not in said
        assert NUMBER not in said

    @pytest.mark.parametrize("zone", ["America/New_York", "Etc/GMT+12", "Pacific/Kiritimati"])
    @pytest.mark.parametrize("at", ["1990-01-02 00:00:00", "2100-01-01 00:00:00"])
    def test_the_first_and_the_last_moment_lie_within_every_calendar(self, zone, at):
        calendar = CalendarDefinition.model_validate(
            {
                "name": "x",
                "time_zone": zone,
                "week": ["mon", "tue"],
                "hours": ["09:00-17:00"],
                "decrees": "week",
            }
        )
        law = rules({"promised": days(7)}, calendars={"x": calendar}, calendar="x")
        from datetime import UTC

        kinds = ("received", "accepted", "suspended", "decided", "delivered")
        more = {"suspended": {"suspension": "hearing"}, "decided": {"outcome": "granted"}}
        events = [told(kind, at, zone=UTC, **more.get(kind, {})) for kind in kinds]
        assert assessed(law, *events).clocks


LONG = encode(Origin("x" * 1_000_000, 0, 5, 0))


class TestOwnTopics:
    @pytest.mark.parametrize(
        "raw",
        [
            b'{"type":"tick","x":' + DEEP + b"}",
            b'{"type":"change","catalogue":' + DEEP + b"}",
            b'{"type":"tick","source":"\xff","now":1}',
        ],
    )
    def test_what_is_no_tick_is_refused_and_the_partition_goes_on(self, raw):
        with pytest.raises(msgspec.MsgspecError):
            read_tick(raw)
        here = Partition(rules())
        here.logic.apply(here.chunk(topics.TICKS.name, [raw]))
        here.tick(1_539_569_000)
        assert here.metrics.seen["tick_refused", "unreadable"] == 1
        assert here.logic.applied(topics.TICKS.name) == 2

    @pytest.mark.parametrize("header", [b'{"topic":"\xff"}', DEEP, b"{}", None, LONG])
    def test_a_header_that_anybody_may_write_says_nothing(self, header):
        here = Partition(rules())
        headers = [[(ORIGIN_HEADER, header)]]
        here.logic.apply(here.chunk(topics.STEPS.name, [b"x"], headers=headers))
        (letter,) = here.written(topics.DEAD_LETTERS)
        assert b'"offset":0' in dict(letter.headers)[DEAD_LETTER_HEADER]

    @pytest.mark.parametrize("raw", [b'{"%s":1}' % (b"f" * 60_000), b" " * 65_537, DEEP, b"\xff"])
    def test_a_refused_ruling_is_told_in_few_words(self, raw):
        with pytest.raises(Refusal) as caught:
            read_ruling(raw)
        refusal = caught.value
        assert max(map(len, (refusal.field, refusal.value, refusal.message))) <= SHOWN_TEXT

    @pytest.mark.parametrize(
        "content",
        [b'{"items":[]}', b"[]", b'{"name":"\xff"}', b'{"name":' + b"[" * 900 + b"]" * 900 + b"}"],
        ids=["without-the-default-ladder", "a-list", "not-utf-8", "deep"],
    )
    def test_a_catalogue_that_could_not_be_read_again_never_comes_in_force(self, content):
        made = msgspec.structs.replace(
            change(), subject="catalogue", catalogue=msgspec.Raw(content)
        )
        with pytest.raises(Refused) as caught:
            References(0, rules()).law_of(made)
        assert len(str(caught.value)) < 1_500

    @pytest.mark.parametrize(
        ("kind", "most"), [("step_started", MAX_RECORDS), ("suspended", MAX_SPECIAL)]
    )
    def test_a_case_takes_no_more_records_than_can_be_judged_in_time(self, kind, most):
        more = {"suspension": "hearing"} if kind == "suspended" else {}
        events = [
            told(kind, "2018-10-15 10:00:00", event_id=f"e{n}", **more) for n in range(most + 2)
        ]
        here = Partition(rules({"promised": days(7)}))
        here.feed(*events)
        assert here.metrics.seen["accepted", "hall"] == most
        assert here.metrics.seen["refused", "hall", "case_too_large"] == 2
        letter = here.written(topics.DEAD_LETTERS)[0]
        assert f"This case has {most}".encode() in dict(letter.headers)[DEAD_LETTER_HEADER]
        assert restarted(here).cases().keys() == here.cases().keys() - {"c"}


def test_plain_counts_are_remembered_once_for_all_places():
    law = rules({"promised": days(7)})
    resolved = [law.resolve("i", region, "", 0) for region in ("430102", "430103")]
    assert resolved[0].plain is resolved[1].plain


@pytest.fixture
def put(tmp_path):
    def put_(content, name="a.yaml"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return put_


def problems(function, *arguments):
    with pytest.raises(SchemaError) as caught:
        function(*arguments)
    found = caught.value.problems
    for problem in found:
        for said in (problem.key, problem.value, problem.message, problem.remedy):
            assert len(said) <= SHOWN_TEXT
            assert said.isprintable()
    return found


class TestFiles:
    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("a: " + "[" * 3_000 + "]" * 3_000, "nested more than 32 deep"),
            ("- " * 3_000, "nested more than 32 deep"),
            (r'a: "\U0011ffff"', "chr()"),
            ("%YAML " + "9" * 5_000 + ".1\n---\na: b", "4300 digits"),
            (r'a: "\ud800"', "half a character"),
            ("a: &a [1]\nb: [" + "*a, " * 1_000 + "]", "an alias"),
        ],
        ids=["brackets", "dashes", "no-character", "huge-version", "half", "alias-bomb"],
    )
    def test_what_no_person_writes_is_named(self, put, content, message):
        found = problems(read_document, put(content))
        assert message in found[0].message
        assert len(found) <= MOST_PROBLEMS + 1

    def test_a_file_is_not_read_beyond_its_bound(self, put, monkeypatch):
        monkeypatch.setattr(reading, "MAX_FILE_BYTES", 100)
        assert read_document(put("a: " + "x" * 97)).data
        assert "larger than 100 bytes" in problems(read_document, put("a: " + "x" * 98))[0].message

    def test_nor_beyond_a_number_of_values(self, put, monkeypatch):
        monkeypatch.setattr(reading, "MOST_VALUES", 10)
        assert read_document(put("[a, b, c, d, e, f, g, h, i]")).data
        (problem,) = problems(read_document, put("[a, b, c, d, e, f, g, h, i, j]"))
        assert "more than 10 values" in problem.message

    def test_of_very_many_problems_the_first_are_told(self, put):
        found = problems(load_catalogue, put("".join(f"k{n}: 1\n" for n in range(3_000))).parent)
        assert len(found) == MOST_PROBLEMS + 1
        assert found[-1].message == "more is wrong"

    def test_a_long_key_or_value_is_cut(self, put):
        key = "k" * 900
        (problem,) = problems(read_document, put(f"{key}: 1\n{key}: {'v' * 900}\n"))
        assert len(str(problem)) < 1_000

    def test_json_may_be_indented_with_tabs_and_write_a_rare_character_in_halves(self, put):
        day = '{"name": "\\ud842\\udfb7", "date": "2027-01-01", "isOffDay": true}'
        path = put(f'{{\n\t"year": 2027,\n\t"days": [\n\t\t{day}\n\t]\n}}', "2027.json")
        assert read_year(path).year.off[0].name == "𠮷"


class TestCatalogues:
    def test_an_item_has_no_ten_thousand_steps(self, put):
        flow = ", ".join(f"{{code: s{n}, name: s}}" for n in range(MOST_STEPS + 1))
        path = put(f"items: [{{code: i, name: i, versions: [{{flow: [{flow}]}}]}}]")
        (problem,) = problems(load_catalogue, path.parent)
        assert problem.key == "items[0].versions[0].flow"
        assert f"at most {MOST_STEPS}" in problem.message

    @pytest.mark.parametrize(("length", "good"), [(MOST_HEIRS, True), (MOST_HEIRS + 1, False)])
    def test_a_chain_of_presets_ends(self, put, length, good):
        names = [f"p{n}" for n in range(length)]
        chain = "".join(
            f"  - {{name: {name}, title: t, basis: b, extends: {above}}}\n"
            for name, above in zip(names, [*names[1:], "last"], strict=True)
        )
        chain += "  - {name: last, title: t, basis: b}\n"
        path = put(f"presets:\n{chain}items: [{{code: i, name: i, versions: [{{preset: p0}}]}}]\n")
        if good:
            assert len(list(load_catalogue(path.parent).preset_and_bases("p0"))) == length + 1
        else:
            assert "presets extend each other" in problems(load_catalogue, path.parent)[0].message

    def test_a_day_is_no_count_of_seconds(self, put):
        path = put("items: [{code: i, name: i, versions: [{from: 1609459200}]}]")
        assert problems(load_catalogue, path.parent)[0].message == "not a date"

    def test_a_folder_of_very_many_files_is_not_read(self, put, monkeypatch):
        monkeypatch.setattr("schemas.catalogue_loading.MAX_FILES", 1)
        assert load_catalogue(put("name: a").parent).name == "a"
        found = problems(load_catalogue, put("name: b", "b.yaml").parent)
        assert "more than 1" in found[0].message

    def test_limits_are_compared_also_by_a_calendar_without_any_decreed_year(self, put):
        put("name: x\ntime_zone: UTC\nhours: [09:00-12:00]\n", "calendars/x.yaml")
        path = put(
            "policy: {calendar: x}\n"
            "items: [{code: i, name: i, versions: [{clocks: {promised: {amount: 9, unit: month},"
            " statutory: {amount: 2, unit: working_day}}}]}]\n"
        )
        (finding,) = findings(load_catalogue(path.parent))
        assert "longer than the statute" in finding.message


class TestCalendars:
    def test_a_few_lines_cannot_span_a_million_days(self, put):
        off = "- {name: a, from: 1990-01-01, to: 2100-12-31}\n" * 2
        path = put(f"name: x\nextends: cn\noff:\n{off}", "calendars/x.yaml")
        (problem,) = problems(load_calendars, [path.parents[1]])
        assert "81,084 days are listed, of 40,542" in problem.message

    def test_a_chain_of_calendars_ends(self, put):
        for n in range(MOST_HEIRS + 2):
            above = f"c{n + 1}" if n <= MOST_HEIRS else "cn"
            path = put(f"name: c{n}\nextends: {above}\n", f"calendars/c{n}.yaml")
        found = problems(load_calendars, [path.parents[1]])
        assert "calendars inherit from each other" in found[0].message

    def test_a_folder_of_very_many_calendars_is_not_read(self, put, monkeypatch):
        monkeypatch.setattr("schemas.calendars.loading.MAX_FILES", 5)
        for n in range(6):
            path = put(f"name: c{n}\nextends: cn\n", f"calendars/c{n}.yaml")
        found = problems(load_calendars, [path.parents[1]])
        assert any("more than 5" in problem.message for problem in found)

    @pytest.mark.parametrize(
        "day",
        [
            '{"name": "a", "date": "2027-01-02", "isOffDay": {}}',
            '{"name": "a", "date": "2027-01-02", "isOffDay": [true]}',
            f'{{"name": "{"a" * 199}", "date": "2027-01-02", "isOffDay": false}}',
        ],
    )
    def test_a_day_of_another_shape_is_named(self, put, day):
        path = put(f'{{"year": 2027, "days": [{day}]}}', "2027.json")
        assert problems(read_year, path)[0].key.startswith("days[0]")

    @pytest.mark.parametrize(
        "name",
        ["a\nb", "\x07", "- a", "a: b", "#", "?", "-", "null", "\u2028", "\u0085", "\ufeff", "a  b",
         " a", '"', "\\", "'", "春节 调休", "〔2026〕9号",
         "😀", "😀\x07", "---", "2026", "!x", "=", "~"],
    )  # fmt: skip
    def test_a_year_is_written_as_it_was_understood(self, put, name):
        listed = [{"name": name, "date": "2027-01-01"}]
        year = YearFile.model_validate({"year": 2027, "decree": name, "off": listed})
        assert read_yaml(put(year_text(year)), YearFile) == year


MAPPING = """
source: hall-a
table: {%s}
events:
  - kind: received
    fields: {case_no: "{c}", occurred_at: "{t}", applicant_name: "{n}", item: "%s"}
"""


class TestMappings:
    @pytest.fixture
    def read(self, put):
        def read_(table="time_zone: Asia/Shanghai", item="i"):
            return read_yaml(put(MAPPING % (table, item)), HallMapping)

        return read_

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ("time_zone: Asia", "there is no time zone Asia"),
            (f"time_zone: {'a' * 5_000}", "there is no time zone"),
            ("time_format: '%Y %Y'", "no form of a time"),
            ("time_format: '%Q'", "no form of a time"),
            ("encoding: undefined", "there is no encoding undefined"),
            ("encoding: hex", "there is no encoding hex"),
        ],
    )
    def test_what_the_machine_cannot_do_is_told_before_any_row(self, read, table, message):
        assert message in problems(read, table)[0].message

    @pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M", "%Y-%m-%dT%H:%M:%S%z", "%m/%d/%y %I:%M %p"])
    def test_forms_of_times_in_use_are_taken(self, read, form):
        assert read(f"time_format: '{form}', time_zone: UTC").table.time_format == (form,)

    @pytest.mark.parametrize(
        ("cells", "message"),
        [
            ({"t": "0001-01-01 00:00:00"}, "no year that an event may have"),
            ({"c": "\udcff"}, "half a character"),
            ({"n": "\ud800"}, "half a character"),
            ({"n": NAME * 100}, "at most 200 characters"),
            ({"t": "9" * 100_000}, "no time written"),
            ({"t": "2026-03-02T09:00:00+00:00:30"}, "an offset with seconds"),
            ({"t": "2026-03-02T24:00:00-08:00:01"}, "an offset with seconds"),
        ],
    )
    def test_a_cell_that_nothing_can_hold_is_a_problem_of_its_row(self, read, cells, message):
        row = {"c": "C1", "t": "2026-03-02 09:00:00", "n": "", **cells}
        problem, *event = apply(read(), 1, row)
        assert isinstance(problem, RowProblem)
        assert message in problem.message
        assert [e.applicant_name for e in event] == [None] * ("n" in cells)  # the fact stands
        assert len(str(problem)) < 500
        assert NAME not in str(problem)

    def test_the_last_day_of_time_is_none_in_a_zone_behind(self, read):
        row = {"c": "C1", "t": "9999-12-31 23:59:59", "n": ""}
        (problem,) = apply(read("time_zone: America/New_York"), 1, row)
        assert "no year" in problem.message

    def test_a_template_cannot_multiply_a_cell(self, read):
        assert "at most 1000" in problems(read, "", "{n}" * 334)[0].message
        row = {"c": "C1", "t": "2026-03-02T09:00:00Z", "n": "x" * 2_000}
        problem, other, event = apply(read("", "{n}" * 333), 1, row)
        assert (other.field, event.item) == ("applicant_name", None)
        assert problem.message == "longer than an event may be"

    def test_a_half_character_is_seen_before_any_filter(self, read):
        row = {"c": "C1", "t": "2026-03-02T09:00:00Z", "n": "", "x": "\ud800" * 65}
        problem, _ = apply(read("", "{x|as_code}"), 1, row)
        assert (problem.field, problem.message) == ("item", "half a character")

    def test_a_line_that_never_ends_is_not_read_to_its_end(self, read, tmp_path, monkeypatch):
        monkeypatch.setattr("streams.tables.LONGEST_LINE", 1_000)
        path = tmp_path / "t.csv.gz"
        path.write_bytes(gzip.compress(b"c,t,n\n" + b"x" * 10_000_000))
        with pytest.raises(TableError, match="more than 1,000 characters"):
            convert(read(), path, tmp_path / "out.jsonl")


def test_a_line_of_events_that_never_ends_is_one_refusal(tmp_path, monkeypatch):
    asked = []

    class Watched(io.BytesIO):
        def readline(self, size=-1):
            asked.append(size)
            return super().readline(size)

    raw = b"x" * 1_000_000 + b"\n" + event() + b"\n" + b" " * 300_000 + event()
    monkeypatch.setattr(event_lines, "open_lines", lambda _path: Watched(raw))
    lines = list(read_event_lines(tmp_path))
    assert [line.number for line in lines] == [1, 2]
    assert lines[0].refusal.reason == "too_large"
    assert lines[1].event is not None
    assert set(asked) == {bounds.MAX_EVENT_BYTES + 3}


class TestShown:
    @pytest.mark.parametrize(
        ("value", "text_"),
        [
            ("a", "a"),
            ("a\x1b\n\u202e", r"a\x1b\n\u202e"),
            ("\ud800", r"\ud800"),
            ([1], "[…]"),
            ([], "[]"),
            ({"a": NAME}, "{…}"),
            (1.5, "1.5"),
            (None, "None"),
        ],
    )
    def test_a_value_is_one_printable_line(self, value, text_):
        assert shown(value) == text_

    def test_it_is_cut(self):
        assert shown("a" * SHOWN_VALUE) == "a" * SHOWN_VALUE
        assert shown("a" * (SHOWN_VALUE + 1)) == "a" * (SHOWN_VALUE - 1) + "…"
        assert len(shown("\x00" * 500, 10)) == 10


def test_the_built_in_files_lie_within_the_bounds():
    made = built_in()
    assert max(len(ladder.rungs) for ladder in made.ladders.values()) < bounds.MOST_RUNGS / 2
    assert len(made.calendars) < bounds.MAX_FILES / 2
