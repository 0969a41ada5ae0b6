"""Subscriptions to named queries by webhook."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.epcis import requests
from api.epcis.answers import JsonType, json_answer
from api.epcis.bodies import JsonBody
from api.epcis.controls import read_schedule
from api.epcis.discovery import add_discovery
from api.epcis.headers import EpcFormatAsked
from api.epcis.paging import Paged, link_to_next, public_address
from api.epcis.responses import exceptions
from api.epcis.services import EpcisNeeded
from api.models.epcis import SubscriptionIn, SubscriptionOut, validated
from api.parameters import PathText
from api.routes.epcis.queries import QueryPath, query_exists
from api.services import ServicesNeeded
from traceability.epcis.subscriptions.store import Wanted

router = APIRouter(
    tags=["EPCIS subscriptions"],
    responses=exceptions("NoSuchResourceException"),
)

SubscriptionPath = Annotated[PathText, Path(description="The id of a subscription.")]
_LIST = "/queries/{name}/subscriptions"
_ONE = "/queries/{name}/subscriptions/{subscription}"


@router.get(
    _LIST,
    summary="List subscriptions to a query",
    response_model=list[SubscriptionOut],
    responses=exceptions("NoSuchResourceException", "NotAcceptableException"),
)
def list_subscriptions(
    request: Request, epcis: EpcisNeeded, name: QueryPath, asked: Paged, media_type: JsonType
) -> Response:
    """Subscriptions by webhook, the oldest first; WebSockets last as long as they are open."""
    page = epcis.subscriptions.page(name, asked.token, asked.per_page)
    content = [
        SubscriptionOut.of(each).model_dump(mode="json", exclude_none=True) for each in page.items
    ]
    return json_answer(content, media_type, headers=link_to_next(request, page.next_token))


@router.post(
    _LIST,
    summary="Subscribe to a query",
    status_code=201,
    response_model=SubscriptionOut,
    responses=exceptions(
        "NoSuchResourceException",
        "NotAcceptableException",
        "SubscriptionControlsException",
        "UnsupportedMediaTypeException",
    ),
    openapi_extra=requests.body(
        requests.of_model(
            SubscriptionIn, {"dest": "https://client.example.com/callback", "stream": True}
        )
    ),
)
def add_subscription(
    request: Request,
    services: ServicesNeeded,
    epcis: EpcisNeeded,
    name: QueryPath,
    sent: JsonBody,
    form: EpcFormatAsked,
    media_type: JsonType,
) -> Response:
    """Have events that fit sent to `dest`, at once (`stream`) or at times (`schedule`)."""
    asked = validated(SubscriptionIn, sent.json())
    schedule = read_schedule(asked.schedule, stream=asked.stream)
    epcis.queries.get(name)
    epcis.webhooks.check(asked.dest)
    wanted = Wanted(
        dest=asked.dest,
        schedule=schedule,
        signature_token=asked.signature_token,
        report_if_empty=asked.report_if_empty,
        initial_record_time=asked.initial_record_time or asked.min_record_time,
        identifier_form=form,
    )
    added = epcis.subscriptions.add(name, wanted, services.clock())
    epcis.runner.wake()
    address = f"/epcis/queries/{quote(name, safe='')}/subscriptions/{added.subscription_id}"
    return json_answer(
        SubscriptionOut.of(added).model_dump(mode="json", exclude_none=True),
        media_type,
        status=201,
        headers={"Location": public_address(request, address)},
    )


@router.get(
    _ONE,
    summary="One subscription",
    response_model=SubscriptionOut,
    responses=exceptions("NoSuchResourceException", "NotAcceptableException"),
)
def get_subscription(
    epcis: EpcisNeeded, name: QueryPath, subscription: SubscriptionPath, media_type: JsonType
) -> Response:
    """What was asked for, and when the subscriber was told last; never the secret."""
    found = SubscriptionOut.of(epcis.subscriptions.get(name, subscription))
    return json_answer(found.model_dump(mode="json", exclude_none=True), media_type)


@router.delete(
    _ONE,
    summary="Unsubscribe",
    status_code=204,
    response_class=Response,
    responses=exceptions("NoSuchResourceException"),
)
def remove_subscription(
    epcis: EpcisNeeded, name: QueryPath, subscription: SubscriptionPath
) -> Response:
    """Nothing more is sent, but what is under way."""
    epcis.subscriptions.remove(name, subscription)
    return Response(status_code=204)


def _subscription_exists(
    epcis: EpcisNeeded, name: QueryPath, subscription: SubscriptionPath
) -> None:
    epcis.subscriptions.get(name, subscription)


add_discovery(router, _LIST, "GET, POST", exists=query_exists)
add_discovery(router, _ONE, "GET, DELETE", exists=_subscription_exists)
