"""Capture of documents, and the jobs that say what became of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request
from starlette.responses import Response

from api.epcis import requests
from api.epcis.answers import JsonOrXmlType, JsonType, json_answer
from api.epcis.bodies import XML_TYPES, BodyInTurn
from api.epcis.discovery import add_discovery
from api.epcis.documents import event_count
from api.epcis.limits import capture_limits
from api.epcis.paging import Paged, link_to_next, public_address
from api.epcis.responses import exceptions
from api.epcis.services import EpcisNeeded
from api.epcis.xml_answers import job_xml
from api.errors import ProblemError
from api.models.epcis import Job
from api.parameters import PathText
from api.services import Services, ServicesNeeded

router = APIRouter(tags=["EPCIS capture"], responses=exceptions())

_BEHAVIOURS = ("rollback", "proceed")
_BEHAVIOUR = "GS1-Capture-Error-Behaviour"

JobPath = Annotated[PathText, Path(description="The captureID of a job.")]


def _behaviour(
    asked: Annotated[
        str,
        Header(
            alias=_BEHAVIOUR,
            description="`rollback`: all events or none. `proceed`: those that can be captured.",
        ),
    ] = "rollback",
) -> str:
    found = asked.strip().lower()
    if found not in _BEHAVIOURS:
        raise ProblemError(
            "ValidationException", f"{_BEHAVIOUR}: {asked[:50]!r} is neither rollback nor proceed"
        )
    return found


@router.post(
    "/capture",
    summary="Capture a document",
    status_code=202,
    response_class=Response,
    responses=exceptions("CaptureLimitExceededException", "UnsupportedMediaTypeException"),
    openapi_extra=requests.body(requests.DOCUMENT),
)
def capture_document(
    request: Request,
    services: ServicesNeeded,
    epcis: EpcisNeeded,
    sent: BodyInTurn,
    behaviour: Annotated[str, Depends(_behaviour)],
) -> Response:
    """An EPCISDocument or EPCISQueryDocument of events; what became of it is at `Location`.

    A document that breaks the standard's schema is refused as a whole, with every path that is
    wrong; with `proceed`, its events that don't are captured all the same.
    """
    began = services.clock()
    document = sent.document()
    _check_count(document, services)
    proceed = behaviour == "proceed"
    result = epcis.repository.capture_document(document, proceed=proceed)
    job = epcis.jobs.add(began, services.clock(), result.refused, proceed=proceed)
    epcis.runner.wake()
    headers = {
        _BEHAVIOUR: behaviour,
        "Location": public_address(request, f"/epcis/capture/{job.job_id}"),
    }
    return Response(status_code=202, headers=headers)


@router.get(
    "/capture",
    summary="List capture jobs",
    response_model=list[Job],
    responses=exceptions("NotAcceptableException"),
)
def list_capture_jobs(
    request: Request, epcis: EpcisNeeded, asked: Paged, media_type: JsonType
) -> Response:
    """The jobs, the latest first."""
    page = epcis.jobs.jobs(asked.token, asked.per_page)
    content = [Job.of(job).model_dump(mode="json") for job in page.items]
    return json_answer(content, media_type, headers=link_to_next(request, page.next_token))


@router.get(
    "/capture/{job}",
    summary="One capture job",
    response_model=Job,
    responses={
        200: {"content": {kind: {"schema": {"type": "string"}} for kind in XML_TYPES}},
        **exceptions("NoSuchResourceException", "NotAcceptableException"),
    },
)
def get_capture_job(epcis: EpcisNeeded, job: JobPath, media_type: JsonOrXmlType) -> Response:
    """What became of a document: `success`, or the errors event by event."""
    found = Job.of(epcis.jobs.job(job))
    headers = {_BEHAVIOUR: found.captureErrorBehaviour}
    content = found.model_dump(mode="json")
    if media_type in XML_TYPES:
        return Response(job_xml(content), 200, headers, media_type)
    return json_answer(content, media_type, headers=headers)


def _job_exists(epcis: EpcisNeeded, job: JobPath) -> None:
    epcis.jobs.job(job)


def _check_count(document: Any, services: Services) -> None:
    count, most = event_count(document), services.settings.capture_limit_events
    if count > most:
        raise ProblemError(
            "CaptureLimitExceededException",
            f"the document has {count} events, at most {most} are captured at once; split it",
            headers=capture_limits(services),
        )


add_discovery(router, "/capture", "GET, POST", captures=True)
add_discovery(router, "/capture/{job}", exists=_job_exists, captures=True)
