"""Two processes of a cluster and a provider: a log-in begun at one ends at the other, and both hear of a log-out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import parse_qsl

import httpx2
import pytest
from prove.process import ServerProcess
from tests.cluster.conftest import cluster
from tests.openid.conftest import PUBLIC, Trip
from tests.openid.provider import CLIENT_ID, CLIENT_SECRET, OwnProvider
from tests.support.clusters import Cluster
from tests.support.device import Device
from tests.support.places import Sockets
from tests.support.serving import PATIENCE, serving

from chinwag.domain.ids import AccountId, DeviceId
from chinwag.flow.clock import system_clock

__all__ = ["cluster"]


@pytest.fixture
async def provider() -> AsyncIterator[OwnProvider]:
    """By the clock of the processes."""
    async with OwnProvider(system_clock).serving() as serving_one:
        yield serving_one


@pytest.fixture
async def processes(cluster: Cluster, provider: OwnProvider, tmp_path: Path) -> AsyncIterator[list[ServerProcess]]:
    """Two, which know the provider as `staff`."""
    await cluster.init()
    secret = tmp_path / "secret"
    secret.touch(mode=0o600)
    secret.write_text(CLIENT_SECRET)
    settings = tmp_path / "chinwag.toml"
    settings.write_text(
        f'[server]\npublic_url = "{PUBLIC}"\n[openid.staff]\nissuer = "{provider.issuer}"\nclient_id = "{CLIENT_ID}"\n'
        f'client_secret_file = "{secret}"\nsign_up = "everybody"\nadmin_groups = ["wheel"]\n'
    )
    variables = {"CHINWAG_CONFIG": str(settings)}
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(serving(cluster, name, "--cluster-nodes", "2", environment=variables))
            for name in ("one", "other")
        ]


def client(process: ServerProcess) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=process.url, timeout=PATIENCE)


async def come_by(processes: list[ServerProcess], provider: OwnProvider) -> dict[str, object]:
    """Set out from one process, come back to the other, and log in at the first: each as often as a busy machine asks
    for it. What the server's answer says."""
    async with client(processes[0]) as one, client(processes[1]) as other, asyncio.timeout(PATIENCE):
        while True:
            trip = Trip(one, provider)
            begun = await trip.begin()
            if begun.status_code >= 500:
                continue
            trip.client = other
            back = await trip.call_back(provider.authorise(trip.address))
            said = dict(parse_qsl(back.headers.get("location", "").partition("#")[2]))
            if back.status_code >= 500 or said.get("openid_error") in ("openid_unavailable", "unavailable"):
                continue
            trip.client = one
            answer = await trip.log_in(said["openid_code"])
            if answer.status_code < 500:
                assert answer.status_code == 201, answer.text
                return dict(answer.json())


async def test_a_log_in_crosses_processes_and_a_log_out_at_one_closes_sockets_at_the_other(
    processes: list[ServerProcess], provider: OwnProvider
) -> None:
    provider.person["groups"] = ["wheel"]
    tokens = await come_by(processes, provider)
    account = tokens["account"]
    assert isinstance(account, dict)
    assert account["admin"] is True
    # their devices' sockets are at the other process, and the provider calls the first
    place = Sockets(processes[1])
    device = Device(
        place, "ann", AccountId(account["id"]), DeviceId(str(tokens["device"])), str(tokens["access_token"])
    )
    await device.load()
    await device.connect()
    token = provider.logout_token()
    async with client(processes[0]) as one, client(processes[1]) as other:
        answer = await one.post("/v1/openid/staff/logout", data={"logout_token": token})
        assert answer.status_code == 200, answer.text
        await device.until(lambda: device.byes, "the end of its socket")
        assert device.byes[0].code == "revoked"
        for process in (one, other):
            answer = await process.get("/v1/me", headers={"authorization": f"Bearer {device.token}"})
            assert answer.json()["code"] == "revoked"
            answer = await process.post("/v1/openid/staff/logout", data={"logout_token": token})
            assert answer.json()["code"] == "openid_failed", "it counts once, wherever it is brought"
    await device.close()
    await place.close()
