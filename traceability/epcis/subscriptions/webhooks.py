"""Sending documents to subscribers by HTTP.

1. The name of the subscriber's host is looked up once a message, and the message goes to the very
   address that was looked at: a name that changes its mind in between leads nowhere else.
2. Unless that is allowed, nothing is sent to addresses that aren't public: whoever may subscribe
   could reach services in the operator's own network by us.
3. Redirects aren't followed, for the same reason.
4. A message has so much time, from the look-up of the name to the answer's status: who sends a byte
   now and then holds nobody up. Of the answer's body nothing is kept, and little is waited for.
5. A message carries its HMAC-SHA256 under the subscriber's token, in base64, as `GS1-Signature`.
"""

import base64
import hashlib
import hmac
import ipaddress
import socket
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from urllib.parse import urlsplit

import httpx
from anyio import fail_after, getaddrinfo, move_on_after
from anyio.from_thread import BlockingPortal, start_blocking_portal

from traceability.errors import DeliveryError, SubscriptionControlsError

TIMEOUT_S = 10.0
_LONGEST_ADDRESS = 2000
_MOST_CONNECTIONS = 100
_BODY_BYTES, _BODY_S = 65_536, 0.5
"""What is read of an answer's body, so that the connection can be used again."""
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}


class Webhooks:
    """Sends to subscribers. Safe to share among threads."""

    def __init__(self, *, private_hosts: bool, timeout_s: float = TIMEOUT_S) -> None:
        """`private_hosts`: whether addresses that aren't public may be sent to."""
        self._private_hosts = private_hosts
        self._timeout_s = timeout_s
        # Proxies and .netrc of the environment are the operator's, not the subscriber's.
        self._client = httpx.AsyncClient(
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=_MOST_CONNECTIONS),
        )
        self._lock = threading.Lock()
        self._loop = ExitStack()
        self._portal: BlockingPortal | None = None

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            if self._portal is not None:
                self._portal.call(self._client.aclose)
            self._portal = None
            self._loop.close()

    def check(self, dest: str) -> None:
        """Raise SubscriptionControlsError for a destination that nothing will be sent to.

        Names aren't looked up: a subscriber may be away just now.
        """
        try:
            host, _ = _parts(dest)
        except DeliveryError as error:
            raise SubscriptionControlsError(f"dest: {error}") from error
        if not self._private_hosts and not _may_be_public(host):
            raise SubscriptionControlsError(f"dest: {_not_public(host)}")

    def send(self, dest: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a body. Raises DeliveryError unless the subscriber answers 2xx."""
        try:
            status = self._running().call(self._post, dest, body, headers)
        except TimeoutError as error:
            raise DeliveryError(f"{dest}: no answer in {self._timeout_s:g} s") from error
        except httpx.HTTPError as error:
            raise DeliveryError(f"{dest}: {error or type(error).__name__}") from error
        if not httpx.codes.is_success(status):
            raise DeliveryError(f"{dest} answers {status}", status)

    def _running(self) -> BlockingPortal:
        """The event loop that messages are sent by; it begins with the first."""
        with self._lock:
            if self._portal is None:
                self._portal = self._loop.enter_context(start_blocking_portal())
            return self._portal

    async def _post(self, dest: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Post a body; gives the answer's status."""
        url = httpx.URL(dest)
        with fail_after(self._timeout_s):
            host, address = await self._route(dest)
            request = self._client.build_request(
                "POST",
                url.copy_with(host=address),
                content=body,
                headers={**headers, "Host": url.netloc.decode("ascii")},
                extensions={"sni_hostname": host},
            )
            answer = await self._client.send(request, stream=True)
        try:
            # Its status has said that it was taken; what becomes of the rest changes nothing.
            with move_on_after(_BODY_S), suppress(httpx.HTTPError):
                await _read_a_little(answer)
        finally:
            await answer.aclose()
        return answer.status_code

    async def _route(self, dest: str) -> tuple[str, str]:
        """Host name and the address that it has. Raises DeliveryError."""
        host, port = _parts(dest)
        try:
            found = await getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise DeliveryError(f"{host} has no address: {error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        allowed = [text for text in addresses if self._private_hosts or _is_public(text)]
        if not allowed:
            raise DeliveryError(_not_public(host))
        return host, allowed[0]


async def _read_a_little(answer: httpx.Response) -> None:
    read = 0
    async for piece in answer.aiter_raw():
        read += len(piece)
        if read > _BODY_BYTES:
            return


def signature(body: bytes, token: str) -> str:
    """The `GS1-Signature` of a body: HMAC-SHA256 under the token in UTF-8, in base64."""
    digest = hmac.new(token.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def _parts(dest: str) -> tuple[str, int]:
    problem = "must be an address that begins with http:// or https://"
    if len(dest) > _LONGEST_ADDRESS or not dest.isprintable():
        raise DeliveryError(problem)
    try:
        parts = urlsplit(dest)
        port = parts.port
        _ = httpx.URL(dest)
    except (ValueError, httpx.InvalidURL) as error:
        raise DeliveryError(f"{problem}: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname or parts.fragment:
        raise DeliveryError(problem)
    return parts.hostname, port or _PORTS[parts.scheme]


def _not_public(host: str) -> str:
    return (
        f"{host} is no public address; the operator can allow private ones "
        "(AGRIPARK_WEBHOOK_PRIVATE_HOSTS=true)"
    )


def _may_be_public(host: str) -> bool:
    try:
        return _is_public(host)
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def _is_public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_global and not address.is_multicast
