"""A mapping file is checked before any row is read, and each row's fault is named."""

from __future__ import annotations

import gzip
import textwrap
from random import Random

import pytest
from click.testing import CliRunner

from schemas.events import STEP_EVENT
from schemas.mapping import HallMapping, Made, RowProblem, missing_columns
from schemas.mapping_rules import Conversion, apply
from schemas.reading import SchemaError, read_yaml
from streams.commands.convert import command
from streams.converting import convert
from streams.tables import TableError

MAPPING = """
source: hall-a
table: {time_zone: Asia/Shanghai}
codes:
  kind: {"1": on_the_spot, "2": promised}
  yes: {是: "true", 否: "false"}
  channel: {窗口: window, "*": other}
events:
  - kind: accepted
    fields:
      case_no: "{办件编号}"
      occurred_at: "{受理时间}"
      item: "{事项|as_code}"
      case_type: "{类型|kind}"
      channel: "{渠道|channel}"
  - kind: suspended
    rare: true
    when: [{column: 特别程序, among: [听证]}]
    fields:
      case_no: "{办件编号}"
      occurred_at: "{挂起时间}"
      suspension: hearing
      days_asked: "{天数}"
  - kind: finished
    when: [{column: 办结时间}]
    fields: {case_no: "{办件编号}", occurred_at: "{办结时间}", charged: "{收费|yes}"}
"""
ROW = {
    "办件编号": "C1",
    "受理时间": "2026-03-02 09:00:00",
    "事项": "建设  许可",
    "类型": "2",
    "渠道": "电话",
    "特别程序": "",
    "挂起时间": "",
    "天数": "",
    "办结时间": "2026-03-05 10:00:00",
    "收费": "否",
}


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mapping.yaml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


@pytest.fixture
def mapping(file):
    return read_yaml(file, HallMapping)


def made(mapping, **changed):
    return list(apply(mapping, 7, ROW | changed))


def test_a_row_gives_its_events(mapping):
    accepted, finished = made(mapping)
    assert (accepted.kind, accepted.case_no, accepted.source) == ("accepted", "C1", "hall-a")
    assert accepted.occurred_at.isoformat() == "2026-03-02T09:00:00+08:00"
    assert accepted.item == "建设 许可"
    assert accepted.case_type == "promised"
    assert accepted.channel == "other"
    assert finished.charged is False


def test_ids_come_from_the_content(mapping):
    assert [e.event_id for e in made(mapping)] == [e.event_id for e in made(mapping)]
    other = made(mapping, 类型="1")
    assert other[0].event_id != made(mapping)[0].event_id
    assert other[1].event_id == made(mapping)[1].event_id


def test_what_the_source_cannot_record_is_said_where_the_law_asks_for_it(mapping):
    unable = mapping.model_copy(update={"cannot_record": ("told_at", "delivered")})
    row = {"特别程序": "听证", "挂起时间": "2026-03-03 09:00:00"}
    accepted, suspended, finished = made(unable, **row)
    assert [e.unrecorded for e in (accepted, suspended, finished)] == [
        (),
        ("told_at",),
        ("delivered",),
    ]
    assert [e.event_id for e in made(mapping, **row)] == [
        e.event_id for e in (accepted, suspended, finished)
    ]


def test_a_condition_on_a_value_and_a_whole_number(mapping):
    events = made(mapping, 特别程序="听证", 挂起时间="2026-03-03 09:00:00", 天数="3")
    assert [e.kind for e in events] == ["accepted", "suspended", "finished"]
    assert events[1].days_asked == 3
    assert made(mapping, 特别程序="别的")[1].kind == "finished"


