"""What clients send and get under `/epcis`, other than events; names are the standard's."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from fastapi.exceptions import RequestValidationError
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from api.epcis.problems import refusal_as_json
from api.models.common import Model, Time
from park.scans import Instant
from traceability.epcis.jobs import CaptureJob
from traceability.epcis.named_queries import NamedQuery
from traceability.epcis.subscriptions.store import Subscription

M = TypeVar("M", bound=BaseModel)


class Job(Model):
    """A capture job."""

    captureID: Annotated[str, Field(examples=["0199a2c4-61d4-4b0e-8d2e-3f4a5b6c7d8e"])]  # noqa: N815 - the standard's name
    createdAt: Time  # noqa: N815 - the same
    finishedAt: Time  # noqa: N815 - the same
    running: bool = False
    success: bool
    captureErrorBehaviour: str  # noqa: N815 - the same
    errors: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, job: CaptureJob) -> "Job":
        """The job in the standard's words."""
        return cls(
            captureID=job.job_id,
            createdAt=job.created_at,
            finishedAt=job.finished_at,
            success=job.success,
            captureErrorBehaviour="proceed" if job.proceed else "rollback",
            errors=[refusal_as_json(refused) for refused in job.problems],
        )


class Collection(BaseModel):
    """Names of one kind."""

    model_config = ConfigDict(populate_by_name=True)

    context: Annotated[Any, Field(alias="@context")]
    type: Annotated[str, Field(examples=["Collection"])]
    member: Annotated[list[str], Field(examples=[["shipping", "receiving"]])]


class QueryIn(BaseModel):
    """A query that is to get a name."""

    name: Annotated[str, Field(examples=["shipments"])]
    query: Annotated[
        dict[str, Any],
        Field(examples=[{"eventType": ["ObjectEvent"], "EQ_bizStep": ["shipping", "receiving"]}]),
    ]
    context: Annotated[Any, Field(alias="@context")] = None


class Query(Model):
    """A named query."""

    name: str
    query: Mapping[str, Any]
    createdAt: Time  # noqa: N815 - the standard's name

    @classmethod
    def of(cls, named: NamedQuery) -> "Query":
        """The query in the standard's words."""
        return cls(name=named.name, query=named.definition, createdAt=named.created_at)


class SubscriptionIn(BaseModel):
    """A wish to be told of events; either `stream` is true or there is a schedule."""

    dest: Annotated[str, Field(examples=["https://client.example.com/callback"])]
    signature_token: Annotated[
        str | None,
        # Drafts of the standard called it a secret.
        Field(
            validation_alias=AliasChoices("signatureToken", "secret"),
            min_length=1,
            max_length=1000,
            description="What messages are signed with: see GS1-Signature.",
        ),
    ] = None
    stream: bool = False
    schedule: Annotated[dict[str, Any] | None, Field(examples=[{"hour": "1", "minute": "5"}])] = (
        None
    )
    report_if_empty: Annotated[bool, Field(alias="reportIfEmpty")] = False
    initial_record_time: Annotated[Instant | None, Field(alias="initialRecordTime")] = None
    min_record_time: Annotated[Instant | None, Field(alias="minRecordTime")] = None


class SubscriptionOut(Model):
    """A subscription, without its secret."""

    subscriptionID: str  # noqa: N815 - the standard's name
    queryName: str  # noqa: N815 - the same
    dest: str
    createdAt: Time  # noqa: N815 - the same
    stream: bool | None = None
    schedule: Mapping[str, str] | None = None
    reportIfEmpty: bool  # noqa: N815 - the same
    initialRecordTime: Time | None = None  # noqa: N815 - the same
    epcFormat: str  # noqa: N815 - the same
    lastNotifiedAt: Time | None = None  # noqa: N815 - the same

    @classmethod
    def of(cls, subscription: Subscription) -> "SubscriptionOut":
        """The subscription in the standard's words."""
        wanted = subscription.wanted
        return cls(
            subscriptionID=subscription.subscription_id,
            queryName=subscription.query_name,
            dest=wanted.dest,
            createdAt=subscription.created_at,
            stream=True if wanted.schedule is None else None,
            schedule=None if wanted.schedule is None else wanted.schedule.fields,
            reportIfEmpty=wanted.report_if_empty,
            initialRecordTime=wanted.initial_record_time,
            epcFormat=wanted.identifier_form.value,
            lastNotifiedAt=subscription.last_notified_at,
        )


def validated(model: type[M], body: Any) -> M:
    """A model of a body that was read by hand. Raises RequestValidationError, as FastAPI does."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        entries = [{**entry, "loc": ("body", *entry["loc"])} for entry in error.errors()]
        raise RequestValidationError(entries) from error
