from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bedside.record.chain import GENESIS, Head, Record, extend
from bedside.record.layout import peek
from bedside.record.scan import scan
from tests.helpers.journals import open_journal, record

START = Head(0, GENESIS)
TEXT = st.text(max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def a_file(tmp_path: Path) -> bytes:
    journal = open_journal(tmp_path)
    journal.append_many([record(number) for number in range(4)])
    journal.close()
    return (tmp_path / "000001.jsonl").read_bytes()


@given(st.lists(st.dictionaries(TEXT, JSON, max_size=4), min_size=1, max_size=5))
def test_any_json_survives_the_chain(datas: list[dict[str, object]]) -> None:
    records = [Record(mono_ns=1, utc="u", sync="held", who="w", via="v", ev="any", data=data) for data in datas]
    text, entries, head = extend(START, "boot", records)
    assert text.count(b"\n") == len(records)
    assert head == Head(len(records), entries[-1].h)
    result = scan(text, START)
    assert result.bad is not None, "a file must begin with its opening line"
    assert result.bad.number == 1


@settings(max_examples=300)
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_read_without_an_error(data: bytes) -> None:
    result = scan(data, START)
    assert result.lines == ()
    assert (result.bad is None) == (data == b"")
    assert peek(data) is None


def test_damage_anywhere_leaves_the_lines_before_it_and_nothing_else(tmp_path: Path) -> None:
    data = a_file(tmp_path)
    whole = scan(data, START)
    assert whole.bad is None
    assert whole.sealed

    @settings(max_examples=300)
    @given(st.integers(0, len(data) - 1), st.binary(min_size=1, max_size=5), st.integers(0, 5))
    def damaged(position: int, new: bytes, gone: int) -> None:
        changed = data[:position] + new + data[position + gone :]
        result = scan(changed, START)
        before = data.count(b"\n", 0, position)
        if changed == data:
            assert result == whole
        else:
            assert len(result.lines) >= before
            assert result.lines == whole.lines[: len(result.lines)]
            assert result.bad is not None or data.startswith(changed)

    damaged()