@pytest.mark.parametrize(
    ("changed", "field", "why"),
    [
        ({"类型": "9"}, "case_type", "not among the codes kind"),
        ({"受理时间": "昨天"}, "occurred_at", "no time written as"),
        ({"受理时间": ""}, "occurred_at", "field is missing"),
        ({"办件编号": ""}, "case_no", "field is missing"),
        ({"办件编号": "x" * 51}, "case_no", "at most 50"),
        ({"受理时间": "2211-03-02 09:00:00"}, "occurred_at", "less than or equal"),
    ],
)
def test_what_is_wrong_with_a_row_is_named(mapping, changed, field, why):
    problem = made(mapping, **changed)[0]
    assert isinstance(problem, RowProblem)
    assert (problem.row, problem.kind, problem.field) == (7, "accepted", field)
    assert why in problem.message
    assert problem.remedy
    assert str(problem).startswith(f"row 7: accepted.{field}: {problem.message}")


@pytest.mark.parametrize(
    ("changed", "why"),
    [({"天数": "三"}, "no whole number"), ({"收费": "?"}, "not among the codes")],
)
def test_a_cell_that_does_not_fit_spares_the_other_events_of_its_row(mapping, changed, why):
    found = made(mapping, 特别程序="听证", 挂起时间="2026-03-03 09:00:00", **changed)
    problem = next(e for e in found if isinstance(e, RowProblem))
    assert why in problem.message
    assert problem.loses == "field"
    assert [e.kind for e in found if e is not problem] == ["accepted", "suspended", "finished"]


def test_a_field_of_several_entries():
    rule = {
        "kind": "received",
        "fields": {"case_no": "{n}", "occurred_at": "{t}", "documents": "{d}"},
    }
    row = {"n": "C1", "t": "2026-03-02T09:00:00+08:00", "d": "申请表； 营业执照；"}
    parted = HallMapping.model_validate(
        {"source": "a", "table": {"list_separator": "；"}, "events": [rule]}
    )
    assert next(apply(parted, 1, row)).documents == ("申请表", "营业执照")
    whole = HallMapping.model_validate({"source": "a", "events": [rule]})
    assert next(apply(whole, 1, row)).documents == ("申请表； 营业执照；",)


def test_a_long_name_becomes_a_code_that_fits(mapping):
    code = made(mapping, 事项="很长" * 60)[0].item
    assert len(code) == 64
    assert code != made(mapping, 事项="很长" * 61)[0].item


def test_a_local_time_that_occurs_twice_is_the_first_and_offsets_win(mapping):
    summer = mapping.model_copy(
        update={"table": mapping.table.model_copy(update={"time_zone": "America/New_York"})}
    )
    twice = made(summer, 受理时间="2011-11-06 01:30:00")[0]
    assert twice.occurred_at.isoformat() == "2011-11-06T01:30:00-04:00"
    stated = made(summer, 受理时间="2011-11-06 01:30:00+08:00")[0]
    assert stated.occurred_at.isoformat() == "2011-11-06T01:30:00+08:00"


@pytest.mark.parametrize(
    ("time", "exists"),
    [
        ("2011-03-13 01:59:59", True),
        ("2011-03-13 02:00:00", False),
        ("2011-03-13 02:59:59", False),
        ("2011-03-13 03:00:00", True),
    ],
)
def test_a_local_time_that_the_clocks_skip_is_an_error(mapping, time, exists):
    new_york = mapping.model_copy(
        update={"table": mapping.table.model_copy(update={"time_zone": "America/New_York"})}
    )
    found = made(new_york, 受理时间=time)[0]
    assert isinstance(found, RowProblem) is not exists
    if not exists:
        assert "daylight saving" in found.message


def test_dates_only_get_the_declared_clock_time(mapping):
    text = {"time_format": "%Y%m%d", "clock_time_of_dates": "12:00", "time_zone": "Asia/Shanghai"}
    dated = HallMapping.model_validate({**mapping.model_dump(mode="json"), "table": text})
    found = made(dated, 受理时间="20260302", 办结时间="")[0]
    assert found.occurred_at.isoformat() == "2026-03-02T12:00:00+08:00"


