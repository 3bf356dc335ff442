"""The front page's arrangement: the worst first, bars to scale."""

from __future__ import annotations

from schemas.codes import Level
from streams.board.history import CardCounts, Figures, Flow, Tally
from streams.board.overview import SHOWN, overview


def figures(*tallies, **more):
    given = {
        "now": 0,
        "live": False,
        "taken_at": 0.0,
        "tallies": tallies,
        "cards": {level: CardCounts(7, 2) for level in (Level.NOTICE, Level.YELLOW, Level.RED)},
        "overdue": 3,
        "newest": (),
        "due": (),
        "flow": Flow(0, None, 0, None),
        **more,
    }
    return Figures(**given)


def test_tiles_add_the_departments_up_from_red_down():
    view = overview(figures(Tally("a", 5, 1, 2, 3), Tally("b", 10, 0, 1, 0)))
    assert [(str(t.level), t.cases, t.today, t.standing) for t in view.tiles] == [
        ("red", 3, 2, 7),
        ("yellow", 3, 2, 7),
        ("notice", 1, 2, 7),
    ]
    assert (view.open, view.in_time) == (22, 15)


def test_departments_stand_by_how_bad_it_is():
    view = overview(
        figures(Tally("fine", 90, 0, 0, 0), Tally("late", 1, 0, 5, 0), Tally("worst", 0, 0, 0, 1))
    )
    assert [row.tally.department for row in view.departments] == ["worst", "late", "fine"]


def test_bars_are_to_the_scale_of_the_longest():
    longest, half = overview(figures(Tally("a", 2, 0, 1, 1), Tally("b", 2, 0, 0, 0))).departments
    assert [(b.level, b.start, b.width) for b in longest.bars] == [
        ("red", 0.0, 25.0),
        ("yellow", 25.0, 25.0),
        ("none", 50.0, 50.0),
    ]
    assert [(b.level, b.start, b.width) for b in half.bars] == [("none", 0.0, 50.0)]


def test_the_rest_of_the_departments_is_counted():
    view = overview(figures(*(Tally(f"d{n}", 1, 0, 0, 0) for n in range(SHOWN + 3))))
    assert len(view.first) == SHOWN
    assert view.hidden == 3


def test_no_cases_make_no_rows():
    view = overview(figures())
    assert (view.open, view.departments, view.hidden) == (0, [], 0)
