"""Settings: where they come from and how a wrong one is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest

from park.errors import SettingsError
from park.settings import load_settings

SetVariable = Callable[[str, str], None]


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def set_variable(in_empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> SetVariable:
    assert in_empty_folder.is_dir()
    return monkeypatch.setenv


def test_without_anything_set_the_park_runs_embedded(in_empty_folder: Path) -> None:
    settings = load_settings()
    assert settings.influx_url is None
    assert settings.traceability_url.startswith("sqlite:///")
    assert not list(in_empty_folder.iterdir())


def test_the_environment_wins_over_the_file(
    in_empty_folder: Path, set_variable: SetVariable
) -> None:
    (in_empty_folder / "agripark.toml").write_text('api_port = 9001\nmqtt_version = "3.1.1"\n')
    set_variable("AGRIPARK_API_PORT", "9002")
    settings = load_settings()
    assert (settings.api_port, settings.mqtt_version) == (9002, "3.1.1")


def test_arguments_win_over_the_environment_unless_they_are_none(
    set_variable: SetVariable,
) -> None:
    set_variable("AGRIPARK_API_PORT", "9002")
    assert load_settings(api_port=9003).api_port == 9003
    assert load_settings(api_port=None).api_port == 9002


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("AGRIPARK_API_PORT", "99999", "AGRIPARK_API_PORT.*99999"),
        ("AGRIPARK_MQTT_URL", "http://broker", "mqtt://"),
        ("AGRIPARK_MQTT_URL", "mqtt://", "no host"),
        ("AGRIPARK_MQTT_URL", "mqtt://broker:x", "MQTT_URL"),
        ("AGRIPARK_PARK_SCALE", "0", "PARK_SCALE"),
        ("AGRIPARK_DATABASE_URL", "mysql://db/x", "postgresql://"),
        ("AGRIPARK_CONFIG", "nowhere.toml", "nowhere.toml"),
    ],
)
def test_a_wrong_setting_is_refused_by_name_and_value(
    set_variable: SetVariable, name: str, value: str, complaint: str
) -> None:
    set_variable(name, value)
    with pytest.raises(SettingsError, match=complaint):
        load_settings()


def test_an_unknown_entry_of_the_file_is_refused(in_empty_folder: Path) -> None:
    (in_empty_folder / "agripark.toml").write_text("api_prot = 9001\n")
    with pytest.raises(SettingsError, match="api_prot"):
        load_settings()


def test_a_file_that_is_no_toml_is_refused(in_empty_folder: Path) -> None:
    (in_empty_folder / "agripark.toml").write_text("api_port =\n")
    with pytest.raises(SettingsError, match="settings file"):
        load_settings()
