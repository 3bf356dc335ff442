"""Calendars from files: inheritance, years that an operator adds, and every kind of mistake."""

from __future__ import annotations

import datetime as dt
import textwrap

import pytest

from schemas.calendars import CalendarDefinition, load_calendars
from schemas.reading import SchemaError
from streams.engine.calendar import Calendar, day_of


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        file = tmp_path / "calendars" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text), encoding="utf-8")
        return file

    return write


@pytest.fixture
def load(tmp_path):
    return lambda: load_calendars([tmp_path])


def working(definition, *dates):
    calendar = Calendar(definition)
    return [calendar.is_working(day_of(dt.date.fromisoformat(date))) for date in dates]


ROOT = "name: plain\ntime_zone: Asia/Shanghai\n"
HOURS = "hours: [09:00-12:00, 13:30-17:30]\n"
LIANGSHAN = """
    name: liangshan
    extends: cn
    off:
      - {name: 火把节, from: 2026-07-25, to: 2026-07-27, decree: 凉府办发〔2025〕1号}
    work: [2026-08-01, {date: 2026-08-08, hours: [09:00-12:00]}]
    """


def test_a_region_inherits_and_its_own_days_win(write, load):
    write("liangshan.yaml", LIANGSHAN)
    cn, liangshan = load()["cn"], load()["liangshan"]
    dates = ("2026-07-27", "2026-08-01", "2026-10-01", "2026-10-10")
    assert working(cn, *dates) == [True, False, False, True]
    assert working(liangshan, *dates) == [False, True, False, True]
    assert (liangshan.time_zone, liangshan.week, liangshan.hours, liangshan.years) == (
        (cn.time_zone, cn.week, cn.hours, cn.years)
    )
    calendar = Calendar(liangshan)
    info = calendar.day_info(day_of(dt.date(2026, 7, 27)))
    assert (info.name, info.decree) == ("火把节", "凉府办发〔2025〕1号")
    assert calendar.hours(day_of(dt.date(2026, 8, 8))) == ((32_400, 43_200),)


def test_a_region_may_keep_other_hours_and_work_on_a_national_day_off(write, load):
    write("port.yaml", "name: port\nextends: cn\nhours: [08:00-12:00]\nwork: [2026-10-01]\n")
    assert load()["port"].hours == ((28_800, 43_200),)
    assert working(load()["port"], "2026-10-01", "2026-10-02") == [True, False]


def test_inheritance_runs_over_several_generations(write, load):
    write("a.yaml", "name: a\nextends: b\noff: [{name: 甲, date: 2026-03-02}]\n")
    write("b.yaml", "name: b\nextends: cn\noff: [{name: 乙, date: 2026-03-03}]\n")
    assert working(load()["a"], "2026-03-02", "2026-03-03", "2026-10-01") == [False] * 3


def test_an_operator_adds_a_year_to_the_built_in_calendar(write, load):
    before = load_calendars()["cn"]
    write(
        "cn/2027.yaml",
        """
        year: 2027
        decree: 国办发明电〔2026〕9号
        off: [{name: 国庆节, from: 2027-10-01, to: 2027-10-07}]
        work: [2027-10-09]
        """,
    )
    after = load()["cn"]
    assert working(before, "2027-10-04", "2027-10-09") == [True, False]
    assert working(after, "2027-10-04", "2027-10-09", "2026-10-01") == [False, True, False]
    calendar = Calendar(after)
    assert calendar.last_decreed_day == day_of(dt.date(2027, 12, 25))
    assert calendar.day_info(day_of(dt.date(2027, 3, 1))).decree == "国办发明电〔2026〕9号"
    assert after.version != before.version


def test_a_corrected_year_takes_the_place_of_the_built_in_one(write, load):
    write("cn/2026.yaml", "year: 2026\ndecree: null\nwork: [2026-12-27]\n")
    assert working(load()["cn"], "2026-12-27", "2026-10-01") == [True, True]


