"""The board in a real browser: both languages, two widths, with and without scripts."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from deploy.local.ports import free_port
from tests.support import board
from tests.support.history import database
from tests.support.need import need
from tests.support.wait import eventually

pytestmark = pytest.mark.browser

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
WIDTHS = {1440: 900, 390: 844}


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    made = board.Hall.of(board.write_catalogue(tmp_path_factory.mktemp("catalogue")))
    made.live([*board.plenty(150), *board.faulty()], board.NOW - timedelta(minutes=30))
    return made


@pytest.fixture(scope="module")
def site(embedded_clickhouse, hall, tmp_path_factory):
    """A served board: its address, and a client of its database."""
    from streams.settings import Engine, Http, Settings

    catalogue = board.write_catalogue(tmp_path_factory.mktemp("served"))
    with database(embedded_clickhouse) as (where, client):
        board.insert(client, hall.records())
        settings = Settings(
            clickhouse=where,
            catalogue=catalogue,
            http=Http(port=free_port()),
            engine=Engine(ticks_from="replay"),
        )
        with board.served(settings) as address:
            yield address, client


@pytest.fixture(scope="module")
def chrome(tmp_path_factory):
    """Start browsers, with or without scripts; all end with the module."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    chromium, driver = need("chromium"), need("chromedriver")
    started = {}

    def start(*, scripts=True):
        if scripts not in started:
            options = webdriver.ChromeOptions()
            options.binary_location = chromium
            for flag in FLAGS:
                options.add_argument(flag)
            options.add_argument(f"--user-data-dir={tmp_path_factory.mktemp('chromium')}")
            options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
            if not scripts:
                options.add_experimental_option(
                    "prefs", {"profile.managed_default_content_settings.javascript": 2}
                )
            started[scripts] = webdriver.Chrome(options=options, service=Service(driver))
            started[scripts].set_page_load_timeout(30)
        return started[scripts]

    yield start
    for browser in started.values():
        browser.quit()


def see(browser, address, width=1440):
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {
            "width": width,
            "height": WIDTHS[width],
            "deviceScaleFactor": 1,
            "mobile": width < 1000,
        },
    )
    browser.get_log("browser")
    browser.get(address)
    return browser


def find(browser, css):
    from selenium.webdriver.common.by import By

    return browser.find_elements(By.CSS_SELECTOR, css)


def a_case(site):
    ((number,),) = site[1].execute(
        "SELECT case_no FROM v_open_cases WHERE level = 'yellow' ORDER BY case_no LIMIT 1"
    )
    return number


def addresses(site):
    root = site[0]
    ((faulty,),) = site[1].execute("SELECT max(case_no) FROM v_findings WHERE carded")
    return [f"{root}/", f"{root}/departments", f"{root}/cases?level=yellow",
            f"{root}/case?no={a_case(site)}", f"{root}/case?no={faulty}",
            f"{root}/cases?q=nothing-like-it"]  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("width", WIDTHS)
def test_pages_fit_and_say_nothing_to_the_console(chrome, site, width, language):
    browser = chrome()
    for address in addresses(site):
        joint = "&" if "?" in address else "?"
        see(browser, f"{address}{joint}lang={language}", width)
        assert find(browser, "html")[0].get_attribute("lang")[:2] == language
        wide, room = browser.execute_script(
            "const e = document.documentElement; return [e.scrollWidth, e.clientWidth]"
        )
        assert wide <= room, f"{address} is {wide} px wide in {room}"
        assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_words_and_ground_stand_apart(chrome, site, width):
    """Contrast by WCAG 2: 4.5 for text, 3 for large text."""
    browser = chrome()
    for address in addresses(site):
        poor = see(browser, f"{address}", width).execute_script(CONTRAST)
        assert poor == []


CONTRAST = """
const rgb = (c) => (c.match(/[\\d.]+/g) || []).map(Number);
const light = (c) => { const [r, g, b] = c.map((v) => { v /= 255;
  return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const mix = (top, a, under) => top.map((v, i) => v * a + under[i] * (1 - a));
const ground = (e) => { for (; e; e = e.parentElement) {
  const c = rgb(getComputedStyle(e).backgroundColor);
  if (c.length && (c.length < 4 || c[3] > 0.99)) return c.slice(0, 3); } return [255, 255, 255]; };
const opacity = (e) => { let o = 1; for (; e; e = e.parentElement) o *= getComputedStyle(e).opacity;
  return o; };
const poor = [];
for (const e of document.querySelectorAll("body *")) {
  const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
  if (!own || !e.checkVisibility() || e.closest(".unseen, .skip")) continue;
  const style = getComputedStyle(e), size = parseFloat(style.fontSize);
  const under = ground(e), ink = mix(rgb(style.color).slice(0, 3), opacity(e), under);
  const [a, b] = [light(ink), light(under)];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  const large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
  if (ratio < (large ? 3 : 4.5))
    poor.push(`${e.className || e.tagName}: ${e.textContent.trim().slice(0, 30)} ${ratio}`);
}
return [...new Set(poor)];
"""


def test_a_level_is_told_by_word_and_shape_too(chrome, site):
    browser = see(chrome(), f"{site[0]}/?lang=en")
    badges = browser.execute_script(
        "return [...document.querySelectorAll('.badge')]"
        ".map((b) => [b.textContent.trim(), b.querySelector('svg').innerHTML])"
    )
    shapes = {word: {shape for of, shape in badges if of == word} for word, _ in badges}
    assert set(shapes) >= {"Yellow", "Notice"}
    assert all(len(shape) == 1 for shape in shapes.values())
    assert len({next(iter(shape)) for shape in shapes.values()}) == len(shapes)


