"""Logs in JSON: one object a line, with every field a collector needs, and no secret."""

import json
import logging
import re
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from api.commands.logs import as_line, configure, configure_early, masked

Lines = Callable[[], list[dict[str, Any]]]

_log = logging.getLogger("tests.logs")


@pytest.fixture
def untouched() -> Iterator[None]:
    """Puts back what `configure` changes in the process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    hooks = sys.excepthook, threading.excepthook
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    sys.excepthook, threading.excepthook = hooks
    logging.captureWarnings(capture=False)


@pytest.fixture
def lines(untouched: None, capsys: pytest.CaptureFixture[str]) -> Lines:
    """What was logged as JSON since the last call."""
    assert untouched is None
    configure("json", "info")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_says_when_how_grave_where_and_what(lines: Lines) -> None:
    _log.warning("lost the broker %s", "127.0.0.1:1883")
    (line,) = lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {
        "level": "warning",
        "logger": "tests.logs",
        "message": "lost the broker 127.0.0.1:1883",
        "thread": "MainThread",
    }


def test_an_exception_stays_within_its_line(lines: Lines) -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        _log.exception("stumbled")
    (line,) = lines()
    assert line["message"] == "stumbled"
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ZeroDivisionError: division by zero")


def test_extra_fields_are_kept_and_hide_nothing(lines: Lines) -> None:
    extra = {
        "asset": "room-0001",
        "lag_s": 1.5,
        "level": 3,
        "kinds": ("soil",),
        "rate": float("nan"),
    }
    _log.info("behind", extra=extra)
    (line,) = lines()
    assert line["level"] == "info"
    assert {name: line[name] for name in ("asset", "lag_s", "level_", "kinds", "rate")} == {
        "asset": "room-0001",
        "lag_s": 1.5,
        "level_": 3,
        "kinds": ["soil"],
        "rate": "nan",
    }


def test_text_of_any_kind_stays_one_line(lines: Lines) -> None:
    text = "冷库 one\ntwo\u2028three \ud800 \x00"
    _log.info(text)
    (line,) = lines()
    assert line["message"] == text


def test_what_is_below_the_level_is_not_logged(lines: Lines) -> None:
    configure("json", "error")
    _log.warning("quiet")
    assert lines() == []


def test_configuring_twice_logs_once(lines: Lines) -> None:
    configure("json", "info")
    _log.info("once")
    assert len(lines()) == 1


def test_other_libraries_and_warnings_take_the_same_way(lines: Lines) -> None:
    logging.getLogger("uvicorn.error").warning("from uvicorn")
    logging.getLogger("paho.mqtt.client").warning("from paho")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=False)
        logging.captureWarnings(capture=True)
        warnings.warn("from Python", stacklevel=1)
    assert [line["logger"] for line in lines()] == [
        "uvicorn.error",
        "paho.mqtt.client",
        "py.warnings",
    ]


def test_a_thread_that_dies_says_so_in_its_line(lines: Lines) -> None:
    thread = threading.Thread(target=lambda: 1 / 0, name="shipper")
    thread.start()
    thread.join()
    (line,) = lines()
    assert (line["level"], line["ended"]) == ("critical", "shipper")
    assert "ZeroDivisionError" in line["exception"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mqtt://ingest:s3cret@broker:1883", "mqtt://ingest:***@broker:1883"),
        ("postgresql://u:p@ss:w@host/name", "postgresql://u:***@host/name"),
        ("http://:pw@host and mqtts://a:b@c", "http://:***@host and mqtts://a:***@c"),
        ("GET /query?u=x&p=s3cret&q=1", "GET /query?u=x&p=***&q=1"),
        ("{'Authorization': 'Token abcdefgh12345678=='}", "{'Authorization': 'Token ***'}"),
        ("no secret: http://host:8086/a@b", "no secret: http://host:8086/a@b"),
    ],
)
def test_passwords_and_tokens_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def refuse(url: str) -> None:
    raise ValueError(url)


def test_secrets_are_masked_wherever_they_stand(lines: Lines) -> None:
    url = "mqtt://ingest:s3cret@broker"
    extra = {"url": url, "influx_token": "s3cret", "all": {"at": [url]}}
    try:
        refuse(url)
    except ValueError:
        _log.exception("can't reach %s", url, extra=extra)
    (line,) = lines()
    assert "s3cret" not in json.dumps(line)
    assert {"url", "influx_token", "all", "exception"} <= set(line)


def test_what_a_command_says_is_a_line_too(lines: Lines) -> None:
    said = json.loads(as_line("linyi: ingest from 127.0.0.1:1883"))
    assert (said["level"], said["logger"]) == ("info", "agripark")
    assert said["message"] == "linyi: ingest from 127.0.0.1:1883"
    assert lines() == []


def in_a_process(environment: Mapping[str, str], program: str) -> str:
    """What a fresh process writes to its standard error."""
    command = (sys.executable, "-c", f"from api.commands.logs import *\n{program}")
    done = subprocess.run(
        command, env=dict(environment), capture_output=True, text=True, timeout=60, check=False
    )
    return done.stderr


def test_text_is_as_it_always_was_but_for_secrets() -> None:
    program = (
        "configure_early()\nimport logging\nlog = logging.getLogger('ingest.mqtt')\n"
        "log.info('quiet')\nlog.warning('lost mqtt://a:b@c')\n"
        "import sys; sys.stderr.write(as_line('said'))"
    )
    assert in_a_process({}, program) == "WARNING ingest.mqtt: lost mqtt://a:***@c\nsaid"


def test_the_environment_chooses_before_there_are_settings() -> None:
    environment = {"AGRIPARK_LOG_FORMAT": "json", "AGRIPARK_LOG_LEVEL": "info"}
    program = (
        "configure_early()\nimport logging\nlogging.getLogger('x').info('heard')\n"
        "raise OSError('x')"
    )
    heard, ended = map(json.loads, in_a_process(environment, program).splitlines())
    assert heard["message"] == "heard"
    assert ended["level"] == "critical"
    assert ended["exception"].endswith("OSError: x")


def test_a_wrong_value_is_left_for_the_settings_to_refuse(untouched: None) -> None:
    assert untouched is None
    configure_early({"AGRIPARK_LOG_FORMAT": "xml", "AGRIPARK_LOG_LEVEL": "loud"})
    assert as_line("words") == "words"
