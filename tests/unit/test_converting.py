"""Tables as halls write them: each kind of fault, and the right value."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from tests.support.tables import convert

HEADING = "案号,事项,受理时间"
GOOD = f"{HEADING}\n430102-1,食品,2026-03-02 09:00:00\n"
AT_NINE = "2026-03-02T09:00:00+08:00"


def mapping(table="", **fields):
    stated = {"case_no": "{案号}", "occurred_at": "{受理时间}", "item": "{事项}", **fields}
    written = ", ".join(f'{name}: "{text}"' for name, text in stated.items())
    zone = ", ".join(part for part in ("time_zone: Asia/Shanghai", table) if part)
    return f"source: t\ntable: {{{zone}}}\nevents:\n  - kind: accepted\n    fields: {{{written}}}\n"


def one(case="430102-1", item="食品", at="2026-03-02 09:00:00", heading=HEADING):
    return f"{heading}\n{case},{item},{at}\n"


class TestCorrections:
    """r1.*: a later version is a correction, never a repetition."""

    RULES = """
source: jn
table: {time_zone: Asia/Shanghai}
codes: {void: {D: "true", "*": "false"}, ver: {I: "1", U: "2", D: "3"}}
events:
  - kind: accepted
    fields: {event_id: "{PROJID}-acc", case_no: "{PROJID}", occurred_at: "{OCCURTIME}",
             record_version: "{DATAVER}"}
"""
    HEADING = "PROJID,OCCURTIME,DATAVER\n"

    def test_both_versions_are_kept(self, tmp_path):
        rows = "1,2026-03-02 09:00:00,1\n1,2026-03-12 09:00:00,2\n"
        came = convert(tmp_path, self.RULES, self.HEADING + rows)
        assert (came.code, [e.record_version for e in came.events]) == (0, [1, 2])
        assert "1 corrections" in came.told

    def test_the_same_row_twice_is_one_event(self, tmp_path):
        came = convert(tmp_path, self.RULES, self.HEADING + "1,2026-03-02 09:00:00,1\n" * 2)
        assert (came.code, len(came.events)) == (0, 1)
        assert "1 repeated" in came.told

    def test_one_version_with_two_contents_names_both_rows_and_the_first_counts(self, tmp_path):
        rows = "1,2026-03-12 09:00:00,1\n2,2026-03-02 09:00:00,1\n1,2026-03-02 09:00:00,1\n"
        came = convert(tmp_path, self.RULES, self.HEADING + rows)
        assert came.code == 1
        assert "rows 1 and 3 say different things as version 1 of one record" in came.told
        assert "record_version" in came.told.rpartition("→")[2]
        kept = {e.case_no: e.occurred_at.day for e in came.events}
        assert kept == {"1": 12, "2": 2}

    def test_an_operation_of_the_source_gives_versions_and_withdrawals(self, tmp_path):
        rules = self.RULES.replace("{DATAVER}", "{DATAVER|ver}").replace(
            "occurred_at", 'voided: "{DATAVER|void}", occurred_at'
        )
        rows = "".join(f"1,2026-03-0{n} 09:00:00,{op}\n" for n, op in enumerate("IUD", 2))
        came = convert(tmp_path, rules, self.HEADING + rows)
        assert came.code == 0
        assert [(e.record_version, e.voided) for e in came.events] == [
            (1, False),
            (2, False),
            (3, True),
        ]

    def test_a_time_becomes_a_version(self, tmp_path):
        rows = (
            "1,2026-03-02 09:00:00,2026-03-02 10:00:00\n1,2026-03-03 09:00:00,2026-03-03 10:00:00\n"
        )
        came = convert(tmp_path, self.RULES, self.HEADING + rows)
        assert "{column|as_version}" in came.told
        rules = self.RULES.replace("{DATAVER}", "{DATAVER|as_version}")
        came = convert(tmp_path, rules, self.HEADING + rows)
        first, second = (e.record_version for e in came.events)
        assert second - first == 86_400_000  # milliseconds of a day


class TestOneIdForTwoFacts:
    """up/bad.yaml: every acceptance was lost; twok.jsonl."""

    RULES = """
source: up
table: {time_zone: Asia/Shanghai}
events:
  - {kind: received, fields: {event_id: "{id}", case_no: "{no}", occurred_at: "{r}"}}
  - {kind: accepted, fields: {event_id: "%s", case_no: "{no}", occurred_at: "{a}"}}
