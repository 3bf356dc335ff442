"""Every page over a history of attacks: what is escaped, refused and said, in which language."""

from __future__ import annotations

import dataclasses
import html
import re
from html.parser import HTMLParser

import pytest
from prometheus_client import CollectorRegistry, Counter

from schemas.codes import Level
from streams.board import history as h
from streams.board.pages import preferred
from streams.board.reference import Reference
from streams.board.server import application
from tests.support.board import Visitor
from tests.support.cases import rules

HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>&{{7*7}}"""
NOW = 1_790_000_000


def filled(record, /, **given):
    """A record whose every text is hostile."""
    values = {"str": HOSTILE, "int": NOW, "bool": True, "float": float(NOW), "int | None": NOW,
              "Mapping[str, int]": {"cards": 3}}  # fmt: skip
    fields = dataclasses.fields(record)
    return record(**{f.name: given.get(f.name, values.get(f.type)) for f in fields})


class Tags(HTMLParser):
    """What a browser would make of a page: its tags with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


class Hostile:
    """A history in which every field holds an attack."""

    def __init__(self):
        self.away = None
        self.asked = []

    def _answer(self, value):
        if self.away:
            raise h.HistoryAway(self.away)
        return value

    def figures(self):
        return self._answer(
            h.Figures(
                now=NOW,
                live=False,
                taken_at=float(NOW),
                tallies=[h.Tally(HOSTILE, 1, 1, 1, 1)] * 9,
                cards={level: h.CardCounts(1, 1) for level in Level},
                overdue=1,
                newest=[filled(h.NewCard, move=m) for m in (HOSTILE, "retracted", "issued")],
                due=[filled(h.DueClock)],
                flow=h.Flow(1, NOW, 1, NOW),
            )
        )

    def cases(self, wanted):
        self.asked.append(wanted)
        ended = [None, NOW]
        return self._answer(
            h.CaseList(NOW, [filled(h.CaseLine, ended_at=e) for e in ended], more=True)
        )

    def case(self, case_no):
        self.asked.append(case_no)
        if case_no == "none":
            return self._answer(None)
        return self._answer(
            filled(
                h.CaseFile,
                case=filled(h.CaseLine),
                clocks=[filled(h.ClockLine), filled(h.ClockLine, stopped_at=None)],
                findings=[filled(h.FindingLine)],
                moves=[filled(h.Move)],
                events=[filled(h.Happening)],
                rulings=[filled(h.Ruling)],
            )
        )

    def rules(self, catalogue):
        self.asked.append(catalogue)
        return self._answer(None)

    def close(self):
        pass


@pytest.fixture
def hostile():
    return Hostile()


@pytest.fixture
def registry():
    return CollectorRegistry()


@pytest.fixture
def browser(hostile, registry):
    return Visitor(application(hostile, Reference(rules()), registry, "zh"))


PAGES = (
    "/",
    "/live",
    "/departments",
    "/cases",
    "/cases?q=x",
    "/cases?level=red&page=2",
    "/case?no=1",
)


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("page", PAGES)
def test_what_is_shown_is_escaped(browser, page, language):
    answer = browser.get(page, headers={"accept-language": language})
    assert answer.status_code == 200
    seen = Tags(answer.text)
    assert HOSTILE in seen.text
    assert not {name for _, attributes in seen.tags for name in attributes if name[:2] == "on"}
    scripts = [attributes for tag, attributes in seen.tags if tag == "script"]
    assert all(set(s) == {"src", "defer"} for s in scripts)
    images = [attributes["src"] for tag, attributes in seen.tags if tag == "img"]
    assert all(source.startswith("/static/") for source in images)
    links = [attributes["href"] for _, attributes in seen.tags if "href" in attributes]
    assert all(link.startswith(("/", "#")) for link in links)


