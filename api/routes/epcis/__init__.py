"""The EPCIS 2.0 REST binding (GS1 EPCIS 2.0, section 12; its OpenAPI file, 2.0.1).

Every address of the standard, under `/epcis`. Errors are the standard's exceptions, see
`api.epcis.problems`.
"""

from fastapi import APIRouter, Depends

from api.epcis.discovery import add_discovery
from api.epcis.headers import check_versions
from api.epcis.limits import check_address
from api.routes.epcis import capture, events, queries, resources, root, stream, subscriptions

_CHECKS = [Depends(check_address), Depends(check_versions)]

router = APIRouter(prefix="/epcis")
router.add_api_route(
    "",
    root.list_top_level,
    name="list_top_level_too",
    include_in_schema=False,
    dependencies=_CHECKS,
)
add_discovery(router, "", captures=True, listed=False)
# An id may hold slashes: what ends in something fixed stands before what ends in an id.
for _part in (root, capture, events, subscriptions, queries, resources):
    router.include_router(_part.router, dependencies=_CHECKS)
router.include_router(stream.router)
