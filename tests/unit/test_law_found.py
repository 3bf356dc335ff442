"""What was found wrong by inputs of real halls, each with the value that is right.

Hours 09:00–12:00 and 13:00–17:00; promised within 7 working days, accepted Monday 2026-03-02 10:00:
Wednesday 2026-03-11.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from click.testing import CliRunner

from schemas.events import STEP_EVENT
from streams.cli import main
from streams.engine.explanation import explain_case
from streams.engine.telling import tell
from tests.support.cases import assessed, at, built_in, clock, days, event, rules, shown

SEVEN_HOURS = (
    built_in()
    .calendars["cn"]
    .model_copy(update={"name": "h", "hours": ((9 * 3600, 12 * 3600), (13 * 3600, 17 * 3600))})
)
LAW = rules({"promised": days(7)}, calendars={"h": SEVEN_HOURS}, calendar="h")
ACCEPTED = event("accepted", "2026-03-02 10:00:00")


def due(*spells, asked=1):
    events = []
    for number, (begin, end) in enumerate(spells):
        name = {"suspension_id": f"s{number}"}
        more = {"suspension": "testing", "days_asked": asked, **name}
        events.append(event("suspended", f"2026-{begin}:00", **more))
        events.append(event("resumed", f"2026-{end}:00", **name))
    return shown(clock(assessed(LAW, ACCEPTED, *events)).due_at)[:10]


class TestDatesOut:
    """By (S, R′] a hearing of a whole day took none, three hours overnight took one."""

    def test_a_hearing_from_morning_to_evening(self):
        assert due(("03-04 09:00", "03-04 17:00")) == "2026-03-12"

    def test_three_hours_overnight(self):
        assert due(("03-04 17:00", "03-05 12:30")) == "2026-03-11"

    def test_two_whole_days(self):
        assert due(("03-04 09:00", "03-05 17:00"), asked=2) == "2026-03-13"

    def test_seven_short_ones_took_seven_dates_and_sum_to_three(self):
        """4 + 4.5 + 4.5 + 4.5 + 4.5 + 0.5 hours: 22.5 of 7 are 3.21 days."""
        spells = [(f"03-{n:02} 13:00", f"03-{n + 1:02} 09:30") for n in range(3, 10)]
        assert due(*spells) == "2026-03-16"


class TestTexts:
    def lines(self, law, *events, as_of="2027-01-01", language="en"):
        return tell(explain_case("c", events, law, at(as_of)), language).splitlines()

    def said(self, text, *args, **more):
        return [line.strip() for line in self.lines(*args, **more) if text in line]

    def test_a_limit_in_hours_is_said_in_hours(self):
        law = rules({"promised": {"amount": 72, "unit": "hour"}})
        assert self.said("Limit:", law, ACCEPTED) == ["Limit: 72 hours"]
        (notice,) = self.said("promised/near]", law, ACCEPTED)
        assert "(over 36 h 0 min 0 s) (for limits in hours or minutes)" in notice
        assert "up to" not in notice
        (notice,) = self.said("promised/near]", law, ACCEPTED, language="zh")
        assert "（超过 36 小时 0 分 0 秒）（以小时、分钟计的时限）" in notice

    def test_rounded_up_is_said_only_where_it_is(self):
        for amount, rounded in ((3, False), (4, True)):
            law = rules({"promised": days(amount)}, mode="elapsed")
            (notice,) = self.said("promised/near]", law, ACCEPTED)
            assert ("rounded up" in notice) is rounded
            assert ("(over 14 h 0 min 0 s used)" in notice) is not rounded

    def test_a_notice_from_the_start_says_so(self):
        law = rules({"promised": {"stated": "promised_due_at"}})
        said = event("accepted", "2026-03-06 16:00:00", promised_due_at="2026-03-10T09:30:00+08:00")
        (notice,) = self.said("promised/near]", law, said)
        assert "1 working day before the due time (7 h 0 min 0 s of working time left)" in notice
        said = event("accepted", "2026-03-06 16:00:00", promised_due_at="2026-03-09T09:30:00+08:00")
        (notice,) = self.said("promised/near]", law, said)
        assert "1/2 of the working time up to the due moment is used" in notice
        long = rules({"promised": {"amount": 4, "unit": "natural_day"}})
        (notice,) = self.said("promised/near]", long, event("accepted", "2026-09-30 10:00:00"))
        assert "it is near from the start" in notice

    def test_a_case_in_time_used_takes_a_line_a_week(self):
        law = rules({"promised": days(30)}, mode="elapsed")
        lines = self.lines(law, ACCEPTED, as_of="2026-04-20")
        weeks = [line for line in lines if "  counted  " in line]
        assert len(weeks) < 9
        assert weeks[0].strip() == (
            "2026-03-02 10:00:00 – 2026-03-09 09:00:00  counted  "
            "03-02 6 h; 03-03 – 03-06 7 h each  34 h 0 min 0 s"
        )

    def test_an_hour_that_occurs_twice_bears_its_offset(self):
        zone = ZoneInfo("Europe/Amsterdam")
        dutch = (
            built_in()
            .calendars["cn"]
            .model_copy(update={"name": "nl", "time_zone": "Europe/Amsterdam"})
        )
        clocks = {"promised": {"amount": 24, "unit": "hour"}}
        law = rules(clocks, calendars={"nl": dutch}, calendar="nl")
        first = datetime(2026, 10, 25, 2, 30, tzinfo=zone)  # the clocks go back at 03:00
        for moment, offset in ((first, "+02:00"), (first.replace(fold=1), "+01:00")):
            begun = event("accepted", "2026-10-25 00:00:00", occurred_at=moment.isoformat())
            (started,) = self.said("Started:", law, begun)
            assert started.startswith(f"Started: 2026-10-25 02:30:00{offset}")
            (counted,) = self.said("  counted  ", law, begun, as_of="2026-10-26")[:1]
            assert counted.startswith(f"2026-10-25 02:30:00{offset} – 2026-10-26 0")

    def test_a_cut_promise_says_what_was_written(self):
        law = rules({"promised": {"stated": "promised_due_at"}}, preset="cn-permit")
        said = event("accepted", "2026-03-02 10:00:00", promised_due_at="2026-04-30T17:00:00+08:00")
        assert self.said("after the statute", law, said)[0] == (
            "* the due moment stated is 2026-04-30 17:00:00, so the promise ends on "
            "2026-04-30 17:00:00, after the statute, which counts instead (Licensing Law §42)"
        )

    def test_a_moved_moment_says_by_how_much(self):
        law = rules({"promised": {"stated": "promised_due_at"}})
        said = event("accepted", "2026-03-02 10:00:00", promised_due_at="2026-03-11T17:00:00+08:00")
        begun = event("suspended", "2026-03-05 10:00:00", suspension="testing", days_asked=5)
        over = event("resumed", "2026-03-05 11:00:00")
        (moved,) = self.said("it moved", law, said, begun, over)
        assert moved == (
            "* 1 h 0 min 0 s of working time were suspended from the start to the due moment: "
            "it moved by as much working time from 2026-03-11 17:00:00"
        )

    def test_what_a_statement_takes_in_is_told_and_not_refused(self):
        law = rules({"promised": {"stated": "promised_due_at"}})
        said = event(
            "accepted",
            "2026-03-02 10:00:00",
            promised_due_at="2026-03-11T17:00:00+08:00",
            recorded_at="2026-03-06T10:00:00+08:00",
        )
        begun = event("suspended", "2026-03-05 10:00:00", suspension="testing", days_asked=5)
        (taken,) = self.said("takes it in", law, said, begun)
        assert taken.startswith("* special procedure: testing (record 2): begun or approved when")
        assert self.said("does not count", law, said, begun) == []


def test_due_columns_of_dates_end_their_day(tmp_path):
    """A mapping that declares them: the clock time that other dates get is not theirs."""
    mapping = tmp_path / "date.yaml"
    mapping.write_text(
        "source: x\n"
        'table: {time_zone: Asia/Shanghai, clock_time_of_dates: "12:00"}\n'
        "events:\n"
        "  - kind: accepted\n"
        '    fields: {case_no: "{PROJID}", occurred_at: "{ACC}", item: "{ITEM}",\n'
        '             promised_due_at: "{PROMISE}", promised_by_date: "true"}\n'
    )
    table = tmp_path / "date.csv"
    table.write_text("PROJID,ACC,PROMISE,DONE,ITEM\n1,2026-03-02,2026-03-11,2026-03-11,i\n")
    events = tmp_path / "events.jsonl"
    done = CliRunner().invoke(
        main, ["convert", "--mapping", str(mapping), str(table), "-o", str(events)]
    )
    assert done.exit_code == 0, done.output
    (accepted,) = (STEP_EVENT.validate_json(line) for line in events.read_bytes().splitlines())
    law = rules({"promised": {"stated": "promised_due_at"}})
    assert shown(clock(assessed(law, accepted)).due_at) == "2026-03-11 23:59:59"


class TestWhatWentWrongElsewhere:
    """Public reports of other people's deadline calculators, tried here."""

    stated = rules({"promised": {"stated": "promised_due_at"}})
    said = event("accepted", "2026-03-02 10:00:00", promised_due_at="2026-03-11T16:00:00+08:00")

    def paused(self, begin, end):
        begun = event("suspended", f"2026-{begin}:00", suspension="testing", days_asked=20)
        return [begun, event("resumed", f"2026-{end}:00")]

    def test_a_hold_outside_working_hours_moves_nothing(self):
        """frappe/erpnext#49414: 17:00 to 09:00 pushed the due time by 16 hours."""
        night = self.paused("03-04 17:30", "03-05 09:00")
        elapsed = rules({"promised": days(7)}, mode="elapsed")
        for law, events in ((self.stated, [self.said]), (elapsed, [ACCEPTED]), (LAW, [ACCEPTED])):
            before = clock(assessed(law, *events)).due_at
            assert clock(assessed(law, *events, *night)).due_at == before

    def test_another_due_moment_does_not_lose_the_pause(self):
        """glpi-project/glpi#15605: the agreement changed, and the waiting time was gone."""
        again = event(
            "accepted",
            "2026-03-02 10:00:00",
            record_version=2,
            promised_due_at="2026-03-18T16:00:00+08:00",
        )
        day = self.paused("03-04 09:00", "03-04 17:30")
        case = assessed(self.stated, self.said, *day, again)
        assert shown(clock(case).due_at) == "2026-03-19 16:00:00"

    def test_half_days_of_odd_lengths_sum_to_whole_ones(self):
        """odoo/odoo#267726: ten halves of 3.36 hours each came to 5.01 days."""
        half = 12_096  # 3.36 hours
        odd = SEVEN_HOURS.model_copy(
            update={"name": "odd", "hours": ((9 * 3600, 9 * 3600 + half), (46_800, 46_800 + half))}
        )
        law = rules({"promised": days(7)}, calendars={"odd": odd}, calendar="odd")
        events = []
        for number, day in enumerate(("03", "04", "05", "06", "09", "10", "11", "12", "13", "16")):
            name = {"suspension_id": f"h{number}"}
            begun = {"suspension": "testing", "days_asked": 1, **name}
            events.append(event("suspended", f"2026-03-{day} 09:00:00", **begun))
            events.append(event("resumed", f"2026-03-{day} 12:30:00", **name))
        # ten halves are five days: of 03-03 … 03-18 twelve are worked, and seven are counted
        assert shown(clock(assessed(law, ACCEPTED, *events)).due_at) == "2026-03-18 23:59:59"

    def test_a_date_half_of_which_is_worked_is_not_more_than_one_day(self):
        """odoo/odoo#67989: a whole week with a half Tuesday; by its own hours it is five days."""
        week = self.paused("03-02 00:00", "03-07 00:00")
        early = event("accepted", "2026-02-27 10:00:00")
        before = clock(assessed(LAW, early)).counting
        after = clock(assessed(LAW, early, *week)).counting
        assert before.calendar.count(before.last, after.last) == 5