def test_a_day_may_write_another_decree_or_none(write, load):
    write("plain.yaml", ROOT + HOURS)
    write(
        "plain/2025.yaml",
        """
        year: 2025
        decree: A
        off: [{name: x, date: 2025-03-03}, {name: y, date: 2025-03-04, decree: B}]
        work: [{date: 2025-03-08, decree: null}]
        """,
    )
    assert [day.decree for day in load()["plain"].days] == ["A", "B", None]


def test_the_defaults_of_a_calendar_of_its_own(write, load):
    write("plain.yaml", ROOT + HOURS)
    plain = load()["plain"]
    assert plain.week == ("mon", "tue", "wed", "thu", "fri")
    assert (plain.decrees, plain.start_rule) == ("yearly", None)


def test_rules_of_another_country(write, load):
    write(
        "boston.yaml",
        """
        name: boston
        time_zone: America/New_York
        hours: [00:00-24:00]
        decrees: week
        start_rule: {closes_at: 17:00, resumes_at: 08:30}
        """,
    )
    boston = load()["boston"]
    assert boston.hours == ((0, 86_400),)
    assert (boston.start_rule.closes_at, boston.start_rule.resumes_at) == (61_200, 30_600)


def test_yaml_guesses_no_types(write, load):
    # YAML 1.1 would read 09:00 as 540, and `on` as a truth value.
    write("plain.yaml", ROOT + "hours: [09:00-10:30:30]\noff: [{name: on, date: 2026-03-03}]\n")
    plain = load()["plain"]
    assert plain.hours == ((32_400, 37_830),)
    assert plain.days[0].name == "on"


def test_the_version_is_that_of_the_content(write, load):
    write("liangshan.yaml", LIANGSHAN)
    first = load()["liangshan"]
    write(
        "liangshan.yaml", "# a comment\n" + textwrap.dedent(LIANGSHAN).replace("火把节", "火把节")
    )
    assert load()["liangshan"].version == first.version
    write("cn/2027.yaml", "year: 2027\n")  # what is inherited counts too
    assert load()["liangshan"].version != first.version


def test_a_definition_travels_as_json(write, load):
    write("liangshan.yaml", LIANGSHAN)
    definition = load()["liangshan"]
    again = CalendarDefinition.model_validate_json(definition.model_dump_json())
    assert (again, again.version) == (definition, definition.version)


def test_other_files_beside_the_calendars_are_left_alone(write, load, tmp_path):
    write("README.md", "not a calendar")
    write(".plain.yaml.swp", "\0")
    assert list(load()) == ["cn"]
    (tmp_path / "empty").mkdir()
    assert list(load_calendars([tmp_path / "empty"])) == ["cn"]


# What is wrong with a file is told with file, line, key, value and remedy.


