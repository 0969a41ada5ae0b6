"""Events of our own park that come as documents stand for the scans they could have been."""

from dataclasses import replace

import pytest

from park.assets import Park
from park.scans import Scan
from tests.support.scanning import Scans
from traceability.epcis.contexts import NAMESPACE
from traceability.epcis.model import Action, ObjectEvent, Place, Quantity
from traceability.steps.from_events import scan_of
from traceability.steps.places import Places
from traceability.steps.to_events import event_of


@pytest.fixture
def places(small_park: Park) -> Places:
    return Places(small_park)


@pytest.fixture
def steps(scans: Scans) -> dict[str, Scan]:
    return scans.of_every_step()


def test_the_event_of_every_scan_stands_for_that_scan(
    steps: dict[str, Scan], places: Places
) -> None:
    for name, scan in steps.items():
        assert scan_of(event_of(scan, places.park), places) == scan, name


def test_it_is_known_without_our_own_words(steps: dict[str, Scan], places: Places) -> None:
    for name, scan in steps.items():
        if name in {"sort", "ship"}:  # loss and reefer are told nowhere else
            continue
        event = event_of(scan, places.park)
        plain = {key: part for key, part in event.extensions.items() if NAMESPACE not in key}
        assert scan_of(replace(event, extensions=plain), places) == scan, name


def test_masses_may_come_in_other_units(steps: dict[str, Scan], places: Places) -> None:
    event = event_of(steps["harvest"], places.park)
    assert isinstance(event, ObjectEvent)
    (quantity,) = event.quantities
    tonnes = Quantity(quantity.epc_class, 1.0005, "TNE")
    assert scan_of(replace(event, quantities=(tonnes,)), places) == steps["harvest"]


def test_an_id_that_is_no_uuid_always_gives_the_same_scan(
    steps: dict[str, Scan], places: Places
) -> None:
    event = replace(event_of(steps["harvest"], places.park), event_id="urn:partner:17")
    first, again = scan_of(event, places), scan_of(event, places)
    assert first is not None
    assert first == again
    assert first.id != steps["harvest"].id


def _harvest(steps: dict[str, Scan], places: Places) -> ObjectEvent:
    event = event_of(steps["harvest"], places.park)
    assert isinstance(event, ObjectEvent)
    return event


def test_what_is_no_step_of_ours_is_left_alone(steps: dict[str, Scan], places: Places) -> None:
    event = _harvest(steps, places)
    (quantity,) = event.quantities
    elsewhere = Place("https://id.gs1.org/414/4012345000016")
    others = [
        replace(event, read_point=elsewhere, biz_location=elsewhere),
        replace(event, read_point=None, biz_location=None),
        replace(event, quantities=(Quantity(quantity.epc_class, 20),)),
        replace(event, quantities=(Quantity(quantity.epc_class, 20, "MTR"),)),
        replace(event, quantities=(Quantity(quantity.epc_class),)),
        replace(event, quantities=(quantity, quantity)),
        replace(event, quantities=(Quantity("https://id.gs1.org/01/04012345123456", 5, "KGM"),)),
        replace(event, epcs=("urn:uuid:1",)),
        replace(event, biz_step="inspecting"),
        replace(event, action=Action.DELETE),
    ]
    assert [scan_of(other, places) for other in others] == [None] * len(others)
