"""Files, folders and standard input -> blocks of whole lines: the first step of all that reads recorded traffic.

A block is what one process works on: lines of a quarter to half a megabyte, with the number of the first one. What is
not written in lines (a document spread over lines, Firehose's objects without anything between them) is cut into its
JSON values first, so that memory stays bounded whatever the size of a file.
"""

from __future__ import annotations

import io
import json
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from perception_events.traffic._values import ValueTooLongError, values_of

__all__ = [
    "MAX_LINE",
    "STANDARD_INPUT",
    "Block",
    "UnreadableInput",
    "blocks_of",
    "blocks_of_lines",
    "is_traffic",
    "read_blocks",
]

STANDARD_INPUT = "-"
MAX_LINE = 16 * 1024 * 1024
"""Bytes. EventBridge takes at most one megabyte an entry; a longer line is counted as unreadable and not kept."""
_CHUNK = 256 * 1024
_BLOCK = 256 * 1024
_HEAD = 1024 * 1024
"""So many bytes say whether a file has lines."""
_BOM = b"\xef\xbb\xbf"
_NAMES = (".json", ".jsonl", ".ndjson", ".log", ".txt", ".gz", ".zst")


@dataclass(frozen=True, slots=True, order=True)
class UnreadableInput:
    """A location that could not be read, and why; line 0 is the whole file."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        location = f"{self.file}:{self.line}" if self.line else self.file
        return f"{location}: {self.reason}"


@dataclass(frozen=True, slots=True)
class Block:
    """Lines of a file: `text`, which begins with the line `line`; or `values`, JSON values with their lines."""

    file: str
    line: int
    text: bytes = b""
    values: tuple[tuple[int, bytes], ...] = ()

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """Each line that is not empty, or each value, with its number."""
        return zip(*self.numbered(), strict=True)

    def numbered(self) -> tuple[Sequence[int], list[bytes]]:
        """The numbers of `lines`, and their texts."""
        if self.values:
            return [number for number, _ in self.values], [text for _, text in self.values]
        texts = self.text.split(b"\n")
        if b"" not in texts and not any(map(bytes.isspace, texts)):
            return range(self.line, self.line + len(texts)), texts
        numbers = [at for at, text in enumerate(texts, start=self.line) if text and not text.isspace()]
        return numbers, [texts[number - self.line] for number in numbers]


def read_blocks(
    paths: Iterable[str],
    *,
    standard_input: BinaryIO | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> Iterator[Block | UnreadableInput]:
    """The blocks of each path in turn, and an `UnreadableInput` for what cannot be read as lines.

    `paths`: files, and folders, which are walked in order of names for files that end with `.json`, `.jsonl`,
    `.ndjson`, `.log`, `.txt`, `.gz` or `.zst`, or have no ending; `-` is standard input. What begins with `{` or `[` is
    JSON itself and not a path. gzip and zstd are known by their first bytes. `standard_input`: what `-` reads; the
    process's own by default. `on_bytes`: called with the number of bytes read from a file each time.
    """
    for path in paths:
        if path == STANDARD_INPUT:
            yield from blocks_of("<stdin>", standard_input or _standard_input(), on_bytes)
        elif path.lstrip()[:1] in ("{", "["):
            yield from blocks_of("<argument>", io.BytesIO(path.encode(errors="surrogatepass")), None)
        else:
            yield from _read_path(Path(path), on_bytes)


def _standard_input() -> BinaryIO:
    buffer: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    return buffer if buffer is not None else io.BytesIO(sys.stdin.read().encode())


def _read_path(path: Path, on_bytes: Callable[[int], None] | None) -> Iterator[Block | UnreadableInput]:
    if not path.is_dir():
        files = [path]
    else:
        files = [file for file in sorted(path.rglob("*")) if file.is_file() and is_traffic(file.name)]
        if not files:
            yield UnreadableInput(str(path), 0, f"the folder has no file with events ({', '.join(_NAMES)})")
    for file in files:
        try:
            with file.open("rb") as stream:
                yield from blocks_of(str(file), stream, on_bytes)
        except OSError as error:
            yield UnreadableInput(str(file), 0, f"cannot be opened: {error.strerror or error}")


def is_traffic(name: str) -> bool:
    """Whether a file of this name is read when its folder is walked."""
    suffix = Path(name).suffix
    return not name.startswith(".") and (not suffix or suffix.lower() in _NAMES)


def blocks_of_lines(name: str, lines: Iterable[str | bytes]) -> Iterator[Block | UnreadableInput]:
    """Lines that something else has read already, as blocks of a file called `name`."""
    kept: list[bytes] = []
    first, size = 1, 0
    for number, line in enumerate(lines, start=1):
        octets = line.encode(errors="surrogatepass") if isinstance(line, str) else line
        octets = octets.removesuffix(b"\n").replace(b"\n", b" ")  # a line of a table may have breaks, JSON does without
        if len(octets) > MAX_LINE:
            yield UnreadableInput(name, number, f"the line is longer than {MAX_LINE:,} bytes")
            octets = b""
        kept.append(octets)
        size += len(octets)
        if size >= _BLOCK:
            yield Block(name, first, b"\n".join(kept))
            kept, first, size = [], number + 1, 0
    if kept:
        yield Block(name, first, b"\n".join(kept))


class _DamagedError(Exception):
    """What is compressed ends too early or is broken; all before it was given."""


def blocks_of(
    name: str, stream: BinaryIO, on_bytes: Callable[[int], None] | None = None
) -> Iterator[Block | UnreadableInput]:
    """The blocks of one file's octets, compressed or not, called `name`; the other parameters are `read_blocks`'s."""
    damage: list[str] = []
    chunks = _whole(_decompressed(stream, on_bytes), damage)
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= _HEAD:
            break
    head = head.removeprefix(_BOM)
    blocks = _line_blocks if _is_lines(head) else _value_blocks
    yield from blocks(name, head, chunks)
    for reason in damage:
        yield UnreadableInput(name, 0, reason)


def _whole(chunks: Iterator[bytes], damage: list[str]) -> Iterator[bytes]:
    try:
        yield from chunks
    except _DamagedError as error:
        damage.append(str(error))


def _decompressed(stream: BinaryIO, on_bytes: Callable[[int], None] | None) -> Iterator[bytes]:
    def chunks() -> Iterator[bytes]:
        while chunk := stream.read(_CHUNK):
            if on_bytes is not None:
                on_bytes(len(chunk))
            yield chunk

    source = chunks()
    first = next(source, b"")
    if first[:2] == b"\x1f\x8b":
        yield from _gunzip(first, source)
    elif first[:4] == b"\x28\xb5\x2f\xfd":
        yield from _unzstd(first, source)
    else:
        if first:
            yield first
        yield from source


def _gzip_format() -> Any:
    """What decompresses: isal, of the extra `[fast]`, twice as fast and of the same interface, or zlib."""
    try:
        from isal import isal_zlib
    except ImportError:
        return zlib
    return isal_zlib


def _gunzip(first: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    """Every member of a gzip file. Firehose and appending programs write several, one after the other."""
    gzip_format = _gzip_format()
    member = gzip_format.decompressobj(wbits=31)
    data = first
    try:
        while data := data or next(source, b""):
            if member.eof:
                data = data.lstrip(b"\0")  # what tapes and block devices add
                if not data:
                    continue
                member = gzip_format.decompressobj(wbits=31)
            text = member.decompress(data, _BLOCK)
            data = member.unused_data if member.eof else member.unconsumed_tail
            if text:
                yield text
        if not member.eof and (text := member.flush()):
            yield text
    except gzip_format.error as error:
        raise _DamagedError(f"is not whole: gzip is broken: {error}; what comes after cannot be read") from None
    if not member.eof:
        raise _DamagedError("is not whole: gzip ends too early; what is before its end was read")


def _unzstd(first: bytes, source: Iterator[bytes]) -> Iterator[bytes]:
    try:
        import zstandard
    except ImportError:
        raise _DamagedError("is compressed with zstd, which needs a library: python -m pip install zstandard") from None

    class Rest(io.RawIOBase):
        """The stream from its first bytes on, as zstandard reads one."""

        def __init__(self) -> None:
            self.data = first

        def read(self, size: int = -1) -> bytes:
            data, self.data = self.data or next(source, b""), b""
            if size >= 0:
                data, self.data = data[:size], data[size:]
            return data

    reader: Any = zstandard.ZstdDecompressor().stream_reader(cast("BinaryIO", Rest()), read_across_frames=True)
    try:
        while text := reader.read(_BLOCK):
            yield text
    except zstandard.ZstdError as error:
        raise _DamagedError(f"is not whole: zstd is broken: {error}; what comes after cannot be read") from None


def _is_lines(head: bytes) -> bool:
    """Whether the text is lines: its first one is whole, or the one after it is an object by itself."""
    lines = [line for line in head.split(b"\n", 64) if line.strip()]
    if not lines:
        return True
    first = lines[0].strip()
    if first[:1] not in b"{[":
        return True
    if len(lines) > 1 and lines[1].lstrip()[:1] == b"{" and _is_json(lines[1]):
        return not first.endswith((b"[", b"{", b":", b",")) or not _is_unfinished(first)
    return not _is_unfinished(first) and (len(first) < _HEAD // 2 or len(lines) > 1)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _is_unfinished(line: bytes) -> bool:
    """Whether `line` is JSON as far as it goes."""
    try:
        json.loads(line)
    except json.JSONDecodeError as error:
        return error.pos >= len(error.doc.rstrip()) or len(line) >= _HEAD // 2
    except (ValueError, RecursionError):
        return False
    return False


def _line_blocks(name: str, head: bytes, chunks: Iterator[bytes]) -> Iterator[Block | UnreadableInput]:
    line = 1
    pieces = [head]
    size = len(head)
    too_long = False

    def cut() -> Iterator[Block | UnreadableInput]:
        nonlocal line, pieces, size, too_long
        text = b"".join(pieces)
        if too_long:
            end = text.find(b"\n")
            if end < 0:
                pieces, size = [], 0
                return
            text, too_long = text[end + 1 :], False
            line += 1
        end = text.rfind(b"\n") + 1
        if end:
            yield Block(name, line, text[: end - 1])
            line += text.count(b"\n", 0, end)
        rest = text[end:]
        if len(rest) > MAX_LINE:
            yield UnreadableInput(name, line, f"the line is longer than {MAX_LINE:,} bytes")
            rest, too_long = b"", True
        pieces, size = [rest], len(rest)

    for chunk in chunks:
        pieces.append(chunk)
        size += len(chunk)
        if size >= _BLOCK and (b"\n" in chunk or size > MAX_LINE or too_long):
            yield from cut()
    yield from cut()
    rest = b"".join(pieces)
    if rest and not too_long:
        yield Block(name, line, rest)


def _value_blocks(name: str, head: bytes, chunks: Iterator[bytes]) -> Iterator[Block | UnreadableInput]:
    values: list[tuple[int, bytes]] = []
    size = 0

    def texts() -> Iterator[bytes]:
        yield head
        yield from chunks

    for found in values_of(texts(), MAX_LINE):
        if isinstance(found, ValueTooLongError):
            reason = f"the value is longer than {MAX_LINE:,} bytes; no value after it was read"
            yield UnreadableInput(name, found.line, reason)
            continue
        values.append(found)
        size += len(found[1])
        if size >= _BLOCK:
            yield Block(name, values[0][0], values=tuple(values))
            values, size = [], 0
    if values:
        yield Block(name, values[0][0], values=tuple(values))
