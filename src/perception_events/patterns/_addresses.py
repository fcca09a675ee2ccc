"""Internet addresses as the engine sees them: hexadecimal digits, compared from the left."""

from __future__ import annotations

import re

__all__ = ["CidrRange", "InvalidCidrError", "address_digits", "cidr_range"]

_V4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\Z", re.ASCII)
_V6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*\Z", re.ASCII)
_MAX_V4_LENGTH = 15
_MAPPED = b"\0" * 10 + b"\xff\xff"
_HEX = "0123456789ABCDEF"


class InvalidCidrError(ValueError):
    """A text that is no CIDR block; the message is the engine's."""


def address_digits(text: str) -> str | None:
    """The upper-case hexadecimal digits of an address (8 or 32), or None where `text` is none.

    AWS: Java's `InetAddress.getByName` on what looks like a literal: leading zeros are decimal, an IPv4-mapped
    IPv6 address becomes IPv4.
    """
    octets = _v4_octets(text) if _V4.match(text) else _v6_octets(text) if _V6.match(text) else None
    return octets.hex().upper() if octets is not None else None


def _v4_octets(text: str) -> bytes | None:
    if len(text) > _MAX_V4_LENGTH:
        return None
    parts = [int(part) for part in text.split(".")]
    return bytes(parts) if all(part <= 255 for part in parts) else None


def _v6_octets(text: str) -> bytes | None:
    if len(text) < 2 or (text[0] == ":" and text[1] != ":"):
        return None
    head, gap, tail = text.partition("::")
    if (gap and "::" in tail) or tail.startswith(":") or tail.endswith(":") or (not gap and text.endswith(":")):
        return None
    groups = [[int(g, 16) for g in side.split(":")] if side else [] for side in (head, tail)]
    count = len(groups[0]) + len(groups[1])
    if any(group > 0xFFFF for side in groups for group in side) or (count > 7 if gap else count != 8):
        return None
    filled = groups[0] + [0] * (8 - count) + groups[1]
    octets = b"".join(group.to_bytes(2, "big") for group in filled)
    return octets[12:] if octets.startswith(_MAPPED) else octets


class CidrRange:
    """The addresses from `bottom` to `top`, both hexadecimal digits of one length.

    A value is inside as soon as its digits, read from the left, decide it; the rest is not looked at. So an IPv6
    address can be inside an IPv4 block. (Accident of the engine, kept.)
    """

    __slots__ = ("bottom", "top")

    def __init__(self, bottom: str, top: str) -> None:
        self.bottom = bottom
        self.top = top

    def holds(self, digits: str) -> bool:
        """Whether `digits` are inside; they need not be an address's."""
        on_bottom = on_top = True
        for index, (low, high) in enumerate(zip(self.bottom, self.top, strict=True)):
            if index >= len(digits) or digits[index] not in _HEX:
                return False
            digit = digits[index]
            if (on_bottom and digit < low) or (on_top and digit > high):
                return False
            on_bottom = on_bottom and digit == low
            on_top = on_top and digit == high
            if not on_bottom and not on_top:
                return True
        return True


def cidr_range(text: str) -> CidrRange:
    """The range of a block such as `10.0.0.0/8`; host bits are allowed.

    Raises:
        InvalidCidrError: it is none, in the engine's words.
    """
    parts = text.split("/")
    while parts and not parts[-1]:
        parts.pop()  # as Java's split does
    if len(parts) != 2:
        raise InvalidCidrError("Malformed CIDR, one '/' required")
    if not re.fullmatch(r"[+-]?\d+", parts[1]) or not -(2**31) <= int(parts[1]) < 2**31:
        raise InvalidCidrError("Malformed CIDR, mask bits must be an integer")
    bits = int(parts[1])
    if bits < 0:
        raise InvalidCidrError("Malformed CIDR, mask bits must not be negative")
    digits = address_digits(parts[0])
    if digits is None:
        looks = _V4.match(parts[0]) or _V6.match(parts[0])
        raise InvalidCidrError(f"{'Invalid' if looks else 'Nonstandard'} IP address: {parts[0]}")
    width = len(digits) * 4
    if bits >= width:
        raise InvalidCidrError(f"IPv{4 if width == 32 else 6} mask bits must be < {width}")
    mask = (1 << (width - bits)) - 1
    value = int(digits, 16)
    return CidrRange(*(f"{bound:0{len(digits)}X}" for bound in (value & ~mask, value | mask)))
