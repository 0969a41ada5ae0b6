"""Fills templates in the reader's language."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import segno
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from api.negotiation import language
from api.pages.formats import Formats
from api.pages.names import Names
from api.pages.texts import STATUS
from park.assets import Park
from park.telemetry import Text
from park.times import format_instant


class Renderer:
    """Makes pages of templates; one serves all requests."""

    def __init__(self, park: Park) -> None:
        self._park = park
        self._templates = Environment(
            loader=PackageLoader("api", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def page(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> HTMLResponse:
        """A template as an answer; templates find the reader's language in `f` and `t`."""
        chosen = language(request)
        formats = Formats(chosen)
        links = Links(request)
        html = self._templates.get_template(template).render(
            values,
            lang=chosen,
            f=formats,
            t=formats.text,
            link=links.to,
            lang_chosen="lang" in request.query_params,
            names=Names(self._park, formats),
            status_words=STATUS,
            other_language=links.in_other_language(chosen),
            address=str(request.url.replace(query="", fragment="")),
            iso=_iso,
            park_name=formats.name(self._park.site.name),
        )
        answer = HTMLResponse(html, status, dict(headers or {}))
        answer.headers["Content-Language"] = chosen
        answer.headers.add_vary_header("Accept")
        answer.headers.add_vary_header("Accept-Language")
        return answer


class Links:
    """Addresses of pages that keep the language the reader chose."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._lang = request.query_params.get("lang")

    def to(self, path: str, **query: str | None) -> str:
        """A path on this server with a query; what is None or empty is left out."""
        given = {name: value for name, value in query.items() if value}
        if self._lang:
            given["lang"] = self._lang
        return f"{path}?{urlencode(given)}" if given else path

    def in_other_language(self, chosen: str) -> str:
        """This page in the other language."""
        other = "en" if chosen == "zh" else "zh"
        query = [(n, v) for n, v in self._request.query_params.multi_items() if n != "lang"]
        return f"{self._request.url.path}?{urlencode([*query, ('lang', other)])}"


def _iso(instant: datetime) -> str:
    return format_instant(instant)


def qr_code(content: str, title: str) -> Markup:
    """A QR code as inline SVG, dark on light."""
    # segno escapes the title; the rest of its markup holds no text of ours.
    svg = segno.make(content, error="m", micro=False).svg_inline(
        scale=4, border=2, omitsize=True, svgclass="qr", lineclass=None, title=title
    )
    return Markup(svg)  # noqa: S704 - see above


def text_pair(text: Text) -> dict[str, str]:
    """A text as JSON."""
    return {"en": text.en, "zh": text.zh}


def renderer_of(request: Request) -> Renderer:
    """The renderer of the application that serves the request."""
    renderer: Renderer = request.app.state.renderer
    return renderer
