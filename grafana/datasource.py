"""The data source that all dashboards read: InfluxDB, asked in InfluxQL.

The same description makes the provisioning files and what `sync` sends.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from grafana.targets import DATASOURCE_TYPE, DATASOURCE_UID

DATASOURCE_NAME = "agripark telemetry"


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where Grafana finds the telemetry; the address is as seen from Grafana.

    InfluxDB 1.x takes a user and password, or nothing; 2.x takes a token, sent as a header,
    and needs its bucket mapped to the database name (it maps equal names by itself). 3.x takes a
    token as well, with the scheme `Bearer`.
    """

    url: str
    database: str = "agripark"
    username: str = ""
    password: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    scheme: Literal["Token", "Bearer"] = "Token"

    def model(self) -> dict[str, Any]:
        """What Grafana's HTTP API takes, without the secrets."""
        options: dict[str, Any] = {"dbName": self.database, "httpMode": "POST"}
        if self.token:
            options["httpHeaderName1"] = "Authorization"
        return {
            "access": "proxy",
            "jsonData": options,
            "name": DATASOURCE_NAME,
            "type": DATASOURCE_TYPE,
            "uid": DATASOURCE_UID,
            "url": self.url,
            "user": self.username,
        }

    def secrets(self) -> dict[str, str]:
        """What Grafana stores encrypted and never gives back."""
        found = {}
        if self.token:
            found["httpHeaderValue1"] = f"{self.scheme} {self.token}"
        if self.password:
            found["password"] = self.password
        return found
