"""Two lives of a state in one history: the later one is believed, whatever it counts from."""

from __future__ import annotations

import itertools
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from schemas import topics
from schemas.aside import CaseSetAside, CaseTakenUp
from schemas.codes import Level
from schemas.verdicts import encode
from streams.board.clickhouse import ClickHouseHistory
from streams.board.history import Wanted
from streams.sink import migrations
from streams.sink.batches import Batcher
from streams.sink.inserts import Writer
from streams.sink.rows import rows_of
from tests.support import history
from tests.support.history import at, clock

FIRST, SECOND = 1_700_000_000, 1_800_000_000
DUE = "2026-03-06 15:59:59"
RUNS = clock("promised", "2026-03-02 01:00:00", DUE)
ENDED = clock("promised", "2026-03-02 01:00:00", DUE, "2026-03-05 01:00:00")
SEEN = "2026-03-10 00:00:00"


def write(where, client, *records):
    """Put records in as the sink does."""
    batcher = Batcher(100_000, 0)
    for record in records:
        batcher.add(record, rows_of(record), 0)
    client.execute(f"USE {where.database}")
    assert Writer(client, where.database, lambda *_: None).write(batcher.seal()) == []


@pytest.fixture
def house(embedded_clickhouse):
    with history.database(embedded_clickhouse) as (where, client):
        yield where, client


def card(level, what="issued", epoch=FIRST, case_no="A", **more):
    return history.move(case_no, RUNS, level, what, epoch=epoch, **more)


LIVES = [
    history.case("A", [RUNS], epoch=FIRST, revision=7),
    card(Level.YELLOW, when="2026-03-07 00:00:00"),
    card(Level.RED, when="2026-03-08 00:00:00"),
    card(Level.RED, "resolved", move_no=2, when="2026-03-08 12:00:00"),
    card(Level.RED, "reopened", move_no=3, when="2026-03-08 13:00:00"),
]
ANEW = [history.case("A", [ENDED], epoch=SECOND, revision=2, ended_at=at("2026-03-05 01:00:00"))]


@pytest.mark.parametrize("order", list(itertools.permutations((LIVES, ANEW))))
def test_a_finished_case_of_a_life_begun_anew_is_finished(house, order):
    """The kind of found/operator n1, n2: it stayed open and over by two limits for good."""
    where, client = house
    for records in order:
        write(where, client, *records)
    found = client.execute("SELECT epoch, revision, open FROM v_cases")
    assert found == [(SECOND, 2, 0)]
    assert client.execute(f"SELECT count() FROM v_overdue_at(as_of = '{SEEN}')") == [(0,)]
    assert client.execute(f"SELECT count() FROM v_open_cases_at(as_of = '{SEEN}')") == [(0,)]
    assert client.execute(f"SELECT epoch, revision, state FROM v_clocks_at(as_of = '{SEEN}')") == [
        (SECOND, 2, "stopped")
    ]


@pytest.mark.parametrize("order", list(itertools.permutations((LIVES, ANEW))))
def test_a_card_of_an_earlier_life_that_the_later_does_not_issue_stands_no_more(house, order):
    where, client = house
    for records in order:
        write(where, client, *records)
    said = client.execute("SELECT level, standing, active, superseded FROM v_cards ORDER BY level")
    assert said == [("red", 0, 0, 1), ("yellow", 0, 0, 1)]
    moves = client.execute("SELECT count() FROM v_card_history")
    assert moves == [(4,)]  # and all of it stays on record


def test_a_card_that_a_later_life_issues_again_stands_and_keeps_when_it_was_first_known(house):
    """What an officer knew is no other for our loss; the moves of both lives stay on record."""
    where, client = house
    write(where, client, *LIVES)
    write(
        where,
        client,
        history.case("A", [RUNS], epoch=SECOND, revision=1),
        card(Level.RED, epoch=SECOND, when="2026-03-09 08:00:00"),
    )
    said = "SELECT epoch, move_no, standing, active, issued_at, resolved_at FROM v_cards"
    ((epoch, number, standing, active, issued, resolved),) = client.execute(
        f"{said} WHERE level = 'red'"
    )
    assert (epoch, number, standing, active) == (SECOND, 1, 1, 1)
    assert int(issued.timestamp()) == at("2026-03-08 00:00:00")
    assert resolved is None  # its resolution in the earlier life says nothing of this one
    numbers = client.execute("SELECT epoch, move_no FROM v_card_history WHERE level = 'red'")
    assert numbers == [(FIRST, 1), (FIRST, 2), (FIRST, 3), (SECOND, 1)]
    assert client.execute(f"SELECT level FROM v_open_cases_at(as_of = '{SEEN}')") == [("red",)]


