import pytest
from starlette.requests import HTTPConnection

from server.web import WebAddress


def connection(host: str, scheme: str = "http") -> HTTPConnection:
    return HTTPConnection(
        {
            "type": "http",
            "scheme": scheme,
            "path": "/",
            "query_string": b"",
            "headers": [(b"host", host.encode())],
            "server": ("127.0.0.1", 8000),
        }
    )


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8000",
        "127.0.0.1:8000",
        "192.168.1.5",
        "[::1]:8000",
        "a.localhost:1",
        "write.example.org",
    ],
)
def test_hosts_that_are_ours(host: str) -> None:
    assert WebAddress(8000, "https://write.example.org").allows_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "a b",
        "localhost:8000:1",
        "[::1",
        "@localhost",
    ],
)
def test_hosts_that_somebody_else_may_own(host: str) -> None:
    assert not WebAddress(8000, "https://write.example.org").allows_host(host)


def test_a_host_can_be_allowed() -> None:
    assert WebAddress(8000, allowed_hosts=["inside.example"]).allows_host("inside.example:8000")


def test_another_port_of_this_machine_is_another_origin() -> None:
    address = WebAddress(8000)
    here = connection("127.0.0.1:8000")
    assert address.is_own_origin(here, "http://127.0.0.1:8000")
    for foreign in ["http://127.0.0.1:9000", "https://127.0.0.1:8000", "http://localhost:8000", "null", ""]:
        assert not address.is_own_origin(here, foreign)


def test_a_socket_has_the_origin_of_its_page() -> None:
    assert WebAddress(8000).is_own_origin(connection("127.0.0.1:8000", "ws"), "http://127.0.0.1:8000")
    assert WebAddress(443).is_own_origin(connection("example.org", "wss"), "https://example.org")


def test_behind_a_proxy_the_public_url_is_our_origin() -> None:
    address = WebAddress(8000, "https://write.example.org")
    behind = connection("write.example.org")
    assert address.is_own_origin(behind, "https://write.example.org")
    assert address.base_url(behind) == "https://write.example.org"
    assert address.is_secure(behind)
    assert not address.is_secure(connection("127.0.0.1:8000"))


def test_servers_on_two_ports_keep_two_cookies() -> None:
    assert WebAddress(8000).cookie_name != WebAddress(8001).cookie_name


def test_the_cookie_is_the_same_on_all_processes_behind_one_address() -> None:
    names = {WebAddress(port, "https://write.example.org").cookie_name for port in (8000, 8001)}
    assert names == {"scriptorium_443"}
    assert WebAddress(8000, "http://write.example.org:81").cookie_name == "scriptorium_81"
    assert WebAddress(8000).cookie_name != WebAddress(8001).cookie_name
