"""Both engines together, in one folder that remembers which processes are its own."""

import contextlib
import fcntl
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from chinwag.engines import nats, postgres, process
from chinwag.engines.errors import EngineError, PortTakenError, StillEndingError
from chinwag.engines.nats import Nats
from chinwag.engines.place import Place
from chinwag.engines.postgres import Postgres
from chinwag.engines.process import Running
from chinwag.lasting import kept_log, whole_file

TRIES: Final = 5
"""A free port may be taken by another program before the engine has it."""

ENDING_SECONDS: Final = 30.0
"""How long what is left of an earlier process may take to end."""


class Standing(msgspec.Struct, frozen=True):
    """How one engine stands. url: with its password, empty if it does not run. ended: it did so by itself."""

    name: str
    port: int
    pid: int
    url: str
    log: Path
    ended: bool = False


class Secrets(msgspec.Struct, frozen=True):
    """The engines' passwords, made once a folder."""

    postgres: str
    nats: str


class Engines:
    """The engines of one folder. Blocks. Two commands at once wait for one another."""

    def __init__(self, place: Place, database: Postgres, bus: Nats | None, host: str = "127.0.0.1") -> None:
        """bus: None where NATS is elsewhere."""
        self._place = place
        self._engines: dict[str, Postgres | Nats] = {"postgres": database} | ({} if bus is None else {"nats": bus})
        self._host = host
        self._state = place.folder / "running.json"
        self._secrets = place.folder / "secrets.json"

    def up(self, ports: dict[str, int], say: Callable[[str], None]) -> None:
        """Start what does not run yet; return when all are ready.

        ports: by `postgres` and `nats`; 0 takes a free one. What runs already stays on its port. Raises `EngineError`:
        what was started before then runs on.
        """
        with self._alone():
            words = self._passwords()
            running = self._running()
            for key, engine in self._engines.items():
                one = running.get(key)
                if one is not None and process.lives(one):
                    if ports[key] not in (0, one.port):
                        raise EngineError(
                            f"{engine.name} runs on port {one.port} already: end it first (`chinwag engines down`)"
                        )
                    say(f"{engine.name} runs already on {self._host}:{one.port}")
                    continue
                say(f"starting {engine.name}")
                one = self._start(key, ports[key], getattr(words, key), running)
                say(f"{engine.name} is ready on {self._host}:{one.port}")

    def down(self, say: Callable[[str], None]) -> None:
        """End what runs. Data, passwords and logs stay. Raises `EngineError`."""
        with self._alone():
            running = self._running()
            for key, engine in reversed(self._engines.items()):
                one = running.pop(key, None)
                if one is not None and process.lives(one):
                    engine.stop(one)
                    say(f"{engine.name} has ended")
                else:
                    say(f"{engine.name} did not run")
                self._remember(running)

    def standings(self) -> dict[str, Standing]:
        """How each that is ours stands, by `postgres` and `nats`."""
        running = self._running()
        words = self._passwords() if self._secrets.exists() else Secrets("", "")
        urls = {
            "postgres": f"postgresql://{postgres.USER}:{words.postgres}@{{at}}/{postgres.USER}",
            "nats": f"nats://{nats.USER}:{words.nats}@{{at}}",
        }
        found = {}
        for key, engine in self._engines.items():
            one = running.get(key)
            if one is not None and process.lives(one):
                at = f"[{self._host}]:{one.port}" if ":" in self._host else f"{self._host}:{one.port}"
                found[key] = Standing(engine.name, one.port, one.pid, urls[key].format(at=at), engine.log)
            else:
                found[key] = Standing(engine.name, 0, 0, "", engine.log, ended=one is not None)
        return found

    def _start(self, key: str, port: int, password: str, running: dict[str, Running]) -> Running:
        engine = self._engines[key]
        left, end = TRIES, time.monotonic() + ENDING_SECONDS
        while True:
            one = engine.launch(self._host, port or _free_port(self._host), password)
            # at once: it is ours from now on, whatever becomes of this command
            running[key] = one
            self._remember(running)
            try:
                engine.wait(one)
            except PortTakenError:
                left -= 1
                if port or not left:
                    raise
            except StillEndingError:
                if time.monotonic() > end:
                    raise
                time.sleep(process.LOOK_SECONDS)
            except EngineError:
                engine.stop(one)
                raise
            else:
                return one

    def _passwords(self) -> Secrets:
        try:
            return msgspec.json.decode(self._secrets.read_bytes(), type=Secrets)
        except FileNotFoundError:
            words = Secrets(secrets.token_urlsafe(24), secrets.token_urlsafe(24))
            with whole_file(self._secrets) as file:
                file.write(msgspec.json.encode(words))
            return words
        except msgspec.MsgspecError as error:
            raise EngineError(f"{self._secrets} cannot be read ({error}): bring back what stood in it") from error

    def _running(self) -> dict[str, Running]:
        try:
            return msgspec.json.decode(self._state.read_bytes(), type=dict[str, Running])
        except FileNotFoundError:
            return {}
        except msgspec.MsgspecError as error:
            raise EngineError(
                f"{self._state} cannot be read ({error}): end the engines by hand, then take it away"
            ) from error

    def _remember(self, running: dict[str, Running]) -> None:
        with whole_file(self._state, replace=True) as file:
            file.write(msgspec.json.encode(running))

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        with kept_log(self._place.folder / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _free_port(host: str) -> int:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