@pytest.mark.parametrize(
    ("text", "line", "key", "value", "message", "remedy"),
    [
        (
            ROOT + "hour: [09:00-12:00]\n",
            *(3, "hour", "", "extra inputs are not permitted", "did you mean `hours`?"),
        ),
        (
            ROOT + "colour: red\n",
            *(3, "colour", "red", "extra inputs are not permitted"),
            "remove it: nothing reads this key",
        ),
        (
            ROOT + "week: [mon]\nweek: [tue]\n",
            *(4, "week", "", "the key stands in line 3 already", "remove one of the two"),
        ),
        (ROOT + "week: [mon, thr]\n", 3, "week[1]", "thr", "'mon', 'tue'", "correct the value"),
        (ROOT + "week: [mon, mon]\n", 3, "week", "", "named twice", "name each once"),
        (ROOT + "week: []\n", 3, "week", "", "no working day", "list at least one weekday"),
        (ROOT + "week: mon\n", 3, "week", "mon", "valid tuple", "write a list"),
        (
            ROOT + "hours: [9-12]\n",
            *(3, "hours[0]", "9-12", "not a time of day", "write hours and minutes as 09:00"),
        ),
        (
            ROOT + "hours:\n  - 09:00-12:00\n  - 13:30-25:00\n",
            *(5, "hours[1]", "13:30-25:00", "not a time of day", "from 00:00 to 24:00"),
        ),
        (
            ROOT + "hours: [0900]\n",
            *(3, "hours[0]", "0900", "not working hours", "write them as 09:00-12:00"),
        ),
        (
            ROOT + "hours: [22:00-06:00]\n",
            *(3, "hours[0]", "22:00-06:00", "end before they begin", "22:00-24:00"),
        ),
        (
            ROOT + "hours: [13:30-17:30, 09:00-12:00]\n",
            *(3, "hours", "", "overlap or are out of order", "as the day goes"),
        ),
        (
            "name: plain\ntime_zone: Asia/Peking\n",
            *(2, "time_zone", "Asia/Peking", "no such time zone", "Asia/Shanghai"),
        ),
        (
            "name: plain\n" + HOURS,
            *(1, "time_zone", "", "field required", "add it, such as Asia/Shanghai"),
        ),
        (
            ROOT,  # a region's hours are never assumed
            *(1, "hours", "", "field required", "or `extends` a calendar that has it"),
        ),
        ("time_zone: UTC\n", 1, "name", "", "field required", "add the key"),
        (
            "name: other\ntime_zone: UTC\n" + HOURS,
            *(1, "name", "other", "the file is named plain.yaml", "let the two agree"),
        ),
        (ROOT + "decrees: monthly\n", 3, "decrees", "monthly", "'yearly' or 'week'", "correct"),
        (
            ROOT + "start_rule: {closes_at: 17:00}\n",
            *(3, "start_rule.resumes_at", "", "field required", "add the key"),
        ),
        (ROOT + "start_rule: late\n", 3, "start_rule", "late", "valid dictionary", "key: value"),
        (
            ROOT + "off:\n  - name: x\n    date: 2026-02-30\n",
            *(5, "off[0].date", "2026-02-30", "outside expected range", "as 2026-10-01"),
        ),
        (
            ROOT + "off: [{name: x, date: 20260301}]\n",
            *(3, "off[0].date", "20260301", "not a date", "write it as 2026-10-01"),
        ),
        (
            ROOT + "off: [{name: x, date: 1989-06-01}]\n",
            *(3, "off[0].date", "1989-06-01", "no calendar covers 1989-06-01", "write a day from"),
        ),
        (
            ROOT + "off:\n  - {name: x, from: 2026-03-05, to: 2026-03-04}\n",
            *(4, "off[0]", "", "`to` lies before `from`", "swap the two"),
        ),
        (
            ROOT + "off: [{name: x, from: 2026-03-05}]\n",
            *(3, "off[0]", "", "not one span of days", "give either `date`, or `from` and `to`"),
        ),
        (
            ROOT + "off: [{name: x, date: 2026-03-05, to: 2026-03-06}]\n",
            *(3, "off[0]", "", "not one span of days", "give either"),
        ),
        (ROOT + "off: [{date: 2026-03-05}]\n", 3, "off[0].name", "", "field required", "add the"),
        (
            ROOT + HOURS + "off: [{name: x, date: 2026-03-05}]\nwork:\n  - 2026-03-05\n",
            *(6, "work[0]", "2026-03-05", "2026-03-05 is listed already", "list each day once"),
        ),
        (
            ROOT + "extends: nowhere\n",
            *(3, "extends", "nowhere", "no such calendar", "write one of: cn, plain"),
        ),
        (
            ROOT + "extends: plain\n",
            *(3, "extends", "plain", "inherits from itself: plain ← plain", "break the circle"),
        ),
        (
            ROOT + "week: &w [mon]\noff: *w\n",
            *(3, "off", "", "an alias stands for a value", "write the value out"),
        ),
        (ROOT + "week: [mon\nhours: x\n", 4, "", "", "not YAML", "check the indentation"),
        (ROOT + "week:\n\t- mon\n", 4, "", "", "not YAML", "check the indentation"),
        ("", 1, "", "null", "valid dictionary", "key: value"),
        ("- 1\n", 1, "", "", "valid dictionary", "key: value"),
        (ROOT + "? [a]\n: 1\n", 3, "", "", "a key is not text", "write a plain word as key"),
        (ROOT + "off: \x00\n", 1, "", "", "special characters are not allowed", "remove the"),
    ],
)
def test_each_mistake_is_told_where_it_stands(write, load, text, line, key, value, message, remedy):
    file = write("plain.yaml", text)
    with pytest.raises(SchemaError) as caught:
        load()
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.key) == (str(file), line, key)
    assert problem.value == value
    assert message in problem.message
    assert remedy in problem.remedy
    assert str(problem).startswith(f"{file}:{line}: ")