def test_without_scripts_everything_is_there(chrome, site):
    browser = see(chrome(scripts=False), f"{site[0]}/?lang=zh")
    for section in ("clock", "tiles", "newest", "due", "departments", "health"):
        assert find(browser, f"#{section}")[0].text.strip()
    assert len(find(browser, "#newest .row")) == 8
    assert find(browser, "meta[http-equiv=refresh]"), "it reloads by itself"
    find(browser, "#newest .row a")[0].click()
    assert find(browser, ".clock-of-case .count tfoot")


def test_search_leads_to_the_case(chrome, site):
    from selenium.webdriver.common.keys import Keys

    number = a_case(site)
    browser = see(chrome(), f"{site[0]}/?lang=en")
    find(browser, "#q")[0].send_keys(number, Keys.ENTER)
    eventually(lambda: find(browser, ".head .number"))
    assert find(browser, ".head .number")[0].text == number
    find(browser, "#q")[0].send_keys(number[:10], Keys.ENTER)
    eventually(lambda: find(browser, "table.cases tbody tr"))
    assert all(number[:10] in row.text for row in find(browser, "table.cases tbody tr"))


def test_the_case_page_counts_every_interval(chrome, site):
    browser = see(chrome(), f"{site[0]}/case?no={a_case(site)}&lang=en")
    tables = find(browser, ".count")
    assert len(tables) >= 4
    told = 0
    for table in tables:
        cells = browser.execute_script(
            "return [...arguments[0].rows].map((r) => [...r.cells].map((c) => c.textContent))",
            table,
        )
        amounts = [re.match(r"\d+ (?=working day)", row[2]) for row in cells[1:-1]]
        total = re.match(r"\d+ (?=working day)", cells[-1][1])
        if total:
            assert sum(int(a[0]) for a in amounts if a) == int(total[0])
            told += 1
    assert told
    assert find(browser, ".time-line li")


def test_keys_alone_reach_everything(chrome, site):
    from selenium.webdriver.common.keys import Keys

    browser = see(chrome(), f"{site[0]}/?lang=en")
    reached = []
    for _ in range(12):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        focused = browser.switch_to.active_element
        reached.append(focused.get_attribute("class") or focused.tag_name)
        assert browser.execute_script(
            "return getComputedStyle(arguments[0]).outlineStyle !== 'none'", focused
        )
    assert reached[:2] == ["skip", "brand"]
    assert "input" in reached
    assert any("tile" in name for name in reached)


def test_new_cards_appear_without_a_reload(chrome, site, hall):
    browser = see(chrome(), f"{site[0]}/?lang=en")
    browser.execute_script("window.kept = true; document.querySelector('#due .row a').focus()")
    focused = browser.execute_script("return document.activeElement.getAttribute('href')")
    before = card_ids(browser)
    hall.live(
        board.one(
            "NEW/<b>1</b>",
            board.NOW - timedelta(days=30),
            item="i01",
            lasts=timedelta(days=99),
            officer="<i>x</i>",
        )[:3],
    )
    board.insert(site[1], hall.records())
    eventually(lambda: card_ids(browser) != before, 20)
    assert browser.execute_script("return window.kept === true"), "the page was not reloaded"
    assert "NEW/<b>1</b>" in browser.execute_script(
        "return document.getElementById('newest').textContent"
    )
    assert re.search(r"New cards were issued: \d", spoken(browser))
    assert browser.execute_script("return document.activeElement.getAttribute('href')") == focused
    assert browser.get_log("browser") == []


OLD = "delete AbortSignal.timeout; delete AbortSignal.any;"
"""What a browser before Chromium 103 has not; the driver itself needs other new things."""


def test_an_old_browser_is_kept_up_to_date(chrome, site, hall):
    """Without AbortSignal.timeout the page said for ever, in red, that the connection was lost."""
    browser = chrome()
    added = browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": OLD})
    try:
        see(browser, f"{site[0]}/?lang=zh")
        assert browser.execute_script("return typeof AbortSignal.timeout") == "undefined"
        before = card_ids(browser)
        hall.live(
            board.one(
                "OLD-1", board.NOW - timedelta(days=31), item="i01", lasts=timedelta(days=99)
            )[:3],
        )
        board.insert(site[1], hall.records())
        eventually(lambda: card_ids(browser) != before, 20)
        assert not find(browser, "#lost")[0].is_displayed()
        assert browser.get_log("browser") == []
    finally:
        browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", added)


@pytest.mark.long
def test_a_lost_connection_is_said_and_its_end_too(chrome, site):
    browser = see(chrome(), f"{site[0]}/?lang=en")
    network = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    browser.execute_cdp_cmd("Network.enable", {})
    browser.execute_cdp_cmd("Network.emulateNetworkConditions", network)
    try:
        eventually(find(browser, "#lost")[0].is_displayed, 20)
        assert "The connection is lost" in find(browser, "#lost")[0].text
        assert find(browser, "#newest .row")
    finally:
        browser.execute_cdp_cmd("Network.emulateNetworkConditions", {**network, "offline": False})
    eventually(lambda: not find(browser, "#lost")[0].is_displayed(), 30)


def card_ids(browser):
    return browser.execute_script(
        "return [...document.querySelectorAll('#newest .row')].map((row) => row.dataset.card)"
    )


def spoken(browser):
    return browser.execute_script("return document.getElementById('said').textContent")
