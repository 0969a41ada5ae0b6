"""Where commands write: results to standard output, everything else to standard error."""

import json
import sys
from typing import Any

from api.commands.logs import as_line


def show(result: Any) -> None:
    """Print a result: text as it is, anything else as JSON."""
    text = result if isinstance(result, str) else json.dumps(result, indent=2, ensure_ascii=False)
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def say(words: str) -> None:
    """Tell the user what is going on."""
    sys.stderr.write(f"{as_line(words)}\n")
    sys.stderr.flush()