"""
    ROWS = "id,no,r,a,id2\nG,1,2026-03-02 08:00:00,2026-03-02 09:00:00,G\n"

    def test_the_kind_is_part_of_an_id_that_two_rules_share(self, tmp_path):
        came = convert(tmp_path, self.RULES % "{id}", self.ROWS)
        assert came.code == 0
        assert [(e.kind, e.event_id) for e in came.events] == [
            ("received", "G"),
            ("accepted", "G-accepted"),
        ]

    def test_another_clash_is_told_with_both_facts(self, tmp_path):
        came = convert(tmp_path, self.RULES % "{id2}", self.ROWS)
        assert came.code == 1
        assert "one id for two facts: received in row 1" in came.told
        assert [e.kind for e in came.events] == ["received"]

    def test_one_id_for_two_cases_is_told(self, tmp_path):
        rows = self.ROWS + "G,2,2026-03-02 08:00:00,2026-03-02 09:00:00,H\n"
        came = convert(tmp_path, self.RULES % "{no}-a", rows)
        assert "received in row 1 of case 1, received of case 2 here" in came.told

    def test_a_long_id_ends_in_a_hash_and_is_told(self, tmp_path):
        rows = self.ROWS.replace("\nG,", f"\n{'g' * 70},")
        came = convert(tmp_path, self.RULES % "{id}", rows)
        assert came.code == 0
        assert {len(e.event_id) for e in came.events} == {64}
        assert len({e.event_id for e in came.events}) == 2
        assert "more than 64 characters" in came.told


class TestNoEndYet:
    """r2.*, z/p.*: GB/T 39046 and EA_JC tables repeat the start where there is no end."""

    RULES = """
source: up
table: {time_zone: Asia/Shanghai}
events:
  - {kind: step_started, fields: {case_no: "{n}", occurred_at: "{s}", step: "{p}"}}
  - kind: step_finished
    when: [{column: e%s}]
    fields: {case_no: "{n}", occurred_at: "{e}", step: "{p}"}
"""
    ROWS = (
        "n,p,s,e\n1,受理,2026-03-02 09:00:00,2026-03-02 10:00:00\n"
        "1,审核,2026-03-02 10:00:00,2026-03-02 10:00:00\n"
        "1,核发,2026-03-02 11:00:00,2026-03-02T11:00:00\n"
    )

    def test_an_end_that_repeats_the_start_is_none_where_the_mapping_says_so(self, tmp_path):
        came = convert(tmp_path, self.RULES % ", differs_from: s", self.ROWS)
        assert came.code == 0
        assert [e.step for e in came.events if e.kind == "step_finished"] == ["受理"]
        assert "repeats" not in came.told

    def test_otherwise_it_is_pointed_out(self, tmp_path):
        came = convert(tmp_path, self.RULES % "", self.ROWS)
        assert "in 1 of 3 rows e repeats s" in came.told
        assert "when: [{column: e, differs_from: s}]" in came.told


class TestSpoiltNumbers:
    """c_*.csv: what a spreadsheet does to a case number."""

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("'430102202600000001", "430102202600000001"),
            ("`430102202600000001", "430102202600000001"),
            ("430102202600000001.0", "430102202600000001"),
            ("4301.0", "4301"),
            ('"=""430102202600000001"""', "430102202600000001"),
            ("\u200b430102-1", "430102-1"),
            ("430102-\ufeff1", "430102-1"),
            ("４３０１０２－１", "430102-1"),
        ],
    )
    def test_what_is_harmless_is_mended_and_told(self, tmp_path, written, meant):
        came = convert(tmp_path, mapping(), one(written))
        assert (came.code, came.only.case_no) == (0, meant)
        assert "remark:" in came.told
        assert came.only.event_id == convert(tmp_path, mapping(), one(meant)).only.event_id

    @pytest.mark.parametrize("written", ["430102-1\u00a0", "\t430102-1", "430102-1\t", " 430102-1"])
    def test_blanks_at_the_ends_are_nothing(self, tmp_path, written):
        came = convert(tmp_path, mapping(), one(written))
        assert (came.code, came.only.case_no) == (0, "430102-1")

    @pytest.mark.parametrize(
        "written", ["4.30102E+17", "4E+17", '"4,30102E+17"', "430102202600000000.0"]
    )
    def test_lost_figures_are_refused_with_what_to_do(self, tmp_path, written):
        came = convert(tmp_path, mapping(), one(written))
        assert (came.code, came.events) == (1, [])
        assert "format the column as text" in came.told

    def test_a_table_of_rounded_numbers_is_refused(self, tmp_path):
        came = convert(tmp_path, mapping(), one("430102202600000000"))
        assert (came.code, came.events) == (1, [])
        assert "1 of 1 end in zeros" in came.told
        came = convert(tmp_path, mapping("zeros_are_meant: true"), one("430102202600000000"))
        assert (came.code, came.only.case_no) == (0, "430102202600000000")

    def test_one_round_number_among_others_is_none_of_a_spreadsheet(self, tmp_path):
        rows = "".join(
            f"43010220260000{n:04},食品,2026-03-02 09:00:00\n" for n in range(998, 1_003)
        )
        came = convert(tmp_path, mapping(), f"{HEADING}\n{rows}")
        assert (came.code, len(came.events)) == (0, 5)

    def test_other_codes_are_mended_but_a_version_of_an_item_is_what_it_is(self, tmp_path):
        rules = mapping(region="{事项}", item_version="{v}")
        table = f"{HEADING},v\n1,430102.0,2026-03-02 09:00:00,1.0\n"
        event = convert(tmp_path, rules.replace('item: "{事项}", ', ""), table).only
        assert (event.region, event.item_version) == ("430102", "1.0")

    def test_a_rounded_department_costs_the_field_only(self, tmp_path):
        came = convert(tmp_path, mapping(department="{事项}", item="i"), one(item="1.13708E+17"))
        assert (came.code, came.only.department) == (1, None)
        assert "accepted.department" in came.told


