"""A year's decree from a file: our own form, and the widespread JSON."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from schemas.calendars import load_calendars
from schemas.calendars.differing import changed_days, first_difference
from schemas.calendars.files import YearFile
from schemas.calendars.importing import read_year, write_year, year_text
from schemas.reading import SchemaError, read_document
from streams.change_making import year_change
from tests.support.changing import decreed

CN = load_calendars()["cn"]
DECREE = "国办发明电〔2026〕9号"


def day(date, off=True, name="元旦"):
    return {"name": name, "date": date, "isOffDay": off}


@pytest.fixture
def written(tmp_path):
    def write(days, year=2027, **more):
        path = tmp_path / f"{year}.json"
        path.write_text(json.dumps({"year": year, "days": days, **more}, ensure_ascii=False))
        return path

    return write


FIRST = [day("2027-01-01"), day("2027-01-02"), day("2027-01-03"), day("2027-01-09", off=False)]


class TestWidespread:
    def test_days_that_follow_each_other_are_one_holiday(self, written):
        found = read_year(written([*FIRST, day("2027-02-06", name="春节")]))
        assert year_text(found.year) == (
            "year: 2027\n"
            "decree: null\n"
            "off:\n"
            "  - {name: 元旦, from: 2027-01-01, to: 2027-01-03}\n"
            "  - {name: 春节, date: 2027-02-06}\n"
            "work:\n"
            "  - {date: 2027-01-09, name: 元旦调休}\n"
        )

    def test_its_other_keys_are_passed_over(self, written):
        path = written(FIRST, **{"$schema": "s", "$id": "i", "papers": ["https://x"]})
        assert read_year(path).year.year == 2027

    def test_every_built_in_year_comes_back_equal_through_it(self, tmp_path, written):
        """2007 to 2026: what is written of a year that was read is that year."""
        for year in range(2007, 2027):
            listed = [d for d in CN.days if d.date.year == year]
            path = written(
                [day(str(d.date), not d.working, d.name or "x") for d in listed], year=year
            )
            folder = tmp_path / f"of-{year}"
            write_year(read_year(path, "X"), "cn", folder, [])
            again = load_calendars([folder])["cn"]
            assert changed_days(CN, again) == []
            assert {d.decree for d in again.days if d.date.year == year} == {"X"}

    def test_what_reaches_into_december_goes_into_that_years_file(self, tmp_path, written):
        path = written([day("2026-12-31"), day("2026-12-26", off=False), *FIRST])
        files = write_year(read_year(path, DECREE), "cn", tmp_path, [])
        assert [file.name for file in files] == ["2027.yaml", "2026.yaml"]
        made = {d.date: d for d in load_calendars([tmp_path])["cn"].days}
        assert (made[dt.date(2026, 12, 31)].working, made[dt.date(2026, 12, 31)].decree) == (
            False,
            DECREE,
        )
        assert made[dt.date(2026, 12, 26)].working
        old = {d.date: d for d in CN.days if d.date.year == 2026}
        assert {date: made[date] for date in old} == old

    def test_a_day_within_a_holiday_of_december_can_be_taken_back(self, tmp_path, written):
        folder = tmp_path / "calendars/cn"
        folder.mkdir(parents=True)
        (folder / "2026.yaml").write_text(
            "year: 2026\noff:\n  - {name: x, from: 2026-12-29, to: 2026-12-31}\n"
        )
        path = written([day("2026-12-30", off=False), *FIRST])
        write_year(read_year(path, DECREE), "cn", tmp_path, [tmp_path])
        made = {d.date: d.working for d in load_calendars([tmp_path])["cn"].days}
        assert [made[dt.date(2026, 12, d)] for d in (29, 30, 31)] == [False, True, False]


class TestOurOwn:
    def test_a_file_of_ours_and_a_number_given_beside_it(self, tmp_path):
        path = tmp_path / "x.yaml"
        path.write_text("year: 2027\ndecree: A\noff:\n  - {name: 元旦, date: 2027-01-01}\n")
        assert read_year(path).year.decree == "A"
        assert read_year(path, DECREE).year.decree == DECREE

    def test_what_is_written_is_what_was_read(self, tmp_path):
        text = (
            "year: 2027\n"
            "decree: null\n"
            "off:\n"
            '  - {name: "a: b", date: 2027-01-01, decree: null}\n'
            "work:\n"
            "  - {date: 2027-01-09, hours: [09:00-12:00]}\n"
        )
        path = tmp_path / "x.yaml"
        path.write_text(text)
        assert year_text(read_document(path).parse(YearFile)) == text

    def test_a_span_across_the_years_is_cut(self, tmp_path):
        path = tmp_path / "x.yaml"
        path.write_text("year: 2027\noff:\n  - {name: 元旦, from: 2026-12-31, to: 2027-01-03}\n")
        found = read_year(path)
        assert "from: 2027-01-01, to: 2027-01-03" in year_text(found.year)
        assert [d.date for d in found.before] == [dt.date(2026, 12, 31)]


class TestWrong:
    @pytest.mark.parametrize(
        ("days", "told"),
        [
            ([day("2027-02-30")], "days[0].date = 2027-02-30"),
            ([day("2027-01-01"), day("2027-01-01", off=False)], "2027-01-01 is listed twice"),
            ([day("2028-01-01")], "lies outside 2027 and the December before"),
            ([day("2026-11-30")], "lies outside 2027 and the December before"),
            ([{"name": "x", "date": "2027-01-01"}], "days[0].isOffDay: field required"),
            ([{"name": "x", "date": "2027-01-01", "isOffDay": "maybe"}], "isOffDay = maybe"),
            ([], "days"),
        ],
    )
    def test_field_value_and_remedy(self, written, days, told):
        with pytest.raises(SchemaError) as caught:
            read_year(written(days))
        assert told in str(caught.value)
        assert all(problem.remedy for problem in caught.value.problems)

    def test_what_is_not_plausible_is_a_warning_in_both_languages(self, written):
        (warning,) = read_year(written([day("2027-03-10", off=False)])).warnings
        assert warning.en == "2027-03-10 is worked in exchange, but is a weekday: check the date"
        assert "2027-03-10 列为调休上班，却是周一至周五" in warning.zh
        assert read_year(written(FIRST)).warnings == ()


class TestWhichCalendars:
    def test_those_that_rest_on_the_year_follow_and_no_others(self, tmp_path, written):
        """Also one with days of its own in that year: its other days are as here."""
        folder = tmp_path / "catalogue"
        (folder / "calendars/own").mkdir(parents=True)
        own = "extends: cn\nhours: [08:00-16:00]\n"
        (folder / "calendars/heir.yaml").write_text(f"name: heir\n{own}")
        (folder / "calendars/own.yaml").write_text(f"name: own\n{own}")
        (folder / "calendars/own/2027.yaml").write_text(
            "year: 2027\nwork: [2027-01-01, 2027-01-02, 2027-01-03, 2027-01-09]\n"
        )
        (folder / "calendars/apart.yaml").write_text(
            "name: apart\ntime_zone: UTC\nhours: [09:00-17:00]\n"
        )
        made = year_change(written(FIRST), "cn", DECREE, folder)
        assert made.calendars.keys() == {"cn", "heir", "own"}
        # Off by the law alone until a notice came that leaves them out, and 01-09 as it says.
        by_law = ["2027-02-05", "2027-02-08", "2027-04-05", "2027-06-09", "2027-09-15"]
        moved = ["2027-01-09", *by_law, "2027-10-01"]
        assert [str(d.date) for d in made.days] == moved
        made.written_to(folder)
        again = year_change(written(FIRST), "cn", DECREE, folder)
        assert (again.calendars, again.days) == (made.calendars, ())

    def test_an_unknown_calendar(self, written):
        with pytest.raises(SchemaError, match="--calendar = mars: there is no such calendar"):
            year_change(written(FIRST), "mars", DECREE, None)


class TestDiffering:
    def test_a_new_year_differs_from_its_first_day_on(self):
        """Its first day is 12-26 of the year before, which awaits its notice."""
        assert first_difference(CN, decreed(CN)) == dt.date(2026, 12, 26)
        assert first_difference(CN, decreed(CN, off=(), worked=())) == dt.date(2026, 12, 26)

    def test_a_correction_differs_from_its_day_on(self):
        assert first_difference(CN, decreed(CN, ("2026-05-06",), (), 2026)) == dt.date(2026, 5, 6)

    def test_a_name_or_a_number_makes_no_difference(self):
        named = [d.model_copy(update={"name": "x", "decree": "y"}) for d in CN.days]
        assert first_difference(CN, CN.model_copy(update={"days": tuple(named)})) is None

    def test_hours_concern_every_day(self):
        other = CN.model_copy(update={"hours": ((32_400, 61_200),)})
        assert first_difference(CN, other) == dt.date(1990, 1, 1)
