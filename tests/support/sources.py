"""Catalogues with sources, for tests: two cities of a province, and who speaks for them."""

from __future__ import annotations

from schemas import topics
from schemas.catalogue_loading import catalogue_from
from schemas.macs import Key, signature
from tests.support.cases import built_in, days, rules_of

HN = Key("hn-2026", "hmac-sha-256", bytes(range(32)))
HN_NEXT = Key("hn-2027", "hmac-sha-256", bytes(range(1, 33)))
ZZ = Key("zz-2026", "hmac-sha-256", bytes(range(2, 34)))
OPS = Key("ops-2026", "hmac-sha-256", bytes(range(3, 35)))
KEYS = {key.id: key for key in (HN, HN_NEXT, ZZ, OPS)}

CHANGSHA = {
    "code": "hn-zwfw",
    "name": "长沙",
    "regions": ["430100"],
    "keys": ["hn-2026", "hn-2027"],
}
ZHUZHOU = {"code": "zz-zwfw", "name": "株洲", "regions": ["430200"], "keys": ["zz-2026"]}
FURONG = {"code": "furong", "name": "芙蓉", "regions": ["430102"], "unsigned": True}
TAX = {
    "code": "tax",
    "name": "税务",
    "regions": ["430000"],
    "departments": ["tax-430100"],
    "unsigned": True,
}
BUREAU = {
    "code": "bureau",
    "name": "监察",
    "regions": ["430100"],
    "keys": ["ops-2026"],
    "cures": True,
}
SOURCES = (CHANGSHA, ZHUZHOU, FURONG, TAX, BUREAU)

_PLACES = {
    "regions": [
        {"code": "430000", "name": "湖南省"},
        {"code": "430100", "name": "长沙市"},
        {"code": "430102", "name": "芙蓉区"},
        {"code": "430200", "name": "株洲市"},
    ],
    "departments": [
        {"code": "zj-430100", "name": "长沙住建", "region": "430100"},
        {"code": "zj-430200", "name": "株洲住建", "region": "430200"},
        {"code": "tax-430100", "name": "长沙税务", "region": "430000"},
    ],
}


def catalogue(*sources, **more):
    """A catalogue with these sources, and one item, `i`, of seven working days."""
    base = built_in()
    item = {"code": "i", "name": "事项", "versions": [{"clocks": {"promised": days(7)}}]}
    content = {**base.content, **_PLACES, "items": [item], **more}
    if sources:
        content["sources"] = list(sources)
    return catalogue_from(content, base.calendars)


def law(*sources):
    return rules_of(catalogue(*sources))


def signed(key, value, topic=topics.STEPS.name):
    """The headers of a record that a key has signed."""
    return [signature(key, topic, value)]
