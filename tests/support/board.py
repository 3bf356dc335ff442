"""A town's hall for the board's tests: judged by the engine, written as the sink writes."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx
from prometheus_client import CollectorRegistry

from schemas import topics
from schemas.catalogue_loading import load_catalogue
from schemas.events import STEP_EVENT
from streams.board.server import run_board
from streams.engine.rules import Rules
from streams.sink.rows import TOPICS, rows_of
from tests.support.cases import event
from tests.support.history import Sent, dead_letter
from tests.support.partition import Partition
from tests.support.wait import eventually

if TYPE_CHECKING:
    from collections.abc import Iterable

BEIJING = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 9, 24, 10, 20, tzinfo=BEIJING)
"""The hall's present: a Thursday, the day before 中秋节."""

DEPARTMENTS = {
    "d01": ("市场监督管理局", "Administration for Market Regulation"),
    "d02": ("住房和城乡建设局", "Bureau of Housing and Urban-Rural Development"),
    "d03": (
        "新区行政审批服务局（政务服务和数据管理局）",
        "Administrative Approval Bureau of the New Area (Government Services and Data)",
    ),
    "d04": ("自然资源和规划局", "Bureau of Natural Resources and Planning"),
    "d05": ("公安局", "Public Security Bureau"),
    "d06": ("生态环境局", "Bureau of Ecology and Environment"),
    "d07": ("卫生健康委员会", "Health Commission"),
    "d08": ("交通运输局", "Transportation - Traffic Division"),
    "d09": ("应急管理局", "Bureau of Emergency Management"),
    "d10": ("水务局", "Water Authority"),
    "d11": ("文化广电旅游体育局", "Bureau of Culture, Radio, TV, Tourism and Sports"),
    "d12": ("烟草专卖局", "Tobacco Monopoly Administration"),
}
ITEMS = {
    "i01": ("食品经营许可", "Food business licence", "d01", 7, 20),
    "i02": ("建筑工程施工许可证核发", "Construction permit", "d02", 10, 15),
    "i03": ("企业投资项目备案", "Filing of an enterprise investment project", "d03", 1, 5),
    "i04": ("建设用地规划许可证核发", "Permit for planned use of building land", "d04", 12, 20),
    "i05": (
        "在城市道路、公共场所举办大型群众性活动安全许可",
        "Safety permit for large mass activities on roads and in public places of the city",
        "d05",
        5,
        7,
    ),
    "i06": ("排污许可证核发", "Pollutant discharge permit", "d06", 15, 30),
    "i07": ("公共场所卫生许可", "Hygiene permit for a public place", "d07", 8, 20),
    "i08": ("道路货物运输经营许可", "Road freight licence", "d08", 6, 20),
    "i09": ("危险化学品经营许可", "Licence to trade in hazardous chemicals", "d09", 20, 30),
    "i10": ("取水许可", "Water abstraction permit", "d10", 18, 45),
    "i11": ("娱乐场所设立审批", "Approval of an entertainment venue", "d11", 10, 20),
    "i12": ("烟草专卖零售许可证核发", "Tobacco retail licence", "d12", 9, 20),
}
BASIS = "basis: 《行政许可法》§42"
STEPS = (("shenli", "受理"), ("shencha", "审查"), ("jueding", "决定"))


