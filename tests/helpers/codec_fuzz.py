"""What is asked of every codec, on the table of codecs: it lives through anything, and is back within two frames.

A chapter is one codec object, fed with runs of garbage from one seed, behind each of them valid frames. What a chapter
finds can be had again by the codec's name and the seed.
"""

import random
import time
import traceback
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hal.drivers.emg.sampled import LossDetector
from tests.helpers.codec_table import BY_NAME, Codec, Unit, held_bytes, key, whole

CHAPTER_BYTES = 100_000
MOST_LOST = 2
NEVER = 99
ENOUGH_FAULTS = 100
JUDGED_BYTES = 500
MOST_ACCIDENTS = 0.01
"""Share of runs behind which a false message that passes all checks may cost more frames."""


@dataclass
class Findings:
    """What garbage did to a codec; `lost` counts runs by the valid frames lost behind them."""

    fed: int = 0
    runs: int = 0
    most_held: int = 0
    lost: Counter[int] = field(default_factory=Counter)
    by_accident: Counter[int] = field(default_factory=Counter)
    """Of `lost`, runs in which garbage and what followed it happened to make a message that passed all checks."""
    slowest: float = float("inf")
    """The speed of the slowest run of garbage of `JUDGED_BYTES` or more, as a multiple of the device's full rate."""
    unseen: int = 0
    """Rows shifted by what the protocol has no means to show."""
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        self.fed, self.runs = self.fed + other.fed, self.runs + other.runs
        self.most_held = max(self.most_held, other.most_held)
        self.slowest = min(self.slowest, other.slowest)
        self.unseen += other.unseen
        self.lost += other.lost
        self.by_accident += other.by_accident
        self.faults += other.faults

    @property
    def accidents(self) -> int:
        """Runs behind which more than two frames were lost because a false message passed all checks."""
        return sum(runs for lost, runs in self.by_accident.items() if lost > MOST_LOST)

    @property
    def late(self) -> int:
        """Runs behind which more than two frames were lost for no such reason."""
        return sum(runs for lost, runs in self.lost.items() if lost > MOST_LOST) - self.accidents


def chapters(name: str, size: int) -> tuple[Findings, list[str], float]:
    """Chapters of one codec up to `size` bytes of garbage: what they found, cuts that mattered, time taken (s)."""
    codec, findings, cuts, start_s, seed = BY_NAME[name], Findings(), list[str](), time.monotonic(), 0
    while findings.fed < size:
        seed += 1
        findings.add(chapter(codec, seed, min(CHAPTER_BYTES, size - findings.fed)))
        if codec.framing != "packets" and (cut_badly := uneven(codec, seed)):
            cuts.append(cut_badly)
        if len(findings.faults) > ENOUGH_FAULTS:
            break
    return findings, cuts, time.monotonic() - start_s


# garbage


def garbage(codec: Codec, chance: random.Random) -> bytes:
    """A run of it, of one kind or of several."""
    size = chance.choice((40, 40, 40, 400, 400, 2000))
    kinds = chance.choices(GARBAGE, k=chance.choice((1, 1, 2, 3)))
    return b"".join(kind(codec, chance, chance.randint(1, size)) for kind in kinds)


def _noise(_codec: Codec, chance: random.Random, size: int) -> bytes:
    return chance.randbytes(size)


def _valid(codec: Codec, chance: random.Random, size: int) -> bytes:
    return b"".join(b"".join(unit) for unit in codec.stretch(chance, size)[0])


