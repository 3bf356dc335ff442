"""The pages: what is asked, in which language, and the answer as HTML."""

from __future__ import annotations

import hashlib
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response

from schemas.codes import Level
from schemas.events import CaseNumber, Name
from schemas.kept import Kept
from streams.board.case_page import case_view
from streams.board.history import HistoryAway, Wanted
from streams.board.overview import overview
from streams.board.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prometheus_client import CollectorRegistry
    from starlette.requests import Request

    from schemas.words import Language
    from streams.board.history import Figures, History
    from streams.board.latest import Latest, Reading
    from streams.board.reference import Reference
    from streams.engine.rules import Rules

REFRESH_SECONDS: Final = 3
LANGUAGES: Final = ("zh", "en")
LAST_PAGE: Final = 200
KEPT: Final = 8
"""Catalogues kept besides the one at hand."""
_YEAR: Final = 31_536_000

_NUMBER: Final[Kept[str]] = Kept(TypeAdapter(CaseNumber))
_DEPARTMENT: Final[Kept[str]] = Kept(TypeAdapter(Name))
_LEVEL: Final[TypeAdapter[Level]] = TypeAdapter(Level)
_PAGE: Final[TypeAdapter[int]] = TypeAdapter(Annotated[int, Field(ge=1, le=LAST_PAGE)])


