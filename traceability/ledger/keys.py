"""The ledger's keys: files of one folder, never in the database.

Each key has a number. `0001.public` is its verifier key, `0001.secret` its private key, readable
by its owner only. The key of the highest number signs. On rotation the new key is made, a note
says which key follows which (`0002.rotation`, signed by both), and the old private key is deleted;
public keys stay, so that old checkpoints can be checked for ever.
"""

import fcntl
import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from park.times import format_instant
from traceability.errors import CheckpointError, LedgerError, NoKeyError
from traceability.ledger.notes import (
    Note,
    Signer,
    Verifier,
    check_name,
    from_base64,
    to_base64,
)

_PUBLIC = re.compile(r"(\d{4,})\.public")
_SECRET_MODE = 0o600
_FOLDER_MODE = 0o700
_OTHERS = 0o077
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One key of the folder; `rotation` is the note that says whom it followed."""

    number: int
    verifier: Verifier
    can_sign: bool
    rotation: Note | None


class KeyFolder:
    """Keys in files. Safe to share among threads and processes; every method raises LedgerError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self) -> Sequence[KeyEntry]:
        """All keys, the first made first."""
        return [self._entry(number) for number in self._numbers()]

    def verifiers(self) -> Sequence[Verifier]:
        """All public keys, the first made first."""
        return [self._verifier(number) for number in self._numbers()]

    def signer(self) -> Signer:
        """The key that signs now. Raises NoKeyError where there is none."""
        numbers = self._numbers()
        if not numbers:
            msg = f"no key in {self.folder}; make one: agripark ledger key create"
            raise NoKeyError(msg)
        return self._signer(numbers[-1])

    def create(self, name: str) -> Verifier:
        """Make the first key. Raises LedgerError where there is one already."""
        check_name(name)
        with self._locked():
            if self._numbers():
                msg = f"{self.folder} has a key already; take agripark ledger key rotate"
                raise LedgerError(msg)
            return self._make(1, Signer(name, Ed25519PrivateKey.generate()), None)

    def rotate(self, now: datetime, *, lost: bool = False) -> Verifier:
        """Make a key of the same name that signs from now on, and forget the old private key.

        `lost` says that the old private key is gone, so that only the new one can sign the note.
        Raises NoKeyError where the old one is missing otherwise.
        """
        with self._locked():
            numbers = self._numbers()
            if not numbers:
                msg = f"no key in {self.folder} to follow; make one: agripark ledger key create"
                raise NoKeyError(msg)
            old = self._verifier(numbers[-1])
            new = Signer(old.name, Ed25519PrivateKey.generate())
            signers = [new] if lost else [self._signer(numbers[-1]), new]
            text = rotation_text(old, new.verifier, now)
            note = Note(text, tuple(each.sign(text) for each in signers))
            made = self._make(numbers[-1] + 1, new, note)
            self._path(numbers[-1], "secret").unlink(missing_ok=True)
            return made

    def _numbers(self) -> list[int]:
        try:
            names = [entry.name for entry in self.folder.iterdir()]
        except FileNotFoundError:
            return []
        except OSError as error:
            msg = f"can't read the ledger's keys: {error}"
            raise LedgerError(msg) from error
        return sorted(int(match[1]) for name in names if (match := _PUBLIC.fullmatch(name)))

    def _path(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:04d}.{kind}"

    def _entry(self, number: int) -> KeyEntry:
        rotation = self._path(number, "rotation")
        return KeyEntry(
            number,
            self._verifier(number),
            self._path(number, "secret").exists(),
            Note.parse(_read(rotation)) if rotation.exists() else None,
        )

    def _verifier(self, number: int) -> Verifier:
        path = self._path(number, "public")
        try:
            return Verifier.parse(_read(path))
        except CheckpointError as error:
            msg = f"{path} is garbled: {error}; restore it from a backup"
            raise LedgerError(msg) from error

    def _signer(self, number: int) -> Signer:
        path, verifier = self._path(number, "secret"), self._verifier(number)
        try:
            exposed = path.stat().st_mode & _OTHERS
        except FileNotFoundError as error:
            msg = (
                f"{path} is missing; restore it from a backup, or give it up: "
                "agripark ledger key rotate --lost"
            )
            raise NoKeyError(msg) from error
        if exposed:
            msg = f"others may read {path}; if nobody did: chmod 600 {path}, else rotate the key"
            raise LedgerError(msg)
        try:
            data = from_base64(_read(path).strip())
        except CheckpointError as error:
            # Not the text itself: it may be most of the key.
            msg = f"{path} is garbled; restore it from a backup"
            raise LedgerError(msg) from error
        if len(data) != _SECRET_BYTES:
            msg = f"{path} is garbled; restore it from a backup"
            raise LedgerError(msg)
        signer = Signer(verifier.name, Ed25519PrivateKey.from_private_bytes(data))
        if signer.verifier != verifier:
            msg = f"{path} isn't the private key of {self._path(number, 'public')}"
            raise LedgerError(msg)
        return signer

    def _make(self, number: int, signer: Signer, rotation: Note | None) -> Verifier:
        """Write a key's files, the public one last: it is what makes it count."""
        secret = to_base64(signer.private_key.private_bytes_raw())
        self._write(self._path(number, "secret"), f"{secret}\n")
        if rotation is not None:
            self._write(self._path(number, "rotation"), str(rotation))
        self._write(self._path(number, "public"), f"{signer.verifier}\n")
        return signer.verifier

    def _write(self, path: Path, text: str) -> None:
        """Write a file whole or not at all, and make sure that it is on disk."""
        # Readable by its owner only from its beginning: mkstemp sees to that.
        handle, temporary = tempfile.mkstemp(dir=self.folder, prefix=".", suffix=".new")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Alone among all processes that change keys."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
            with (self.folder / ".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as error:
            msg = f"can't write the ledger's keys: {error}"
            raise LedgerError(msg) from error


def rotation_text(old: Verifier, new: Verifier, now: datetime) -> str:
    """What a rotation's note says. Its second line is no number: it can't pass for a checkpoint."""
    return f"{old.name}\nkey rotation\nfrom {old}\nto {new}\nat {format_instant(now)}\n"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        msg = f"can't read {path}: {error}"
        raise LedgerError(msg) from error
