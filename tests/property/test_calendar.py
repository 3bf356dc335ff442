"""The algebra against a walk that anyone can check: day by day, interval by interval."""

from __future__ import annotations

import datetime as dt
from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from schemas.calendars import WEEKDAYS, CalendarDefinition, load_calendars
from schemas.calendars.statutory import statutory_days
from streams.engine.calendar import Calendar, date_of, day_of

DAY = 86_400
LOW, HIGH = day_of(dt.date(2019, 1, 1)), day_of(dt.date(2028, 1, 1))


@cache
def definition(name):
    cn = load_calendars()["cn"]
    if name == "cn":
        return cn
    whole_days = {"hours": ("00:00-24:00",), "decrees": "week", "years": (), "days": ()}
    half = {"date": "2024-02-04", "working": True, "hours": ["09:00-12:00"]}
    changes = {
        "amsterdam": whole_days | {"time_zone": "Europe/Amsterdam"},
        "new-york": {"time_zone": "America/New_York", "hours": ("08:30-17:00",)},
        "half-days": {"days": (*(d for d in cn.days if str(d.date) != "2024-02-04"), half)},
        "odd": {"week": ("sun", "wed"), "hours": ("00:00-00:01", "05:00-05:07", "23:59-24:00")},
    }
    written = cn.model_dump() | {"name": name} | changes[name]
    return CalendarDefinition.model_validate(written)


@cache
def calendar(name):
    return Calendar(definition(name))


ABROAD = {"amsterdam", "new-york"}
LAST_NOTICE = 2026


names = st.sampled_from(["cn", "amsterdam", "new-york", "half-days", "odd"])
days = st.integers(LOW, HIGH)
spans = st.integers(0, 90)


@st.composite
def faces(draw, name):
    """A face anywhere, or within a second of an edge of working time, where errors live."""
    day = draw(days)
    edges = [edge for interval in definition(name).hours for edge in interval] + [0, DAY - 1]
    near = st.builds(lambda edge, off: edge + off, st.sampled_from(edges), st.integers(-1, 1))
    return day * DAY + draw(st.one_of(st.integers(0, DAY - 1), near))


# The slow, obvious walk.


@cache
def listed_days(name):
    return {day.date: day for day in definition(name).days}


def is_by_law(name, date):
    """Tell whether the law alone makes a holiday of a day whose notice is still to come."""
    return name not in ABROAD and date.year > LAST_NOTICE and date in statutory_days(date.year)


def slow_hours(name, day):
    date = date_of(day)
    listed = listed_days(name).get(date)
    if listed is None:
        works = not is_by_law(name, date) and WEEKDAYS[date.weekday()] in definition(name).week
        return definition(name).hours if works else ()
    return (listed.hours or definition(name).hours) if listed.working else ()


def slow_measure(name, a, b):
    return sum(
        max(0, min(b, day * DAY + closes) - max(a, day * DAY + opens))
        for day in range(a // DAY, b // DAY + 1)
        for opens, closes in slow_hours(name, day)
    )


@given(st.data(), names, spans)
def test_measure_equals_the_walk(data, name, span):
    a = data.draw(faces(name))
    b = data.draw(st.integers(a, a + span * DAY))
    assert calendar(name).measure(a, b) == slow_measure(name, a, b)


@given(names, days, spans)
def test_days_equal_the_walk(name, after, n):
    cal = calendar(name)
    assert cal.hours(after) == slow_hours(name, after)
    day, left = after, n
    while left:
        day += 1
        left -= bool(slow_hours(name, day))
    assert cal.nth(after, n) == day
    assert cal.count(after, day) == n
    before = after
    for _ in range(n):
        before -= 1
        while not slow_hours(name, before):
            before -= 1
    assert cal.nth(after, -n) == before
    rolled = after
    while not slow_hours(name, rolled):
        rolled += 1
    assert cal.roll(after) == rolled


@given(st.data(), names, st.integers(0, 60 * 25_200))
def test_add_is_the_latest_moment_and_reach_the_earliest(data, name, seconds):
    cal = calendar(name)
    if name == "odd":
        seconds //= 100  # its days have nine minutes
    a = data.draw(faces(name))
    latest, earliest = cal.add(a, seconds), cal.reach(a, seconds)
    assert slow_measure(name, a, latest) == seconds
    assert slow_measure(name, a, latest + 1) == seconds + 1
    assert slow_measure(name, a, earliest) == seconds
    if earliest > a:
        assert slow_measure(name, a, earliest - 1) == seconds - 1
    assert a <= earliest <= latest


@given(st.data(), names, spans, spans)
def test_measure_is_additive_and_monotone(data, name, first, second):
    cal = calendar(name)
    a = data.draw(faces(name))
    b = a + first * DAY // 2
    c = b + second * DAY // 3
    assert cal.measure(a, b) + cal.measure(b, c) == cal.measure(a, c)
    assert cal.measure(a, b) <= cal.measure(a, c) >= cal.measure(b, c)
    assert cal.measure(c, a) == 0 or a == c


@given(st.data(), names, st.integers(0, 200_000), st.integers(0, 200_000))
def test_add_is_additive_and_monotone(data, name, x, y):
    cal = calendar(name)
    x, y = x // 10, y // 10
    a = data.draw(faces(name))
    assert cal.measure(a, cal.add(a, x)) == x
    assert cal.add(cal.add(a, x), y) == cal.add(a, x + y)
    assert cal.reach(cal.reach(a, x), y) == cal.reach(a, x + y)
    assert cal.add(a, x) <= cal.add(a, x + y)


def awaits_its_notice(name, date):
    """In China from 12-26 on that of the next year; a holiday by the law alone awaits none."""
    if date in listed_days(name) or is_by_law(name, date):
        return False
    last = date.year + (name not in ABROAD and (date.month, date.day) >= (12, 26))
    return not {date.year, last} <= {year.year for year in definition(name).years}


@given(names, days, spans)
def test_projection_equals_the_walk(name, first, span):
    cal, definition_ = calendar(name), definition(name)
    projected = definition_.decrees == "yearly" and any(
        awaits_its_notice(name, date_of(day)) for day in range(first, first + span + 1)
    )
    assert cal.rests_on_projection(first, first + span) == projected


@given(st.sampled_from(["cn", "amsterdam", "new-york"]), st.integers(LOW * DAY, HIGH * DAY))
def test_instant_gives_the_latest_moment_that_shows_the_face(name, t):
    cal = calendar(name)
    latest = cal.instant(cal.face(t))
    assert latest in {t, t + 3600}
    assert cal.face(latest) == cal.face(t)
