"""Pages in Firefox, over WebDriver BiDi: what it takes to see that one is live and follows an edit."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any


def find_firefox() -> str | None:
    return next((found for name in ("firefox-esr", "firefox") if (found := shutil.which(name))), None)


class Firefox:
    """One tab, spoken to through a socket."""

    def __init__(self, socket: Any) -> None:
        self._socket, self._numbers, self._log = socket, count(1), list[str]()
        self._ask("session.new", capabilities={})
        self._ask("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self._tab = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def _ask(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            told = json.loads(self._socket.recv(timeout=60))
            if told.get("id") == number:
                assert told["type"] == "success", told
                return told["result"]
            self._hear(told["method"], told["params"])

    def _hear(self, event: str, told: dict[str, Any]) -> None:
        if event == "network.beforeRequestSent":
            self._log.append(f"request: {told['request']['url']}")
        elif event == "log.entryAdded" and told["level"] == "error":
            self._log.append(f"error: {told['text']}")

    @property
    def wrong(self) -> list[str]:
        """Errors, and requests for what is neither the page nor made by it."""
        return [line for line in self._log if not re.match(r"request: (file|blob|data|about):", line)]

    def open(self, path: Path) -> None:
        self._ask("browsingContext.navigate", context=self._tab, url=path.resolve().as_uri(), wait="complete")

    def evaluate(self, expression: str) -> Any:
        """What an expression is, or is once a promise is kept: a text, number or truth."""
        told = self._ask(
            "script.evaluate", expression=expression, target={"context": self._tab}, awaitPromise=True
        )
        assert told["type"] == "success", told
        return told["result"].get("value")

    def wait_for(self, condition: str, patience: int = 60_000) -> None:
        """Wait until an expression is true."""
        script = f"""(async () => {{
          const end = performance.now() + {patience};
          while (!({condition}) && performance.now() < end) await new Promise((done) => setTimeout(done, 10));
          return Boolean({condition});
        }})()"""
        assert self.evaluate(script), (condition, self.wrong)

    def press(self, keys: str) -> None:
        """Press keys one after another, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        source = {"type": "key", "id": "keyboard", "actions": actions}
        self._ask("input.performActions", context=self._tab, actions=[source])


@contextmanager
def firefox(program: str, folder: Path) -> Iterator[Firefox]:
    """A Firefox without a window, in a profile of its own."""
    from websockets.sync.client import connect

    command = [program, "--headless", "--no-remote", "--profile", str(folder), "--remote-debugging-port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        found = (re.search(r"WebDriver BiDi listening on (ws://\S+)", line) for line in process.stderr)
        address = next((one[1] for one in found if one), None)
        assert address, f"{program} says no address to speak to it"
        with connect(f"{address}/session", max_size=None) as socket:
            yield Firefox(socket)
    finally:
        process.terminate()
        process.wait(30)