class Pages:
    """Every page of the board. Thread-safe, as what it is made of is."""

    def __init__(
        self,
        history: History,
        figures: Latest[Figures],
        reference: Reference,
        registry: CollectorRegistry,
        language: Language,
    ) -> None:
        self._history, self._figures, self._reference = history, figures, reference
        self._registry, self._language = registry, language
        self._pinned: dict[str, Rules] = {}
        self._templates = Environment(
            loader=PackageLoader("streams.board"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals["asset"] = _asset_version()

    # -- for people

    def overview(self, request: Request) -> Response:
        """Show the front page."""
        return self._figures_page(request, "overview.html")

    def live(self, request: Request) -> Response:
        """Give the front page's sections alone, for its script."""
        return self._figures_page(request, "live.html")

    def departments(self, request: Request) -> Response:
        """Show every department."""
        return self._figures_page(request, "departments.html")

    def cases(self, request: Request) -> Response:
        """Show a list of cases; a number that is one case's own leads straight to it."""
        query = request.query_params
        number = query.get("q", "").strip()
        wanted = Wanted(
            number=_checked(_NUMBER, number) if number else "",
            level=_checked(_LEVEL, query["level"]) if query.get("level") else None,
            department=(
                (query["department"] and _checked(_DEPARTMENT, query["department"]))
                if "department" in query
                else None
            ),
            overdue=query.get("overdue") == "1",
            page=_checked(_PAGE, query.get("page", "1")),
        )
        found = self._history.cases(wanted)
        if wanted.number and any(line.case_no == wanted.number for line in found.lines):
            kept = {"lang": query["lang"]} if "lang" in query else {}
            return RedirectResponse(case_address(wanted.number, **kept), 303)
        return self._page(request, "cases.html", now=found.now, wanted=wanted, found=found)

    def case(self, request: Request) -> Response:
        """Show one case."""
        number = _checked(_NUMBER, request.query_params.get("no", ""))
        file = self._history.case(number)
        if file is None:
            raise HTTPException(404, "case")
        view = case_view(file, self._rules_of(file.catalogue))
        return self._page(request, "case.html", now=file.now, view=view)

    def refused(self, request: Request, error: Exception) -> Response:
        """Show what was wrong with a request, in the reader's language."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        missing_case = status == 404 and getattr(error, "detail", "") == "case"  # noqa: PLR2004
        shown = status if status in {400, 404, 405} else 500
        return self._page(
            request,
            "error.html",
            status=status,
            title="error_404_case" if missing_case else f"error_{shown}",
            help="help_404" if shown == 405 else f"help_{shown}",  # noqa: PLR2004
            why="",
        )

    def away(self, request: Request, error: Exception) -> Response:
        """Say that there is no history to show."""
        why = error.why if isinstance(error, HistoryAway) else "failed"
        response = self._page(
            request,
            "error.html",
            status=503,
            title="error_503",
            help="help_503",
            why=f"away_{why}",
        )
        response.headers["retry-after"] = "5"
        return response

    # -- for machines

    def healthz(self, request: Request) -> Response:
        """Tell that the process serves."""
        del request
        return PlainTextResponse("ok\n")

    def readyz(self, request: Request) -> Response:
        """Tell whether there are fresh figures to show."""
        del request
        try:
            away = self._figures.get().away
        except HistoryAway as error:
            away = error.why
        if away is None:
            return PlainTextResponse("ready\n")
        return PlainTextResponse(f"the history is {away}\n", 503)

    def metrics(self, request: Request) -> Response:
        """Give the metrics of this process."""
        del request
        return Response(
            generate_latest(self._registry), headers={"content-type": CONTENT_TYPE_LATEST}
        )

    # -- how

    def _rules_of(self, catalogue: str) -> Rules | None:
        """Find the rules pinned for a case; where the history lacks them, those at hand."""
        at_hand = self._reference.rules
        if at_hand is not None and at_hand.catalogue.version == catalogue:
            return at_hand
        pinned = self._pinned.get(catalogue) or self._history.rules(catalogue)
        if pinned is None:
            return at_hand
        if len(self._pinned) >= KEPT:
            self._pinned.clear()
        self._pinned[catalogue] = pinned
        return pinned

    def _figures_page(self, request: Request, template: str) -> Response:
        reading: Reading[Figures] = self._figures.get()
        return self._page(
            request,
            template,
            now=reading.value.now,
            view=overview(reading.value),
            away=reading.away,
        )

    def _page(
        self, request: Request, template: str, *, now: int = 0, status: int = 200, **values: Any
    ) -> HTMLResponse:
        language = self._language_of(request)
        other = LANGUAGES[1 - LANGUAGES.index(language)]
        body = self._templates.get_template(template).render(
            say=Voice(language, self._reference, now),
            status=status,
            refresh=REFRESH_SECONDS,
            case_address=case_address,
            list_address=list_address,
            search=request.query_params.get("q", "")[:50],
            other_language=_with(request, lang=other),
            **values,
        )
        response = HTMLResponse(body, status, headers={"content-language": language})
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie(
                "lang", language, max_age=_YEAR, httponly=True, samesite="lax", path="/"
            )
        return response

    def _language_of(self, request: Request) -> Language:
        """Choose the language: asked for, chosen before, the browser's, the setting's."""
        for chosen in (request.query_params.get("lang"), request.cookies.get("lang")):
            if chosen in LANGUAGES:
                return "zh" if chosen == "zh" else "en"
        return preferred(request.headers.get("accept-language", "")) or self._language


def preferred(header: str) -> Language | None:
    """Read `Accept-Language`: the language of ours that it wants most, if any."""
    wanted: list[tuple[float, Language]] = []
    for part in header[:200].split(","):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality or 1)
        except ValueError:
            continue
        primary = tag.strip().lower().partition("-")[0]
        if primary in LANGUAGES and weight > 0:
            wanted.append((weight, "zh" if primary == "zh" else "en"))
    return max(wanted, key=lambda w: w[0])[1] if wanted else None


def case_address(number: str, **more: str) -> str:
    """Give the address of a case's page."""
    return "/case?" + urlencode({"no": number, **more})


def list_address(**wanted: object) -> str:
    """Give the address of a list of cases; what is None or empty is left out."""
    return "/cases?" + urlencode({k: v for k, v in wanted.items() if v not in {None, False}})


def _with(request: Request, **changes: str) -> str:
    url = request.url.include_query_params(**changes)
    return f"{url.path}?{url.query}"


def _checked(form: TypeAdapter[Any] | Kept[str], value: str) -> Any:
    try:
        return form.validate_python(value)
    except ValidationError:
        raise HTTPException(400) from None


def _asset_version() -> str:
    """Name the static files by their content, so that a new release is fetched anew."""
    static = resources.files("streams.board").joinpath("static")
    digest = hashlib.blake2b(digest_size=6)
    for file in sorted(static.iterdir(), key=lambda f: f.name):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def handlers(pages: Pages) -> Mapping[Any, Any]:
    """Give what answers for each kind of failure."""
    return {HTTPException: pages.refused, HistoryAway: pages.away, 500: pages.refused}
