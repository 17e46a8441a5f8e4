"""An upload that one server began and another finishes, with media in an object store."""

from pathlib import Path
from typing import Any

from prove.process import ServerProcess
from tests.contract.media_stores import seaweed  # noqa: F401 - a fixture
from tests.support.clusters import Cluster
from tests.support.media import client_of, picture
from tests.support.own_seaweed import OwnSeaweed
from tests.support.people import asked, log_in_device, sign_up
from tests.support.places import Sockets

TUS: Any = {"tus-resumable": "1.0.0"}
PATCH: Any = {"content-type": "application/offset+octet-stream", **TUS}


async def test_another_server_goes_on_when_the_first_is_killed(
    tmp_path: Path,
    cluster: Cluster,
    seaweed: OwnSeaweed,  # noqa: F811
) -> None:
    await cluster.init()
    bucket = seaweed.bucket()
    secret = tmp_path / "s3.secret"
    secret.touch(mode=0o600)
    secret.write_text(bucket.secret_key)
    environment = cluster.environment | {
        "CHINWAG_CLUSTER_SECRET_FILE": str(cluster.data / "cluster.secret"),
        "CHINWAG_S3_ENDPOINT": bucket.endpoint,
        "CHINWAG_S3_BUCKET": bucket.name,
        "CHINWAG_S3_REGION": bucket.region,
        "CHINWAG_S3_ACCESS_KEY": bucket.access_key,
        "CHINWAG_S3_SECRET_KEY_FILE": str(secret),
    }
    environment.pop("CHINWAG_DATA")
    one, two = (ServerProcess(tmp_path / name, environment=environment) for name in ("one", "two"))
    try:
        await one.start()
        await two.start()
        place = Sockets(two)
        await sign_up(place, "ann-of-two-servers")
        ann = await log_in_device(place, "ann-of-two-servers")
        made = await asked(place, "POST", "/v1/conversations", token=ann.token, json={"title": "Tea"})
        group = made.json()["conversation"]
        content = picture(800, 600, "PNG")
        half = len(content) // 2
        first, second = client_of(one.url, ann.token), client_of(two.url, ann.token)
        begun = await first.post("/v1/media", headers={**TUS, "upload-length": str(len(content))})
        assert begun.status_code == 201, begun.text
        at = begun.headers["location"]
        sent = await first.patch(at, content=content[:half], headers={**PATCH, "upload-offset": "0"})
        assert sent.status_code == 204, sent.text
        await one.kill()
        head = await second.head(at, headers=TUS)
        assert head.headers["upload-offset"] == str(half)
        rest = await second.patch(at, content=content[half:], headers={**PATCH, "upload-offset": str(half)})
        assert rest.status_code == 204, rest.text
        while True:
            found = (await second.get(f"{at}?wait=30")).json()
            if found["state"] == "ready":
                break
            assert found["state"] == "processing", found
        body = {"type": "media", "upload": found["id"]}
        while True:  # until the other's partitions are taken over
            placed = await second.post(
                f"/v1/conversations/{group}/messages", json={"body": body}, headers={"idempotency-key": "once"}
            )
            if placed.status_code == 201:
                break
            assert placed.status_code == 503, placed.text
        number = placed.json()["number"]
        read = await second.get(f"/v1/conversations/{group}/messages/{number}/media", headers={"range": "bytes=7-"})
        assert (read.status_code, read.content) == (206, content[7:])
        await first.aclose()
        await second.aclose()
        await ann.close()
        await place.close()
    finally:
        for process in (one, two):
            process.end()
            print(process.log()[-4_000:])