class TestTimes:
    """d_*.csv: every way of writing a moment that halls have."""

    @pytest.mark.parametrize(
        ("form", "written", "moment"),
        [
            ("", "2026-03-02 24:00:00", "2026-03-03T00:00:00+08:00"),
            ("", "2026-03-02T24:00:00", "2026-03-03T00:00:00+08:00"),
            ("", "2026-03-02 00:24:00", "2026-03-02T00:24:00+08:00"),
            ("", "2026-03-02 09:00:00.123456789", "2026-03-02T09:00:00.123456+08:00"),
            ("", "２０２６-０３-０２ ０９:００:００", AT_NINE),
            ("", "20260302T090000", AT_NINE),
            ("", "2026-03-02 09:00:00+08", AT_NINE),
            ("", "2026-03-02T09:00:00+0800", AT_NINE),
            ("chinese", "2024年3月5日 上午9:00", "2024-03-05T09:00:00+08:00"),
            ("chinese", "2024年3月5日 下午12:05", "2024-03-05T12:05:00+08:00"),
            ("chinese", "2024年03月05日 9时05分", "2024-03-05T09:05:00+08:00"),
            ("chinese", "2024年3月5日 晚上8点", "2024-03-05T20:00:00+08:00"),
            ('"%Y%m%d%H%M%S"', "20260302090000", AT_NINE),
            ('"%Y%m%d%H%M%S"', "20260302240000", "2026-03-03T00:00:00+08:00"),
            ("excel", "45356.375", "2024-03-05T09:00:00+08:00"),
            ("excel", "45356.041666666664", "2024-03-05T01:00:00+08:00"),
            ("excel_1904", "43894.375", "2024-03-05T09:00:00+08:00"),
            ("epoch_s", "1772413200", AT_NINE),
            ("epoch_ms", "1772413200000", AT_NINE),
            ("epoch_us", "1772413200000000", AT_NINE),
            ('"%Y/%m/%d %H:%M"', "2024/3/5 9:05", "2024-03-05T09:05:00+08:00"),
            ('"%m/%d/%Y %I:%M:%S %p"', "3/5/2024 9:00:00 AM", "2024-03-05T09:00:00+08:00"),
            ("oracle", "05-MAR-24 09.00.00.000000 AM", "2024-03-05T09:00:00+08:00"),
            ("oracle", "05-3月 -24 09.00.00.000000 上午", "2024-03-05T09:00:00+08:00"),
            ("oracle", "05-MAR-1998", "1998-03-05T00:00:00+08:00"),
            ('[iso, "%Y/%m/%d", chinese]', "2024/3/5", "2024-03-05T00:00:00+08:00"),
            ('[iso, "%Y/%m/%d", chinese]', "2024-03-05 09:00:00", "2024-03-05T09:00:00+08:00"),
        ],
    )
    def test_a_moment_is_read(self, tmp_path, form, written, moment):
        rules = mapping(f"time_format: {form}" if form else "")
        came = convert(tmp_path, rules, one(at=written))
        assert came.code == 0, came.told
        assert came.only.occurred_at == type(came.only.occurred_at).fromisoformat(moment)

    @pytest.mark.parametrize(
        ("written", "remedy"),
        [
            ("2024年3月5日 上午9:00", "table.time_format chinese"),
            ("45356.375", "table.time_format excel"),
            ("1772413200000", "table.time_format epoch_ms"),
            ("2024/3/5 9:05", "table.time_format %Y/%m/%d %H:%M"),
            ("3/5/2024 9:00:00 AM", "table.time_format %m/%d/%Y %I:%M:%S %p"),
            ("05-MAR-24", "table.time_format oracle"),
            *((marker, "table.empty_values") for marker in ("\\N", "NULL", "None", "NaN", "-")),
            ("0000-00-00 00:00:00", "table.empty_values"),
            ("1900-01-00", "table.empty_values"),
            ("9999-12-31 00:00:00", "table.empty_values"),
        ],
    )
    def test_what_is_not_read_names_what_would_read_it(self, tmp_path, written, remedy):
        came = convert(tmp_path, mapping(), one(at=written))
        assert (came.code, came.events) == (1, [])
        assert remedy in came.told

    @pytest.mark.parametrize("marker", ["\\N", "NULL", "None", "NaN", "-", "0000-00-00 00:00:00",
                                        "1900-01-00", "9999-12-31 00:00:00"])  # fmt: skip
    def test_a_marker_of_emptiness_is_empty(self, tmp_path, marker):
        rules = mapping(f'empty_values: ["{marker}"]'.replace("\\", "\\\\"), recorded_at="{m}")
        came = convert(tmp_path, rules, f"{HEADING},m\n1,食品,2026-03-02 09:00:00,{marker}\n")
        assert (came.code, came.only.recorded_at) == (0, None), came.told

    @pytest.mark.parametrize("part", ["晚上12:00", "上午15:00", "凌晨13点"])
    def test_a_time_that_may_be_two_is_refused(self, tmp_path, part):
        came = convert(tmp_path, mapping("time_format: chinese"), one(at=f"2024年3月5日 {part}"))
        assert came.events == []

    def test_two_forms_that_read_one_text_as_two_days_are_refused(self, tmp_path):
        rules = mapping('time_format: ["%d/%m/%Y", "%m/%d/%Y"]')
        assert "as two moments" in convert(tmp_path, rules, one()).told