def _mutated(codec: Codec, chance: random.Random, size: int) -> bytes:
    data = bytearray(_valid(codec, chance, size))
    for _ in range(1 + len(data) // 20):
        at = chance.randrange(len(data))
        change = chance.randrange(4)
        if change == 0:
            data[at] ^= 1 << chance.randrange(8)
        elif change == 1:
            data[at] = chance.randrange(256)
        elif change == 2 and len(data) > 1:
            del data[at]
        else:
            data[at:at] = data[at : at + chance.randrange(1, 12)]
    return bytes(data)


def _truncated(codec: Codec, chance: random.Random, size: int) -> bytes:
    frames = codec.stretch(chance, size)[0]
    pieces = [b"".join(unit) for unit in frames]
    return b"".join(piece[: chance.randrange(1, len(piece) + 1)] for piece in pieces)


def _heads(codec: Codec, chance: random.Random, size: int) -> bytes:
    head = chance.choice(codec.pool)[0][: chance.randrange(1, 5)]
    return head * (size // len(head) + 1)


def _promises(codec: Codec, chance: random.Random, size: int) -> bytes:
    """Heads of frames whose next bytes promise much, and a little of what they promise."""
    data = b""
    while len(data) < size:
        frame = chance.choice(codec.pool)[0]
        promise = chance.choice(
            (b"\xff", b"\xff\xff", b"\xff\xff\xff\x7f", b"\x7f", b"99c", bytes((chance.randrange(64),)))
        )
        data += frame[: chance.randrange(1, 7)] + promise + frame[: chance.randrange(8)]
    return data


def _alphabet(codec: Codec, chance: random.Random, size: int) -> bytes:
    """Bytes that valid frames are made of, in any order."""
    return bytes(chance.choices(chance.choice(codec.pool)[0], k=size))


def _traps(codec: Codec, chance: random.Random, size: int) -> bytes:
    """Beginnings of other kinds, over and over, with something of anything between them; once in two, of one kind."""
    traps = codec.traps or tuple(unit[0][:3] for unit in codec.pool[:8])
    chosen = (chance.choice(traps),) if chance.random() < 0.5 else traps
    between = chance.choice((0, 1, 6, 30))
    data = b""
    while len(data) < size:
        data += chance.choice(chosen) + _alphabet(codec, chance, chance.randint(0, between))
    return data


GARBAGE = (_noise, _mutated, _mutated, _truncated, _heads, _promises, _alphabet, _traps)


def cut(data: bytes, chance: random.Random, longest: int) -> Iterator[bytes]:
    """`data` in pieces of any lengths up to `longest`."""
    at = 0
    while at < len(data):
        size = chance.randint(1, longest)
        yield data[at : at + size]
        at += size


# behind garbage


def missing(sent: list[Hashable], heard: list[Hashable], settled: int) -> tuple[int, int]:
    """How many of the first messages have to be given up so that all others were heard, in order; and how many were
    heard that nobody sent. What stands behind the first `settled` of `sent` may still be under way.
    """
    matched: set[int] = set()
    at, strangers = len(sent), 0
    for message in reversed(heard):
        place = at - 1
        while place >= 0 and sent[place] != message:
            place -= 1
        if place < 0:
            strangers += 1
        else:
            matched.add(place)
            at = place
    due = max(settled, max(matched, default=0))
    return max((place + 1 for place in range(due) if place not in matched), default=0), strangers


def chapter(codec: Codec, seed: int, size: int = CHAPTER_BYTES, make: Callable[[], Any] | None = None) -> Findings:
    """Feed one fresh codec (or what `make` makes in its place) with `size` bytes of garbage in runs."""
    return (_shifted if codec.framing == "rows" else _recovering)(codec, seed, size, make or codec.make)


def _recovering(codec: Codec, seed: int, size: int, make: Callable[[], Any]) -> Findings:
    chance, parser, findings = random.Random(f"{codec.name} {seed}"), make(), Findings()
    where = f"{codec.name}, chapter {seed}"
    try:
        while findings.fed < size:
            dirt = garbage(codec, chance)
            findings.fed += len(dirt)
            findings.runs += 1
            pieces = [codec.wrap(p) if chance.random() < 0.7 else p for p in cut(dirt, chance, 4 * codec.chunk)]
            _dirtied(codec, parser, pieces, findings)
            units, sent = codec.stretch(chance, 2 * codec.waits, 8)
            heard = codec.messages(parser.feed, _pieces(codec, units, chance))
            lost, strangers = missing(sent, heard, _settled(units, codec.waits))
            findings.most_held = max(findings.most_held, held_bytes(parser))
            findings.lost[lost] += 1
            findings.by_accident[lost] += bool(strangers)
            if lost > MOST_LOST and not strangers:
                findings.faults.append(f"{where}, run {findings.runs}: {lost} frames lost behind {_shown(dirt)}")
    except Exception:
        findings.faults.append(f"{where}, run {findings.runs}: {traceback.format_exc(limit=-2)}")
    return findings


def _dirtied(codec: Codec, parser: Any, pieces: list[bytes], findings: Findings) -> None:
    """Feed the garbage, watching the clock and what is held."""
    used_s = 0.0
    for piece in pieces:
        start_s = time.process_time()
        parser.feed(piece)
        used_s += time.process_time() - start_s
        findings.most_held = max(findings.most_held, held_bytes(parser))
    if (size := sum(map(len, pieces))) >= JUDGED_BYTES:
        findings.slowest = min(findings.slowest, size / used_s / codec.line_bytes_s)


def _settled(units: list[Unit], waits: int) -> int:
    """How many of the first frames have at least `waits` bytes behind them."""
    behind, count = 0, len(units)
    while behind < waits:
        count -= 1
        behind += sum(map(len, units[count]))
    return count


def _pieces(codec: Codec, units: list[Unit], chance: random.Random) -> list[bytes]:
    whole_units = [piece for unit in units for piece in unit]
    if codec.framing == "packets" or chance.random() < 0.5:
        return whole_units
    return list(cut(b"".join(whole_units), chance, 2 * codec.chunk))


def _shown(dirt: bytes) -> str:
    return f"{len(dirt)} bytes, the last of them {dirt[-60:].hex(' ')}"


# rows: nothing on the wire tells where a sample begins, so a shift has to be noticed, and the link opened anew


def _shifted(codec: Codec, seed: int, size: int, make: Callable[[], Any]) -> Findings:
    """Here `lost` counts the blocks of 20 samples that passed before a shift was told; `NEVER` for one that was not."""
    chance, findings = random.Random(f"{codec.name} {seed}"), Findings()
    row = len(codec.pool[0][0])
    where = f"{codec.name}, chapter {seed}"
    try:
        while findings.fed < size:
            parser, watch, dirt = make(), Watch(codec), garbage(codec, chance)
            findings.fed += len(dirt)
            findings.runs += 1
            watch.take(parser.feed(_rows(codec, chance, 40)))
            passed = 0
            for piece in _blocks(dirt + _rows(codec, chance, 200), 20 * row + chance.randrange(row)):
                watch.take(parser.feed(piece))
                passed += len(piece)
                findings.most_held = max(findings.most_held, held_bytes(parser))
                if watch.told:
                    break
            if not len(dirt) % codec.silent_shift:
                findings.unseen += not watch.told
                continue
            lost = max(0, passed - len(dirt)) // (20 * row) if watch.told else NEVER
            findings.lost[lost] += 1
            if lost > MOST_LOST:
                findings.faults.append(f"{where}, run {findings.runs}: a shift by {len(dirt) % row} bytes is told late")
    except Exception:
        findings.faults.append(f"{where}, run {findings.runs}: {traceback.format_exc(limit=-2)}")
    return findings


def _blocks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def _rows(codec: Codec, chance: random.Random, count: int) -> bytes:
    start = chance.randrange(len(codec.pool) - count)
    return b"".join(unit[0] for unit in codec.pool[start : start + count])


COUNTER_COLUMNS = {"quattrocento": 400, "sessantaquattro 16 bit": -1, "sessantaquattro 24 bit": -1}


class Watch:
    """What the drivers do with rows: count by the counter's column, or refuse what cannot be voltages."""

    def __init__(self, codec: Codec) -> None:
        self._column = COUNTER_COLUMNS.get(codec.name)
        self._losses = LossDetector()
        self.told = False
        """That these are no samples any more; a mere gap does not count."""

    def take(self, rows: Any) -> None:
        """Look at one block."""
        if rows is None:
            self.told = True
        elif len(rows) and self._column is not None:
            self.told |= self._losses.feed(rows[:, self._column]) is None or self._losses.stuck


# cut anywhere


def uneven(codec: Codec, seed: int, make: Callable[[], Any] | None = None) -> str:
    """Why some cutting of a valid stream changes what is heard; "" where none of 20 does."""
    chance = random.Random(f"{codec.name} {seed}")
    for _ in range(20):
        units, sent = codec.stretch(chance, 600)
        stream = b"".join(piece for unit in units for piece in unit)
        longest = chance.choice((1, 2, 3, 7, 2 * codec.chunk, len(stream)))
        parser, heard = (make or codec.make)(), []
        for piece in cut(stream, chance, longest):
            heard += [key(message) for message in whole(parser.feed(codec.wrap(piece)))]
        held = len(sent) - len(heard)
        if heard != sent[: len(heard)] or held * len(stream) > (codec.waits + 1) * len(sent) * 1.5:
            return (
                f"{codec.name}, seed {seed}, pieces up to {longest} bytes: {len(heard)} of {len(sent)} messages alike"
            )
    return ""
