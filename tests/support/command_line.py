"""Runs `agripark` commands in this process, as a user would type them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from api.cli import main


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    status: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class CommandLine:
    """Commands that share one folder of data."""

    data: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def spool_path(self) -> Path:
        """The spool's file of that folder."""
        return self.data / "spool.db"

    def __call__(self, *words: str) -> Done:
        """Run `agripark` with these words, on the folder."""
        self.capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main((*words, "--data", str(self.data)))
        printed = self.capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)