class TestDates:
    """r3.*, law/mappings/date.csv, z/mid: a date ends its day where it is a due date."""

    @pytest.mark.parametrize(
        ("table", "written", "moment"),
        [
            ("", "2026-03-12", "2026-03-12T23:59:59+08:00"),
            ("", "2026-03-12 15:00:00", "2026-03-12T15:00:00+08:00"),
            ("", "2026-03-12 24:00:00", "2026-03-12T23:59:59+08:00"),
            ('clock_time_of_dates: "12:00"', "2026-03-12", "2026-03-12T23:59:59+08:00"),
            ('clock_time_of_dates: "12:00"', "2026-03-12 00:00:00", "2026-03-12T23:59:59+08:00"),
            ('clock_time_of_due_dates: "17:30"', "2026-03-12", "2026-03-12T17:30:00+08:00"),
            ("date_columns: [m]", "2026-03-12 00:00:00", "2026-03-12T23:59:59+08:00"),
            ("time_format: [iso, excel]", "46093", "2026-03-12T23:59:59+08:00"),
        ],
    )
    def test_a_due_date(self, tmp_path, table, written, moment):
        rules = mapping(table, promised_due_at="{m}")
        came = convert(tmp_path, rules, f"{HEADING},m\n1,x,2026-03-02 09:00:00,{written}\n")
        assert came.only.promised_due_at.isoformat() == moment, came.told
        stated = "24:00" not in written and "15:00" not in written and "due_dates" not in table
        assert came.only.promised_by_date is stated

    def test_a_column_of_midnights_is_pointed_out(self, tmp_path):
        table = f"{HEADING},m\n1,x,2026-03-02 09:00:00,2026-03-12 00:00:00\n"
        came = convert(tmp_path, mapping(promised_due_at="{m}"), table)
        assert "table.date_columns: [m]" in came.told

    @pytest.mark.parametrize(
        ("written", "clock"),
        [
            ("2026-03-02T00:00:00Z", "00:00:00"),  # a moment, whose offset is written
            ("2026-03-02 00:00:00", "12:00:00"),
            ("2026-03-02", "12:00:00"),
            ("2026-03-02 00:00:01", "00:00:01"),
        ],
    )
    def test_what_a_source_of_dates_writes(self, tmp_path, written, clock):
        came = convert(tmp_path, mapping('clock_time_of_dates: "12:00"'), one(at=written))
        assert came.only.occurred_at.time().isoformat() == clock

    @pytest.mark.parametrize(
        ("table", "written", "begins", "ends"),
        [
            ("", "2026-03-04", "00:00:00", "23:59:59"),
            ('clock_time_of_dates: "12:00"', "2026-03-04", "00:00:00", "23:59:59"),
            ('clock_time_of_dates: "12:00"', "2026-03-04 00:00:00", "00:00:00", "23:59:59"),
            ("date_columns: [m]", "2026-03-04 15:00:00", "00:00:00", "23:59:59"),
            ('clock_time_of_dates: "12:00"', "2026-03-04 15:00:00", "15:00:00", "15:00:00"),
            ("", "2026-03-04 00:00:00", "00:00:00", "00:00:00"),
        ],
    )
    def test_a_special_procedure_begins_its_date_and_ends_it(
        self, tmp_path, table, written, begins, ends
    ):
        """Domain.md §2: what is known by the date counts the whole date, never a part of it."""
        rules = mapping(table, occurred_at="{m}", suspension="testing")
        rules = rules.replace("kind: accepted", "kind: suspended")
        rules += (
            "  - kind: resumed\n"
            '    fields: {case_no: "{案号}", occurred_at: "{m}", item: "{事项}"}\n'
        )
        came = convert(tmp_path, rules, f"{HEADING},m\n1,x,2026-03-02 09:00:00,{written}\n")
        at = {e.kind: e.occurred_at.time().isoformat() for e in came.events}
        assert at == {"suspended": begins, "resumed": ends}, came.told


