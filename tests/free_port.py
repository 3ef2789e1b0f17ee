"""A port for a server of a test."""

import secrets
import socket


def free_port() -> int:
    """A port of loopback that nobody listens on now, and that the system gives to nobody who asks for any.

    A server that is killed must come back to the same.
    """
    while True:
        port = secrets.choice(range(15_000, 30_000))
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
