"""Where the history ends, where the group is, what the topic still holds: which of it is a gap."""

from __future__ import annotations

import pytest

from streams.sink.batches import Partition
from streams.sink.offsets import Gap, HistoryGap, Kept, Read, gap_of

P = Partition("jiancha.cases", 3)
ID, OTHER = "id-1", "id-2"


def kept(**offsets):
    """What the history has: by topic id, in underscores."""
    return Kept({(P.topic, i.replace("_", "-"), 3): n for i, n in offsets.items()}, rows=True)


EMPTY = Kept({}, rows=False)
FIRST_RELEASE = Kept({}, rows=True)


@pytest.mark.parametrize(
    ("read", "history"),
    [
        (Read(ID, 0, 0, None), EMPTY),  # nothing has come yet
        (Read(ID, 40, 90, None), EMPTY),  # a first sink, later than the topic's retention
        (Read(ID, 0, 90, 50), kept(id_1=50)),
        (Read(ID, 0, 90, 40), kept(id_1=50)),  # a crash between the rows and the commit
        (Read(ID, 0, 90, None), kept(id_1=50)),  # the group's offsets expired: all is read again
        (Read(ID, 50, 90, 40), kept(id_1=50)),  # what was deleted is in the history
        (Read(ID, 0, 90, 50), FIRST_RELEASE),  # rows of 0.1.0, which wrote no offsets
        (Read(OTHER, 0, 9, None), kept(id_1=50)),  # made anew, and the group with it
    ],
)
def test_what_reading_on_will_bring_is_no_gap(read, history):
    assert gap_of(P, read, history) is None


@pytest.mark.parametrize(
    ("read", "history", "first", "following", "says"),
    [
        (Read(ID, 0, 90, 50), EMPTY, 0, 50, "the group is at 50"),  # lost
        (Read(ID, 0, 90, 50), kept(id_1=20), 20, 50, "the history ends at 20, the group at 50"),
        (Read(OTHER, 0, 90, 50), kept(id_1=70), 0, 50, "nothing of this topic"),
        (Read(ID, 0, 90, 50), kept(id_1=95), 90, 95, "the topic at 90: it is an older copy"),
        (Read(ID, 60, 90, 50), kept(id_1=50), 50, 60, "the topic begins at 60: deleted before"),
        (Read(ID, 60, 90, None), kept(id_1=50), 50, 60, "the topic begins at 60: deleted before"),
    ],
)
def test_what_reading_on_will_never_bring_is_a_gap_that_says_both_ends(
    read, history, first, following, says
):
    gap = gap_of(P, read, history)
    assert (gap.first, gap.next) == (first, following)
    assert says in gap.text
    assert gap.text.startswith("jiancha.cases[3]: ")


def test_a_gap_says_what_to_run():
    gap = Gap(P, 20, 50, "the history ends at 20, the group at 50")
    assert str(HistoryGap([gap])) == (
        "jiancha.cases[3]: the history ends at 20, the group at 50: 20 to 49: run `jiancha history"
        " rewind`; docs/recovery.md says what it brings back"
    )


def test_of_many_gaps_a_line_names_a_few_and_how_many_more_there_are():
    gaps = [Gap(Partition("jiancha.cases", n), 0, 9, "gone") for n in range(24)]
    said = str(HistoryGap(gaps))
    assert "jiancha.cases[4]: gone: 0 to 8; and 19 partitions more: run `jiancha" in said
    assert "jiancha.cases[5]" not in said
    assert "more" not in str(HistoryGap(gaps[:5]))
