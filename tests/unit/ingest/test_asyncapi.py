"""The AsyncAPI document is valid, complete, and true of what is known to be right."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from api.commands.asyncapi import asyncapi, broker, written
from api.errors import CommandError
from ingest.asyncapi.document import Broker, make_document
from ingest.asyncapi.scans import ACTIONS_AT
from ingest.codecs.senml import elements, resolve
from park.assets import AssetType, Park
from park.scans import Action
from park.settings import load_settings
from park.telemetry import KINDS, FieldType
from simulators.messages import ScanPosted
from simulators.season import Cadences, SeasonPlan, plan_season, season_settings
from simulators.timeline import season_messages
from tests.support.asyncapi_document import (
    FAR_AHEAD_MS,
    addresses,
    decoder,
    document,
    fits,
    is_taken,
    park,
    topic_of,
)

SPECIFICATION = Path(__file__).parents[2] / "cases/asyncapi/asyncapi-3.0.0.json"


@cache
def specification() -> Draft7Validator:
    return Draft7Validator(json.loads(SPECIFICATION.read_text(encoding="utf-8")))


# --- the document -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shown",
    [
        Broker("127.0.0.1:1883"),
        Broker("broker.example:8883", is_encrypted=True, needs_user=True, mqtt_version="3.1.1"),
    ],
    ids=["plain", "encrypted"],
)
def test_the_document_is_valid_by_the_specifications_own_schema(shown: Broker) -> None:
    errors = list(specification().iter_errors(make_document(park(), shown, "0.1.0")))
    assert not errors, errors[0].json_path


def test_the_specifications_schema_would_notice_mistakes() -> None:
    for part in ("info", "asyncapi"):
        assert not specification().is_valid({k: v for k, v in document().items() if k != part})
    operations = {
        name: {**operation, "action": "publish"}
        for name, operation in document()["operations"].items()
    }
    assert not specification().is_valid({**document(), "operations": operations})


def test_payloads_are_valid_schemas_of_draft_7() -> None:
    for name in document()["components"]["schemas"]:
        Draft7Validator.check_schema(document()["components"]["schemas"][name])
    for message in document()["components"]["messages"].values():
        Draft7Validator.check_schema(message["payload"])


def references(part: object) -> Iterator[str]:
    if isinstance(part, Mapping):
        if "$ref" in part:
            assert list(part) == ["$ref"], "draft 7 ignores what stands beside a reference"
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_every_reference_leads_somewhere_and_every_component_is_referred_to() -> None:
    used = set(references(document()))
    for reference in used:
        part: Any = document()
        for step in reference.removeprefix("#/").split("/"):
            part = part[step]
    named = {
        f"#/components/{section}/{name}"
        for section, parts in document()["components"].items()
        for name in parts
    }
    assert named <= used


def test_there_is_a_channel_for_each_topic_that_ingest_reads_and_no_other() -> None:
    kinds = {(kind, channel) for kind in KINDS for channel in ("telemetry", "status")}
    assert set(addresses()) == kinds | {(each.value, "scan") for each in ACTIONS_AT}
    for kind, channel in addresses():
        route = decoder().decode(topic_of(kind, channel), b"", FAR_AHEAD_MS)
        assert [fault.code for fault in route.faults] == ["malformed-json"]


def test_agripark_receives_on_every_channel_with_qos_1() -> None:
    operations = document()["operations"].values()
    assert {operation["action"] for operation in operations} == {"receive"}
    assert {operation["channel"]["$ref"] for operation in operations} == {
        f"#/channels/{name}" for name in document()["channels"]
    }
    for operation in operations:
        *_, binding = operation["bindings"]["$ref"].split("/")
        mqtt = document()["components"]["operationBindings"][binding]["mqtt"]
        assert mqtt["qos"] == 1
        assert mqtt["retain"] is operation["channel"]["$ref"].endswith("_status")


def test_every_action_is_scanned_somewhere() -> None:
    assert {action for actions in ACTIONS_AT.values() for action in actions} == set(Action)


def test_the_asset_of_a_parameter_is_one_of_the_park() -> None:
    for name, parameter in document()["components"]["parameters"].items():
        if name != "site":
            assert [park().asset(each).type for each in parameter["examples"]] == [AssetType(name)]


def test_every_field_has_its_unit_and_range() -> None:
    for kind in KINDS.values():
        properties = document()["components"]["schemas"][f"{kind.name}_reading"]["properties"]
        assert set(properties) == {"ts", "seq", *kind.fields}
        for field in kind.fields.values():
            schema = properties[field.name]
            assert schema.get("x-unit", "") == field.unit
            assert field.title.en in schema["description"]
            assert field.title.zh in schema["description"]
            if field.type in {FieldType.FLOAT, FieldType.INTEGER}:
                assert (schema["minimum"], schema["maximum"]) == (field.low, field.high)


def test_no_password_stands_in_the_document() -> None:
    shown = broker(load_settings(mqtt_url="mqtts://room-7:secret@[::1]", mqtt_version="3.1.1"))
    assert shown == Broker("[::1]:8883", True, True, "3.1.1")  # noqa: FBT003 - as a row of a table
    text = written(make_document(park(), shown, "0.1.0"), "json")
    assert "secret" not in text
    assert "room-7" not in text
    assert broker(load_settings(mqtt_url="mqtt://broker.example")).host == "broker.example:1883"


def test_the_command_writes_a_file_or_says_why_it_cannot(tmp_path: Path) -> None:
    asyncapi("yaml", tmp_path / "asyncapi.yaml", scale=0.001)
    text = (tmp_path / "asyncapi.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["channels"] == document()["channels"]
    with pytest.raises(CommandError, match="can't write"):
        asyncapi("json", tmp_path, scale=0.001)


def test_yaml_says_the_same_as_json() -> None:
    text = written(document(), "yaml")
    assert yaml.safe_load(text) == json.loads(written(document(), "json")) == document()
    assert "&id" not in text
    assert "  description: |\n    How devices" in text


# --- payloads that are known to be right ------------------------------------------------------


def examples() -> list[tuple[str, str, str, Any]]:
    return [
        (kind, channel, message, example["payload"])
        for (kind, channel), messages in addresses().items()
        for message in messages
        for example in document()["components"]["messages"][message]["examples"]
    ]


def test_every_example_fits_its_own_schema_and_no_other_of_its_channel() -> None:
    assert {message for *_, message, _ in examples()} == set(document()["components"]["messages"])
    for kind, channel, message, payload in examples():
        for name in addresses()[kind, channel]:
            assert fits(name, payload) is (name == message), (name, payload)


def test_every_example_is_stored_by_ingest() -> None:
    for kind, channel, message, payload in examples():
        assert is_taken(topic_of(kind, channel), payload), message


def test_every_pack_of_the_examples_is_a_reading_with_all_fields() -> None:
    packs = {kind: pack for kind, _, message, pack in examples() if message.endswith("_senml")}
    assert set(packs) == set(KINDS)
    for name, pack in packs.items():
        kind_of = {"asset": KINDS[name]}.get
        (element,) = elements(resolve(pack, FAR_AHEAD_MS), "asset", kind_of)
        assert set(element.content) == {"ts", *KINDS[name].fields}
        assert is_taken(topic_of(name, "telemetry"), dict(element.content))


@pytest.fixture(scope="module")
def short_season(small_park: Park) -> SeasonPlan:
    """A season that is quick to generate and has every kind and step."""
    every_other_hour = Cadences(room_s=7200, weather_s=7200, soil_s=7200)
    wanted = season_settings(
        small_park,
        seed=5,
        year=2024,
        harvest_batches=12,
        orchards=4,
        blocks_per_orchard=1,
        greenhouses=1,
        weather_stations=1,
        cadences=every_other_hour,
    )
    return plan_season(small_park, wanted)


def test_what_the_simulators_send_is_as_the_document_says(short_season: SeasonPlan) -> None:
    seen = Counter[tuple[str, str]]()
    for sent in season_messages(short_season):
        if isinstance(sent, ScanPosted):
            continue
        _, _, _, kind, _, channel = sent.topic.split("/")
        seen[kind, channel] += 1
        if seen[kind, channel] <= 6:
            payload = json.loads(sent.payload)
            fitting = [name for name in addresses()[kind, channel] if fits(name, payload)]
            assert len(fitting) == 1, (sent.topic, payload)
    channels = {(kind, channel) for kind, channel in addresses() if channel != "status"}
    assert set(seen) == channels - {("destination", "scan")}, "arrivals are posted over HTTP"
