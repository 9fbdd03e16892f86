"""A real TensorBoard server, and what its HPARAMS tab asks it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

DEADLINE_S = 60
WITHOUT_TENSORFLOW = "import sys; sys.modules['tensorflow'] = None; from tensorboard.main import run_main; run_main()"
STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


class Server:
    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, what: str, **body: Any) -> Any:
        words = json.dumps({"experimentName": "", **body}).encode()
        asked = urllib.request.Request(
            f"{self.url}data/plugin/hparams/{what}", words, headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(asked, timeout=DEADLINE_S) as answer:
            return json.loads(answer.read())

    def experiment(self) -> Any:
        return self.ask("experiment", includeMetrics=True)

    def groups(self) -> dict[str, Any]:
        """The rows of the table, with all its columns, by name."""
        experiment = self.experiment()
        columns = [{"hparam": each["name"]} for each in experiment.get("hparamInfos", [])]
        columns += [{"metric": each["name"]} for each in experiment.get("metricInfos", [])]
        asked = {"allowedStatuses": STATUSES, "colParams": columns, "startIndex": 0, "sliceSize": 1000}
        return {each["name"]: each for each in self.ask("session_groups", **asked).get("sessionGroups", [])}

    def wait_for(self, is_there: Callable[[], bool]) -> None:
        """Until the server, which looks into its folder every second, has read what was written."""
        deadline = time.monotonic() + DEADLINE_S
        while not is_there():
            assert time.monotonic() < deadline, self.groups()
            time.sleep(0.1)


def metrics_of(group: Any) -> dict[str, float]:
    return {each["name"]["tag"]: each["value"] for each in group["metricValues"]}


@contextlib.contextmanager
def serving(logdir: Path) -> Iterator[Server]:
    """As it is where TensorFlow is not installed, which it would import for seconds and read files with."""
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, "--logdir", str(logdir), "--port", "0", "--host", "127.0.0.1"]
    with subprocess.Popen(
        [*command, "--reload_interval", "1", "--load_fast", "false"], stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if " at http://" in line:
                    yield Server(line.split(" at ")[1].split(" (")[0])
                    break
            else:
                raise AssertionError("".join(said))
        finally:
            process.kill()
