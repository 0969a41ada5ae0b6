"""What a probe found out about the MQTT broker, judged: would it lose messages?

A broker is **bad** where messages that it acknowledged to a device never reach ingest: it drops
what comes while ingest acknowledges late, or what comes while ingest is away, or it keeps no
session at all. It **deserves a warning** where it only slows ingest down, loses QoS 0, turns away
what quarantine should see, forgets a session too early, or has dropped messages before; and where
the probe wasn't allowed to look. Nothing here can see whether the broker writes to its disk.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

NO_LIMIT = 1_000_000_000
"""What stands for no limit in our Mosquitto configuration, which says why it isn't 0."""
ENOUGH = 1_300
"""Messages to try with: above the 20 + 1,000 that Mosquitto keeps for a client by default."""
_PACKET_OVERHEAD_BYTES = 1_024
"""What topic, properties and header of a PUBLISH packet may take beside its payload."""
_FEW_IN_HAND = 1_000
"""Messages handed over at once from which on a commit holds enough of them."""
_PAGE = "see docs/running.md"


class Level(StrEnum):
    """How grave a verdict is."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Announced:
    """What the broker says of itself when a client connects; MQTT 5 only, and often silent."""

    maximum_qos: int = 2
    retain_available: bool = True
    wildcards_available: bool = True
    shared_subscriptions_available: bool = True
    session_expiry_s: int | None = None
    """How long it keeps a session where that isn't what was asked for."""
    maximum_packet_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """What Mosquitto publishes below `$SYS/broker`; None where it isn't said or may not be read."""

    software: str | None = None
    dropped: int | None = None
    dropped_a_minute: float | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """Messages that the broker acknowledged, and what of them came."""

    published: int
    arrived: int

    @property
    def lost(self) -> int:
        """How many never came."""
        return max(0, self.published - self.arrived)


@dataclass(frozen=True, slots=True)
class LateTrial:
    """Nothing was acknowledged until all was published."""

    qos1: Trial
    in_hand: int
    """Messages that were handed over before the first was acknowledged."""


@dataclass(frozen=True, slots=True)
class AwayTrial:
    """All was published while the subscriber was away."""

    qos1: Trial
    qos0: Trial
    session_present: bool


@dataclass(frozen=True, slots=True)
class BrokerFacts:
    """Everything that the probe saw."""

    announced: Announced
    statistics: Statistics
    forbidden: str | None = None
    """Why the probe could not try; then there are no trials."""
    late: LateTrial | None = None
    away: AwayTrial | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """What ingest needs of the broker."""

    receive_maximum: int
    session_expiry_s: int
    payload_limit_bytes: int
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """One judgement, with what to do about it."""

    about: str
    level: Level
    what: str
    advice: str = ""


def judge(facts: BrokerFacts, wishes: Wishes) -> list[Verdict]:
    """One verdict for each subject at least; several where several things are wrong."""
    return [
        *_or_fine("broker's limits", "none that ingest would meet", _limits(facts, wishes)),
        *_trials(facts, wishes),
        *_dropped(facts.statistics),
    ]


def _or_fine(about: str, fine: str, problems: Iterator[Verdict]) -> list[Verdict]:
    return list(problems) or [Verdict(about, Level.OK, fine)]


def _limits(facts: BrokerFacts, wishes: Wishes) -> Iterator[Verdict]:
    announced = facts.announced
    verdict = _about("broker's limits")
    if announced.maximum_qos < 1:
        yield verdict(
            Level.BAD, "it takes QoS 0 only", "set max_qos to 1 or more in mosquitto.conf"
        )
    if not announced.wildcards_available:
        yield verdict(Level.BAD, "it has no wildcard subscriptions", "use another broker")
    if wishes.shared and not announced.shared_subscriptions_available:
        yield verdict(
            Level.BAD,
            "it has no shared subscriptions, which AGRIPARK_MQTT_GROUP needs",
            "use another broker, or leave AGRIPARK_MQTT_GROUP empty and run one ingest",
        )
    if not announced.retain_available:
        yield verdict(
            Level.WARN,
            "it retains nothing: after a start, devices are unknown until they report",
            "set retain_available true in mosquitto.conf",
        )
    expiry = announced.session_expiry_s
    if expiry is not None and expiry < wishes.session_expiry_s:
        yield verdict(
            Level.WARN if expiry else Level.BAD,
            f"it keeps a session for {expiry:,} s; ingest asks for {wishes.session_expiry_s:,} s",
            f"let the broker keep sessions longer; {_PAGE}",
        )
    most, wanted = announced.maximum_packet_bytes, wishes.payload_limit_bytes
    if most is not None and most < wanted + _PACKET_OVERHEAD_BYTES:
        yield verdict(
            Level.WARN,
            f"packets above {most:,} bytes are turned away and never reach quarantine",
            f"set max_packet_size above {wanted + _PACKET_OVERHEAD_BYTES:,} in mosquitto.conf, or "
            "lower AGRIPARK_PAYLOAD_LIMIT_BYTES",
        )


