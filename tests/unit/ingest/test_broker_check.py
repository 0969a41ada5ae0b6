"""What a probe saw is judged by what ingest needs, and the advice names the option."""

from dataclasses import replace

import pytest

from ingest.broker_check import (
    ENOUGH,
    Announced,
    AwayTrial,
    BrokerFacts,
    LateTrial,
    Level,
    Statistics,
    Trial,
    Verdict,
    Wishes,
    judge,
)

WISHES = Wishes(receive_maximum=10_000, session_expiry_s=604_800, payload_limit_bytes=262_144)
ALL = Trial(ENOUGH, ENOUGH)
LATE = LateTrial(ALL, in_hand=ENOUGH)
AWAY = AwayTrial(ALL, Trial(20, 20), session_present=True)
FINE = BrokerFacts(Announced(), Statistics(), late=LATE, away=AWAY)


def complaints(facts: BrokerFacts, wishes: Wishes = WISHES) -> list[Verdict]:
    return [verdict for verdict in judge(facts, wishes) if verdict.level is not Level.OK]


def test_a_broker_that_keeps_everything_gets_no_complaint() -> None:
    assert complaints(FINE) == []
    assert len(judge(FINE, WISHES)) == 3


@pytest.mark.parametrize(
    ("announced", "level", "option"),
    [
        (Announced(maximum_qos=0), Level.BAD, "max_qos"),
        (Announced(wildcards_available=False), Level.BAD, "another broker"),
        (Announced(retain_available=False), Level.WARN, "retain_available"),
        (Announced(session_expiry_s=3_600), Level.WARN, "keep sessions longer"),
        (Announced(session_expiry_s=0), Level.BAD, "keep sessions longer"),
        (Announced(maximum_packet_bytes=262_144), Level.WARN, "max_packet_size"),
    ],
)
def test_a_limit_that_the_broker_announces_is_judged(
    announced: Announced, level: Level, option: str
) -> None:
    (complaint,) = complaints(replace(FINE, announced=announced))
    assert complaint.level is level
    assert option in complaint.advice


def test_limits_above_what_ingest_needs_are_fine() -> None:
    announced = Announced(1, session_expiry_s=700_000, maximum_packet_bytes=300_000)
    assert complaints(replace(FINE, announced=announced)) == []


def test_shared_subscriptions_matter_to_a_group_only() -> None:
    facts = replace(FINE, announced=Announced(shared_subscriptions_available=False))
    assert complaints(facts) == []
    (complaint,) = complaints(facts, replace(WISHES, shared=True))
    assert complaint.level is Level.BAD


def test_messages_that_never_come_are_bad_and_the_queue_limit_is_named() -> None:
    lost = Trial(ENOUGH, 1_020)
    facts = replace(FINE, late=replace(LATE, qos1=lost), away=replace(AWAY, qos1=lost))
    found = complaints(facts)
    assert [complaint.level for complaint in found] == [Level.BAD, Level.BAD]
    assert all("max_queued_messages 1000000000" in complaint.advice for complaint in found)
    assert found[0].what.startswith("280 of 1,300")


def test_a_forgotten_session_is_bad_and_said_once() -> None:
    away = AwayTrial(Trial(ENOUGH, 0), Trial(20, 0), session_present=False)
    (complaint,) = complaints(replace(FINE, away=away))
    assert complaint.level is Level.BAD
    assert "session" in complaint.what


def test_lost_qos_0_is_a_warning() -> None:
    (complaint,) = complaints(replace(FINE, away=replace(AWAY, qos0=Trial(20, 0))))
    assert complaint.level is Level.WARN
    assert "queue_qos0_messages true" in complaint.advice


def test_few_messages_at_once_are_a_warning_unless_we_ask_for_few() -> None:
    facts = replace(FINE, late=replace(LATE, in_hand=20))
    (complaint,) = complaints(facts)
    assert "max_inflight_messages" in complaint.advice
    assert complaints(facts, replace(WISHES, receive_maximum=20)) == []


def test_too_few_messages_prove_nothing() -> None:
    (complaint,) = complaints(replace(FINE, away=replace(AWAY, qos1=Trial(700, 703))))
    assert complaint.level is Level.WARN
    assert "too few to tell" in complaint.what


def test_a_forbidden_topic_is_a_warning_that_names_it() -> None:
    (complaint,) = complaints(BrokerFacts(Announced(), Statistics(), forbidden="refused"))
    assert complaint.level is Level.WARN
    assert "agripark-doctor/#" in complaint.advice


@pytest.mark.parametrize(
    ("statistics", "said"),
    [
        (Statistics("mosquitto version 2.0.11", 17), "17 messages since it started ("),
        (Statistics(dropped=1_700, dropped_a_minute=2.5), "1,700 messages since it started, 2.5 a"),
    ],
)
def test_what_was_dropped_before_is_a_warning(statistics: Statistics, said: str) -> None:
    (complaint,) = complaints(replace(FINE, statistics=statistics))
    assert complaint.level is Level.WARN
    assert said in complaint.what
    assert "max_queued_messages" in complaint.advice


def test_a_count_of_nothing_dropped_is_no_complaint() -> None:
    assert complaints(replace(FINE, statistics=Statistics("x", 0, 0.0))) == []
