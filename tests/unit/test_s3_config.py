"""Where media is kept, as settings say: what is refused, and what is made of them."""

from pathlib import Path

import pytest

from chinwag.adapters.files import FileMediaStore
from chinwag.adapters.s3 import S3MediaStore
from chinwag.assembly import media_store
from chinwag.assembly.media_store import NoDriverError, opened_media_store
from chinwag.config import Config
from chinwag.config.s3_section import S3, wrong_s3
from chinwag.private_text import CredentialsError

GOOD = {
    "endpoint": "https://s3.example.org",
    "bucket": "chat-media",
    "access_key": "id",
    "secret_key_file": Path("key"),
}


def section(**words: object) -> S3:
    return S3(**{**GOOD, **words})  # type: ignore[arg-type]


@pytest.mark.parametrize("words", [{}, {"endpoint": "http://127.0.0.1:8333"}, {"endpoint": "https://s3.example.org/"}])
def test_what_can_be_is_taken(words: dict[str, object]) -> None:
    assert list(wrong_s3(section(**words))) == []
    assert list(wrong_s3(S3())) == []


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("s3.endpoint", {"endpoint": "http://s3.example.org"}),
        ("s3.endpoint", {"endpoint": "https://id:secret@s3.example.org"}),
        ("s3.endpoint", {"endpoint": "https://s3.example.org/bucket"}),
        ("s3.endpoint", {"endpoint": "s3.example.org"}),
        ("s3.bucket", {"bucket": ""}),
        ("s3.bucket", {"bucket": "a/b/c"}),
        ("s3.bucket", {"bucket": "Upper"}),
        ("s3.bucket", {"endpoint": ""}),
        ("s3.access_key", {"access_key": ""}),
        ("s3.secret_key_file", {"secret_key_file": None}),
        ("s3.secret_key_file", {"secret_key_file": Path("b\udcffd")}),
        ("s3.tls_ca", {"tls_ca": Path("b\udcffd")}),
    ],
)
def test_what_cannot_be_is_refused(key: str, words: dict[str, object]) -> None:
    assert [found for found, _ in wrong_s3(section(**words))] == [key]


async def test_without_an_object_store_media_is_kept_in_files(tmp_path: Path) -> None:
    store = opened_media_store(Config(), tmp_path / "media")
    assert isinstance(store, FileMediaStore)
    assert (tmp_path / "media").is_dir()
    await store.close()


def test_an_object_store_is_opened_with_the_secret_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    config = Config(s3=section(secret_key_file=secret))
    with pytest.raises(CredentialsError, match="cannot be read"):
        opened_media_store(config, tmp_path / "media")
    secret.write_text("of the key\n")
    secret.chmod(0o644)
    with pytest.raises(CredentialsError, match="chmod"):
        opened_media_store(config, tmp_path / "media")
    secret.chmod(0o600)
    assert isinstance(opened_media_store(config, tmp_path / "media"), S3MediaStore)
    assert not (tmp_path / "media").exists()
    with pytest.raises(CredentialsError, match=r"s3\.tls_ca"):
        opened_media_store(Config(s3=section(secret_key_file=secret, tls_ca=tmp_path / "none")), tmp_path / "media")
    monkeypatch.setattr(media_store, "find_spec", lambda _name: None)
    with pytest.raises(NoDriverError, match=r"chinwag\[s3\]"):
        opened_media_store(config, tmp_path / "media")
