"""Settings come from a file, the environment and options; all that is wrong is told at once."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from waygrid_core.outcome import Failure
from waygrid_shell.settings.reading import Option, all_settings, is_loopback, open_doors, read_settings
from waygrid_shell.settings.settings import ApiKey, Settings

DIGEST = "0" * 64
UNITS = "a number and a unit (ms, s, m, h, d)"
CURE = (
    "make one with `waygrid key new NAME --scope read,write` and put what it prints into the settings file, or listen "
    "on 127.0.0.1"
)
KEY = f'[[server.keys]]\nname = "ci"\ndigest = "{DIGEST}"\nscopes = ["read", "write"]\n'


def read(
    tmp_path: Path, toml: str = "", environment: Mapping[str, str] | None = None, options: Iterable[Option] = ()
) -> Settings:
    file = tmp_path / "some.toml"
    file.write_text(toml)
    outcome = read_settings(file, environment or {}, options, [open_doors])
    assert not isinstance(outcome, Failure), [str(problem) for problem in outcome.failure()]
    return outcome.unwrap()


def problems(tmp_path: Path, toml: str = "", environment: Mapping[str, str] | None = None) -> list[str]:
    file = tmp_path / "some.toml"
    file.write_text(toml)
    outcome = read_settings(file, environment or {}, (), [open_doors])
    assert isinstance(outcome, Failure), outcome
    return [str(problem).replace(str(file), "some.toml") for problem in outcome.failure()]


def test_without_anything_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings(None, {}).unwrap() == Settings()


def test_waygrid_toml_in_the_current_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "waygrid.toml").write_text("[server]\nport = 9000\n")
    monkeypatch.chdir(tmp_path)
    assert read_settings(None, {}).unwrap().server.port == 9000


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    outcome = read_settings(tmp_path / "none.toml", {})
    assert isinstance(outcome, Failure)
    (problem,) = outcome.failure()
    assert problem.place == str(tmp_path / "none.toml")
    assert "No such file" in problem.message


def test_the_environment_goes_over_the_file_and_options_over_both(tmp_path: Path) -> None:
    toml = '[server]\nport = 1\nhost = "127.0.0.2"\nmax_unfinished = 7\n'
    environment = {"WAYGRID_SERVER_PORT": "2", "WAYGRID_SERVER_HOST": "127.0.0.3"}
    settings = read(tmp_path, toml, environment, [Option("server.port", "--port", "3")])
    assert (settings.server.port, settings.server.host, settings.server.max_unfinished) == (3, "127.0.0.3", 7)


def test_values_are_read_as_people_write_them(tmp_path: Path) -> None:
    toml = f"""
    app = ["shop:app"]
    [server]
    max_body_bytes = "2MiB"
    drain = "1m"
    [data]
    dir = "data"
    keep_ended = "30d"
    [outbound]
    allowed_networks = ["loopback", "10.1.0.0/16"]
    [log]
    level = "debug"
    {KEY}
    """
    settings = read(tmp_path, toml)
    assert settings.app == ("shop:app",)
    assert settings.server.max_body_bytes == 2 * 1024 * 1024
    assert settings.server.drain == timedelta(minutes=1)
    assert settings.data.dir == Path("data")
    assert settings.data.keep_ended == timedelta(days=30)
    loopback = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    assert settings.outbound.allowed_networks == (*loopback, ip_network("10.1.0.0/16"))
    assert settings.log.level == "debug"
    assert settings.server.keys == (ApiKey(name="ci", digest=DIGEST, scopes=frozenset({"read", "write"})),)


def test_the_environment_says_the_same_in_texts(tmp_path: Path) -> None:
    environment = {
        "WAYGRID_APP": "shop:app, bank:app",
        "WAYGRID_SERVER_MAX_BODY_BYTES": "512",
        "WAYGRID_SERVER_DRAIN": "5s",
        "WAYGRID_SERVER_KEYS": f"ci:{DIGEST}:read+write,boss:{DIGEST}:admin",
        "WAYGRID_DATA_KEEP_ENDED": "forever",
        "WAYGRID_OUTBOUND_ALLOWED_NETWORKS": "private,::1/128",
        "WAYGRID_TRACING_ENDPOINT": "http://localhost:4318",
    }
    settings = read(tmp_path, '[data]\nkeep_ended = "1d"\n', environment)
    assert settings.app == ("shop:app", "bank:app")
    assert settings.server.max_body_bytes == 512
    assert settings.server.drain == timedelta(seconds=5)
    assert [key.name for key in settings.server.keys] == ["ci", "boss"]
    assert settings.data.keep_ended is None
    assert ip_network("192.168.0.0/16") in settings.outbound.allowed_networks
    assert settings.tracing.endpoint == "http://localhost:4318"


def test_an_empty_variable_is_none(tmp_path: Path) -> None:
    assert read(tmp_path, "[server]\nport = 5\n", {"WAYGRID_SERVER_PORT": " "}).server.port == 5


def test_all_that_is_wrong_is_told_at_once_with_its_place_and_the_cure(tmp_path: Path) -> None:
    toml = """
    sever = 3
    [server]
    prot = 80
    port = "80"
    drain = 30
    host = "0.0.0.0"
    [data]
    keep_ended = "a week"
    [outbound]
    allowed_networks = "loopback"
    [log]
    level = "loud"
    """
    environment = {"WAYGRID_SERVER_POTR": "1", "WAYGRID_SERVER_MAX_UNFINISHED": "0", "WAYGRID_SECRET_BANK": "x"}
    assert problems(tmp_path, toml, environment) == [
        "some.toml: sever: there is no such section; did you mean server?",
        "some.toml: server.prot: there is no such key; did you mean port?",
        "WAYGRID_SERVER_POTR: there is no such setting; did you mean WAYGRID_SERVER_PORT?",
        "some.toml: server.port: '80' is no whole number",
        "some.toml: server.drain: 30 is no duration; write a text with its unit, such as 30s",
        f"some.toml: data.keep_ended: 'a week' is no duration; write {UNITS}, such as 5s, or forever",
        "some.toml: outbound.allowed_networks: 'loopback' is no list; write it in square brackets",
        "some.toml: log.level: 'loud' is none of debug, info, warning, error",
        "WAYGRID_SERVER_MAX_UNFINISHED: 0 is below 1",
        f"some.toml: server.host: 0.0.0.0 can be reached from other machines, and there are no API keys; {CURE}",
    ]


@pytest.mark.parametrize(
    ("toml", "problem"),
    [
        ("[server", "it is no TOML"),
        ("server = 3", "server: it is a section; write [server] and its keys below"),
        ("[server]\nport = 70000", "server.port: 70000 is not from 0 to 65535"),
        ("[server]\nport = true", "server.port: true is no whole number"),
        ('[server]\nmax_body_bytes = "4 mb"', "'4 mb' is no size; write a number of bytes, or a text such as 4MiB"),
        ('[server]\nhost = " "', "server.host: it is empty"),
        ('[outbound]\nallowed_networks = ["10.0.0.1/8"]', "host bits set; write a network such as 10.0.0.0/8, or"),
        ('[tracing]\nendpoint = "localhost:4318"', "does not begin with http:// or https://"),
        (KEY.replace(DIGEST, "wg_secret"), "the digest of the key 'ci' is not 64 hexadecimal digits"),
        (KEY.replace("write", "wriet"), "the scopes of the key 'ci' are"),
        (KEY.replace("scopes", "scope"), "a key has no 'scope'; it has name, digest, scopes"),
        ('[server]\nhost = "0.0.0.0"\nkeys = []', "server.keys: there is no key in it; leave it out"),
        (KEY + KEY, "2 keys, and 2 of them are called 'ci'"),
    ],
)
def test_what_is_wrong_with_one_setting(tmp_path: Path, toml: str, problem: str) -> None:
    (said,) = problems(tmp_path, toml)
    assert problem in said
    assert "wg_secret" not in said


def test_a_key_makes_listening_to_others_right(tmp_path: Path) -> None:
    assert read(tmp_path, f'[server]\nhost = "0.0.0.0"\n{KEY}').server.host == "0.0.0.0"


def test_who_does_not_listen_needs_no_keys(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text('[server]\nhost = "0.0.0.0"\n')
    assert read_settings(file, {}).unwrap().server.host == "0.0.0.0"


def test_variables_that_kubernetes_adds_for_a_service_are_none_of_ours(tmp_path: Path) -> None:
    environment = {
        "WAYGRID_SERVER_SERVICE_HOST": "10.0.0.7",
        "WAYGRID_SERVER_SERVICE_PORT_HTTP": "8400",
        "WAYGRID_SERVER_PORT_8400_TCP_ADDR": "10.0.0.7",
    }
    assert read(tmp_path, "", environment) == Settings()


@pytest.mark.parametrize(
    ("host", "is_near"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("example.org", False), ("", False)],
)  # fmt: skip
def test_loopback_is_what_only_this_machine_reaches(host: str, is_near: bool) -> None:
    assert is_loopback(host) is is_near


def test_no_two_settings_share_a_variable() -> None:
    variables = [setting.variable for setting in all_settings()]
    assert len(variables) == len(set(variables)) > 20
