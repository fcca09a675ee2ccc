"""Laws of addresses: their digits are those of the standard library, and a block holds what its digits decide."""

from __future__ import annotations

import ipaddress

from hypothesis import given
from hypothesis import strategies as st

from perception_events.patterns._addresses import CidrRange, address_digits, cidr_range

V4 = st.ip_addresses(v=4)
V6 = st.ip_addresses(v=6)
HEX = "0123456789ABCDEF"


@given(V4)
def test_digits_of_an_ipv4_address(address: ipaddress.IPv4Address) -> None:
    assert address_digits(str(address)) == address.packed.hex().upper()


@given(V6, st.sampled_from(("compressed", "exploded")), st.booleans())
def test_digits_of_an_ipv6_address_in_each_spelling(address: ipaddress.IPv6Address, form: str, upper: bool) -> None:
    text = str(getattr(address, form))
    expected = address.ipv4_mapped.packed if address.ipv4_mapped else address.packed
    assert address_digits(text.upper() if upper else text) == expected.hex().upper()


@given(st.text(alphabet="0f:.1", max_size=24))
def test_what_the_standard_library_takes_is_an_address_here_too(text: str) -> None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return
    if "." not in text or ":" not in text:  # an IPv4 address inside an IPv6 one is not read by the engine
        assert address_digits(text) is not None, address


def _decided(block: CidrRange, digits: str) -> bool:
    """By the definition: from the left, until the digits seen so far are inside or outside whatever follows."""
    for seen in range(1, len(block.bottom) + 1):
        if len(digits) < seen or digits[seen - 1] not in HEX:
            return False
        low, high = block.bottom[:seen], block.top[:seen]
        if not low <= digits[:seen] <= high:
            return False
        if low < digits[:seen] < high:
            return True
    return True


@given(st.one_of(V4, V6), st.data())
def test_a_block_holds_what_its_digits_decide(address: ipaddress.IPv4Address, data: st.DataObject) -> None:
    bits = data.draw(st.integers(0, address.max_prefixlen - 1))
    digits = address_digits(str(address)) or ""
    block = cidr_range(f"{address}/{min(bits, len(digits) * 4 - 1)}")
    base = data.draw(st.sampled_from((digits, block.bottom, block.top)))
    changes = data.draw(st.lists(st.tuples(st.integers(0, len(base) - 1), st.sampled_from(HEX + "e.+-f")), max_size=3))
    for at, digit in changes:
        base = base[:at] + digit + base[at + 1 :]
    base = base[: data.draw(st.sampled_from((len(base), 5)))] + data.draw(st.sampled_from(("", "0", "e")))
    assert block.holds(base) == _decided(block, base)
