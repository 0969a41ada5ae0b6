"""Sends messages: e-mail by SMTP, webhooks by HTTP."""

import hashlib
import hmac
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

import httpx
import orjson

from ingest.alarms.notify.message import Message
from ingest.alarms.notify.plan import Channel, Recipient, Smtp
from ingest.errors import NotifyError

TIMEOUT_S = 10.0
SIGNATURE = "Agripark-Signature"
"""Header of a webhook: HMAC-SHA256 of the body under the recipient's secret, in hex."""


class Senders:
    """Sends to any address of a recipient."""

    def __init__(self, smtp: Smtp | None, timeout_s: float = TIMEOUT_S) -> None:
        self._smtp = smtp
        self._timeout_s = timeout_s
        # Proxies and .netrc of the environment are not meant for addresses of the park's own.
        self._client = httpx.Client(timeout=timeout_s, follow_redirects=False, trust_env=False)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def send(self, recipient: Recipient, channel: Channel, address: str, message: Message) -> None:
        """Send a message. Raises NotifyError where it didn't arrive."""
        if channel is Channel.EMAIL:
            self._email(address, message)
        else:
            self._webhook(recipient, address, message)

    def _webhook(self, recipient: Recipient, address: str, message: Message) -> None:
        body = orjson.dumps(message.content)
        headers = {"Content-Type": "application/json"}
        if recipient.secret:
            digest = hmac.new(recipient.secret.encode(), body, hashlib.sha256)
            headers[SIGNATURE] = f"sha256={digest.hexdigest()}"
        try:
            answer = self._client.post(address, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotifyError(f"{address}: {error or type(error).__name__}") from error
        if not answer.is_success:
            raise NotifyError(f"{address} answers {answer.status_code}")

    def _email(self, address: str, message: Message) -> None:
        smtp = self._smtp
        if smtp is None:
            raise NotifyError("the file of routes has no [smtp] any more")
        mail = EmailMessage()
        mail["From"], mail["To"] = smtp.sender, address
        mail["Subject"] = " ".join(message.subject.split())
        mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="agripark.invalid")
        mail.set_content(message.text, cte="quoted-printable")  # any server takes that
        try:
            self._deliver(smtp, mail)
        except (smtplib.SMTPException, OSError) as error:
            raise NotifyError(f"{smtp.host}:{smtp.port}: {error}") from error

    def _deliver(self, smtp: Smtp, mail: EmailMessage) -> None:
        context = ssl.create_default_context()
        connection: smtplib.SMTP
        if smtp.security == "tls":
            connection = smtplib.SMTP_SSL(
                smtp.host, smtp.port, timeout=self._timeout_s, context=context
            )
        else:
            connection = smtplib.SMTP(smtp.host, smtp.port, timeout=self._timeout_s)
        with connection:
            if smtp.security == "starttls":
                connection.starttls(context=context)
            if smtp.username:
                connection.login(smtp.username, smtp.password)
            connection.send_message(mail)
