from pathlib import Path

import pytest

from collab.limits import MIB
from server.commands.failure import CommandFailed
from server.settings import limits_from, read_settings, unknown_variables


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith(("SCRIPTORIUM_", "OPENAI_")):
            monkeypatch.delenv(name)


def test_nothing_needs_to_be_set() -> None:
    settings = read_settings()
    assert settings.data_dir == Path("data")
    assert settings.mongo_url is settings.redis_url is settings.object_store_url is settings.public_url is None
    assert settings.limits.frame == 20 * MIB


def test_the_names_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "SCRIPTORIUM_MONGO_URL": "mongodb://db",
        "SCRIPTORIUM_OBJECT_STORE_URL": "s3://bucket",
        "SCRIPTORIUM_REDIS_URL": "redis://bus",
        "SCRIPTORIUM_DATA_DIR": "/var/lib/scriptorium",
        "SCRIPTORIUM_MODEL": "small",
        "SCRIPTORIUM_OWNER_TOKEN": "secret",
        "OPENAI_API_KEY": "key",
        "OPENAI_BASE_URL": "http://model/v1",
        "SCRIPTORIUM_PUBLIC_URL": "https://Write.Example.org/",
        "SCRIPTORIUM_ALLOWED_HOSTS": "Inside, other.example ,",
        "SCRIPTORIUM_LIMIT_FRAME": "1000",
        "SCRIPTORIUM_LIMIT_BURST_SECONDS": "0.5",
    }.items():
        monkeypatch.setenv(name, value)
    settings = read_settings()
    assert settings.mongo_url == "mongodb://db"
    assert settings.object_store_url == "s3://bucket"
    assert settings.redis_url == "redis://bus"
    assert settings.data_dir == Path("/var/lib/scriptorium")
    assert settings.model == "small"
    assert settings.owner_token is not None
    assert settings.owner_token.get_secret_value() == "secret"
    assert settings.openai_api_key is not None
    assert settings.openai_base_url == "http://model/v1"
    assert settings.public_url == "https://write.example.org"
    assert settings.allowed_hosts == ("inside", "other.example")
    assert (settings.limits.frame, settings.limits.burst_seconds) == (1000, 0.5)
    assert "secret" not in repr(settings)
    assert read_settings(Path("/elsewhere")).data_dir == Path("/elsewhere")


def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SCRIPTORIUM_REDIS_URL", "")
    monkeypatch.setenv("SCRIPTORIUM_LIMIT_FRAME", "")
    assert read_settings().redis_url is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SCRIPTORIUM_PUBLIC_URL", "write.example.org"),
        ("SCRIPTORIUM_PUBLIC_URL", "https://write.example.org/path"),
        ("SCRIPTORIUM_SESSION_DAYS", "soon"),
        ("SCRIPTORIUM_SESSION_DAYS", "0"),
        ("SCRIPTORIUM_LIMIT_FRAME", "big"),
        ("SCRIPTORIUM_SESSION_DAYS", "1000000000"),
        ("SCRIPTORIUM_LIMIT_FRAME", "-1"),
        ("SCRIPTORIUM_LIMIT_FRAME", "0"),
        ("SCRIPTORIUM_LIMIT_FRAME", "1.5"),
        ("SCRIPTORIUM_LIMIT_BURST_SECONDS", "inf"),
        ("SCRIPTORIUM_LIMIT_BURST_SECONDS", "nan"),
        ("SCRIPTORIUM_OUTGOING_BYTES", "-5"),
        ("SCRIPTORIUM_OUTGOING_BYTES", "0"),
        ("SCRIPTORIUM_IMPORT_BYTES", "-1"),
        ("SCRIPTORIUM_IMPORT_FILES", "-1"),
    ],
)
def test_what_is_set_wrongly_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(CommandFailed, match=name):
        read_settings()


def test_each_limit_has_a_name() -> None:
    assert limits_from({"SCRIPTORIUM_LIMIT_TEXT_DOCUMENT": "7"}).text_document == 7


def test_a_variable_that_no_setting_has_is_named_with_the_one_that_may_be_meant() -> None:
    environment = ("SCRIPTORIUM_REDIS_ULR", "SCRIPTORIUM_LIMIT_FRAMES", "SCRIPTORIUM_ZZZ", "SCRIPTORIUM_OPENAI_API_KEY")
    assert unknown_variables(environment) == {
        "SCRIPTORIUM_REDIS_ULR": "SCRIPTORIUM_REDIS_URL",
        "SCRIPTORIUM_LIMIT_FRAMES": "SCRIPTORIUM_LIMIT_FRAME",
        "SCRIPTORIUM_ZZZ": None,
        "SCRIPTORIUM_OPENAI_API_KEY": "OPENAI_API_KEY",
    }


def test_variables_that_are_known_or_that_kubernetes_sets_are_not_remarked_upon() -> None:
    environment = {
        "SCRIPTORIUM_REDIS_URL": "redis://bus",
        "scriptorium_mongo_url": "mongodb://db",
        "SCRIPTORIUM_LIMIT_FRAME": "1000",
        "SCRIPTORIUM_TOKEN": "of the command line",
        "OPENAI_ORGANIZATION": "another program's",
        # Kubernetes tells each container of every service, and one of them is likely to be called scriptorium.
        "SCRIPTORIUM_SERVICE_HOST": "10.0.0.1",
        "SCRIPTORIUM_SERVICE_PORT_HTTP": "80",
        "SCRIPTORIUM_PORT": "tcp://10.0.0.1:80",
        "SCRIPTORIUM_PORT_80_TCP_ADDR": "10.0.0.1",
        "SCRIPTORIUM_REDIS_PORT_6379_TCP": "tcp://10.0.0.2:6379",
    }
    assert unknown_variables(environment) == {}
