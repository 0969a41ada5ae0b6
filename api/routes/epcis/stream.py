"""Subscriptions by WebSocket: events that fit a named query, as they are captured.

The subscription lasts as long as the connection. Who was away and wants what it missed says so by
`initialRecordTime`.
"""

import json
from contextlib import suppress
from urllib.parse import unquote

from anyio import CancelScope, create_task_group, sleep, to_thread
from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from api.epcis.problems import EPCIS_PROBLEM_OF_ERROR
from api.epcis.services import EpcisServices, epcis_of
from api.epcis.watching import Outlook, Watch, read_watch
from api.problems import problem_of
from api.services import services_in
from traceability.errors import DatabaseUnavailableError, NotFoundError, TraceabilityError

router = APIRouter()

_LOOK_EVERY_S = 0.25
_GONE, _CANNOT = 1001, 1011
_LONGEST_REASON = 40
"""In characters: the protocol has room for 123 bytes."""


@router.websocket("/queries/{name}/events")
async def watch_query(websocket: WebSocket, name: str) -> None:
    """Send what fits, until the client leaves or the query is removed."""
    services = services_in(websocket)
    epcis = epcis_of(websocket)
    form = websocket.headers.get("GS1-EPC-Format")
    watch = await to_thread.run_sync(
        read_watch, epcis, services.clock, unquote(name), websocket.query_params, form
    )
    await websocket.accept()
    async with create_task_group() as tasks:
        tasks.start_soon(_until_gone, websocket, tasks.cancel_scope)
        await _send(websocket, watch, epcis)
        tasks.cancel_scope.cancel()


@router.websocket("/{_rest:path}")
async def watch_elsewhere() -> None:
    """Say where events can be watched."""
    msg = "WebSockets are taken at /epcis/queries/{name}/events only, with stream or a schedule"
    raise NotFoundError("not-found", msg)


async def _end_with(websocket: WebSocket, error: TraceabilityError) -> None:
    """Say why nothing comes any more."""
    problem = problem_of(error, EPCIS_PROBLEM_OF_ERROR)
    with suppress(WebSocketDisconnect):
        await websocket.send_text(json.dumps(problem.as_json()))
        await websocket.close(_CANNOT, problem.type.title.en[:_LONGEST_REASON])


async def _until_gone(websocket: WebSocket, scope: CancelScope) -> None:
    """Wait for the client to leave, then end the scope; what it says means nothing."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    scope.cancel()


async def _send(websocket: WebSocket, watch: Watch, epcis: EpcisServices) -> None:
    """Send until the query is removed or can't be answered."""
    outlook: Outlook = websocket.app.state.outlook
    while True:
        view = await outlook.look(epcis)
        if view is not None and watch.ends(view):
            await websocket.close(_GONE, f"the query {watch.name} was removed"[:_LONGEST_REASON])
            return
        document = None
        if view is not None and watch.is_due(view):
            try:
                document = await to_thread.run_sync(
                    watch.next_document, epcis, limiter=outlook.threads
                )
            except DatabaseUnavailableError:
                pass  # it goes on once the database answers
            except TraceabilityError as error:
                await _end_with(websocket, error)
                return
        if document is None:
            await sleep(_LOOK_EVERY_S)
            continue
        try:
            await websocket.send_text(document)
        except (WebSocketDisconnect, RuntimeError):
            return  # the latter is what uvicorn says where it closes just then
