"""What a plant tells of itself while it works: lines of the log, metrics, traces."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.integration.dev.process import running_dev, until

SECRET = "hunter22-of-the-bank"
CHATTY = {
    "entryPoints": [
        {
            "type": "standard",
            "address": "waygrid://processor/chatty",
            "parameters": {"key": {"$secret": {"path": "bank/key"}}},
        }
    ]
}
DOUBLE = {"entryPoints": [{"type": "standard", "address": "waygrid://processor/double"}]}
TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_lines_say_which_attempt_they_belong_to_and_hold_no_payload_and_no_secret(folder: Path) -> None:
    environment = {"WAYGRID_SECRET_BANK_KEY": SECRET, "WAYGRID_LOG_LEVEL": "debug"}
    with running_dev(folder, "--app", "shop:app", environment=environment) as dev:
        answer = dev.submit(CHATTY, {"card": "4111-2222"}, query="?wait=30s")
        assert answer.body["status"] == "failed"
        assert SECRET not in str(answer.body)
        assert dev.end() == 0
        lines = [line for line in dev.lines if line["logger"] == "shop"]
        assert [line["message"] for line in lines] == ["one line", "calling with [secret]", "it failed"]
        node = answer.body["nodes"][0]["id"]
        for line in lines:
            assert (line["traversal"], line["node"], line["attempt"]) == (answer.body["id"], node, 1)
        assert "refused: [secret]" in lines[2]["exception"]
        assert SECRET not in dev.err + dev.out
        assert "4111-2222" not in dev.err + dev.out


def test_metrics_show_what_happened(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        for number in range(3):
            assert dev.submit(DOUBLE, {"n": number}, query="?wait=30s").body["status"] == "completed"
        dev.submit(DOUBLE, {"m": 1}, query="?wait=30s")
        text = dev.ask("GET", "/metrics").body
        assert 'waygrid_traversals_accepted_total{origin="http"} 4.0' in text
        assert 'waygrid_traversals_ended_total{status="completed"} 3.0' in text
        assert 'waygrid_traversals_ended_total{status="failed"} 1.0' in text
        double = "waygrid://processor/double"
        assert f'waygrid_attempts_total{{address="{double}",outcome="succeeded"}} 3.0' in text
        assert f'waygrid_attempts_total{{address="{double}",outcome="failed"}} 1.0' in text
        assert f'waygrid_attempts_in_flight{{address="{double}"}} 0.0' in text
        until(lambda: "waygrid_traversals_unfinished 0.0" in dev.ask("GET", "/metrics").body, "the gauges are read")


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """What takes traces in, and what it was sent."""
    received: list[bytes] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            del arguments

    server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_trace_of_a_request_is_exported_with_the_traversal_and_its_attempts(folder: Path) -> None:
    with collector() as (endpoint, received):
        with running_dev(folder, "--app", "shop:app", environment={"WAYGRID_TRACING_ENDPOINT": endpoint}) as dev:
            traceparent = f"00-{TRACE}-b7ad6b7169203331-01"
            body = {"spec": DOUBLE, "payload": {"n": 1}}
            answer = dev.ask("POST", "/v1/traversals?wait=30s", body, {"traceparent": traceparent})
            assert answer.body["status"] == "completed"
            assert dev.end() == 0
        sent = b"".join(received)
        assert sent.count(bytes.fromhex(TRACE)) >= 2  # a span of the traversal, and one of its attempt
        assert answer.body["id"].encode() in sent


def test_without_an_endpoint_nothing_is_sent_anywhere(folder: Path) -> None:
    with running_dev(folder, "--app", "shop:app") as dev:
        assert dev.submit(DOUBLE, {"n": 1}, query="?wait=30s").status == 200
        loaded = Path(f"/proc/{dev.process.pid}/maps")
        assert not loaded.exists() or "opentelemetry" not in loaded.read_text()
        assert dev.end() == 0