def test_links_carry_any_case_number_whole(browser):
    page = browser.get("/").text
    (link, *_) = re.findall(r'href="(/case\?no=[^"]*)"', page)
    browser.get(html.unescape(link))
    assert browser.get(html.unescape(link)).status_code == 400, "it is far longer than 50"
    assert "%3Cscript%3E" in link


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (999, "<b>999</b>"),
        (1_632, '<b class="long">1,632</b>'),
        (1_234_567, '<b class="longest">1,234,567</b>'),
    ],
)
def test_a_long_figure_is_written_smaller(hostile, amount, shown):
    figures = dataclasses.replace(hostile.figures(), overdue=amount)
    hostile.figures = lambda: figures
    again = Visitor(application(hostile, Reference(rules()), CollectorRegistry(), "zh"))
    assert shown in again.get("/").text


def test_a_search_is_shown_as_it_was_typed(browser, hostile):
    answer = browser.get("/cases", params={"q": '"><b>4301'})
    assert 'value="&#34;&gt;&lt;b&gt;4301"' in answer.text
    assert hostile.asked[-1].number == '"><b>4301'


def test_a_number_that_is_a_case_leads_to_it(browser, hostile):
    hostile.cases = lambda _wanted: h.CaseList(
        NOW, [filled(h.CaseLine, case_no="A/1 ?&")], more=False
    )
    answer = browser.get("/cases", params={"q": " A/1 ?& ", "lang": "en"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/case?no=A%2F1+%3F%26&lang=en"


@pytest.mark.parametrize(
    "address",
    [
        "/case",
        "/case?no=",
        "/case?no=" + "x" * 51,
        "/case?no=a%00b",
        "/case?no=a%0Ab",
        "/cases?q=" + "x" * 51,
        "/cases?level=purple",
        "/cases?page=0",
        "/cases?page=201",
        "/cases?page=1e9",
        "/cases?page=%F0%9F%92%A9",
        "/cases?department=%00",
    ],
)
@pytest.mark.parametrize(("language", "said"), [("zh", "请求有误"), ("en", "The request is wrong")])
def test_wrong_questions_are_refused_unasked(browser, hostile, address, language, said):
    answer = browser.get(address, headers={"accept-language": language})
    assert (answer.status_code, said in answer.text) == (400, True)
    assert hostile.asked == []


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/nope", "没有这一页"),
        ("/case?no=none", "没有这个办件"),
        ("/static/nope.css", "没有这一页"),
    ],
)
def test_what_is_not_there_is_said(browser, address, said):
    answer = browser.get(address)
    assert (answer.status_code, said in answer.text) == (404, True)


@pytest.mark.parametrize(
    "path",
    [
        "/static/../pages.py",
        "/static/%2e%2e/pages.py",
        "/static/..%2fpages.py",
        "/static//etc/passwd",
        "/static/%2e%2e%5cpages.py",
        "/static/..%00/pages.py",
        "/static/",
    ],
)
def test_static_files_end_at_their_folder(browser, path):
    answer = browser.get(path)
    assert answer.status_code in {400, 404, 405}
    assert "import" not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_only_reading_is_allowed(browser, method):
    answer = browser.request(method, "/")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_long_address_is_refused(browser):
    assert browser.get("/cases?q=" + "x" * 2001).status_code == 414
    assert browser.get("/" + "x" * 300).status_code == 414


@pytest.mark.parametrize(
    "address", ["/", "/nope", "/case?no=", "/static/board.css", "/healthz", "/" + "x" * 300]
)
def test_every_answer_carries_the_headers(browser, address):
    headers = browser.get(address).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


def test_pages_are_not_kept_and_static_files_are(browser):
    assert browser.get("/").headers["cache-control"] == "no-store"
    assert "max-age" in browser.get("/static/board.css").headers["cache-control"]


def test_head_gives_the_headers_alone(browser):
    answer = browser.head("/")
    assert (answer.status_code, answer.content) == (200, b"")


# -- languages


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", None),
        ("en", "en"),
        ("zh-TW,zh;q=0.9,en;q=0.8", "zh"),
        ("fr,en;q=0.3,zh;q=0.2", "en"),
        ("fr-FR", None),
        ("en;q=0, zh;q=0.1", "zh"),
        ("en;q=x", None),
        ("," * 5000 + "en", None),
    ],
)
def test_the_browsers_language(header, language):
    assert preferred(header) == language


