"""Sending documents to subscribers by HTTP.

1. The name of the subscriber's host is looked up once a message, and the message goes to the very
   address that was looked at: a name that changes its mind in between leads nowhere else.
2. Unless that is allowed, nothing is sent to addresses that aren't public: whoever may subscribe
   could reach services in the operator's own network by us.
3. Redirects aren't followed, for the same reason.
4. A message carries its HMAC-SHA256 under the subscriber's token, in base64, as `GS1-Signature`.
"""

import base64
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from traceability.errors import DeliveryError, SubscriptionControlsError

TIMEOUT_S = 10.0
_LONGEST_ADDRESS = 2000
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}


class Webhooks:
    """Sends to subscribers. Safe to share among threads."""

    def __init__(self, *, private_hosts: bool, timeout_s: float = TIMEOUT_S) -> None:
        """`private_hosts`: whether addresses that aren't public may be sent to."""
        self._private_hosts = private_hosts
        # Proxies and .netrc of the environment are the operator's, not the subscriber's.
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

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
        url = httpx.URL(dest)
        host, address = self._route(dest)
        target = url.copy_with(host=address)
        every = {**headers, "Host": url.netloc.decode("ascii")}
        try:
            answer = self._client.post(
                target, content=body, headers=every, extensions={"sni_hostname": host}
            )
        except httpx.HTTPError as error:
            raise DeliveryError(f"{dest}: {error or type(error).__name__}") from error
        if not answer.is_success:
            raise DeliveryError(f"{dest} answers {answer.status_code}", answer.status_code)

    def _route(self, dest: str) -> tuple[str, str]:
        """Host name and the address that it has. Raises DeliveryError."""
        parts = _parts(dest)
        try:
            found = socket.getaddrinfo(*parts, type=socket.SOCK_STREAM)
        except OSError as error:
            raise DeliveryError(f"{parts[0]} has no address: {error}") from error
        addresses = [str(entry[4][0]) for entry in found]
        allowed = [text for text in addresses if self._private_hosts or _is_public(text)]
        if not allowed:
            raise DeliveryError(_not_public(parts[0]))
        return parts[0], allowed[0]


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
