"""Writes dashboards and provisioning files; the same input always gives the same bytes."""

import json
from pathlib import Path
from typing import Any

from grafana.dashboards import all_dashboards
from grafana.errors import BuildError
from grafana.provisioning import provisioning_files
from grafana.texts import LANGUAGES

GENERATED = Path(__file__).parent / "generated"
"""The files that are kept in the repository and shipped with the package."""


def build(directory: Path = GENERATED) -> list[Path]:
    """Write all dashboards and provisioning files below that folder; their paths, sorted.

    Raises BuildError where a dashboard is wrong, before anything is written, or where the folder
    can't be written.
    """
    contents = {path: text.encode() for path, text in generated_files().items()}
    written = []
    try:
        for path, content in sorted(contents.items()):
            target = directory / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            written.append(target)
    except OSError as error:
        raise BuildError(f"can't write to {directory}: {error}") from error
    return written


def generated_files() -> dict[Path, str]:
    """Every generated file's text by its path. Raises BuildError."""
    files = {
        Path("dashboards", language, f"{name}.json"): _stable_json(model)
        for language in LANGUAGES
        for name, model in all_dashboards(language).items()
    }
    provisioning = provisioning_files()
    return files | {Path("provisioning") / path: text for path, text in provisioning.items()}


def _stable_json(model: dict[str, Any]) -> str:
    return json.dumps(model, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
