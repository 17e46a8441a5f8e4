"""Every script of this folder."""

from pathlib import Path
from typing import Final

from tests.conversations import large_sentences  # noqa: F401 - its sentences are understood too
from tests.conversations.sentences import LANGUAGE

SCRIPTS: Final = [LANGUAGE.parse(path) for path in sorted(Path(__file__).parent.glob("*.chat"))]