def test_without_a_zone_a_local_time_is_refused(mapping):
    bare = mapping.model_copy(
        update={"table": mapping.table.model_copy(update={"time_zone": None})}
    )
    assert "state table.time_zone" in made(bare)[0].remedy


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("kind: finished", "kind: done", "events[2]"),
        ("charged:", "chargd:", "events[2]"),
        ("|channel}", "|chanel}", ""),
        ("source: hall-a", "sauce: hall-a", "sauce"),
        ("Asia/Shanghai", "Asia/Nowhere", "table"),
        ('occurred_at: "{办结时间}", ', "", "events[2]"),
        ("      suspension: hearing\n", "", "events[1]"),
    ],
)
def test_a_wrong_mapping_is_named_with_its_line(file, old, new, key):
    text = MAPPING.replace(old, new)
    assert text != MAPPING
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaError) as error:
        read_yaml(file, HallMapping)
    assert any(key in problem.key and problem.line for problem in error.value.problems)


def converted(mapping, path):
    """Convert a table; give what came of it, and its events as they were written."""
    out = path.with_suffix(".jsonl")
    done = convert(mapping, path, out)
    events = [STEP_EVENT.validate_json(line) for line in out.read_bytes().splitlines()]
    assert done.events == len(events)
    return done, events


def table(tmp_path, *rows, name="hall.csv", encoding="utf-8"):
    lines = [",".join(ROW), *(",".join((ROW | row).values()) for row in rows)]
    path = tmp_path / name
    content = "\r\n".join(lines).encode(encoding)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def test_a_table_is_sorted_and_repeated_rows_count_once(mapping, tmp_path):
    path = table(
        tmp_path, {"办件编号": "C2"}, {"受理时间": "2026-03-01 09:00:00"}, {"办件编号": "C2"}
    )
    done, events = converted(mapping, path)
    assert (done.rows, done.events, done.repeated) == (3, 4, 2)
    moments = [e.occurred_at for e in events]
    assert moments == sorted(moments)


def test_gzip_and_gb18030(mapping, tmp_path):
    assert len(converted(mapping, table(tmp_path, {}, name="hall.csv.gz"))[1]) == 2
    chinese = mapping.model_copy(
        update={"table": mapping.table.model_copy(update={"encoding": "gb18030"})}
    )
    path = table(tmp_path, {}, encoding="gb18030")
    assert len(converted(chinese, path)[1]) == 2
    with pytest.raises(TableError, match="gb18030"):
        converted(mapping, path)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"C2,2026-03-02 09:00:00,x,2,,,,,,,surplus", "11 cells under 10 columns"),
        (b"C2,2026-03-02 09:00:00", "2 cells under 10 columns"),
        (b"C2,2026-03-02 09:00:00,\xd5\xc5\xc8\xfd,2,,,,,,", "bytes that are not utf-8"),
        (b'C2,2026-03-02 09:00:00,"x"y,2,,,,,,', "no CSV"),
    ],
)
def test_a_row_that_is_none_is_told_and_spoils_no_other(mapping, tmp_path, line, why):
    path = table(tmp_path, {}, {"办件编号": "C3"})
    first, second, third = path.read_bytes().split(b"\r\n")
    path.write_bytes(b"\r\n".join((first, second, line, b"", third, b"")))
    done, events = converted(mapping, path)
    assert [(p.row, why in p.message, bool(p.remedy)) for p in done.problems] == [(2, True, True)]
    assert {e.case_no for e in events} == {"C1", "C3"}
    assert done.rows == 3


def test_a_quote_that_is_never_closed_is_told(mapping, tmp_path):
    path = table(tmp_path, {})
    path.write_bytes(path.read_bytes() + b'\r\nC2,2026-03-02 09:00:00,"x,2,,,,,,')
    done, events = converted(mapping, path)
    assert "no CSV" in done.problems[0].message
    assert {e.case_no for e in events} == {"C1"}


def test_a_damaged_archive_is_one_clear_error(mapping, tmp_path):
    path = table(tmp_path, {}, name="hall.csv.gz")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(TableError, match=r"hall\.csv\.gz"):
        converted(mapping, path)


