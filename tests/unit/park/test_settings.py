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


def test_a_list_is_parted_by_commas_in_the_environment_and_a_list_in_the_file(
    in_empty_folder: Path, set_variable: SetVariable
) -> None:
    (in_empty_folder / "agripark.toml").write_text('browser_origins = ["https://trace.example"]\n')
    assert load_settings().browser_origins == ("https://trace.example",)
    set_variable("AGRIPARK_BROWSER_ORIGINS", "https://trace.example, http://localhost:3000")
    assert load_settings().browser_origins == ("https://trace.example", "http://localhost:3000")
    # Browsers leave out the port of a scheme.
    set_variable("AGRIPARK_BROWSER_ORIGINS", "https://trace.example:443,http://trace.example:443")
    assert load_settings().browser_origins == ("https://trace.example", "http://trace.example:443")


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
        ("AGRIPARK_BROWSER_ORIGINS", "https://trace.example/page", "BROWSER_ORIGINS.*origin"),
        ("AGRIPARK_BROWSER_ORIGINS", "trace.example", "BROWSER_ORIGINS.*origin"),
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


def test_a_setting_may_lie_in_a_file_of_its_own(
    in_empty_folder: Path, set_variable: SetVariable
) -> None:
    (in_empty_folder / "address").write_text("postgresql://agripark:secret@db/agripark\n")
    (in_empty_folder / "agripark.toml").write_text('database_url = "sqlite:///other.db"\n')
    set_variable("AGRIPARK_DATABASE_URL_FILE", "address")
    assert load_settings().database_url == "postgresql://agripark:secret@db/agripark"
    assert load_settings(database_url="sqlite:///mine.db").database_url == "sqlite:///mine.db"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "AGRIPARK_INFLUX_TOKEN_FILE names token, which can't be read"),
        (b" \n", "AGRIPARK_INFLUX_TOKEN_FILE names token, which is empty"),
        (b"\xff", "AGRIPARK_INFLUX_TOKEN_FILE names token, which can't be read"),
        (b"x" * 100_000, "AGRIPARK_INFLUX_TOKEN_FILE names token, which is too large"),
    ],
)
def test_a_file_that_holds_no_setting_is_refused(
    in_empty_folder: Path, set_variable: SetVariable, content: bytes | None, complaint: str
) -> None:
    if content is not None:
        (in_empty_folder / "token").write_bytes(content)
    set_variable("AGRIPARK_INFLUX_TOKEN_FILE", "token")
    with pytest.raises(SettingsError, match=complaint):
        load_settings()


def test_a_setting_that_is_given_twice_is_refused(
    in_empty_folder: Path, set_variable: SetVariable
) -> None:
    (in_empty_folder / "port").write_text("9001")
    set_variable("AGRIPARK_API_PORT_FILE", "port")
    set_variable("AGRIPARK_API_PORT", "9002")
    with pytest.raises(SettingsError, match="both set"):
        load_settings()


def test_no_complaint_shows_a_secret(in_empty_folder: Path, set_variable: SetVariable) -> None:
    (in_empty_folder / "address").write_text("mysql://agripark:hidden@db/agripark")
    set_variable("AGRIPARK_DATABASE_URL_FILE", "address")
    with pytest.raises(SettingsError, match="DATABASE_URL") as refused:
        load_settings()
    assert "hidden" not in str(refused.value)
    set_variable("AGRIPARK_MQTT_URL", "http://user:hid/den@broker")
    with pytest.raises(SettingsError, match="MQTT_URL") as refused:
        load_settings()
    assert "den" not in str(refused.value)
