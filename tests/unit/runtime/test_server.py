"""Where the server listens, and why it cannot."""

import socket

import pytest

from waygrid_shell.runtime.server import CannotListen, listen, url_of


@pytest.mark.parametrize(("host", "begin"), [("127.0.0.1", "http://127.0.0.1:"), ("0.0.0.0", "http://127.0.0.1:")])
def test_it_says_where_clients_of_this_machine_find_it(host: str, begin: str) -> None:
    with listen(host, 0) as listener:
        assert url_of(listener) == f"{begin}{listener.getsockname()[1]}"


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6 here")
def test_an_ipv6_address_stands_in_brackets() -> None:
    try:
        listener = listen("::1", 0)
    except CannotListen:
        pytest.skip("there is no IPv6 here")
    with listener:
        assert url_of(listener).startswith("http://[::1]:")


def test_a_second_server_on_the_same_port_is_told_so() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(CannotListen, match="the port is in use"):
        listen("127.0.0.1", first.getsockname()[1])


def test_a_name_that_nobody_has_is_said() -> None:
    with pytest.raises(CannotListen, match="no address of this host is called"):
        listen("no.such.host.invalid", 0)
