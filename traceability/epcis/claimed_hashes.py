"""Whether an event's id is the hash that it claims to be.

Other programs give events their hash for an id, with other digests, and by other readings of CBV
2.0 and 2.1. An id that is none of these is kept, as what identifies an event is up to whoever made
it; a finding says that it proves nothing.
"""

import hashlib
import re
from collections.abc import Iterator

from traceability.epcis.event_hash import OURS, Edition, event_hash, pre_hash_text
from traceability.epcis.model import AnyEvent
from traceability.findings import Finding

_CLAIM = re.compile(r"ni:///([a-z0-9-]+);([0-9a-fA-F]+)\?ver=CBV\d+(?:\.\d+)+", re.ASCII)
_DIGESTS = {
    "sha-256": hashlib.sha256,
    "sha-384": hashlib.sha384,
    "sha-512": hashlib.sha512,
    "sha3-224": hashlib.sha3_224,
    "sha3-256": hashlib.sha3_256,
    "sha3-384": hashlib.sha3_384,
    "sha3-512": hashlib.sha3_512,
}
_VOCABULARY, _LATER_VOCABULARY = "=https://gs1.org/voc/", "=https://ref.gs1.org/voc/"
_EDITIONS = (
    OURS,
    Edition(certificates=False),
    Edition(sensor_list=False, inline=False),
    Edition(certificates=False, sensor_list=False, inline=False),
)


def false_hashes(event: AnyEvent) -> Iterator[Finding]:
    """A finding where the id claims to be a hash of the event, and isn't (8.9)."""
    claim = _CLAIM.fullmatch(event.event_id or "")
    digest = None if claim is None else _DIGESTS.get(claim[1])
    if claim is None or digest is None:
        return
    claimed = claim[2].lower()
    if all(digest(text.encode()).hexdigest() != claimed for text in _texts(event)):
        detail = f"claims to be the hash of the event, which is {event_hash(event)}"
        yield Finding("cbv-id-not-its-hash", detail, "eventID")


def _texts(event: AnyEvent) -> Iterator[str]:
    """What may have been hashed, by any reading."""
    for edition in _EDITIONS:
        text = pre_hash_text(event, edition)
        yield text
        # Sensor types moved to another address with version 2.0.1 of GS1's context.
        yield text.replace(_VOCABULARY, _LATER_VOCABULARY)
