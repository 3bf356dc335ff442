from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from streams.engine.zone import DAY, FIRST_DAY, LAST_DAY, Zone, zone_of

ZONES = ["Asia/Shanghai", "Europe/Amsterdam", "America/New_York", "Australia/Lord_Howe", "UTC"]
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001  # a clock face has no zone


def instant(text):
    return int(dt.datetime.fromisoformat(text).timestamp())


def face(text):
    return int((dt.datetime.fromisoformat(text) - EPOCH).total_seconds())


@pytest.mark.parametrize("name", ZONES)
def test_the_table_equals_zoneinfo(name):
    zone, info = Zone(name), ZoneInfo(name)
    for t in range(FIRST_DAY * DAY + DAY, LAST_DAY * DAY, 40 * DAY + 12_345):
        local = dt.datetime.fromtimestamp(t, tz=info).replace(tzinfo=None)
        assert zone.face(t) == int((local - EPOCH).total_seconds()), t
        # And back, where the clock shows it once.
        assert zone.face(zone.instant(zone.face(t))) == zone.face(t)


def test_a_face_shown_twice_is_the_later_instant():
    amsterdam = zone_of("Europe/Amsterdam")
    # 2011-10-30: 03:00 summer time is 02:00 again.
    assert amsterdam.instant(face("2011-10-30 02:30:00")) == instant("2011-10-30T02:30:00+01:00")
    assert amsterdam.face(instant("2011-10-30T02:30:00+02:00")) == face("2011-10-30 02:30:00")
    assert amsterdam.instant(face("2011-10-30 01:59:59")) == instant("2011-10-30T01:59:59+02:00")
    assert amsterdam.instant(face("2011-10-30 03:00:00")) == instant("2011-10-30T03:00:00+01:00")


def test_the_second_of_the_change_itself():
    amsterdam = zone_of("Europe/Amsterdam")
    back = instant("2011-10-30T02:00:00+01:00")
    assert amsterdam.face(back - 1) == face("2011-10-30 02:59:59")
    assert amsterdam.face(back) == face("2011-10-30 02:00:00")
    assert amsterdam.instant(face("2011-10-30 02:00:00")) == back
    forward = instant("2011-03-27T03:00:00+02:00")
    assert amsterdam.face(forward - 1) == face("2011-03-27 01:59:59")
    assert amsterdam.face(forward) == face("2011-03-27 03:00:00")


def test_a_face_never_shown_is_the_instant_of_the_jump():
    new_york = zone_of("America/New_York")
    jump = instant("2011-03-13T02:00:00-05:00")
    assert new_york.instant(face("2011-03-13 01:59:59")) == jump - 1
    assert new_york.instant(face("2011-03-13 02:00:00")) == jump
    assert new_york.instant(face("2011-03-13 02:59:59")) == jump
    assert new_york.instant(face("2011-03-13 03:00:00")) == jump
    assert new_york.instant(face("2011-03-13 03:00:01")) == jump + 1


def test_china_kept_summer_time_until_1991_and_none_since():
    shanghai = zone_of("Asia/Shanghai")
    assert shanghai.face(instant("1991-07-01T00:00:00+00:00")) == face("1991-07-01 09:00:00")
    assert shanghai.face(instant("1992-07-01T00:00:00+00:00")) == face("1992-07-01 08:00:00")
    assert shanghai.face(instant("2100-07-01T00:00:00+00:00")) == face("2100-07-01 08:00:00")


def test_a_shift_of_half_an_hour():
    lord_howe = zone_of("Australia/Lord_Howe")
    assert lord_howe.instant(face("2011-04-03 01:45:00")) == instant("2011-04-03T01:45:00+10:30")


def test_a_change_at_a_minute_past_midnight_is_found_to_the_second():
    st_johns = zone_of("America/St_Johns")
    jump = instant("2005-04-03T00:01:00-03:30")
    assert st_johns.face(jump - 1) == face("2005-04-03 00:00:59")
    assert st_johns.face(jump) == face("2005-04-03 01:01:00")


def test_a_change_in_the_first_hours_of_the_calendar():
    lima = zone_of("America/Lima")  # summer time from 1990-01-01 on
    summer = instant("1990-01-01T05:00:00+00:00")
    assert lima.face(summer - 1) == face("1989-12-31 23:59:59")
    assert lima.face(summer) == face("1990-01-01 01:00:00")
