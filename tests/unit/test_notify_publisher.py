from __future__ import annotations

import json

import httpx
import pytest
from structlog.testing import capture_logs

from alerts.notify.policy import Push
from alerts.notify.publisher import AlertmanagerPublisher, LogPublisher, PublishError
from alerts.notify.wording import Wording
from schemas.codes import Level
from streams.board.reference import Reference
from tests.support.moves import DUE, moved

WORDING = Wording(Reference(None), "http://board")


def alert(*, over=False, **changed):
    push = Push("k", moved(level=Level.RED, **changed), over, at=DUE + 10)
    return WORDING.alert(push, DUE + 10)


def publisher(answer, seen=None, url="http://am:9093"):
    def handle(request):
        if seen is not None:
            seen.append(request)
        return answer(request) if callable(answer) else answer

    return AlertmanagerPublisher(url, httpx.MockTransport(handle))


def test_it_posts_what_the_api_takes():
    seen = []
    publisher(httpx.Response(200), seen).publish([alert(), alert(over=True)])
    (request,) = seen
    assert (request.method, str(request.url)) == ("POST", "http://am:9093/api/v2/alerts")
    first, second = json.loads(request.content)
    assert first["labels"]["alertname"] == "JianchaCard"
    assert first["startsAt"] == "2026-09-21T14:13:21.000+00:00"
    assert first["endsAt"] == "2027-09-21T14:13:30.000+00:00"  # a year: its end is told
    assert second["endsAt"] == "2026-09-21T14:13:30.000+00:00"
    assert first["generatorURL"] == "http://board/case?no=A-1"
    assert "step" not in first["annotations"]  # it is empty


def test_a_path_before_the_api_is_kept():
    seen = []
    publisher(httpx.Response(200), seen, "http://proxy/alertmanager/").publish([alert()])
    assert seen[0].url.path == "/alertmanager/api/v2/alerts"


@pytest.mark.parametrize("status", [404, 429, 500, 503, 302])
def test_any_other_answer_is_a_failure_with_what_it_said(status):
    answer = httpx.Response(status, text="end time must\nnot be before start time")
    with pytest.raises(PublishError, match=f"{status}: end time must not be before"):
        publisher(answer).publish([alert()])


@pytest.mark.parametrize("status", [400, 413, 422])
def test_of_many_only_the_bad_one_is_refused(status):
    """Alertmanager answers 400 to the whole request; a proxy 413 to one that is too large."""
    taken = []

    def answer(request):
        cases = [one["annotations"]["case"] for one in json.loads(request.content)]
        if "bad" in cases:
            return httpx.Response(status, text="label set must contain at least one label pair")
        taken.extend(cases)
        return httpx.Response(200)

    cases = ["A", "B", "bad", "C", "D", "E", "F"]
    (refused,) = publisher(answer).publish([alert(case_no=case) for case in cases])
    assert refused.alert.annotations["case"] == "bad"
    assert f"{status}: label set must" in refused.why
    assert taken == ["A", "B", "C", "D", "E", "F"]


def test_it_asks_what_stands():
    seen = []
    listed = {
        "labels": {"alertname": "JianchaCard", "card_id": "c"},
        "annotations": {"case": "A-1"},
        "startsAt": "2026-09-21T14:13:21.000Z",
        "endsAt": "2027-09-21T14:13:30.000Z",
        "updatedAt": "2026-09-21T14:13:30.123Z",
        "generatorURL": "http://board/case?no=A-1",
        "status": {"state": "active"},
    }
    (standing,) = publisher(httpx.Response(200, json=[listed]), seen).standing()
    assert seen[0].url.params["filter"] == 'alertname=~"JianchaCard|JianchaDigest"'
    assert standing.told_at == DUE + 10.123
    assert standing.alert.page == "http://board/case?no=A-1"


@pytest.mark.parametrize("answer", [httpx.Response(200, text="<html>"), httpx.Response(500)])
def test_a_list_that_is_none_is_a_failure(answer):
    with pytest.raises(PublishError):
        publisher(answer).standing()


def test_so_is_no_answer():
    def refuse(request):
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(PublishError, match="ConnectError: refused"):
        publisher(refuse).publish([alert()])


def test_without_alertmanager_each_is_one_line_of_the_log():
    with capture_logs() as lines:
        LogPublisher().publish([alert(), alert(over=True)])
        assert LogPublisher().standing() == []
    assert [line["event"] for line in lines] == ["alert", "alert_over"]
    assert lines[0]["card_level"] == "red"
    assert "level" not in lines[0]
    assert lines[0]["case"] == "A-1"
    assert "已超过承诺时限" in lines[0]["summary"]


def test_closing_closes():
    it = publisher(httpx.Response(200))
    it.close()
    with pytest.raises(RuntimeError):
        it.publish([alert()])
    LogPublisher().close()
