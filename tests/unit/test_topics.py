"""Every topic's settings, and what is wrong with topics that differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from schemas import topics
from streams.settings import Kafka
from streams.topic_checks import Held, config_of, mismatches, missing, partitions_of

KAFKA = Kafka(partitions=4, replication_factor=3)


def held(**changed):
    """Give all topics as they must be, some changed."""
    good = {t.name: Held(partitions_of(t, KAFKA), 3, config_of(t, KAFKA)) for t in topics.ALL}
    return good | changed


def wrong(topic, **changed):
    good = held()[topic.name]
    config = {**good.config, **changed.pop("config", {})}
    return list(mismatches(held() | {topic.name: replace(good, config=config, **changed)}, KAFKA))


def test_names_are_unique_and_inputs_are_co_partitioned():
    assert len({topic.name for topic in topics.ALL}) == len(topics.ALL)
    assert all(topic.co_partitioned for topic in topics.INPUTS)


def test_a_topic_kept_for_ever_says_so_in_kafkas_words():
    assert topics.VERDICTS.config()["retention.ms"] == "-1"
    assert topics.TICKS.config()["retention.ms"] == "604800000"
    assert topics.CASE_STATE.config()["cleanup.policy"] == "compact"


def test_two_of_three_replicas_must_hold_a_write_and_of_one_the_one():
    assert config_of(topics.STEPS, KAFKA)["min.insync.replicas"] == "2"
    assert "min.insync.replicas" not in config_of(topics.STEPS, Kafka())
    (problem,) = wrong(topics.STEPS, config={"min.insync.replicas": "1"})
    assert "min.insync.replicas=1 instead of 2" in problem


def test_topics_as_they_must_be_are_fine():
    assert list(mismatches(held(), KAFKA)) == []
    assert missing(held()) == []


def test_what_is_missing_is_named_in_order():
    assert missing({}) == list(topics.ALL)
    assert list(mismatches({}, KAFKA)) == []
    only = {topics.STEPS.name: held()[topics.STEPS.name]}
    assert topics.STEPS not in missing(only)


@pytest.mark.parametrize(
    ("topic", "config"),
    [
        (topics.STEPS, {"retention.ms": "604800000"}),
        (topics.VERDICTS, {"retention.ms": "604800000"}),
        (topics.EVENTS, {"max.message.bytes": "1048588"}),
        (topics.CASE_STATE, {"cleanup.policy": "delete"}),
        (topics.STEPS, {"cleanup.policy": "compact"}),
        (topics.STEPS, {"cleanup.policy": "compact,delete"}),
    ],
)
def test_a_topic_that_keeps_less_is_told_with_the_command_that_cures_it(topic, config):
    (problem,) = wrong(topic, config=config)
    ((key, found),) = config.items()
    assert f"{topic.name} has {key}={found} instead of {topic.config()[key]}" in problem
    assert f"--entity-name {topic.name} --add-config {key}={topic.config()[key]}" in problem


@pytest.mark.parametrize(
    ("topic", "config"),
    [
        (topics.STEPS, {"retention.ms": "-1"}),
        (topics.TICKS, {"retention.ms": "99999999999"}),
        (topics.STEPS, {"max.message.bytes": "16777216"}),
        (topics.CASE_STATE, {"retention.ms": "604800000"}),
    ],
)
def test_a_topic_may_keep_more(topic, config):
    assert wrong(topic, config=config) == []


def test_a_dead_letter_fits_beside_its_header_whatever_the_input_takes():
    header = 64 * 1024
    assert topics.DEAD_LETTERS.max_message_bytes > topics.STEPS.max_message_bytes + header
    assert topics.SINK_DEAD_LETTERS.max_message_bytes >= topics.EVENTS.max_message_bytes


def test_fewer_replicas_are_told_and_more_are_fine():
    (problem,) = wrong(topics.RULINGS, replication=1)
    assert "jiancha.rulings has 1 replicas instead of 3" in problem
    assert wrong(topics.RULINGS, replication=5) == []


def test_one_topic_out_of_step_is_named():
    (problem,) = wrong(topics.CASES, partitions=3)
    assert "jiancha.cases has 3 partitions instead of 4" in problem
    assert "--delete --topic jiancha.cases" in problem


def test_a_setting_that_all_topics_contradict_is_what_is_wrong():
    all_six = {name: replace(topic, partitions=6) for name, topic in held().items()}
    (problem,) = mismatches(all_six, KAFKA)
    assert "set JIANCHA_KAFKA__PARTITIONS=6" in problem


def test_a_half_done_repartition_is_told_and_nothing_is_to_be_deleted():
    (problem,) = wrong(topics.CASE_STATE, partitions=7)
    assert problem.startswith("A repartition from 4 to 7 partitions is half done")
    assert problem.endswith("→ jiancha repartition --to 7")


def test_the_count_of_a_topic_apart_is_its_own():
    assert wrong(topics.SINK_DEAD_LETTERS, partitions=9) == []