class TestOneBadCell:
    """fee.*: an optional cell that is wrong costs its field, never the fact."""

    RULES = """
source: t
table: {time_zone: Asia/Shanghai%s}
events:
  - kind: finished
    fields: {case_no: "{no}", occurred_at: "{t}", fee: "{fee}"}
"""

    def fee(self, tmp_path, written, table=""):
        rows = f'no,t,fee\n1,2026-03-09 09:00:00,"{written}"\n'
        return convert(tmp_path, self.RULES % table, rows)

    def test_the_field_goes_and_the_fact_stays(self, tmp_path):
        came = self.fee(tmp_path, "1,200.00")
        assert (came.code, came.only.fee) == (1, None)
        assert "row 1: finished.fee: the thousands stand apart (1,200.00)" in came.told
        assert 'state table.thousands: ","' in came.told

    @pytest.mark.parametrize(
        ("written", "table", "fee"),
        [
            ("1,200.00", ', thousands: ","', "1200.00"),
            ("1.200,50", ', thousands: ".", decimal: ","', "1200.50"),
            ("￥1200元", "", "1200"),
            ("¥ 12.50", "", "12.50"),
            ("1,2,3", ', thousands: ","', None),
            ("1.2万元", "", None),
            ("是", "", None),
            ("-5", "", None),
        ],
    )
    def test_an_amount(self, tmp_path, written, table, fee):
        came = self.fee(tmp_path, written, table)
        assert (None if came.only.fee is None else str(came.only.fee)) == fee
        assert came.code == (fee is None)

    def test_what_says_which_record_it_is_does_not_go(self, tmp_path):
        rules = mapping(record_version="{v}", voided="{w}")
        head = f"{HEADING},v,w\n1,x,2026-03-02 09:00:00,"
        for cells in ("one,false", "1,maybe"):
            came = convert(tmp_path, rules, head + cells + "\n")
            assert (came.code, came.events) == (1, [])

    def test_a_problem_names_no_applicant(self, tmp_path):
        rows = f"{HEADING},n\n1,x,2026-03-02 09:00:00,张三 \x01李\n"
        rules = mapping(applicant_name="{n}").replace("accepted", "received")
        came = convert(tmp_path, rules, rows)
        assert came.only.applicant_name is None
        assert "三" not in came.told

    def test_figures_that_a_program_made_fractions(self, tmp_path):
        rules = mapping(promised_amount="{a}", case_type="{k|kind}").replace(
            "events:", 'codes: {kind: {"2": promised}}\nevents:'
        )
        came = convert(tmp_path, rules, f"{HEADING},a,k\n1,x,2026-03-02 09:00:00,3.0,2.0\n")
        assert (came.code, came.only.promised_amount, came.only.case_type) == (0, 3, "promised")


