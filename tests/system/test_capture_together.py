"""Several servers over one PostgreSQL, several clients that send the same and contradict each
other, and power cuts in between: each event is there once, and nobody waits for ever."""

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.command_line import CommandLine
from tests.support.epcis_load import Json, document, pallet_link
from tests.support.serve_process import ServeProcess, serve_processes
from tests.support.servers import PostgreSQL, wait_until

CLIENTS = 4
DOCUMENTS = 30
CONTESTED = range(20, DOCUMENTS)
"""Documents that each client has its own version of."""
SIZE = 20
CUTS = 3
DEADLINE_S = 120.0

Refused = set[tuple[int, str]]
"""A client, and an event that it was refused."""
Played = tuple[str, str, Path, Refused]
"""A server's and the database's address, the folder, and what was refused."""


class Client:
    """A partner's client: sends each document until somebody has answered for it."""

    def __init__(self, number: int, urls: list[str]) -> None:
        self._number = number
        self._urls = cycle(urls[number % len(urls) :] + urls[: number % len(urls)])
        self._http = httpx.Client(timeout=30)
        self.answered = 0
        self.refused: Refused = set()

    def close(self) -> None:
        """Let go of its connections."""
        self._http.close()

    def send_all(self) -> None:
        """All documents, half of the clients from the last on."""
        order = range(DOCUMENTS)
        for number in order if self._number % 2 else reversed(order):
            body = document(number, SIZE)
            if number in CONTESTED:
                for event in events_of(body):
                    event["partner:client"] = str(self._number)
            self._send(body)
            self.answered += 1

    def _send(self, body: Json) -> None:
        behaviour = {"GS1-Capture-Error-Behaviour": "proceed"}
        answer = self._ask("POST", "/epcis/capture", json=body, headers=behaviour)
        assert answer.status_code == 202, answer.text
        job = self._ask("GET", urlsplit(answer.headers["location"]).path).json()
        for error in job["errors"]:
            assert error["type"] == "epcisException:ResourceAlreadyExistsException", error
            position = int(error["path"].partition("[")[2].partition("]")[0])
            self.refused.add((self._number, events_of(body)[position]["eventID"]))

    def _ask(self, method: str, path: str, **more: object) -> httpx.Response:
        end = time.monotonic() + DEADLINE_S
        while True:
            try:
                return self._http.request(method, next(self._urls) + path, **more)  # type: ignore[arg-type]  # as httpx takes them
            except httpx.TransportError:
                assert time.monotonic() < end, "no server answers"
                time.sleep(0.05)


def events_of(body: Json) -> list[Json]:
    events: list[Json] = body["epcisBody"]["eventList"]
    return events


def stored_events(url: str) -> Iterator[Json]:
    """All events, page by page."""
    address = f"{url}/epcis/events?perPage=500"
    while address:
        answer = httpx.get(address, timeout=30).raise_for_status()
        yield from answer.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        address = answer.links.get("next", {}).get("url", "")


def cut_power(servers: list[ServeProcess], clients: list[Client]) -> None:
    """Kill one server after the other while the clients work."""
    for cut, server in zip(range(1, CUTS + 1), cycle(servers), strict=False):
        due = cut * CLIENTS * DOCUMENTS // (CUTS + 1)
        wait_until(
            lambda due=due: sum(client.answered for client in clients) >= due,  # type: ignore[misc]  # mypy can't infer the default
            DEADLINE_S,
            lambda: f"only {[client.answered for client in clients]} were answered",
        )
        server.kill()
        server.start()


@pytest.fixture(scope="module")
def played(postgresql: PostgreSQL, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder, database = tmp_path_factory.mktemp("together"), postgresql.new_database()
    with serve_processes(2, database, folder) as servers:
        clients = [Client(number, [each.url for each in servers]) for number in range(CLIENTS)]
        cutting = threading.Thread(target=cut_power, args=(servers, clients))
        cutting.start()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(Client.send_all, clients))
        cutting.join()
        for client in clients:
            client.close()
        refused: Refused = set().union(*(client.refused for client in clients))
        yield servers[0].url, database, folder / "data", refused


def test_each_event_is_stored_once(played: Played) -> None:
    url, *_ = played
    ids = [event["eventID"] for event in stored_events(url)]
    wanted = [e["eventID"] for n in range(DOCUMENTS) for e in events_of(document(n, SIZE))]
    assert sorted(ids) == sorted(wanted)


def test_of_versions_that_contradict_each_other_one_is_stored_and_the_others_are_refused(
    played: Played,
) -> None:
    url, _, _, refused = played
    stored = {event["eventID"]: event for event in stored_events(url)}
    for number in CONTESTED:
        for event_id in (each["eventID"] for each in events_of(document(number, SIZE))):
            taken = {client for client in range(CLIENTS) if (client, event_id) not in refused}
            assert taken == {int(stored[event_id]["partner:client"])}
    assert len(refused) == (CLIENTS - 1) * SIZE * len(CONTESTED)


def test_the_ledger_is_whole_and_so_is_what_follows_from_it(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    _, database, data, _ = played
    run = CommandLine(data, capsys)
    done = run("ledger", "verify", "--derived", "--database", database, "--json")
    report = json.loads(done.stdout)
    assert (done.status, report["ok"], report["derived"]["ok"]) == (0, True, True), report
    assert report["size"] == report["derived"]["size"] == DOCUMENTS * SIZE


def test_masses_are_counted_once(played: Played) -> None:
    url, *_ = played
    packed = 3
    found = httpx.get(f"{url}/v1/provenance/{pallet_link(packed)}").raise_for_status().json()
    pallet, *_ = found["back"]["nodes"]
    masses = sorted((edge["kind"], edge["mass_kg"]) for edge in found["back"]["edges"])
    assert pallet["mass_kg"] == 700
    assert masses == [("contains", 700), ("into", 800), ("out_of", 700)]
