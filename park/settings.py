"""Settings from the environment (`AGRIPARK_…`) and an optional TOML file, checked at start.

The file is `agripark.toml` in the working directory or the one that `AGRIPARK_CONFIG` names; the
environment wins over it. Any setting may lie in a file of its own, as secrets of containers do:
`AGRIPARK_INFLUX_TOKEN_FILE` names the file that holds `AGRIPARK_INFLUX_TOKEN`.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from park.errors import SettingsError

CONFIG_VARIABLE = "AGRIPARK_CONFIG"
DEFAULT_CONFIG = Path("agripark.toml")
_PREFIX = "AGRIPARK_"
_FILE = "_FILE"
_LARGEST_SECRET_BYTES = 65_536
_USER_INFO = re.compile(r"//.*@")


def _url(*schemes: str) -> AfterValidator:
    def check(text: str) -> str:
        parts = urlsplit(text)
        wanted = ", ".join(f"{scheme}://" for scheme in schemes)
        if parts.scheme not in schemes:
            msg = f"must begin with one of {wanted}"
            raise ValueError(msg)
        if not parts.hostname and not parts.scheme.startswith("sqlite"):
            msg = "has no host"
            raise ValueError(msg)
        _ = parts.port  # raises ValueError where the port is no number
        return text

    return AfterValidator(check)


MqttUrl = Annotated[str, _url("mqtt", "mqtts")]
ANY_ORIGIN = "*"
"""Stands for the pages of every site."""
DEFAULT_PORTS = {"http": 80, "https": 443}
"""Ports that browsers leave out of an origin."""


def _origins(value: object) -> object:
    """The entries of a list that is parted by commas."""
    if not isinstance(value, str):
        return value
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if text != ANY_ORIGIN and text != f"{parts.scheme}://{parts.netloc}".lower():
        msg = f"{text!r} isn't an origin such as https://trace.example:8443, without a path"
        raise ValueError(msg)
    return text.removesuffix(f":{DEFAULT_PORTS.get(parts.scheme)}")


Origin = Annotated[str, AfterValidator(_origin)]
HttpUrl = Annotated[str, _url("http", "https")]
DatabaseUrl = Annotated[str, _url("sqlite", "postgresql")]


class Settings(BaseSettings):
    """Everything that can be set; each has the environment name `AGRIPARK_` + its own."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, extra="forbid", frozen=True)

    data_dir: Path = Path("agripark-data")
    """Folder of the spool and the embedded databases."""
    park_definition: Path | None = None
    """Park definition file; Linyi's where not set."""
    park_scale: Annotated[float, Field(gt=0, le=100)] = 1.0

    mqtt_url: MqttUrl = "mqtt://127.0.0.1:1883"
    """Broker; user and password may stand in it."""
    mqtt_version: Literal["5", "3.1.1"] = "5"
    mqtt_client_id: Annotated[str, Field(min_length=1, max_length=64)] = "agripark-ingest"
    mqtt_receive_maximum: Annotated[int, Field(ge=1, le=65_535)] = 10_000
    """Messages that the broker may hand over before the first is acknowledged."""
    mqtt_group: str = ""
    """Consumers of one group share the messages among them (MQTT 5); each has its own folder."""
    profiles_dir: Path | None = None
    """Folder of device profiles (`*.toml`)."""

    alarm_rules: Path | None = None
    """File of alarm rules (TOML) that add to the shipped ones, or override them."""
    alarm_routes: Path | None = None
    """File that says who hears of which alarms (TOML); without it nobody is told."""

    influx_url: HttpUrl | None = None
    """InfluxDB; without it telemetry goes to the embedded store in `data_dir`."""
    influx_database: Annotated[str, Field(min_length=1)] = "agripark"
    influx_username: str = ""
    influx_password: SecretStr = SecretStr("")
    influx_token: SecretStr = SecretStr("")

    database_url: DatabaseUrl | None = None
    """Traceability database; without it an SQLite file in `data_dir`."""

    api_host: str = "127.0.0.1"
    api_port: Annotated[int, Field(ge=0, le=65_535)] = 8000
    public_url: HttpUrl | None = None
    """Address under which others reach the API, for links; where not set, the request's own."""
    browser_origins: Annotated[tuple[Origin, ...], NoDecode, BeforeValidator(_origins)] = ()
    """Other sites whose pages may ask from within a browser; none where not set."""
    metrics_port: Annotated[int, Field(ge=0, le=65_535)] | None = None
    """Where `agripark ingest` serves its metrics and health; nowhere where not set."""

    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "warning"

    clock_skew_s: Annotated[float, Field(ge=0)] = 300.0
    """How far in the future a timestamp may lie."""
    payload_limit_bytes: Annotated[int, Field(ge=1024)] = 262_144
    """Largest MQTT payload that is read; a larger one goes to quarantine."""
    mass_tolerance: Annotated[float, Field(ge=0, le=0.5)] = 0.005
    """Share by which masses may differ across a step."""

    capture_limit_bytes: Annotated[int, Field(ge=1_000)] = 16 * 1024 * 1024
    """Largest EPCIS document that is read."""
    capture_limit_events: Annotated[int, Field(ge=1)] = 5_000
    """Most events in one EPCIS document."""
    webhook_private_hosts: bool | None = None
    """Whether subscribers may be at addresses that aren't public.

    Where not set they may while the API itself is reached from this machine only.
    """

    @property
    def sends_to_private_hosts(self) -> bool:
        """Whether subscribers may be at addresses that aren't public."""
        if self.webhook_private_hosts is not None:
            return self.webhook_private_hosts
        return self.api_host in {"127.0.0.1", "::1", "localhost"}

    @property
    def spool_path(self) -> Path:
        """The spool's file."""
        return self.data_dir / "spool.db"

    @property
    def telemetry_path(self) -> Path:
        """The embedded telemetry store's file."""
        return self.data_dir / "telemetry.db"

    @property
    def figures_path(self) -> Path:
        """How far the figures of traceability came."""
        return self.data_dir / "figures.json"

    @property
    def calibration_path(self) -> Path:
        """The calibration register's file."""
        return self.data_dir / "calibration.db"

    @property
    def ledger_keys(self) -> Path:
        """Folder of the keys that sign the ledger."""
        return self.data_dir / "ledger-keys"

    @property
    def scale_path(self) -> Path:
        """File that says at which scale the park is whose data the folder holds."""
        return self.data_dir / "park.json"

    @property
    def ledger_checkpoints(self) -> Path:
        """File of the checkpoints that were signed."""
        return self.data_dir / "ledger-checkpoints.jsonl"

    @property
    def traceability_url(self) -> str:
        """Where events and batches are kept."""
        return self.database_url or f"sqlite:///{self.data_dir / 'traceability.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment and its files, these over the settings file."""
        path = Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_CONFIG))
        named = _NamedFiles(settings_cls)
        return init_settings, env_settings, named, TomlConfigSettingsSource(settings_cls, path)