class TestRows:
    """r_*.csv: headings, titles, totals, quotes."""

    @pytest.mark.parametrize(
        "table",
        [
            GOOD.replace("\n", "\r"),
            GOOD + "\x1a\n",
            GOOD.replace("案号", "案号 ").replace("受理", " 受理"),
            GOOD.replace("案号", "\u200b案号"),
            "sep=,\n" + GOOD,
            "sep=;\n" + GOOD.replace(",", ";"),
            GOOD.replace("00:00\n", "00:00,\n"),
            "\ufeff" + GOOD,
            gzip.compress(GOOD.encode(), mtime=0),
        ],
    )
    def test_what_is_harmless_gives_its_event(self, tmp_path, table):
        came = convert(tmp_path, mapping(), table)
        assert (came.code, came.only.case_no) == (0, "430102-1"), came.told

    @pytest.mark.parametrize(
        ("table", "told"),
        [
            ("", "the file is empty"),
            (HEADING + "\n", "a heading and no row"),
            (GOOD.replace(",", ";"), 'State table.delimiter: ";"'),
            (GOOD.replace("事项", "受理时间"), "there is no column '事项'"),
            (GOOD.replace("案号", "案号,案号").replace("-1", "-1,x"), "'案号' stands 2 times"),
            ("长沙市办件明细表,,\n" + GOOD, "state table.heading_line: 2"),
            (GOOD.encode("gb18030"), "(e.g. gb18030)"),
        ],
    )
    def test_a_table_that_cannot_be_read_says_what_to_state(self, tmp_path, table, told):
        came = convert(tmp_path, mapping(), table)
        assert (came.code, came.events) == (1, [])
        assert told in came.told

    def test_a_title_and_a_line_of_totals(self, tmp_path):
        rules = mapping("heading_line: 2, leave_out: [{column: 案号, begins_with: [合计]}]")
        came = convert(
            tmp_path, rules, "长沙市办件明细表（2026年3月）,,\n" + GOOD + "合计：1件,,\n"
        )
        assert (came.code, len(came.events)) == (0, 1), came.told
        assert "2 rows (1 left out)" in came.told

    def test_quotes_behind_a_backslash(self, tmp_path):
        table = one(item='"食\\"品\\""')
        assert "table.escape" in convert(tmp_path, mapping(), table).told
        came = convert(tmp_path, mapping('escape: "\\\\"'), table)
        assert (came.code, came.only.item) == (0, '食"品"')

    def test_quotes_within_a_cell_are_part_of_it(self, tmp_path):
        assert convert(tmp_path, mapping(), one(item='食"品"')).only.item == '食"品"'

    @pytest.mark.parametrize("item", ['"食品\n经营"', "食\0品"])
    def test_a_code_with_a_control_character_goes_and_is_told(self, tmp_path, item):
        came = convert(tmp_path, mapping(), one(item=item))
        assert (came.code, came.only.item) == (1, None)
        assert "{column|as_code}" in came.told

    def test_the_input_is_never_overwritten(self, tmp_path):
        came = convert(tmp_path, mapping(), GOOD, name="events.jsonl")
        assert came.code == 2
        link = tmp_path / "link"
        link.symlink_to(tmp_path / "m.yaml")
        came = convert(tmp_path, mapping(), GOOD, "-o", str(link))
        assert (came.code, "overwrite" in came.told) == (2, True)
        assert (tmp_path / "m.yaml").read_text("utf-8") == mapping()

    def test_a_table_cut_short_leaves_the_output_as_it_was(self, tmp_path):
        out = tmp_path / "old.jsonl"
        out.write_text("kept")
        packed = gzip.compress(GOOD.encode())[:-9]
        came = convert(tmp_path, mapping(), packed, "-o", str(out))
        assert (came.code, out.read_text()) == (1, "kept")
        assert sorted(p.name for p in tmp_path.iterdir()) == ["m.yaml", "old.jsonl", "t.csv"]


