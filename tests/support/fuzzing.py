"""Messages that a park's ingest may meet and never wants to: seeded, and cheap by the thousand.

Good messages of every format with something done to them, and nonsense of many kinds.
"""

import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from uuid import UUID

import cbor2

from ingest.profiles.collection import Profiles
from ingest.profiles.files import read_profile, shipped_profiles
from ingest.topics import Channel
from park.assets import AssetType, Park
from park.telemetry import KINDS, Field, FieldType
from tests.support.ingest_fakes import HARVEST_TOPIC, as_json, harvest
from tests.support.ingest_runs import PAYLOAD_LIMIT_BYTES
from tests.support.sparkplug_node import STRING, EdgeNode, M

Message = tuple[str, bytes]
"""Topic and payload."""

NOW_MS = 1_791_774_300_000
_NUMBERS = """
NaN Infinity -Infinity 1e400 -1e400 1e-400 1E1000000 -0 -0.0 00 .5 +1 0x10 1_000 1e --1 -1
9223372036854775807 9223372036854775808 -9223372036854775809 18446744073709551616 4294967296
1760000000 1760000000000000 253402300800000 1.7976931348623157e308
"""
_TEXTS = r"""
"" "1" "NaN" "\ud800" "\u0000" "\udfff\ud800" "2026-10-12T03:04:05.678Z" "0000-00-00T00:00:00Z"
"9999-12-31T23:59:60Z" "2025-02-30T00:00:00+99:99" 'x' undefined true null [] {} [[]] [null] {"":0}
"""
NASTY_VALUES = (
    *_NUMBERS.split(),
    *_TEXTS.split(),
    *("1" * 400, "9" * 5_000, '"' + "x" * 70_000 + '"', '"\u202e\u0007"'),
)
"""As they stand in JSON, or would if JSON had them."""
_LEVELS = """
. .. * \\ ' " , = a,b=c linyi LINYI room-0001 room-9999 cold_room Cold_Room liveness 冷库 $SYS 0
null {site} %2F SELECT(1);-- $(id) <b> STATE spBv1.0 NBIRTH
"""
NASTY_LEVELS = (
    *_LEVELS.split(),
    *("", " ", "a b", "linyi ", "\u00a0", "\ufeff", "\u202e", "\u2028", "\u0085", "\x7f", "\t"),
    *("e\u0301", "\u00e9", "\U0010fffd", "room-0001\u200b", "🍎" * 20, "x" * 5_000),
)
BYTES_THAT_BITE = b'\x00\xff\xfe\xc0\x80\xed\xa0\x80{}[]":,\\\n0-.eE\x9f\xbf\x5f\x7f\xf9\xfb'

_CASES = sorted((Path(__file__).parents[1] / "cases" / "profiles").iterdir())
FOREIGN: Sequence[Message] = [
    ((case / "topic").read_text(encoding="utf-8").strip(), (case / "payload.json").read_bytes())
    for case in _CASES
]
"""What devices send that speak another JSON than ours."""


def profiles() -> Profiles:
    """Whatever reads those."""
    own = [case / "profile.toml" for case in _CASES if (case / "profile.toml").exists()]
    return Profiles([*shipped_profiles(), *map(read_profile, own)])


def good_value(random: Random, field: Field) -> object:
    """A value that the table takes."""
    match field.type:
        case FieldType.INTEGER:
            return random.randrange(1_000_000)
        case FieldType.BOOLEAN:
            return random.random() < 0.5
        case FieldType.STATE:
            return random.choice(field.states)
        case _:
            return round(random.uniform(field.low, min(field.high, 1e6)), 3)