@pytest.mark.parametrize(
    ("name", "text", "key", "message", "remedy"),
    [
        (
            "cn/2027.yaml",
            "year: 2027\nwork: [2026-12-27]\n",
            *("work[0]", "2026-12-27 lies outside 2027", "list it in 2026.yaml"),
        ),
        ("cn/2027.yaml", "year: 2028\n", "year", "named 2027.yaml", "let the two agree"),
        ("cn/2028.yaml", "year: 2028\n", "", "2027 is missing between two years", "2027.yaml"),
        ("cn/1999x.yaml", "year: x\n", "year", "valid integer", "write a whole number"),
        ("cn/notes.txt", "", "", "not a calendar's file", "name it YYYY.yaml"),
        ("lost/2027.yaml", "year: 2027\n", "", "no calendar 'lost' for this year", "lost.yaml"),
    ],
)
def test_a_mistake_in_a_year(write, load, name, text, key, message, remedy):
    write(name, text)
    with pytest.raises(SchemaError) as caught:
        load()
    (problem,) = caught.value.problems
    assert problem.key == key
    assert message in problem.message
    assert remedy in problem.remedy


def test_a_gap_is_told_once_and_not_by_the_heirs(write, load):
    write("a.yaml", "name: a\nextends: plain\n")
    write("plain.yaml", ROOT + HOURS)
    write("plain/2025.yaml", "year: 2025\n")
    write("plain/2027.yaml", "year: 2027\n")
    with pytest.raises(SchemaError) as caught:
        load()
    (problem,) = caught.value.problems
    assert problem.remedy == "add 2026.yaml"


def test_what_follows_from_a_broken_file_is_not_told_again(write, load):
    write("heir.yaml", "name: heir\nextends: plain\n")
    write("plain.yaml", ROOT + "week: [x]\n")
    write("plain/2027.yaml", "year: 2027\n")
    write("cn/2027.yaml", "year: 2027.5\n")  # neither is 2028 called a year after a gap
    write("cn/2028.yaml", "year: 2028\n")
    with pytest.raises(SchemaError) as caught:
        load()
    assert [problem.key for problem in caught.value.problems] == ["year", "week[0]"]


def test_a_circle_of_several(write, load):
    write("a.yaml", "name: a\nextends: b\n")
    write("b.yaml", "name: b\nextends: a\n")
    with pytest.raises(SchemaError, match="inherits from itself: a ← b ← a"):
        load()


def test_everything_wrong_in_every_file_is_told_at_once(write, load):
    write("a.yaml", "name: a\ntime_zone: nowhere\nweek: [x]\ncolour: red\n")
    write("b.yaml", "name: b\nextends: none\n")
    write("cn/2027.yaml", "year: twenty\n")
    with pytest.raises(SchemaError) as caught:
        load()
    problems = [(problem.file.rsplit("/", 1)[1], problem.key) for problem in caught.value.problems]
    assert problems == [
        ("a.yaml", "time_zone"),
        ("a.yaml", "week[0]"),
        ("a.yaml", "colour"),
        ("b.yaml", "extends"),
        ("2027.yaml", "year"),
    ]


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(SchemaError, match="no such directory; check the path"):
        load_calendars([tmp_path / "nowhere"])


def test_a_file_that_is_not_utf8(write, load):
    file = write("plain.yaml", "")
    file.write_bytes("name: 监察".encode("gb18030"))
    with pytest.raises(SchemaError, match="byte 6 is not UTF-8; save it as UTF-8"):
        load()