def test_a_column_that_the_table_lacks_is_named_first(mapping, tmp_path):
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(TableError, match="there is no column"):
        converted(mapping, path)
    assert "办件编号" in missing_columns(mapping, ["a"])


def test_the_command_writes_the_good_rows_and_names_the_bad(file, tmp_path):
    path = table(tmp_path, {}, {"办件编号": "C2", "类型": "9"})
    out = tmp_path / "events.jsonl"
    done = CliRunner().invoke(command, ["--mapping", str(file), str(path), "-o", str(out)])
    assert done.exit_code == 1
    assert "row 2: accepted.case_type" in done.stderr
    events = [STEP_EVENT.validate_json(line) for line in out.read_bytes().splitlines()]
    assert [(e.case_no, e.kind) for e in events[:2]] == [("C1", "accepted"), ("C2", "accepted")]
    assert [e.case_type for e in events[:2]] == ["promised", None]
    again = tmp_path / "again.jsonl.gz"
    CliRunner().invoke(command, ["--mapping", str(file), str(path), "-o", str(again)])
    assert gzip.decompress(again.read_bytes()) == out.read_bytes()


def test_the_command_says_what_is_wrong_with_the_mapping(file, tmp_path):
    file.write_text(textwrap.dedent("source: a\nevents: []\n"), encoding="utf-8")
    done = CliRunner().invoke(command, ["--mapping", str(file), str(table(tmp_path, {}))])
    assert done.exit_code == 1
    assert "mapping.yaml:2" in done.stderr


ODD = (
    *("", " ", "1", "2", "9", "NULL", "是", "否", "3.0", "x" * 70, "'43", "4301.0", "张三\x01"),
    *("电话", "2026-03-02", "2026-03-02 09:00:00", "2026-03-02 24:00", "昨天", "听证", "４３"),
    *("\u200b1", "2026-03-02T09:00:00Z", '说"好"', "\\N", "a\tb", "1,200", "𠮷", "\ud800"),
)
EVERY_KIND_OF_FIELD = """
source: hall-b
table: {time_zone: Asia/Shanghai, list_separator: "；", clock_time_of_dates: "12:00",
        empty_values: ["NULL"], thousands: ","}
cannot_record: [told_at, delivered]
codes: {kind: {"1": on_the_spot, "2": promised}, yes: {是: "true", 否: "false"}}
events:
  - kind: received
    fields: {event_id: "{办件编号}", case_no: "{办件编号}", occurred_at: "{受理时间}",
             documents: "{渠道}", applicant_name: "{事项}", promised_due_at: "{办结时间}"}
  - kind: accepted
    fields: {event_id: "{办件编号}", case_no: "{办件编号}", occurred_at: "{受理时间}",
             promised_due_at: "{挂起时间}", promised_amount: "{天数}", case_type: "{类型|kind}",
             item: "{事项|as_code}", step: "{类型}-{天数}", region: "430102"}
  - kind: extended
    fields: {case_no: "{办件编号}", occurred_at: "{办结时间}", amount: "{天数}",
             told_at: "{挂起时间}"}
  - kind: finished
    fields: {case_no: "{办件编号}", occurred_at: "{受理时间}", fee: "{天数}", charged: "{收费|yes}",
             record_version: "{类型}"}
"""


@pytest.mark.parametrize("rules", [MAPPING, EVERY_KIND_OF_FIELD])
def test_the_quick_way_writes_what_the_careful_way_writes(file, rules):
    file.write_text(rules, encoding="utf-8")
    conversion = Conversion(read_yaml(file, HallMapping), tuple(ROW))
    random = Random(1)
    quick = 0
    for number in range(3_000):
        row = dict(ROW)
        for _ in range(random.choice((0, 1, 2, 3))):
            row[random.choice(list(ROW))] = random.choice(ODD)
        cells = tuple(row.values())
        for rule in conversion.rules:
            found = list(rule.make(number, cells))
            assert found == list(rule._careful.make(number, cells)), row
            quick += isinstance(found[-1], Made)
    assert quick > 3_000
