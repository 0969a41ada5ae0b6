"""Recipients hear of alarms, by real SMTP and HTTP."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingest.alarms.lifecycle import Order
from ingest.alarms.model import Action, Change, Priority, Signal
from ingest.alarms.notify import outbox
from ingest.alarms.notify.message import Stake
from ingest.alarms.notify.notifier import Notifier
from ingest.alarms.notify.plan import Channel, Hours, NotifyPlan, Recipient, Route, Smtp
from ingest.alarms.notify.senders import SIGNATURE, Senders
from ingest.alarms.register import AlarmRegister
from ingest.alarms.rules.rule import RuleSet
from ingest.received import Received
from ingest.spool import Spool
from park.assets import Park
from park.times import to_epoch_ms
from tests.support.smtp_server import SmtpServer, run_smtp_server
from tests.support.webhook_receiver import Receiver, listening

NOON_MS = to_epoch_ms(datetime(2026, 10, 5, 4, tzinfo=UTC))
MINUTE_MS = 60_000


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now_ms = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


class AlarmReceiver(Receiver):
    """Takes messages about alarms."""

    def answer(self, body: bytes, headers: dict[str, str]) -> int:
        self.tries += 1
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.taken.append(json.loads(body))
            self.headers.append(headers)
            if self.token is not None:
                digest = hmac.new(self.token.encode(), body, hashlib.sha256).hexdigest()
                assert headers[SIGNATURE] == f"sha256={digest}"
        return status

    @property
    def told(self) -> list[tuple[str, str]]:
        """Cause and asset of each alarm that came."""
        return [(a["cause"], a["asset"]) for message in self.taken for a in message["alarms"]]


@pytest.fixture(scope="module")
def rules() -> RuleSet:
    return RuleSet.shipped()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db")
    yield spool
    spool.close()


@pytest.fixture
def receiver() -> AlarmReceiver:
    return AlarmReceiver()


@pytest.fixture
def hook(receiver: AlarmReceiver) -> Iterator[str]:
    with listening(receiver) as address:
        yield address


@pytest.fixture
def mailbox() -> Iterator[SmtpServer]:
    with run_smtp_server() as server:
        yield server


Make = Callable[[NotifyPlan], Notifier]


@pytest.fixture
def make(small_park: Park, rules: RuleSet, spool: Spool, clock: Clock) -> Iterator[Make]:
    opened: list[Senders] = []

    def notifier(plan: NotifyPlan) -> Notifier:
        senders = Senders(plan.smtp)
        opened.append(senders)
        return Notifier(
            *(small_park, rules, plan, spool, senders, stakes), "https://park.example", clock
        )

    yield notifier
    for senders in opened:
        senders.close()


def stakes(assets: object) -> list[Stake]:
    assert assets
    return [Stake("room-0001", "01/09521321000025/10/LY-7", 12_500.0, ["destination-th"])]


def plan_of(hook: str, *routes: Route, **recipient: object) -> NotifyPlan:
    person = replace(
        Recipient("shift", [(Channel.WEBHOOK, hook)]),
        **recipient,  # type: ignore[arg-type]  # fields of a recipient
    )
    boss = Recipient("boss", [(Channel.WEBHOOK, hook)])
    return NotifyPlan(
        {"shift": person, "boss": boss}, routes or [Route(["shift"])], gather_ms=30_000
    )


def raise_alarms(
    spool: Spool, clock: Clock, *assets: str, priority: Priority = Priority.HIGH
) -> None:
    signals = [
        (Signal("any", asset, Change.RAISED, clock.now_ms, clock.now_ms, 3.5, 1.0), priority)
        for asset in assets
    ]
    spool.append(Received(signals=signals), clock.now_ms)


def clear_alarm(spool: Spool, clock: Clock, asset: str) -> None:
    signal = Signal("any", asset, Change.CLEARED, clock.now_ms, clock.now_ms)
    spool.append(Received(signals=[(signal, Priority.HIGH)]), clock.now_ms)


def waiting(spool: Spool) -> tuple[int, str]:
    """How many notes wait, and whose server is to blame."""
    with spool.reading() as connection:
        count, trouble = outbox.waiting(connection)
    return count, trouble.partition(":")[0]


def acknowledge(clock: Clock, asset: str, path: Path) -> None:
    register = AlarmRegister(path / "spool.db", clock)
    register.act("any", asset, Priority.HIGH, Order(Action.ACKNOWLEDGE, "Li Wei"))


def test_alarms_of_half_a_minute_come_in_one_message(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str
) -> None:
    notifier = make(plan_of(hook))
    raise_alarms(spool, clock, "room-0001")
    notifier.work()
    assert receiver.taken == []
    clock.now_ms += 20_000
    raise_alarms(spool, clock, "room-0002")
    clock.now_ms += 30_000
    notifier.work()
    assert len(receiver.taken) == 1
    assert receiver.told == [("raised", "room-0001"), ("raised", "room-0002")]
    notifier.work()
    assert len(receiver.taken) == 1


def test_a_message_says_what_is_at_stake(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str
) -> None:
    notifier = make(plan_of(hook))
    raise_alarms(spool, clock, "room-0001")
    clock.now_ms += 30_000
    notifier.work()
    (alarm,) = receiver.taken[0]["alarms"]
    assert alarm["at_stake_kg"] == 12_500
    assert alarm["batches"] == [
        {
            "batch": "01/09521321000025/10/LY-7",
            "mass_kg": 12_500,
            "asset": "room-0001",
            "destinations": ["destination-th"],
        }
    ]
    text = receiver.taken[0]["text"]
    assert "12,500 kg in 1 batches, destinations so far: destination-th" in text
    assert "https://park.example/v1/alarms/room-0001/any" in text


def test_an_email_comes_in_the_readers_language(
    make: Make, spool: Spool, clock: Clock, mailbox: SmtpServer
) -> None:
    recipient = Recipient("shift", [(Channel.EMAIL, "shift@example.com")], language="zh")
    smtp = Smtp("127.0.0.1", mailbox.port, "park@example.com", security="none")
    plan = NotifyPlan({"shift": recipient}, [Route(["shift"])], smtp)
    notifier = make(plan)
    raise_alarms(spool, clock, "room-0001")
    clock.now_ms += 30_000
    notifier.work()
    (mail,) = mailbox.mails
    assert mail["To"] == "shift@example.com"
    assert "冷库" in mail["Subject"]
    assert "涉及 12,500 kg" in mail.get_content()


def test_who_cant_be_reached_is_told_later_and_others_at_once(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str, mailbox: SmtpServer
) -> None:
    mailbox.refuses = True
    emails = [(Channel.EMAIL, "shift@example.com"), (Channel.WEBHOOK, hook)]
    smtp = Smtp("127.0.0.1", mailbox.port, "park@example.com", security="none")
    plan = NotifyPlan({"shift": Recipient("shift", emails)}, [Route(["shift"])], smtp)
    notifier = make(plan)
    raise_alarms(spool, clock, "room-0001")
    clock.now_ms += 30_000
    notifier.work()
    assert len(receiver.taken) == 1
    assert waiting(spool) == (1, "127.0.0.1")
    mailbox.refuses = False
    clock.now_ms += 10_000
    notifier.work()
    assert len(mailbox.mails) == 1
    assert waiting(spool) == (0, "")
    assert len(receiver.taken) == 1


def test_what_waits_survives_a_restart(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str
) -> None:
    receiver.answers = [503]
    raise_alarms(spool, clock, "room-0001")
    clock.now_ms += 30_000
    make(plan_of(hook)).work()
    assert receiver.taken == []
    clock.now_ms += MINUTE_MS
    make(plan_of(hook)).work()
    assert receiver.told == [("raised", "room-0001")]


def test_what_was_acknowledged_meanwhile_is_not_told(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str, tmp_path: Path
) -> None:
    notifier = make(plan_of(hook))
    raise_alarms(spool, clock, "room-0001")
    notifier.work()
    acknowledge(clock, "room-0001", tmp_path)
    clock.now_ms += MINUTE_MS
    notifier.work()
    assert receiver.tries == 0


def test_a_chattering_alarm_is_told_once_until_somebody_acknowledges(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str, tmp_path: Path
) -> None:
    notifier = make(plan_of(hook))
    for _ in range(5):
        raise_alarms(spool, clock, "room-0001")
        clock.now_ms += MINUTE_MS
        notifier.work()
        clear_alarm(spool, clock, "room-0001")
    assert receiver.told == [("raised", "room-0001")]
    acknowledge(clock, "room-0001", tmp_path)
    raise_alarms(spool, clock, "room-0001")
    clock.now_ms += MINUTE_MS
    notifier.work()
    assert len(receiver.told) == 2


def test_a_return_is_told_where_it_is_wanted(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str
) -> None:
    notifier = make(plan_of(hook, Route(["shift"], returns=True), Route(["boss"])))
    raise_alarms(spool, clock, "room-0001")
    clock.now_ms += MINUTE_MS
    notifier.work()
    clear_alarm(spool, clock, "room-0001")
    clock.now_ms += MINUTE_MS
    notifier.work()
    assert [m["recipient"] for m in receiver.taken] == ["shift", "boss", "shift"]
    assert receiver.told[-1] == ("returned", "room-0001")


def test_nobody_acknowledged_so_somebody_else_is_told_once(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str
) -> None:
    route = Route(["shift"], escalate_after_ms=15 * MINUTE_MS, escalate_to=["boss"])
    notifier = make(plan_of(hook, route))
    raise_alarms(spool, clock, "room-0001")
    for _ in range(40):
        clock.now_ms += MINUTE_MS
        notifier.work()
    assert [m["recipient"] for m in receiver.taken] == ["shift", "boss"]
    assert receiver.told[-1] == ("escalated", "room-0001")


def test_what_was_acknowledged_in_time_is_not_escalated(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str, tmp_path: Path
) -> None:
    route = Route(["shift"], escalate_after_ms=15 * MINUTE_MS, escalate_to=["boss"])
    notifier = make(plan_of(hook, route))
    raise_alarms(spool, clock, "room-0001")
    clock.now_ms += 5 * MINUTE_MS
    acknowledge(clock, "room-0001", tmp_path)
    for _ in range(20):
        clock.now_ms += MINUTE_MS
        notifier.work()
    assert receiver.tries == 0


def test_quiet_hours_never_hide_what_is_most_urgent(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str
) -> None:
    noon = plan_of(hook).local(NOON_MS)
    quiet = Hours(noon.time(), noon.replace(hour=14).time())
    notifier = make(plan_of(hook, quiet=quiet))
    raise_alarms(spool, clock, "room-0001")
    raise_alarms(spool, clock, "room-0002", priority=Priority.CRITICAL)
    clock.now_ms += MINUTE_MS
    notifier.work()
    assert receiver.told == [("raised", "room-0002")]
    clock.now_ms = NOON_MS + 120 * MINUTE_MS
    notifier.work()
    assert receiver.told[-1] == ("raised", "room-0001")


def test_a_webhook_is_signed_with_the_recipients_secret(
    make: Make, spool: Spool, clock: Clock, receiver: AlarmReceiver, hook: str
) -> None:
    receiver.token = "hush"  # noqa: S105 - of this test
    notifier = make(plan_of(hook, secret="hush"))  # noqa: S106 - the same
    raise_alarms(spool, clock, "room-0001")
    clock.now_ms += MINUTE_MS
    notifier.work()
    assert len(receiver.taken) == 1