class TestWrongKindOfFile:
    """What it is, and what to do: said of the first bytes, before anything is read as CSV."""

    @staticmethod
    def zipped(name):
        whole = io.BytesIO()
        with zipfile.ZipFile(whole, "w") as archive:
            archive.writestr(name, "x")
        return whole.getvalue()

    @pytest.mark.parametrize(
        ("raw", "told"),
        [
            (zipped("[Content_Types].xml"), "an Excel workbook (.xlsx)"),
            (zipped("t.csv"), "a zip archive"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an Excel workbook of the old kind"),
            (b'{"PROJID":"1","ACC":"2026-03-02"}\n', "JSON"),
            (b'{"before":null,"after":{"PROJID":"1"},"op":"c"}\n', "JSON"),
            (b'<?xml version="1.0"?><log xes.version="1.0"><trace/></log>', "an XES event log"),
            (b"<html><table><tr><td>x</td></tr></table></html>", "HTML, no CSV, whatever its name"),
            (GOOD.encode("utf-16"), "UTF-16, not utf-8-sig"),
            (GOOD.replace(",", "\t").encode("utf-16"), 'utf-16 and delimiter: "\\t"'),
            (b"PAR1" + bytes(50), "a Parquet file"),
            (gzip.compress(gzip.compress(GOOD.encode(), mtime=0), mtime=0), "gzipped twice"),
        ],
    )
    def test_it_is_named(self, tmp_path, raw, told):
        came = convert(tmp_path, mapping(), raw)
        assert (came.code, came.events) == (1, [])
        assert told in came.told
        assert "heading" not in came.told

    def test_two_bytes_a_character_are_read_where_the_mapping_says_so(self, tmp_path):
        table = GOOD.replace(",", "\t").encode("utf-16")
        came = convert(tmp_path, mapping('encoding: utf-16, delimiter: "\\t"'), table)
        assert (came.code, came.only.item) == (0, "食品")


class TestMappingsThatCannotBeMeant:
    """r4, ty.yaml, z/st: told before any row is read, or as soon as all are."""

    @pytest.mark.parametrize(
        ("rules", "told"),
        [
            (mapping(case_no="案号"), "did you mean {案号}?"),
            (mapping(event_id="x"), "names no column"),
            (mapping(case_no="{案号"), "a brace that opens or closes nothing"),
            (mapping(channel="phon"), "accepted.channel can never be phon"),
            (mapping("list_separator: ；"), "table.list_separator is stated, but no field"),
            (mapping('thousands: ","'), "table.thousands is stated, but no field"),
            (mapping("date_columns: [事项]"), "which no time is read from"),
            (mapping('thousands: ".", decimal: "."', promised_amount="{a}"), "are the same"),
            (mapping('empty_values: [" NULL"]'), "without blanks at its ends"),
            (mapping("empty_values: [NULL]"), 'put it in quotes, such as "NULL"'),
            (mapping() + "    when: [{column: 事项, among: []}]\n", "never holds"),
            (mapping() + '    when: [{column: 事项, among: ["2 "]}]\n', "without blanks"),
            (mapping() + "    when: [{column: 事项, differs_from: 事项}]\n", "never differs"),
            (
                mapping(channel="{事项|c}").replace("events:", "codes: {c: {1: windw}}\nevents:"),
                "accepted.channel can never be windw",
            ),
        ],
    )
    def test_it_is_an_error_of_the_mapping(self, tmp_path, rules, told):
        came = convert(tmp_path, rules, GOOD)
        assert (came.code, came.events) == (1, [])
        assert told in came.told
        assert "m.yaml:" in came.told

    RARE = mapping() + '    when: [{column: 事项, among: ["2"]}]\n'

    def test_a_rule_that_gave_nothing_shows_the_values_seen(self, tmp_path):
        came = convert(tmp_path, self.RARE, GOOD + "2,02,2026-03-02 09:00:00\n")
        assert (came.code, came.events) == (1, [])
        assert (
            "events[0] gave nothing in 2 rows: 事项 among ['2']; 事项 holds '食品', '02'"
            in came.told
        )

    def test_a_rare_one_may_give_nothing(self, tmp_path):
        rules = self.RARE.replace("    when", "    rare: true\n    when")
        assert convert(tmp_path, rules, GOOD).code == 0


def test_rows_beside_their_events(tmp_path):
    came = convert(tmp_path, mapping(), one() + "2,y,never\n", "--show", "--limit", "2")
    assert (came.code, came.events) == (0, [])
    lines = [line.strip() for line in came.output.splitlines()]
    assert lines[:3] == ["row 1", "事项 = 食品", "受理时间 = 2026-03-02 09:00:00"]
    assert lines[4].startswith('→ {"schema_version":1')
    assert lines[-1].startswith("! row 2: accepted.occurred_at: no time written as")


def test_the_first_rows_only(tmp_path):
    came = convert(tmp_path, mapping(), one() + "2,y,2026-03-02 09:00:00\n", "--limit", "1")
    assert [e.case_no for e in came.events] == ["430102-1"]


def test_of_very_many_problems_the_first_are_told_and_the_rest_counted(tmp_path):
    rows = "".join(f"{n},x,never\n" for n in range(300))
    came = convert(tmp_path, mapping(), f"{HEADING}\n{rows}")
    assert "… and 280 more" in came.told
    assert "300 times: accepted.occurred_at" in came.told
    assert len(came.told.splitlines()) < 30


class TestPublicReports:
    """What went wrong in other people's importers, each tried on ours."""

    def test_leading_zeros_of_codes_stay(self, tmp_path):
        """teableio/teable 1828, proompteng/bilig 28: 0123 became 123."""
        came = convert(tmp_path, mapping(), one("000123", '"007"'))
        assert (came.only.case_no, came.only.item) == ("000123", "007")

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8"])
    def test_a_byte_order_mark_before_a_quoted_heading(self, tmp_path, encoding):
        """thephpleague/csv 586, johnkerl/miller 161: the mark hid the quote."""
        table = '\ufeff"案\n号",事项,受理时间\n' + one().partition("\n")[2]
        rules = mapping(f"encoding: {encoding}").replace("{案号}", "{案\\n号}")
        came = convert(tmp_path, rules, table)
        assert came.only.case_no == "430102-1", came.told

    def test_day_and_month_the_other_way_round(self, tmp_path):
        """submersion 1828, csvkit 280: 15/04 was skipped and 03/04 became 4 March, in silence."""
        rows = "1,x,03/04/2026 09:00\n2,x,15/04/2026 09:00\n"
        rules = mapping('time_format: "%m/%d/%Y %H:%M"')
        came = convert(tmp_path, rules, f"{HEADING}\n{rows}")
        assert came.code == 1
        assert "state table.time_format %d/%m/%Y %H:%M instead" in came.told

    def test_a_year_has_four_figures(self, tmp_path):
        """submersion 1829: 4/15/91 became the year 91."""
        assert convert(tmp_path, mapping('time_format: "%m/%d/%Y"'), one(at="4/15/91")).events == []

    @pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/Sao_Paulo", "Atlantic/Azores"])
    def test_a_serial_day_is_the_same_in_every_zone(self, tmp_path, zone):
        """SheetJS 2350, 2644: the offset of 1899 (8:05:43 in Shanghai) shifted dates by seconds."""
        rules = mapping("time_format: excel").replace("Asia/Shanghai", zone)
        at = convert(tmp_path, rules, one(at="44197.5")).only.occurred_at
        assert at.replace(tzinfo=None).isoformat() == "2021-01-01T12:00:00"

    def test_nothing_is_a_null_that_the_mapping_does_not_call_one(self, tmp_path):
        """kuzudb/kuzu 1323, csvkit 968: NA, the code of Namibia, became nothing."""
        assert convert(tmp_path, mapping(), one(item="NA")).only.item == "NA"

    def test_an_empty_flag_is_not_no(self, tmp_path):
        """vpinna80/VTL 49: an empty cell was read as false."""
        rules = mapping(charged="{f}").replace("accepted", "finished")
        came = convert(tmp_path, rules, f"{HEADING},f\n1,x,2026-03-02 09:00:00,\n")
        assert came.only.charged is None

    def test_a_thousand_is_not_one(self, tmp_path):
        """nyblnet/bento 230: 1.000 is 1 in one country and 1000 in the next."""
        rows = f"{HEADING},a\n1,x,2026-03-02 09:00:00,1.000\n"
        came = convert(tmp_path, mapping(promised_amount="{a}"), rows)
        assert (came.code, came.only.promised_amount) == (1, None)
        assert 'table.thousands: "."' in came.told

    def test_an_open_quote_that_swallows_rows_is_told_with_their_number(self, tmp_path):
        """datagrunt 87 and its kind: lines are no rows, and nobody counts those that are gone."""
        swallowed = '2,"x,2026-03-02 09:00:00\n' + "3,x,2026-03-02 09:00:00\n" * 30
        came = convert(tmp_path, mapping(), GOOD + swallowed)
        assert "no CSV in 31 lines before line" in came.told
        closed = GOOD + swallowed + '",2026-03-02 09:00:00\n'
        came = convert(tmp_path, mapping(), closed)
        assert "a row of more than 20 lines" in came.told
