"""How MQTT writes texts, lengths and publications: for publishers and readers under test."""

import struct


def text(content: bytes) -> bytes:
    """A text with its length."""
    return struct.pack("!H", len(content)) + content


def long_number(number: int) -> bytes:
    """A variable byte integer."""
    encoded = bytearray()
    while True:
        number, digit = divmod(number, 128)
        encoded.append(digit | (0x80 if number else 0))
        if not number:
            return bytes(encoded)
