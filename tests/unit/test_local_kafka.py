from __future__ import annotations

import argparse

import pytest

from deploy.local import kafka, servers


@pytest.mark.parametrize(
    ("argument", "topic"), [("a:1", ("a", 1)), ("hall.steps:12", ("hall.steps", 12))]
)
def test_a_topic_is_a_name_and_a_count(argument, topic):
    assert kafka.topic(argument) == topic


@pytest.mark.parametrize("argument", ["", "a", "a:", ":3", "a:0", "a:-1", "a:x"])
def test_anything_else_is_named(argument):
    with pytest.raises(argparse.ArgumentTypeError, match="is not NAME:PARTITIONS"):
        kafka.topic(argument)


def test_an_address_left_by_an_earlier_run_is_not_taken_for_ready(tmp_path):
    layout = servers.Layout(tmp_path / "data")
    layout.root.mkdir()
    layout.kafka_address.write_text("127.0.0.1:1")
    child = servers.kafka(layout, {"a": 8})
    assert not child.ready()
    assert child.argv[-1] == "--topic=a:8"
