"""A bucket: where it is, the keys to it, and addresses at which anybody may read one object of it for a while."""

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec
from obstore.store import S3Store

CONNECT_SECONDS: Final = 3
REQUEST_SECONDS: Final = 120
"""For one request with all its bytes: a part of 8 MB, or a short blob."""
SILENCE_SECONDS: Final = 45
"""Between the last byte of a request, or one of its answer, and the next."""
_AGAIN: Final = 2
_AGAIN_SECONDS: Final = 4


class Bucket(msgspec.Struct, frozen=True, kw_only=True):
    """endpoint: the store's address, such as `https://s3.example.org`, without a path. tls_ca: PEM of the authorities
    that vouch for it, besides those of the system. prefix is none: the bucket is Chinwag's alone."""

    endpoint: str
    name: str
    region: str
    access_key: str
    secret_key: str
    tls_ca: str = ""

    def __repr__(self) -> str:
        return f"Bucket({self.endpoint}/{self.name})"

    def open(self) -> S3Store:
        """A client. An outage is told soon: what failed is asked twice again, within 4 s in all."""
        options: dict[str, object] = {
            "allow_http": self.endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
            "read_timeout": timedelta(seconds=SILENCE_SECONDS),
            "timeout": timedelta(seconds=REQUEST_SECONDS),
        }
        if self.tls_ca:
            options["root_certificate"] = self.tls_ca
        return S3Store(
            self.name,
            endpoint=self.endpoint,
            region=self.region,
            access_key_id=self.access_key,
            secret_access_key=self.secret_key,
            virtual_hosted_style_request=False,
            client_options=options,  # type: ignore[arg-type]
            retry_config={
                "max_retries": _AGAIN,
                "retry_timeout": timedelta(seconds=_AGAIN_SECONDS),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=1),
                    "base": 2,
                },
            },
        )


def presigned(bucket: Bucket, name: str, seconds: int, media_type: str, disposition: str, now: datetime) -> str:
    """An address that reads the object for so many seconds from `now` (UTC), by AWS Signature Version 4 in the query.

    The library signs addresses too, but not what the answer is to say of its type.
    """
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{stamp[:8]}/{bucket.region}/s3/aws4_request"
    query = {
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{bucket.access_key}/{scope}",
        "X-Amz-Date": stamp,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if media_type:
        query["response-content-type"] = media_type
    if disposition:
        query["response-content-disposition"] = disposition
    asked = "&".join(f"{quote(key, safe='')}={quote(query[key], safe='')}" for key in sorted(query))
    path = quote(f"/{bucket.name}/{name}")
    canonical = "\n".join(
        ["GET", path, asked, f"host:{urlsplit(bucket.endpoint).netloc}", "", "host", "UNSIGNED-PAYLOAD"]
    )
    to_sign = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = f"AWS4{bucket.secret_key}".encode()
    for part in (stamp[:8], bucket.region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return f"{bucket.endpoint.rstrip('/')}{path}?{asked}&X-Amz-Signature={signature}"
