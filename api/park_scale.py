"""At which scale the park is whose data a folder holds.

Places are numbered by counting, so at another scale a room has another GLN. Who asks what lies in a
folder asks about the park that it was written for, without having to say its scale again.
"""

import json
import logging
from pathlib import Path

from api.errors import CommandError
from park.settings import Settings

_log = logging.getLogger(__name__)

_NAME = "scale"


def scale_of(settings: Settings) -> float:
    """The scale that is asked for; where none is, that of the folder.

    Raises CommandError where the folder holds a park at another scale.
    """
    kept = _kept(settings.scale_path)
    if kept is None:
        return settings.park_scale
    if "park_scale" in settings.model_fields_set and settings.park_scale != kept:
        msg = (
            f"{settings.data_dir} holds the data of a park at scale {kept:g}, not "
            f"{settings.park_scale:g}; leave --scale out, or name another folder with --data"
        )
        raise CommandError(msg)
    return kept


def keep_scale(settings: Settings) -> None:
    """Write down in the folder at which scale its park is."""
    path = settings.scale_path
    if path.exists():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{json.dumps({_NAME: settings.park_scale})}\n")
    except OSError as error:
        _log.warning("can't write %s: %s", path, error)


def _kept(path: Path) -> float | None:
    try:
        found = json.loads(path.read_text())[_NAME]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise CommandError(f"can't read {path}, which says the park's scale: {error}") from error
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise CommandError(f"{path} says no scale: {found!r}")
    return float(found)