def test_the_language_that_was_asked_for_stays(browser):
    assert 'lang="zh-CN"' in browser.get("/").text
    first = browser.get("/?lang=en", headers={"accept-language": "zh"})
    assert '<html lang="en">' in first.text
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "SameSite=lax" in first.headers["set-cookie"]
    assert '<html lang="en">' in browser.get("/", headers={"accept-language": "zh"}).text
    assert '<html lang="zh-CN">' in browser.get("/?lang=zh").text


def test_an_unknown_language_is_none(browser):
    answer = browser.get("/?lang=xx", headers={"cookie": "lang=yy"})
    assert '<html lang="zh-CN">' in answer.text
    assert "set-cookie" not in answer.headers


def test_the_switch_keeps_the_question(browser):
    page = browser.get("/cases?q=4301&lang=zh").text
    assert 'href="/cases?q=4301&amp;lang=en"' in page


# -- away


@pytest.mark.parametrize(
    ("why", "zh", "en"),
    [
        ("unreachable", "连接不上历史库", "cannot be reached"),
        ("not_migrated", "jiancha migrate", "jiancha migrate"),
        ("busy", "历史库忙", "busy"),
        ("failed", "历史库出错", "failed"),
    ],
)
@pytest.mark.parametrize("page", PAGES)
def test_without_a_history_the_page_says_why(browser, hostile, page, why, zh, en):
    hostile.away = why
    for language, said in (("zh", zh), ("en", en)):
        answer = browser.get(page, headers={"accept-language": language})
        assert (answer.status_code, said in answer.text) == (503, True)
        assert answer.headers["retry-after"] == "5"
        assert "Traceback" not in answer.text


def test_an_error_of_ours_is_told_without_its_trace(browser, hostile):
    hostile.cases = lambda _wanted: 1 / 0
    answer = browser.get("/cases?lang=en")
    assert (answer.status_code, "The page failed" in answer.text) == (500, True)
    assert "ZeroDivision" not in answer.text


# -- machines


def test_health_readiness_and_metrics(browser, registry):
    Counter("jiancha_test", "A test's.", registry=registry).inc()
    assert browser.get("/healthz").text == "ok\n"
    assert browser.get("/readyz").text == "ready\n"
    assert "jiancha_test_total 1.0" in browser.get("/metrics").text


def test_it_is_not_ready_while_the_history_is_away(browser, hostile):
    hostile.away = "unreachable"
    answer = browser.get("/readyz")
    assert (answer.status_code, answer.text) == (503, "the history is unreachable\n")
    assert browser.get("/healthz").status_code == 200


# -- the catalogue's part


def test_without_a_catalogue_the_codes_speak(hostile, registry):
    reference = Reference(None, "no such directory")
    browser = Visitor(application(hostile, reference, registry, "zh"))
    assert "事项目录" in browser.get("/").text
    assert "没有可用的事项目录" in browser.get("/case?no=1").text


def test_the_pinned_catalogue_is_asked_for_and_named_when_it_is_missing(browser, hostile):
    page = browser.get("/case?no=1").text
    assert HOSTILE in hostile.asked
    assert "与现行版本" in page


# -- findings, deemed acceptance, provisional due times


def with_case(hostile, **given):
    """Answer the case page with a file whose clocks, findings or moves are given."""
    plain = {"catalogue": "c", "outcome": "", "clocks": [], "findings": [], "moves": [],
             "events": [], "rulings": []}  # fmt: skip
    file = filled(h.CaseFile, case=filled(h.CaseLine, about=""), **{**plain, **given})
    hostile.case = lambda _case_no: file


