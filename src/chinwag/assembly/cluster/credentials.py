"""Where the engines are, and what opens them: the settings, with what their files hold."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from chinwag.adapters.nats import NatsServers
from chinwag.config import Config
from chinwag.config.cluster_sections import Postgres
from chinwag.private_text import CredentialsError, private_text

if TYPE_CHECKING:  # their drivers are of one profile alone
    from chinwag.adapters.cassandra.driver import CassandraServers
    from chinwag.adapters.zookeeper import ZooKeeperServers

SECRET_NAME: Final = "cluster.secret"  # noqa: S105 - a file's name
SECRET_CHARACTERS: Final = 64


def messages_url(config: Config) -> str:
    """Where messages are kept, in libpq's form with password and TLS. Raises `CredentialsError`."""
    return _url(config.postgres, config.postgres.url)


def directory_url(config: Config) -> str:
    """Where accounts are kept: the same database, unless another one is named. Raises `CredentialsError`."""
    return _url(config.postgres, config.postgres.directory_url or config.postgres.url)


def shown(url: str) -> str:
    """Host, port and database of an address, for people: nothing that opens it."""
    at = urlsplit(url)
    return f"{at.netloc.rpartition('@')[2]}{at.path}"


def nats_servers(config: Config, cluster: str) -> NatsServers:
    """Where NATS is, for the cluster of that name. Raises `CredentialsError`."""
    section = config.nats
    return NatsServers(
        urls=section.urls,
        cluster=cluster,
        user=section.user,
        password=private_text(section.password_file) if section.password_file is not None else "",
        ca=_authorities("nats.tls_ca", section.tls_ca) if section.tls_ca is not None else "",
    )


def cassandra_servers(config: Config) -> "CassandraServers":
    """Where Cassandra is. Raises `CredentialsError`."""
    from chinwag.adapters.cassandra.driver import CassandraServers

    section = config.cassandra
    return CassandraServers(
        hosts=section.hosts,
        port=section.port,
        keyspace=section.keyspace,
        datacenter=section.datacenter,
        user=section.user,
        password=private_text(section.password_file) if section.password_file is not None else "",
        tls_ca=_pem("cassandra.tls_ca", section.tls_ca) if section.tls_ca is not None else "",
    )


def zookeeper_servers(config: Config, cluster: str) -> "ZooKeeperServers":
    """Where ZooKeeper is, for the cluster of that name. Raises `CredentialsError`."""
    from chinwag.adapters.zookeeper import ZooKeeperServers

    section = config.zookeeper
    return ZooKeeperServers(
        hosts=section.hosts,
        cluster=cluster,
        user=section.user,
        password=private_text(section.password_file) if section.password_file is not None else "",
        tls_ca=_authorities("zookeeper.tls_ca", section.tls_ca) if section.tls_ca is not None else "",
    )


def secret_path(config: Config) -> Path:
    """The file of the cluster's secret."""
    return config.cluster.secret_file or config.data.path.expanduser() / SECRET_NAME


def read_secret(config: Config) -> bytes:
    """The cluster's secret. Raises `CredentialsError` if this machine has none that can be used."""
    path = secret_path(config)
    if not path.exists():
        raise CredentialsError(
            f"this machine has no cluster secret ({path}): copy that file from a machine of the cluster, or name it "
            "with --cluster-secret-file. For a new cluster `chinwag cluster init` makes it."
        )
    secret = private_text(path)
    if len(secret) < SECRET_CHARACTERS:
        raise CredentialsError(
            f"{path} holds no cluster secret: it has {len(secret)} characters, and {SECRET_CHARACTERS} make one. Copy "
            "the file from another machine of the cluster."
        )
    return secret.encode()


def _url(section: Postgres, url: str) -> str:
    at = urlsplit(url)
    netloc, query = at.netloc, dict(parse_qsl(at.query))
    if section.password_file is not None:
        user, _, host = netloc.rpartition("@")
        if not user:
            raise CredentialsError(
                f"postgres.password_file is given, but {shown(url)} names no user: postgresql://USER@HOST/DATABASE"
            )
        netloc = f"{user}:{quote(private_text(section.password_file), safe='')}@{host}"
    if section.tls_ca is not None:
        query |= {"sslmode": "verify-full", "sslrootcert": _authorities("postgres.tls_ca", section.tls_ca)}
    return at._replace(netloc=netloc, query=urlencode(query)).geturl()


def _authorities(key: str, path: Path) -> str:
    """The file of the authorities that vouch for an engine, seen to hold one. Raises `CredentialsError`."""
    try:
        ssl.create_default_context(cafile=path)
    except ssl.SSLError:
        raise CredentialsError(f"{path} ({key}) holds no certificate in PEM") from None
    except OSError as error:
        raise CredentialsError(f"{path} ({key}) cannot be read: {error.strerror}") from error
    return str(path)


def _pem(key: str, path: Path) -> str:
    """What such a file holds. Raises `CredentialsError`."""
    return Path(_authorities(key, path)).read_text(encoding="ascii", errors="replace")
