"""Signed notes and their keys, as https://c2sp.org/signed-note says.

A note is a text that ends in a newline, an empty line, and a line for each signature::

    — <key name> base64(4 bytes of key id || signature)

A verifier key is written ``<key name>+<key id in hex>+base64(algorithm || public key)``. Keys that
aren't known are passed over, so that witnesses may sign beside us. Witnesses sign by
https://c2sp.org/tlog-cosignature: the time they saw the text, then the text.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from traceability.errors import CheckpointError

MOST_SIGNATURES = 100
LARGEST_NOTE = 1_000_000

_ID_BYTES = 4
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_TIME_BYTES = 8
_LATEST = 2**63 - 1
_DASH = "\u2014 "


class Algorithm(IntEnum):
    """What a key signs with."""

    ED25519 = 1
    COSIGNATURE_V1 = 4


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; whose it is only a verifier can tell."""

    name: str
    key_id: bytes
    value: bytes

    @classmethod
    def parse(cls, line: str) -> Self:
        """The signature of a line without its newline. Raises CheckpointError."""
        parts = line.removeprefix(_DASH).split(" ")
        if not line.startswith(_DASH) or len(parts) != 2:  # noqa: PLR2004 - name and base64
            msg = f"{line[:80]!r} is no signature line: '\u2014 name base64'"
            raise CheckpointError(msg)
        name = check_name(parts[0])
        data = from_base64(parts[1])
        if len(data) <= _ID_BYTES:
            msg = f"the signature of {name} is too short"
            raise CheckpointError(msg)
        return cls(name, data[:_ID_BYTES], data[_ID_BYTES:])

    def __str__(self) -> str:
        return f"{_DASH}{self.name} {to_base64(self.key_id + self.value)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text that ends in a newline, and its signatures, checked or not."""

    text: str
    signatures: Sequence[Signature]

    @classmethod
    def parse(cls, written: str) -> Self:
        """The note of its whole text, without checking signatures. Raises CheckpointError."""
        if len(written) > LARGEST_NOTE:
            raise CheckpointError("the note is longer than any note needs to be")
        if any(character < " " and character != "\n" for character in written):
            raise CheckpointError("a note has no control characters")
        if any("\ud800" <= character <= "\udfff" for character in written):
            raise CheckpointError("the note isn't UTF-8")
        body, gap, lines = written.rpartition("\n\n")
        if not gap or not lines.endswith("\n"):
            msg = "that is no signed note: text, empty line, signatures, each line ended"
            raise CheckpointError(msg)
        return cls(f"{body}\n", tuple(parse_signatures(lines)))

    def __str__(self) -> str:
        lines = "".join(f"{signature}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}"

    def signed_by(self, verifiers: Iterable["Verifier"]) -> list["Verifier"]:
        """Those of the keys that have signed; keys that aren't among them are passed over.

        Of keys that share a name and an id, which is short, any may have signed. Raises
        CheckpointError where a signature that claims to be of one of them is wrong, or where none
        has signed.
        """
        known: dict[tuple[str, bytes], list[Verifier]] = {}
        for each in verifiers:
            known.setdefault((each.name, each.key_id), []).append(each)
        found: dict[tuple[str, bytes], Verifier] = {}
        for signature in self.signatures:
            key = (signature.name, signature.key_id)
            claimed = known.get(key)
            if claimed is None or key in found:
                continue
            signed = (each for each in claimed if each.verify(self.text, signature.value))
            verifier = next(signed, None)
            if verifier is None:
                msg = f"the signature of {signature.name} is wrong"
                raise CheckpointError(msg)
            found[key] = verifier
        if not found:
            names = ", ".join(sorted({each.name for each in self.signatures}))
            msg = f"no known key has signed; signed by {names}"
            raise CheckpointError(msg)
        return list(found.values())

    def with_signatures(self, added: Iterable[Signature]) -> "Note":
        """The note with further signatures behind its own, none of them twice."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *added))))


def parse_signatures(lines: str) -> list[Signature]:
    """Signatures of lines that each end in a newline. Raises CheckpointError."""
    if not lines.endswith("\n"):
        raise CheckpointError("the last signature line doesn't end")
    found = [Signature.parse(line) for line in lines[:-1].split("\n")]
    if len(found) > MOST_SIGNATURES:
        msg = f"more than {MOST_SIGNATURES} signatures"
        raise CheckpointError(msg)
    return found


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name and algorithm."""

    name: str
    public_key: bytes
    algorithm: Algorithm = Algorithm.ED25519

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || newline || algorithm || public key), the first 4 bytes."""
        named = self.name.encode() + b"\n" + bytes([self.algorithm]) + self.public_key
        return hashlib.sha256(named).digest()[:_ID_BYTES]

    @classmethod
    def parse(cls, written: str) -> Self:
        """The key of ``name+id+base64``. Raises CheckpointError."""
        parts = written.strip().split("+", 2)
        if len(parts) != 3:  # noqa: PLR2004 - name, id and key
            msg = f"{written.strip()[:80]!r} is no verifier key: name+id+base64"
            raise CheckpointError(msg)
        name, key_id, data = check_name(parts[0]), parts[1], from_base64(parts[2])
        if len(data) != 1 + _KEY_BYTES or data[0] not in set(Algorithm):
            msg = f"the key of {name} is none of Ed25519"
            raise CheckpointError(msg)
        made = cls(name, data[1:], Algorithm(data[0]))
        if made.key_id.hex() != key_id:
            msg = f"the key of {name} doesn't fit its id {key_id[:20]}"
            raise CheckpointError(msg)
        return made

    def __str__(self) -> str:
        data = to_base64(bytes([self.algorithm]) + self.public_key)
        return f"{self.name}+{self.key_id.hex()}+{data}"

    def verify(self, text: str, signature: bytes) -> bool:
        """Whether this key made that signature over the text."""
        message = text.encode()
        if self.algorithm is Algorithm.COSIGNATURE_V1:
            seconds = int.from_bytes(signature[:_TIME_BYTES])
            message, signature = cosigned(seconds, text), signature[_TIME_BYTES:]
            if seconds > _LATEST:
                return False
        if len(signature) != _SIGNATURE_BYTES:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


def cosigned(seconds: int, text: str) -> bytes:
    """What a witness signs: the second of its clock, and the text."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name."""

    name: str
    private_key: Ed25519PrivateKey

    @property
    def verifier(self) -> Verifier:
        """Its public half."""
        return Verifier(self.name, self.private_key.public_key().public_bytes_raw())

    def sign(self, text: str) -> Signature:
        """A signature over a text that ends in a newline."""
        return Signature(self.name, self.verifier.key_id, self.private_key.sign(text.encode()))


def check_name(name: str) -> str:
    """The name of a key, where it can be one. Raises CheckpointError."""
    if not name or "+" in name or any(each.isspace() or each < " " for each in name):
        msg = f"{name[:80]!r} is no name of a key: neither space nor plus, such as example.com/log"
        raise CheckpointError(msg)
    return name


def to_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode()


def from_base64(text: str) -> bytes:
    """The bytes of canonical base64. Raises CheckpointError."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        msg = f"{text[:80]!r} is no base64"
        raise CheckpointError(msg) from error
    # One value, one text: what b64decode passes over would let two notes be the same.
    if to_base64(data) != text:
        msg = f"{text[:80]!r} is no canonical base64"
        raise CheckpointError(msg)
    return data
