"""The docs tell the truth: their examples work and their tables are complete."""

import re
import time
from pathlib import Path

import pytest

from api.problem_types import PROBLEM_TYPES
from ingest.decoding import Decoder
from ingest.line_protocol import decode
from park.assets import Park
from park.settings import Settings
from park.telemetry import KINDS
from park.times import now_ms

ROOT = Path(__file__).parents[2]
NOW_MS = now_ms()

TELEMETRY_EXAMPLE = re.compile(r'^pub (\w+)/([\w-]+) "(.*)"$', re.MULTILINE)
SCAN_EXAMPLE = re.compile(r"^mosquitto_pub -q 1 -t (\S+) -m '(\{.*?\})'$", re.MULTILINE | re.DOTALL)
SETTING_ROW = re.compile(r"^\| ((?:`[^|]*`(?:, )?)+) \| ([^|]+) \|", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@pytest.fixture
def decoder(small_park: Park) -> Decoder:
    return Decoder(small_park, clock_skew_s=300, payload_limit_bytes=262_144)


def test_there_is_a_working_line_for_each_kind(decoder: Decoder) -> None:
    shown = set()
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(NOW_MS / 1000))
    for kind, asset, body in TELEMETRY_EXAMPLE.findall(text("docs/devices.md")):
        payload = body.replace('\\"', '"').replace("$now", now).encode()
        decoded = decoder.decode(f"agripark/v1/linyi/{kind}/{asset}/telemetry", payload, NOW_MS)
        assert not decoded.faults
        assert [decode(line).asset for line in decoded.lines] == [asset]
        shown.add(kind)
    assert shown == set(KINDS)


def test_the_scan_that_is_shown_works(decoder: Decoder) -> None:
    ((topic, body),) = SCAN_EXAMPLE.findall(text("docs/devices.md"))
    decoded = decoder.decode(topic, body.encode(), NOW_MS)
    assert not decoded.faults
    assert len(decoded.scans) == 1


def test_every_problem_is_listed_with_its_status() -> None:
    listed = re.findall(r"^\| `/problems/([\w-]+)` \| (\d+) \|", text("docs/http.md"), re.MULTILINE)
    assert dict(listed) == {slug: str(row.status) for slug, row in PROBLEM_TYPES.items()}


def test_every_setting_is_listed_by_its_whole_name() -> None:
    listed = {
        name.lower()
        for names, _ in SETTING_ROW.findall(text("docs/running.md"))
        for name in re.findall(r"`AGRIPARK_([A-Z_]+)`", names)
    }
    assert listed == set(Settings.model_fields)


@pytest.mark.parametrize("path", ["README.md", "CONTRIBUTING.md", "docs"], ids=str)
def test_links_lead_somewhere(path: str) -> None:
    start = ROOT / path
    for page in [start] if start.is_file() else sorted(start.rglob("*.md")):
        for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
            there = page.parent / target if target else page
            assert there.exists(), f"{page.name} links to {target}"
            assert not anchor or anchor in anchors(there), f"{page.name} links to {target}#{anchor}"


def anchors(page: Path) -> set[str]:
    """What can be linked to on a page, as GitHub makes it of headings."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