class _NamedFiles(PydanticBaseSettingsSource):
    """Settings in files that variables with `_FILE` at their end name."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """The text of the setting's file, None where no variable names one."""
        del field
        variable = f"{_PREFIX}{field_name.upper()}"
        path = os.environ.get(variable + _FILE)
        if path is None:
            return None, field_name, False
        if variable in os.environ:
            msg = f"{variable} and {variable}{_FILE} are both set; take one of them"
            raise SettingsError(msg)
        return _text_of(variable + _FILE, Path(path)), field_name, False

    def __call__(self) -> dict[str, str]:
        """All that are named."""
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: text for name, text in found.items() if text is not None}


def _text_of(variable: str, path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST_SECRET_BYTES + 1)
        text = data.decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{variable} names {path}, which can't be read: {error}"
        raise SettingsError(msg) from error
    if not text or len(data) > _LARGEST_SECRET_BYTES:
        wrong = "too large for one setting" if text else "empty"
        msg = f"{variable} names {path}, which is {wrong}"
        raise SettingsError(msg)
    return text


def load_settings(**overrides: object) -> Settings:
    """The settings in force; `overrides` that are None are ignored.

    Raises SettingsError naming the first setting that is wrong, its value and why.
    """
    named = os.environ.get(CONFIG_VARIABLE)
    if named is not None and not Path(named).is_file():
        msg = f"{CONFIG_VARIABLE} names {named}, which is no file"
        raise SettingsError(msg)
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(step) for step in first["loc"])
        variable = f"{_PREFIX}{name.upper()}"
        is_secret = "password" in name or "token" in name or variable + _FILE in os.environ
        value = "" if is_secret else f" = {_USER_INFO.sub('//***@', repr(first['input']))}"
        msg = f"setting {name} ({variable}){value}: {first['msg'].removeprefix('Value error, ')}"
        raise SettingsError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"can't read the settings file: {error}"
        raise SettingsError(msg) from error
