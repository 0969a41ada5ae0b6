"""The wordings of dashboards, one TOML file for each language.

What the telemetry table already names (fields and kinds) is taken from there and stands in no
file. A second language is a second file with the same keys.
"""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from grafana.errors import MissingTextError
from park.telemetry import Text

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@dataclass(frozen=True, slots=True)
class Texts:
    """The wordings of one language, or one section of them."""

    language: Language
    section: str
    entries: dict[str, Any]

    def within(self, name: str) -> "Texts":
        """The section of that name. Raises MissingTextError."""
        entries = self._entry(name)
        if not isinstance(entries, dict):
            raise MissingTextError(self.language, self._key(name))
        return Texts(self.language, self._key(name), entries)

    def __getitem__(self, name: str) -> str:
        """The wording of that name. Raises MissingTextError."""
        entry = self._entry(name)
        if not isinstance(entry, str) or not entry.strip():
            raise MissingTextError(self.language, self._key(name))
        return entry.strip()

    def get(self, name: str) -> str | None:
        """The wording of that name, or None where the file has none."""
        return self[name] if name in self.entries else None

    def of(self, text: Text) -> str:
        """A wording of the park's own, such as a field's title, in this language."""
        return text.en if self.language == "en" else text.zh

    def _entry(self, name: str) -> Any:
        if name not in self.entries:
            raise MissingTextError(self.language, self._key(name))
        return self.entries[name]

    def _key(self, name: str) -> str:
        return f"{self.section}.{name}" if self.section else name


def read_texts(language: Language = "en") -> Texts:
    """All wordings of a language. Raises MissingTextError where it has no file."""
    file = files(__name__).joinpath(f"{language}.toml")
    if not file.is_file():
        raise MissingTextError(language, "everything: the file doesn't exist")
    return Texts(language, "", tomllib.loads(file.read_text(encoding="utf-8")))