def write_catalogue(folder):
    """Write the hall's catalogue; give the directory."""
    lines = ["name: town", "regions:", "  - {code: '430100', name: 长沙市, name_en: Changsha}"]
    lines.append("departments:")
    lines += [
        f"  - {{code: {code}, name: {zh}, name_en: '{en}', region: '430100'}}"
        for code, (zh, en) in DEPARTMENTS.items()
    ]
    lines.append("items:")
    for code, (zh, en, department, promised, statutory) in ITEMS.items():
        mode = "elapsed" if code == "i07" else "next_day"
        common = f"{BASIS}, mode: {mode}"
        lines += [
            f"  - code: {code}",
            f"    name: {zh}",
            f"    name_en: '{en}'",
            f"    department: {department}",
            "    versions:",
            "      - clocks:",
            f"          promised: {{amount: {promised}, unit: working_day, mode: {mode}}}",
            f"          statutory: {{amount: {statutory}, unit: working_day, {common}}}",
            "        flow:",
            *(
                f"          - {{code: {step}, name: {name},"
                f" limit: {{amount: {max(1, promised // 2)}, unit: working_day}}}}"
                for step, name in STEPS
            ),
        ]
    (folder / "catalogue.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@dataclass
class Hall:
    """A partition of the engine, whose records go into ClickHouse."""

    rules: Rules
    sent: int = 0

    def __post_init__(self):
        self.partition = Partition(self.rules)

    @classmethod
    def of(cls, catalogue):
        return cls(Rules.of(load_catalogue(catalogue)))

    def live(self, events, until=NOW):
        """Take events as they happen, with a tick each hour up to a moment."""
        waiting = sorted(events, key=lambda e: e.occurred_at)
        moment = (waiting[0].occurred_at if waiting else until).astimezone(BEIJING)
        while waiting:
            moment = min(until, moment + timedelta(hours=1))
            count = next((n for n, e in enumerate(waiting) if e.occurred_at > moment), len(waiting))
            self._feed(waiting[:count], moment)
            self.partition.tick(int(moment.timestamp()))
            waiting = waiting[count:]
            if moment == until:
                break
        while moment < until:
            moment = min(until, moment + timedelta(hours=1))
            self.partition.tick(int(moment.timestamp()))

    def _feed(self, events, arrived):
        if events:
            values = [STEP_EVENT.dump_json(e) for e in events]
            keys = [e.case_no.encode() for e in events]
            stamp = int(arrived.timestamp()) * 1000
            self.partition.logic.apply(
                self.partition.chunk(topics.STEPS.name, values, keys=keys, timestamp=stamp)
            )

    def records(self) -> list[Sent]:
        """What the engine has written since the last time."""
        self.partition.take()
        new = self.partition.outputs[self.sent :]
        self.sent = len(self.partition.outputs)
        return [Sent(o.topic, o.value, o.key) for o in new if o.topic in TOPICS]


def insert(client, records: Iterable[Sent]) -> None:
    """Write records as the sink does."""
    rows = defaultdict(list)
    for record in records:
        for table, values in rows_of(record):
            rows[table].append(values)
    for table, values in rows.items():
        columns = [list(column) for column in zip(*values, strict=True)]
        client.execute(table.insert, columns, columnar=True)


def plenty(cases=700, seed=7):
    """Hundreds of cases of a fortnight: most in time, some late, some suspended."""
    rng = random.Random(seed)
    events = []
    for number in range(cases):
        item = rng.choice(list(ITEMS))
        *_, promised, _ = ITEMS[item]
        began = NOW - timedelta(
            days=rng.choice((1, 2, 4, 6, 8, 9, 12, 14, 20, 30)) * rng.random() + 0.05,
        )
        began = began.replace(hour=rng.randrange(9, 17), minute=rng.randrange(60), second=0)
        if began >= NOW:
            began -= timedelta(days=1)
        events += one(
            f"4301{began:%Y%m%d}{number:05d}",
            began,
            item=item,
            lasts=timedelta(days=rng.expovariate(1 / (promised * 1.1))),
            officer=rng.choice(("李建国", "王芳", "欧阳静怡", "chen.wei", "刘洋", "窗口07号")),
            suspended=rng.random() < 0.06,
        )
    return [e for e in events if e.occurred_at <= NOW]


def one(case_no, began, *, item, lasts, officer="李建国", suspended=False, **facts):
    """One case: received, accepted, its steps, decided and finished."""

    def at(moment, kind, **more):
        return event(
            kind,
            f"{moment:%Y-%m-%d %H:%M:%S}",
            case_no=case_no,
            item=item,
            event_id=f"{case_no}-{kind}-{moment:%Y%m%dT%H%M%S}-{more.get('step', '')}",
            region="430100",
            officer=f"o{len(officer) + 10}" if " " in officer else officer,
            officer_name=officer,
            **more,
            **facts,
        )

    events = [at(began, "received"), at(began + timedelta(minutes=30), "accepted")]
    moment = began + timedelta(minutes=31)
    for step, name in STEPS:
        events.append(at(moment, "step_started", step=step, step_name=name))
        moment += lasts / len(STEPS)
        if suspended and step == "shencha":
            events.append(
                at(
                    moment,
                    "suspended",
                    suspension="expert_review",
                    days_asked=3,
                    basis="需组织专家评审",
                )
            )
            moment += timedelta(days=4)
            events.append(at(moment, "resumed"))
        events.append(at(moment, "step_finished", step=step, step_name=name, result="passed"))
    events.append(at(moment, "decided", outcome="granted"))
    events.append(at(moment, "finished", outcome="granted"))
    return events


def faulty(cases=6):
    """Open cases whose special procedure shows no basis, and was told to nobody."""
    events = []
    for number in range(cases):
        case_no, began = f"43012026{number:05d}F", NOW - timedelta(days=3, hours=number)
        item = list(ITEMS)[number % 3]
        events += one(case_no, began, item=item, lasts=timedelta(days=9))
        events.append(
            event(
                "suspended",
                f"{NOW - timedelta(days=1, hours=number):%Y-%m-%d %H:%M:%S}",
                case_no=case_no,
                item=item,
                event_id=f"{case_no}-suspended",
                suspension="inspection",
                days_asked=3,
                reason=None,
                told_at=None,
            )
        )
    return [e for e in events if e.occurred_at <= NOW]


def refusals(count):
    return [dead_letter(n) for n in range(count)]


class Visitor:
    """Asks an application without a wire, and keeps its cookies."""

    def __init__(self, app):
        self.app, self.cookies = app, httpx.Cookies()

    def get(self, address, **more):
        return self.request("GET", address, **more)

    def head(self, address):
        return self.request("HEAD", address)

    def request(self, method, address, **more):
        return asyncio.run(self._request(method, address, **more))

    async def _request(self, method, address, **more):
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://board", cookies=self.cookies
        ) as client:
            answer = await client.request(method, address, **more)
            self.cookies = client.cookies
            return answer


@contextlib.contextmanager
def served(settings):
    """Run the board in a thread, as its role runs it; yield its address. It must end in 10 s."""
    stop, ended = threading.Event(), []

    def run():
        try:
            run_board(settings, stop, CollectorRegistry())
            ended.append(None)
        except BaseException as error:
            ended.append(error)
            raise

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{settings.http.port}"
    try:
        eventually(lambda: httpx.get(f"{address}/healthz").is_success, forgive=httpx.HTTPError)
        yield address
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive(), "the board did not stop within 10 s"
        assert ended == [None]