class Fuzz:
    """Makes messages for one park."""

    def __init__(self, park: Park, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - the same seed must make the same messages
        self._nodes = [EdgeNode(name=f"gateway-{number}") for number in range(5)]
        self._senders: dict[str, list[str]] = {}
        for asset in park.assets.values():
            if asset.kind is not None:
                self._senders.setdefault(asset.kind.name, []).append(asset.id)
        self._kind = "cold_room"
        self._site = park.site.id
        self._payloads: list[tuple[float, Callable[[], bytes]]] = [
            (40, self._mutated),
            (25, self._patchwork),
            (10, self._noise),
            (4, self._nested),
            (8, self._cbor),
            (8, self._senml),
            (4, self._protobuf),
            (0.3, self._many),
            (0.1, self._blank),
        ]
        self._weights = [weight for weight, _ in self._payloads]

    def messages(self, number: int) -> list[Message]:
        """So many, about a tenth of them good."""
        return [self.message() for _ in range(number)]

    def message(self) -> Message:
        """One message."""
        random = self._random
        topic, payload = self.good()
        if random.random() < 0.1:
            return topic, payload
        if random.random() < 0.3:
            topic = self.topic()
        if random.random() < 0.9:
            ((_, make),) = random.choices(self._payloads, self._weights)
            payload = make()
        return topic, payload

    def good(self) -> Message:
        """What a working device sends."""
        random = self._random
        chance = random.random()
        if chance > 0.8:
            return random.choice(FOREIGN)
        if chance > 0.6:
            return self._of_sparkplug()
        if chance < 0.1:
            lot, number = (
                f"LOT-{random.randrange(10**6)}",
                UUID(int=random.getrandbits(128), version=4),
            )
            scan = harvest(NOW_MS, id=str(number), batch=f"01/09521321000018/10/{lot}")
            return HARVEST_TOPIC, as_json(scan)
        kind = self._kind = random.choice(list(self._senders))
        asset = random.choice(self._senders[kind])
        channel = Channel.STATUS if chance < 0.2 else Channel.TELEMETRY
        topic = f"agripark/v1/{self._site}/{kind}/{asset}/{channel}"
        if channel is Channel.STATUS:
            return topic, as_json({"online": random.random() < 0.5, "fw": "1.2"})
        readings = [self._reading(kind) for _ in range(random.choice((1, 1, 1, 2, 5)))]
        return topic, as_json(readings[0] if len(readings) == 1 else readings)

    def _of_sparkplug(self) -> Message:
        random = self._random
        node, device = random.choice(self._nodes), random.choice(("room-0001", "room-0002", "plc"))
        value = random.choice((random.uniform(-2, 2), math.nan, math.inf, 1, None))
        ts = NOW_MS - random.randrange(10**9)
        metric = M("air_temp_c", value, alias=random.choice((None, 1, 2)), ts=ts)
        by_alias = M(None, value, alias=1, ts=ts, with_datatype=random.random() < 0.5)
        match random.randrange(8):
            case 0:
                return node.birth(metric, ts=ts)
            case 1:
                return node.death()
            case 2:
                return node.device_birth(device, metric, M("x" * 9, "text", STRING), ts=ts)
            case 3:
                return node.device_death(device, ts=ts)
            case 4:
                return node.data(metric, by_alias, ts=ts)
            case _:
                return node.device_data(device, metric, by_alias, ts=ts)

    def _reading(self, kind: str) -> dict[str, object]:
        fields = list(KINDS[kind].fields.values())
        chosen = self._random.sample(fields, self._random.randint(1, len(fields)))
        reading: dict[str, object] = {"ts": NOW_MS - self._random.randrange(10**9)}
        if self._random.random() < 0.3:
            reading["seq"] = self._random.randrange(2**32)
        return reading | {field.name: good_value(self._random, field) for field in chosen}

    def topic(self) -> str:
        """One that the filters let through, such as it may be."""
        if self._random.random() < 0.3:
            foreign = self._random.choice((self._random.choice(FOREIGN), self._of_sparkplug()))
            levels = foreign[0].split("/")
            levels[self._random.randrange(1, len(levels))] = self._level()
            return "/".join(levels)
        levels = [self._site, self._random.choice((*KINDS, *AssetType)), "room-0001"]
        for place in range(3):
            if self._random.random() < 0.5:
                levels[place] = self._level()
        channel = self._random.choice(list(Channel))
        return "/".join(("agripark", "v1", *levels, channel))

    def _level(self) -> str:
        if self._random.random() < 0.6:
            return self._random.choice(NASTY_LEVELS)
        characters = [chr(self._random.randrange(1, sys.maxunicode)) for _ in range(8)]
        return "".join(c for c in characters if c not in "/+#" and not "\ud800" <= c <= "\udfff")

    def _mutated(self) -> bytes:
        random = self._random
        data = bytearray(self.good()[1])
        for _ in range(random.randint(1, 4)):
            start = random.randrange(len(data) + 1)
            end = min(len(data), start + random.randint(1, 12))
            match random.randrange(6):
                case 0:
                    data[start:end] = b""
                case 1:
                    data[start:start] = random.choices(BYTES_THAT_BITE, k=random.randint(1, 4))
                case 2:
                    data[start:start] = data[start:end] * random.randint(1, 50)
                case 3:
                    del data[start:]
                case 4:
                    data[start:end] = random.choice(NASTY_VALUES).encode()
                case 5:
                    data[start:end] = random.randbytes(end - start)
        return bytes(data)

    def _patchwork(self) -> bytes:
        """JSON in form, with names and values that may be anything; names may stand twice."""
        random = self._random
        kind = KINDS[self._kind]
        names = [
            "ts",
            "seq",
            "online",
            "asset",
            "id",
            "action",
            "batch",
            "qty_kg",
            "",
            "\u0000",
            "n",
        ]
        names += kind.fields
        members = [f'"ts":{NOW_MS}'] if random.random() < 0.7 else []
        for _ in range(random.randint(0, 5)):
            value = random.choice(NASTY_VALUES) if random.random() < 0.7 else repr(random.random())
            members.append(f"{json.dumps(random.choice(names))}:{value}")
        text = "{" + ",".join(members) + "}"
        if random.random() < 0.3:
            text = f"[{text},{random.choice(NASTY_VALUES)},{text}]"
        return text.encode(random.choice(("utf-8", "utf-8", "utf-8", "utf-16", "utf-8-sig")))

    def _noise(self) -> bytes:
        return self._random.randbytes(self._random.choice((0, 1, 2, 7, 30, 200)))

    def _blank(self) -> bytes:
        return b" " * (PAYLOAD_LIMIT_BYTES + self._random.randrange(-2, 3))

    def _nested(self) -> bytes:
        depth = self._random.choice((50, 500, 1_023, 1_024, 1_025, 30_000))
        inside = self._random.choice((b"1", b"NaN", b"", b'{"ts":1}'))
        opened, closed = self._random.choice(((b"[", b"]"), (b'{"ts":', b"}"), (b'{"a":[', b"]}")))
        return opened * depth + inside + closed * self._random.choice((depth, depth, 0))

    def _cbor(self) -> bytes:
        reading = self._reading("cold_room")
        awkward: tuple[object, ...] = (
            math.nan,
            math.inf,
            2**70,
            -(2**70),
            b"\xff",
            cbor2.undefined,
            {1: 2},
            [[]],
        )
        reading[self._random.choice(list(reading))] = self._random.choice(awkward)
        data = bytearray(cbor2.dumps(reading))
        for _ in range(self._random.randrange(3)):
            data[self._random.randrange(len(data))] = self._random.choice(BYTES_THAT_BITE)
        return bytes(data)

    def _senml(self) -> bytes:
        labels = (
            "bn",
            "bt",
            "bu",
            "bv",
            "bs",
            "bver",
            "n",
            "u",
            "v",
            "vs",
            "vb",
            "vd",
            "s",
            "t",
            "x_",
        )
        values = (*NASTY_VALUES, '"air_temp_c"', '"Cel"', '"room-0001/"', "1", "-2.5", "1.76e9")
        records = [
            ",".join(
                f'"{label}":{self._random.choice(values)}'
                for label in self._random.sample(labels, self._random.randint(1, 5))
            )
            for _ in range(self._random.randint(1, 4))
        ]
        return ("[" + ",".join(f"{{{record}}}" for record in records) + "]").encode()

    def _protobuf(self) -> bytes:
        """Fields of random numbers and wire types, as Sparkplug's payloads look."""
        parts = []
        for _ in range(self._random.randint(1, 8)):
            number, wire = self._random.randint(1, 15), self._random.choice((0, 1, 2, 5, 3, 7))
            body = self._random.randbytes(self._random.randrange(12))
            parts.append(
                bytes([number << 3 | wire]) + (bytes([len(body)]) if wire == 2 else b"") + body
            )
        return b"".join(parts)

    def _many(self) -> bytes:
        """A long array, now and then longer than any that is read."""
        elements = self._random.choice((2_000, 10_001))
        return (
            b"[" + b",".join([b'{"ts":%d,"ph":7}' % (NOW_MS - n) for n in range(elements)]) + b"]"
        )