def _trials(facts: BrokerFacts, wishes: Wishes) -> Iterator[Verdict]:
    if facts.forbidden is not None:
        yield Verdict(
            "broker's queues",
            Level.WARN,
            f"not tried: {facts.forbidden}",
            "allow this user to read and write agripark-doctor/# (acl_file in mosquitto.conf)",
        )
    if facts.late is not None:
        yield from _late(facts.late, wishes)
    if facts.away is not None:
        yield from _away(facts.away)


def _late(trial: LateTrial, wishes: Wishes) -> list[Verdict]:
    about, qos1 = "acknowledged late", trial.qos1

    def problems() -> Iterator[Verdict]:
        verdict = _about(about)
        yield from _queue(about, qos1)
        enough = min(_FEW_IN_HAND, wishes.receive_maximum, qos1.published)
        if trial.in_hand < enough:
            yield verdict(
                Level.WARN,
                f"only {trial.in_hand} messages are handed over at once: ingest can't be fast",
                f"set max_inflight_messages 65534 in mosquitto.conf; {_PAGE}",
            )

    came = f"all of {qos1.published:,} came, {trial.in_hand:,} at once"
    return _or_fine(about, came, problems())


def _away(trial: AwayTrial) -> list[Verdict]:
    about, qos1 = "published while away", trial.qos1

    def problems() -> Iterator[Verdict]:
        verdict = _about(about)
        if not trial.session_present:
            yield verdict(
                Level.BAD,
                "the broker forgets the session when the client leaves",
                f"use a broker that keeps sessions, such as Mosquitto; {_PAGE}",
            )
            return
        yield from _queue(about, qos1)
        if trial.qos0.lost:
            yield verdict(
                Level.WARN,
                f"{trial.qos0.lost} of {trial.qos0.published} QoS 0 messages were dropped; "
                "Sparkplug's data is QoS 0",
                f"set queue_qos0_messages true in mosquitto.conf; {_PAGE}",
            )

    return _or_fine(about, f"all of {qos1.published:,} came", problems())


def _dropped(statistics: Statistics) -> Iterator[Verdict]:
    if not statistics.dropped and not statistics.dropped_a_minute:
        return
    rate = statistics.dropped_a_minute
    lately = f", {rate:g} a minute lately" if rate else ""
    yield Verdict(
        "dropped by the broker",
        Level.WARN,
        f"{statistics.dropped or 0:,} messages since it started{lately} (earlier runs of doctor "
        "may count among them)",
        f"{_LIFT_QUEUE}; a restart sets the count to 0",
    )


_LIFT_QUEUE = (
    f"set max_queued_messages {NO_LIMIT} and max_queued_bytes 0 in mosquitto.conf, or the like "
    f"in another broker; {_PAGE}"
)


def _queue(about: str, trial: Trial) -> Iterator[Verdict]:
    if trial.lost:
        what = f"{trial.lost:,} of {trial.published:,} messages were acknowledged and then dropped"
        yield Verdict(about, Level.BAD, what, _LIFT_QUEUE)
    elif trial.published < ENOUGH:
        yield Verdict(
            about,
            Level.WARN,
            f"the broker took only {trial.published:,} of {ENOUGH:,} messages: too few to tell",
            "try again when broker and network are quiet",
        )


def _about(subject: str) -> Callable[[Level, str, str], Verdict]:
    return lambda level, what, advice: Verdict(subject, level, what, advice)