@pytest.mark.parametrize("provisional", [True, False])
@pytest.mark.parametrize(("language", "said"), [("zh", "暂定"), ("en", "provisional")])
def test_a_provisional_due_time_says_so_wherever_it_is_shown(
    hostile, registry, provisional, language, said
):
    """暂定: the front page's cards and due times, the list, the case page."""
    figures = dataclasses.replace(
        hostile.figures(),
        newest=[filled(h.NewCard, move="issued", provisional=provisional)],
        due=[filled(h.DueClock, provisional=provisional)],
    )
    hostile.figures = lambda: figures
    line = filled(h.CaseLine, ended_at=None, provisional=provisional)
    hostile.cases = lambda _wanted: h.CaseList(NOW, [line], more=False)
    with_case(hostile, clocks=[filled(h.ClockLine, stopped_at=None, provisional=provisional)])
    visitor = Visitor(application(hostile, Reference(rules()), registry, language))
    shown = [visitor.get(page).text.count(f">{said}<") for page in ("/", "/cases", "/case?no=1")]
    assert shown == ([2, 1, 1] if provisional else [0, 0, 0])


FOUND = "finding:second_notice:1f"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "第二次告知补正新内容，违反一次告知"),
        ("en", "A second correction notice names new items"),
    ],
)
def test_a_card_about_a_finding_says_what_was_found(hostile, registry, language, said):
    figures = dataclasses.replace(
        hostile.figures(),
        newest=[filled(h.NewCard, move="issued", clock="finding", clock_id=FOUND, step="")],
    )
    hostile.figures = lambda: figures
    line = filled(h.CaseLine, about=FOUND)
    hostile.cases = lambda _wanted: h.CaseList(NOW, [line], more=False)
    moves = [
        filled(h.Move, clock="finding", clock_id=FOUND, move=move, reason=reason, move_no=number)
        for number, (move, reason) in enumerate(
            [("issued", "level_reached"), ("resolved", "clock_stopped")], start=1
        )
    ]
    finding = filled(h.FindingLine, code="second_notice", level="yellow", basis="第三十二条")
    with_case(hostile, moves=moves, findings=[finding])
    visitor = Visitor(application(hostile, Reference(rules()), registry, language))
    for page in ("/", "/cases", "/case?no=1"):
        assert said in visitor.get(page).text, page
    page = visitor.get("/case?no=1").text
    assert "第三十二条" in page
    assert ("办件已终结" if language == "zh" else "the case ended") in page
    assert ("时限已终止" if language == "zh" else "the clock stopped") not in page


def test_a_finding_without_a_level_is_on_record_and_not_in_time(hostile, browser):
    with_case(hostile, findings=[filled(h.FindingLine, code="late_record", level="none")])
    page = browser.get("/case?no=1").text
    assert "仅记录" in page
    assert "事后补录" in page


def test_a_deemed_acceptance_says_since_when_it_runs_and_is_known(hostile, browser):
    """视为受理, 行政许可法第三十二条."""
    given = {"clock": "promised", "stopped_at": None, "started_at": NOW - 9 * 86_400}
    with_case(hostile, clocks=[filled(h.ClockLine, deemed=True, known_from=NOW, **given)])
    page = browser.get("/case?no=1").text
    assert "逾期未答复，视为受理（《行政许可法》第三十二条）" in page
    assert "<dt>得知</dt>" in page
    with_case(hostile, clocks=[
        filled(h.ClockLine, deemed=False, known_from=NOW, **given),
        filled(h.ClockLine, deemed=False, assumed=False, known_from=given["started_at"], **given),
    ])  # fmt: skip
    page = browser.get("/case?no=1").text
    assert "视为受理" not in page
    assert page.count("推定起点") == page.count("<dt>得知</dt>") == 1


@pytest.mark.parametrize(
    ("voided", "said"), [(True, "来源系统已收回本记录"), (False, "已由更新的版本替代")]
)
def test_what_became_of_a_record_stands_beside_it(hostile, browser, voided, said):
    events = [
        filled(h.Happening, version=version, voided=voided and version == 2) for version in (1, 2)
    ]
    with_case(hostile, events=events)
    page = browser.get("/case?no=1").text
    assert page.count(said) == (2 if voided else 1)
