"""Pictures of accounts and groups on a real server: who sets them, who sees them, and what is left of them."""

import io
from pathlib import Path
from typing import Any

from PIL import Image
from tests.support.device import Device
from tests.support.media_world import pieces
from tests.support.people import PASSWORD, Crowd, begin_group

from chinwag.adapters.files import FileMediaStore
from chinwag.assembly.data import open_directory_in
from chinwag.domain.ids import AccountId, UploadId
from chinwag.domain.media import Traits
from chinwag.flow.clock import system_clock
from chinwag.ports.directory import Blob, MadeFile, MadeKind, Upload, UploadState


def drawn(colour: str, width: int = 800, height: int = 600) -> bytes:
    """A PNG of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


async def uploaded(data: Path, account: str, id_: str, content: bytes, media_type: str = "image/png") -> None:
    """An upload of the account that is ready."""
    media, directory = FileMediaStore(data / "media"), await open_directory_in(data)
    now = system_clock()
    async with directory.transaction() as transaction:
        blob = await media.put(pieces(content))
        assert await transaction.blobs.claim([Blob(blob.hash, blob.size, now)]) == []
        upload = Upload(
            id=UploadId(id_),
            account=AccountId(account),
            name="x",
            picture=True,
            size=blob.size,
            created_at=now,
            expires_at=now + 1_000_000,
            state=UploadState.PROCESSING,
        )
        await transaction.uploads.add(upload)
        made = MadeFile(MadeKind.ORIGINAL, blob.hash, blob.size, media_type)
        assert await transaction.uploads.ready(upload.id, Traits(media_type, blob.size), [made], upload.expires_at)
    await directory.close()
    await media.close()


async def ask(who: Device, method: str, path: str, json: Any = None) -> Any:
    return await who.place.request(method, path, token=who.token, json=json)


async def test_a_picture_is_set_shown_changed_and_taken_away(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    data = crowd.process.data
    await uploaded(data, ann.account, "11", drawn("red"))
    await uploaded(data, ann.account, "12", drawn("blue", 600, 900))
    await uploaded(data, ann.account, "13", b"no picture", "application/octet-stream")
    await uploaded(data, ann.account, "14", b"no picture either", "image/png")
    path = f"/v1/users/{ann.account}/avatar"
    assert (await ask(ben, "GET", path)).json()["code"] == "not_found"
    for upload, code in (("13", "bad_media"), ("14", "bad_media"), ("99", "no_upload")):
        refused = await ask(ann, "PUT", "/v1/me/avatar", {"upload": upload})
        assert refused.json()["code"] == code, upload
    assert (await ask(ben, "PUT", "/v1/me/avatar", {"upload": "11"})).json()["code"] == "no_upload"
    versions = []
    for upload, colour in (("11", (255, 0, 0)), ("12", (0, 0, 255))):
        me = (await ask(ann, "PUT", "/v1/me/avatar", {"upload": upload})).json()
        assert me["avatar"]
        user = (await ask(ben, "GET", f"/v1/users/{ann.account}")).json()
        assert user["avatar"] == me["avatar"]
        shown = await ask(ben, "GET", path)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["cache-control"] == "private, no-cache"
        assert "sandbox" in shown.headers["content-security-policy"]
        picture = Image.open(io.BytesIO(shown.content))
        assert (picture.format, picture.size) == ("WEBP", (512, 512))
        middle = picture.convert("RGB").getpixel((256, 256))
        assert isinstance(middle, tuple)
        assert all(abs(a - b) < 16 for a, b in zip(middle, colour, strict=True)), middle
        named = await ask(ben, "GET", f"{path}?v={me['avatar']}")
        assert named.headers["cache-control"] == "private, max-age=86400"
        versions.append(me["avatar"])
    assert len(set(versions)) == 2
    gone = (await ask(ann, "DELETE", "/v1/me/avatar")).json()
    assert gone["avatar"] == ""
    assert (await ask(ann, "DELETE", "/v1/me/avatar")).json()["version"] == gone["version"]
    assert (await ask(ben, "GET", path)).json()["code"] == "not_found"


async def test_a_closed_account_shows_no_picture_any_more(crowd: Crowd) -> None:
    ann, ben = await crowd.people("ann", "ben")
    await uploaded(crowd.process.data, ann.account, "11", drawn("red"))
    assert (await ask(ann, "PUT", "/v1/me/avatar", {"upload": "11"})).status_code == 200
    assert (await ask(ann, "DELETE", "/v1/me", {"password": PASSWORD})).status_code == 204
    assert (await ask(ben, "GET", f"/v1/users/{ann.account}")).json()["avatar"] == ""
    assert (await ask(ben, "GET", f"/v1/users/{ann.account}/avatar")).json()["code"] == "not_found"


async def test_a_groups_picture_is_its_members(crowd: Crowd) -> None:
    ann, ben, cem = await crowd.people("ann", "ben", "cem")
    group = await begin_group(ann, ben)
    path = f"/v1/conversations/{group}/avatar"
    await uploaded(crowd.process.data, ann.account, "11", drawn("red"))
    await uploaded(crowd.process.data, ben.account, "12", drawn("blue"))
    assert (await ask(ben, "PUT", path, {"upload": "12"})).json()["code"] == "not_allowed"
    assert (await ask(cem, "PUT", path, {"upload": "11"})).json()["code"] == "no_conversation"
    placed = (await ask(ann, "PUT", path, {"upload": "11"})).json()
    view = (await ask(ben, "GET", f"/v1/conversations/{group}")).json()
    assert view["avatar"]
    assert view["last"]["number"] == placed["number"]
    assert view["last"]["change"] == {"type": "avatar", "avatar": view["avatar"]}
    shown = await ask(ben, "GET", f"{path}?v={view['avatar']}")
    assert Image.open(io.BytesIO(shown.content)).size == (512, 512)
    assert (await ask(cem, "GET", path)).json()["code"] == "no_conversation"
    removed = {"change": {"type": "remove", "account": ben.account}}
    assert (await ask(ann, "POST", f"/v1/conversations/{group}/changes", removed)).status_code == 201
    assert (await ask(ben, "GET", path)).json()["code"] == "not_member"
    assert (await ask(ben, "GET", f"/v1/conversations/{group}")).json()["avatar"] == ""
    assert (await ask(ann, "DELETE", path)).status_code == 200
    assert (await ask(ann, "GET", path)).json()["code"] == "not_found"
    # no client says which picture a group has
    forged = {"change": {"type": "avatar", "avatar": view["avatar"]}}
    assert (await ask(ann, "POST", f"/v1/conversations/{group}/changes", forged)).status_code == 400
