"""What the settings of the cassandra profile may not say, and that each problem names its setting."""

import pytest

from chinwag.config import ConfigError, load

WHOLE = {
    "CHINWAG_STORE_PROFILE": "cassandra",
    "CHINWAG_POSTGRES_URL": "postgresql://chinwag@127.0.0.1/chinwag",
    "CHINWAG_NATS_URLS": "nats://127.0.0.1:4222",
    "CHINWAG_CASSANDRA_HOSTS": "10.0.0.6,10.0.0.7",
    "CHINWAG_ZOOKEEPER_HOSTS": "10.0.0.6:2181,10.0.0.7:2181",
}


def test_a_profile_with_all_of_its_engines_is_taken() -> None:
    config = load({}, WHOLE, None).config
    assert config.cassandra.hosts == ("10.0.0.6", "10.0.0.7")
    assert (config.cassandra.replicas, config.streams.replicas) == (3, 3)


@pytest.mark.parametrize("name", ["POSTGRES_URL", "NATS_URLS", "CASSANDRA_HOSTS", "ZOOKEEPER_HOSTS"])
def test_each_engine_must_be_named(name: str) -> None:
    given = {key: value for key, value in WHOLE.items() if key != f"CHINWAG_{name}"}
    with pytest.raises(ConfigError, match=name.lower().replace("_", ".", 1)):
        load({}, given, None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CASSANDRA_HOSTS", "10.0.0.6/x", "cassandra.hosts"),
        ("CASSANDRA_USER", "chinwag", "cassandra.password_file"),
        ("CASSANDRA_KEYSPACE", "Drop; it", "cassandra.keyspace"),
        ("CASSANDRA_DATACENTER", "a'b", "cassandra.datacenter"),
        ("ZOOKEEPER_HOSTS", "10.0.0.6", "a host, a colon and a port"),
        ("ZOOKEEPER_USER", "chinwag", "zookeeper.password_file"),
        ("STREAMS_MONITOR_URLS", "ftp://10.0.0.6", "streams.monitor_urls"),
        ("STREAMS_REPLICAS", "9", "streams.replicas"),
        ("STREAMS_LOG_BYTES", "1000", "streams.log_bytes"),
        ("POSTGRES_DIRECTORY_URL", "postgresql://chinwag@127.0.0.1/accounts", "postgres.directory_url"),
    ],
)
def test_what_cannot_be_is_said_with_its_setting(name: str, value: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load({}, WHOLE | {f"CHINWAG_{name}": value}, None)
