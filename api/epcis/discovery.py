"""What an address can do: OPTIONS, and the answer to methods that it doesn't take."""

import re
from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Depends, HTTPException, Request
from starlette.responses import Response

from api.epcis.headers import DISCOVERY
from api.epcis.limits import capture_limits
from api.services import services_in

_METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


def add_discovery(
    router: APIRouter,
    path: str,
    allow: str = "GET",
    *,
    exists: Callable[..., Any] | None = None,
    captures: bool = False,
    listed: bool = True,
) -> None:
    """Answer OPTIONS and methods that aren't allowed at a path of the router.

    `exists` is a dependency that raises where what the path names isn't there; `listed` says
    whether OpenAPI tells of it.
    """
    methods = {"OPTIONS", *allow.split(", ")}
    name = "_".join(re.findall(r"\w+", path.replace(":path", "")))

    async def discover(request: Request) -> Response:
        """Methods, versions and limits, in the headers of the answer."""
        services = services_in(request)
        limits = {**capture_limits(services), "GS1-Capture-Error-Behaviour": "all"}
        headers = {**DISCOVERY, **(limits if captures else {}), "Allow": f"OPTIONS, {allow}"}
        return Response(status_code=204, headers=headers)

    async def refuse() -> None:
        # Starlette names the methods of the first route that has the path; there are several.
        raise HTTPException(405, headers={"Allow": f"OPTIONS, {allow}"})

    router.add_api_route(
        path,
        refuse,
        methods=sorted(_METHODS - methods),
        name=f"refuse_{name}",
        include_in_schema=False,
    )
    router.add_api_route(
        path,
        discover,
        methods=["OPTIONS"],
        name=f"discover_{name}",
        summary="What this address can do",
        status_code=204,
        response_class=Response,
        include_in_schema=listed,
        dependencies=[] if exists is None else [Depends(exists)],
    )