def test_the_board_counts_only_what_the_latest_life_says(house):
    where, client = house
    write(where, client, *LIVES, history.case("B", [RUNS], epoch=FIRST), card(
        Level.RED, case_no="B", when="2026-03-09 17:00:00"))  # fmt: skip
    write(
        where,
        client,
        history.case("A", [RUNS], epoch=SECOND, as_of=at(SEEN)),
        card(Level.YELLOW, epoch=SECOND, when="2026-03-09 18:00:00"),
    )
    board = ClickHouseHistory(where, live=False, zone=ZoneInfo("Asia/Shanghai"))
    figures = board.figures()
    counts = {level: (c.standing, c.today) for level, c in figures.cards.items()}
    assert counts[Level.YELLOW] == (1, 0)  # it was issued days ago, in the earlier life
    assert counts[Level.RED] == (1, 1)  # B's
    assert [(t.yellow, t.red) for t in figures.tallies] == [(1, 1)]
    levels = {line.case_no: line.level for line in board.cases(Wanted()).lines}
    assert levels == {"A": "yellow", "B": "red"}
    assert board.case("A").case.level == "yellow"
    board.close()


def test_a_clock_that_stopped_after_it_was_written_says_stopped_from_then_on(house):
    """A replay writes a case as its last tick saw it; nothing is written when the stop is past."""
    where, client = house
    seen_running = clock(
        "promised", "2026-03-02 01:00:00", DUE, "2026-03-05 01:00:00", state="running"
    )
    write(where, client, history.case("A", [seen_running], ended_at=at("2026-03-05 01:00:00")))
    for moment, state in (("2026-03-05 00:59:59", "running"), ("2026-03-05 01:00:00", "stopped")):
        found = client.execute(f"SELECT state FROM v_clocks_at(as_of = '{moment}')")
        assert found == [(state,)], moment
    assert client.execute("SELECT state FROM v_clocks") == [("stopped",)]
    board = ClickHouseHistory(where, live=True, zone=ZoneInfo("Asia/Shanghai"))
    assert [c.state for c in board.case("A").clocks] == ["stopped"]
    board.close()


