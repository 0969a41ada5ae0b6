"""Reads profile files: one, a folder of them, or those that come with agripark."""

import tomllib
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ingest.errors import ProfileError
from ingest.profiles.compiling import compile_profile
from ingest.profiles.file import ProfileFile
from ingest.profiles.profile import Profile

_SUFFIX = ".toml"
_PLAIN_WORDS = {
    "missing": "must be given",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "list_type": "must be a list, written [[...]] or [...]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "finite_number": "must be finite",
    "string_pattern_mismatch": "has a character or a form that isn't allowed here",
    "too_short": "must not be empty",
}


def read_profile(path: Path | Traversable) -> Profile:
    """The profile in that file. Raises ProfileError naming the file, the key and what to do."""
    return parse_profile(read_text(path), path.name)


def read_text(path: Path | Traversable) -> str:
    """The file's text. Raises ProfileError where it can't be read."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(path.name, "", f"can't be read: {error}") from error


def parse_profile(text: str, file: str) -> Profile:
    """The profile in the text of a file called `file`. Raises ProfileError."""
    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        hint = "; is a key or device written twice?" if "overwrite" in str(error) else ""
        raise ProfileError(file, "", f"is no TOML: {error}{hint}") from error
    try:
        tables = ProfileFile.model_validate(content)
    except ValidationError as error:
        raise ProfileError(file, *_problem(error)) from error
    return compile_profile(tables, file)


def read_profiles(folder: Path) -> tuple[Profile, ...]:
    """The profiles of every *.toml file in a folder, by name.

    Raises ProfileError where one is wrong or two have the same name.
    """
    if not folder.is_dir():
        raise ProfileError(
            str(folder), "", "is no folder; make it or correct AGRIPARK_PROFILES_DIR"
        )
    found: dict[str, Profile] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix == _SUFFIX and path.is_file():
            profile = read_profile(path)
            other = found.setdefault(profile.name, profile)
            if other is not profile:
                raise ProfileError(
                    profile.file, "name", f"{profile.name!r} is the name of {other.file} too"
                )
    return _sorted(found.values())


def shipped_files() -> Mapping[str, Traversable]:
    """The files of the profiles that come with agripark, by the profile's name."""
    return {
        entry.name.removesuffix(_SUFFIX): entry
        for entry in sorted(files("ingest.profiles").iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(_SUFFIX)
    }


def shipped_profiles() -> tuple[Profile, ...]:
    """The profiles that come with agripark: examples to copy, with devices that nobody has."""
    return _sorted(map(read_profile, shipped_files().values()))


def _sorted(profiles: Iterable[Profile]) -> tuple[Profile, ...]:
    return tuple(sorted(profiles, key=lambda profile: profile.name))


def _problem(error: ValidationError) -> tuple[str, str]:
    """The key and the words of the first problem."""
    first = error.errors(include_url=False)[0]
    return _path(first["loc"]), _words(first)


def _path(steps: Iterable[int | str]) -> str:
    path = ""
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        elif step not in _UNION_STEPS:
            path += f".{step}" if path else step
    return path


_UNION_STEPS = {"bool", "int", "float", "str", "dict[str,constrained-str]", "constrained-str"}
"""What pydantic adds to a path where a value may be of several types."""


def _words(problem: Mapping[str, Any]) -> str:
    words = _PLAIN_WORDS.get(problem["type"])
    if words is None:
        words = (
            str(problem["msg"]).removeprefix("Value error, ").replace("Input should be", "must be")
        )
    shown = problem.get("input")
    if problem["type"] == "missing" or not isinstance(shown, str | int | float):
        return words
    return words if repr(shown) in words else f"{words}, not {shown!r}"
