"""Internet addresses as the engine sees them: hexadecimal digits, compared from the left."""

from __future__ import annotations

import re

__all__ = ["CidrRange", "InvalidCidrError", "address_digits", "cidr_range"]

_V4 = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+\Z", re.ASCII)
_V6 = re.compile(r"[0-9a-fA-F:]*:[0-9a-fA-F:]*\Z", re.ASCII)
_MAX_V4_LENGTH = 15
_MAPPED = "0" * 20 + "FFFF"
_HEX = "0123456789ABCDEF"
_IS_HEX = re.compile(r"[0-9A-F]+\Z").match


class InvalidCidrError(ValueError):
    """A text that is no CIDR block; the message is the engine's."""


def address_digits(text: str) -> str | None:
    """The upper-case hexadecimal digits of an address (8 or 32), or None where `text` is none.

    AWS: Java's `InetAddress.getByName` on what looks like a literal: leading zeros are decimal, an IPv4-mapped
    IPv6 address becomes IPv4.
    """
    if ":" in text:
        return _v6_digits(text) if _V6.match(text) else None
    return _v4_digits(text) if _V4.match(text) else None


def _v4_digits(text: str) -> str | None:
    if len(text) > _MAX_V4_LENGTH:
        return None
    octets = [int(octet) for octet in text.split(".")]
    return bytes(octets).hex().upper() if max(octets) <= 255 else None


def _v6_digits(text: str) -> str | None:
    head, gap, tail = text.partition("::")
    groups = head.split(":") if head or not gap else []
    if gap:
        behind = tail.split(":") if tail else []
        missing = 8 - len(groups) - len(behind)
        if missing < 1:
            return None
        groups += ["0"] * missing + behind
    if len(groups) != 8 or "" in groups:
        return None
    digits = "".join([group.zfill(4) for group in groups]).upper()
    if len(digits) > 32:  # a group may have more digits if they are zeros
        if any(int(group, 16) > 0xFFFF for group in groups):
            return None
        digits = "".join([f"{int(group, 16):04X}" for group in groups])
    return digits[24:] if digits.startswith(_MAPPED) else digits


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
        if len(digits) == len(self.bottom):
            # Then the order of the digits is the order of the addresses, which is quicker to ask.
            if not self.bottom <= digits <= self.top:
                return False
            if _IS_HEX(digits):
                return True
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
