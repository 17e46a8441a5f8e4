"""The table of scripts and transports after a run, also of one that was spread over workers."""

from collections.abc import Sequence
from typing import Final

import pytest

PLAYED: Final = "script played"
"""The property of a report that says which script it is of, and where that was played."""


class ScriptTable:
    """A plugin of pytest. A test of a script has the parameters `script` and, if not in one process, `place`."""

    def __init__(self) -> None:
        self._outcomes: dict[tuple[str, str], bool] = {}

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Have the reports of `item` say what it plays: where the table is made, only reports arrive."""
        parameters = getattr(getattr(item, "callspec", None), "params", {})
        if "script" in parameters:
            place = parameters.get("place")
            item.user_properties.append((PLAYED, (parameters["script"].name, place.name if place else "process")))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a script went."""
        for name, value in report.user_properties:
            if name == PLAYED and (report.when == "call" or report.failed):
                script, place = map(str, value) if isinstance(value, Sequence) else ("", "")
                self._outcomes[script, place] = report.passed

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print it."""
        if self._outcomes:
            from tests.conversations.table import render

            terminalreporter.section("scripts and transports")
            terminalreporter.write_line(render(self._outcomes))
