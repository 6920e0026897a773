"""The sentences of the command line, in Vietnamese and English: `messages.csv`.

Belongs here: loading and filling them. What is said of a submission is in `findings.csv`.
"""

import functools
from dataclasses import dataclass
from pathlib import Path

from ocop_pipeline.catalogue.tables import read_csv, refuse_repeats
from ocop_pipeline.paths import CATALOGUE_DATA

LANGUAGES = ("vi", "en")


@dataclass(frozen=True, slots=True)
class Messages:
    """Sentences by key in one language; `both` gives them in either, for help texts."""

    language: str
    sentences: dict[str, dict[str, str]]

    def say(self, key: str, **values: object) -> str:
        """The sentence of a key with its places filled; values are plain text, never markup."""
        return self.sentences[key][self.language].format(**values)

    def both(self, key: str) -> str:
        """Vietnamese and English, for a help text that has no language of its own."""
        return f"{self.sentences[key]['vi']} / {self.sentences[key]['en']}"


@functools.cache
def load_messages(language: str = "vi", path: Path = CATALOGUE_DATA / "messages.csv") -> Messages:
    """Every sentence.

    Raises:
        CatalogueError: a key that stands twice or has no words in one language.
    """
    rows = read_csv(path, columns=("key", *LANGUAGES))
    refuse_repeats(rows, "key")
    return Messages(language, {row.text("key"): {name: row.text(name) for name in LANGUAGES} for row in rows})