def old_rows(client):
    """Rows as 0.1.0 has them: two moves of a card, whose last one stands in `cards`."""
    move = history.move("A", RUNS, Level.RED, when="2026-03-08 00:00:00")
    ended = history.move("A", RUNS, Level.RED, "resolved", "2026-03-09 00:00:00", move_no=2)
    for record in (move, ended):
        for table, values in rows_of(record):
            columns = [name for name, _ in table.columns if name != "epoch"]
            kept = [
                v for (name, _), v in zip(table.columns, values, strict=True) if name != "epoch"
            ]
            client.execute(f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES", [kept])
    client.execute("INSERT INTO cases (case_no, revision) VALUES", [("A", 7)])


@pytest.mark.parametrize(
    "cut", [12, *(pytest.param(cut, marks=pytest.mark.long) for cut in (7, 11, 13, 14))]
)
def test_rows_of_the_first_release_are_kept_wherever_the_migration_is_cut_off(
    embedded_clickhouse, cut
):
    with history.database(embedded_clickhouse, migrated=False) as (where, client):
        declared = migrations.declared()
        before, epochs = declared[:4], declared[4]
        migrations.migrate(client, where.database, before)
        old_rows(client)
        broken = replace(epochs, apply=(*epochs.apply[:cut], "CREATE NONSENSE"))
        with pytest.raises(Exception, match="NONSENSE"):
            migrations.migrate(client, where.database, [*before, broken])
        migrations.migrate(client, where.database)
        assert client.execute("SELECT epoch, move_no, move FROM cards FINAL") == [
            (0, 2, "resolved")
        ]
        assert client.execute("SELECT epoch, move_no, move FROM v_card_history") == [
            (0, 1, "issued"),
            (0, 2, "resolved"),
        ]
        assert client.execute("SELECT epoch, revision FROM v_cases") == [(0, 7)]


def test_what_the_first_release_still_inserts_is_of_epoch_nought(house):
    where, client = house
    client.execute(f"USE {where.database}")
    old_rows(client)
    write(where, client, card(Level.RED, epoch=SECOND, when="2026-03-09 08:00:00"))
    old_rows(client)
    assert client.execute("SELECT epoch, move_no FROM cards FINAL") == [(SECOND, 1)]


def aside(epoch=FIRST, *, written=0, at_=0, partition=0, case_no="A", from_state=False):
    told = CaseSetAside(
        case_no=case_no,
        partition=partition,
        at=at_,
        topic=topics.STEPS.name,
        offset=7,
        reason="KeyError",
        epoch=epoch,
        from_state=from_state,
    )
    return history.Sent(topics.EVENTS.name, encode(told), b"A", timestamp=written)


def taken_up(epoch=FIRST, *, written=0, at_=0, partition=0):
    told = CaseTakenUp(case_no="A", partition=partition, at=at_, by="operator", epoch=epoch)
    return history.Sent(topics.EVENTS.name, encode(told), b"A", timestamp=written)


STORIES = {
    # It is said until it is taken up; both may happen in one second of the engine's time.
    "set aside": ([aside(written=1)], True),
    "taken up": ([aside(written=1), taken_up(written=2)], False),
    "again at once": ([aside(written=1), taken_up(written=2), aside(written=3)], True),
    "elsewhere, after a repartition": ([aside(written=1), taken_up(written=2, partition=5)], False),
    # A life begun anew counts its time from nothing, and has judged the case, or stumbles too.
    "a later life goes on": ([aside(at_=SECOND, written=1), *ANEW], False),
    "a later life has not come to it": ([aside(written=1), LIVES[0]], True),
    "a later life stumbles": (
        [
            aside(at_=SECOND, written=1),
            taken_up(at_=SECOND, written=2),
            *ANEW,
            aside(SECOND, written=3),
        ],
        True,
    ),
    # What a resend says of a state that it read before is outranked by what the engine said since.
    "told from the state": ([aside(written=1), taken_up(written=2), aside(from_state=True)], False),
    "told from the state alone": ([aside(written=9, from_state=True)], True),
    "a record of no known case": ([aside(case_no="", written=1)], False),
}


@pytest.mark.parametrize("nulls", [0, 1])
@pytest.mark.parametrize("story", STORIES)
def test_a_case_is_told_as_set_aside_while_it_is(house, story, nulls):
    where, client = house
    records, expected = STORIES[story]
    for order in (records, records[::-1]):
        write(where, client, *order)
        found = client.execute(
            "SELECT case_no, topic, offset, reason FROM v_cases_set_aside",
            settings={"join_use_nulls": nulls},
        )
        assert found == ([("A", topics.STEPS.name, 7, "KeyError")] if expected else [])


def test_a_letter_of_a_topic_made_anew_does_not_take_the_place_of_an_older_one(house):
    """It has its name, for it is about the record at the same offset; it came at another time."""
    where, client = house
    refused = history.dead_letter(7)
    write(where, client, refused)
    again = history.dead_letter(7, epoch=FIRST)  # the same record, refused by a state begun anew
    other = history.dead_letter(7, epoch=SECOND, origin=history.origin(7, arrived=SECOND))
    write(where, client, again, other, other)
    assert client.execute("SELECT epoch FROM dead_letters FINAL ORDER BY epoch") == [
        (0,), (FIRST,), (SECOND,),
    ]  # fmt: skip
    shown = "SELECT letter_id, epoch FROM v_dead_letters ORDER BY epoch"
    found = client.execute(shown)
    assert [epoch for _, epoch in found] == [FIRST, SECOND]
    assert len({name for name, _ in found}) == 1
