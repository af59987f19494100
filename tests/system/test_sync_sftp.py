"""Store and forward against a real OpenSSH server."""

import asyncio
import gc
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bedside.record.outbox import last_try, receipts, seal_visit, unsent
from bedside.sync.command import target_of
from bedside.sync.sftp import SyncError, connect
from bedside.sync.worker import Sender, Target, only_one
from tests.helpers.sshd import Sshd, serving
from tests.helpers.visits import write_visit

pytestmark = pytest.mark.system
BOX = "incoming/box-1"
LARGE_BYTES = 32 << 20


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    with serving(Sshd(tmp_path / "server")) as running:
        yield running


@pytest.fixture
def data(tmp_path: Path) -> Path:
    seal_visit(write_visit(tmp_path / "data", "v1"))
    return tmp_path / "data"


def write_config(server: Sshd, **changes: object) -> Path:
    values = {
        "host": "127.0.0.1",
        "port": server.port,
        "user": server.user,
        "box": "box-1",
        "known_hosts": str(server.known_hosts),
        "key": str(server.key),
        "timeout_s": 10.0,
    }
    path = server.folder / "sync.toml"
    path.write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in (values | changes).items()))
    return path


def sender(data: Path, server: Sshd, said: list[str] | None = None) -> Sender:
    return Sender(data, target_of(write_config(server)), (said if said is not None else []).append)


def sync(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bedside.cli", "sync", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)


def same_on_server(data: Path, server: Sshd, visit: str = "v1") -> bool:
    here = data / "visits" / visit
    there = server.store / BOX / visit
    files = sorted(path.relative_to(here) for path in here.rglob("*") if path.is_file())
    held = sorted(path.relative_to(there) for path in there.rglob("*") if path.is_file())
    return files == held and all((here / name).read_bytes() == (there / name).read_bytes() for name in files)


async def test_everything_sealed_arrives_and_is_verified(data: Path, server: Sshd) -> None:
    write_visit(data, "still-open")
    done = await sender(data, server).once()
    assert done.problem is None
    assert set(done.outcomes.values()) == {"created"}
    assert len(done.outcomes) == 5
    assert same_on_server(data, server)
    assert unsent(data) == []
    assert {receipt.state for receipt in receipts(data)} == {"verified-by-box"}
    assert not (server.store / BOX / "still-open").exists()


async def test_a_second_send_does_not_even_connect(data: Path, server: Sshd) -> None:
    await sender(data, server).once()
    server.stop()
    done = await sender(data, server).once()
    assert (done.problem, done.outcomes) == (None, {})


async def test_lost_receipts_cost_a_comparison_and_no_bytes(data: Path, server: Sshd) -> None:
    await sender(data, server).once()
    before = {path: path.stat().st_ino for path in server.store.rglob("*")}
    for path in (data / "sync/receipts").rglob("*.json"):
        path.unlink()
    done = await sender(data, server).once()
    assert set(done.outcomes.values()) == {"same"}
    assert {path: path.stat().st_ino for path in server.store.rglob("*")} == before
    assert unsent(data) == []


def kill_when_half_there(server: Sshd, part: Path, killed: list[int]) -> None:
    while not killed and not part.exists():
        time.sleep(0.002)
        held = next(part.parent.glob(f"{part.name}.part-*"), None)
        if held is not None and held.stat().st_size > LARGE_BYTES // 3:
            killed.append(server.kill_sessions())


async def test_a_session_killed_in_the_middle_is_resumed(tmp_path: Path, server: Sshd) -> None:
    data = tmp_path / "data"
    seal_visit(write_visit(data, "v1", raw_bytes=LARGE_BYTES))
    lost: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: lost.append(context))
    killed: list[int] = []
    part = server.store / BOX / "v1/raw/0001.mcap"
    killer = threading.Thread(target=kill_when_half_there, args=(server, part, killed))
    killer.start()
    first = await sender(data, server).once()
    killer.join()

    assert killed
    assert killed[0] > 0
    assert first.problem is not None
    assert "lost" in str(first.problem)
    assert not part.exists()
    assert [item.name for item in unsent(data)] == ["raw/0001.mcap", "raw/0002.mcap"]
    recorded = last_try(data)
    assert recorded is not None
    assert recorded.problem == str(first.problem)

    second = await sender(data, server).once()
    assert second.problem is None
    assert LARGE_BYTES // 3 < second.resumed_bytes < LARGE_BYTES
    assert same_on_server(data, server)
    gc.collect()
    assert lost == [], "errors that nobody fetched"


async def test_sending_goes_on_by_itself_when_the_server_is_back(data: Path, server: Sshd) -> None:
    server.stop()
    pauses: list[float] = []

    async def sleep(pause_s: float) -> None:
        pauses.append(pause_s)
        if len(pauses) == 3:
            await asyncio.to_thread(server.start)

    await sender(data, server).until_empty(sleep)
    assert len(pauses) == 3
    assert 2.5 <= pauses[0] <= 5 <= pauses[1] <= 10 <= pauses[2] <= 20
    assert same_on_server(data, server)


def test_a_server_that_is_down_loses_nothing_and_is_shown(data: Path, server: Sshd) -> None:
    server.stop()
    config = write_config(server)
    sent = sync("run", "--once", "--data", str(data), "--config", str(config))
    assert sent.returncode == 1
    assert "cannot be reached" in sent.stderr
    shown = sync("status", "--data", str(data))
    assert shown.returncode == 1
    assert "waiting 5" in shown.stdout
    assert "cannot be reached" in shown.stdout
    as_json = json.loads(sync("status", "--json", "--data", str(data)).stdout)
    assert len(as_json["waiting"]) == 5
    assert as_json["last_try"]["problem"]

    server.start()
    assert sync("run", "--loop", "--data", str(data), "--config", str(config)).returncode == 0
    after = sync("status", "--json", "--data", str(data))
    assert after.returncode == 0
    assert json.loads(after.stdout) | {"last_try": None} == {
        "sent": 5,
        "waiting": [],
        "conflicts": [],
        "damaged": [],
        "open_visits": [],
        "last_try": None,
    }


@pytest.mark.parametrize("length", [500, 499])
async def test_other_bytes_under_the_same_name_are_kept_and_reported(data: Path, server: Sshd, length: int) -> None:
    taken = server.store / BOX / "v1/journal/000001.jsonl"
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"x" * length)
    done = await sender(data, server).once()
    assert done.problem is None
    assert done.outcomes["v1/journal/000001.jsonl"] == "conflict"
    assert taken.read_bytes() == b"x" * length
    assert [(item.name, item.state) for item in unsent(data)] == [("journal/000001.jsonl", "conflict")]
    shown = sync("status", "--data", str(data))
    assert shown.returncode == 1
    assert "conflict  v1/journal/000001.jsonl" in shown.stdout

    taken.rename(taken.with_suffix(".set-aside"))
    assert (await sender(data, server).once()).outcomes == {"v1/journal/000001.jsonl": "created"}
    assert unsent(data) == []


async def test_a_name_taken_while_sending_is_not_overwritten(data: Path, server: Sshd) -> None:
    file = next(item.file for item in unsent(data) if item.file and item.name == "raw/0001.mcap")
    taken = server.store / "raced"

    def take(_path: str, _sent: int) -> None:
        taken.write_bytes(b"somebody else was first")

    async with connect(target_of(write_config(server)).login) as store:
        stored = await store.create(data / "visits/v1/raw/0001.mcap", "raced", file, take)
    assert stored.result == "conflict"
    assert taken.read_bytes() == b"somebody else was first"


async def test_a_byte_changed_on_the_server_is_found_before_the_file_gets_its_name(data: Path, server: Sshd) -> None:
    file = next(item.file for item in unsent(data) if item.file and item.name == "raw/0001.mcap")
    flipped: list[Path] = []

    def flip(part: str, _sent: int) -> None:
        path = server.store / part
        content = bytearray(path.read_bytes())
        content[100] ^= 1
        path.write_bytes(content)
        flipped.append(path)

    target = target_of(write_config(server))
    with pytest.raises(SyncError, match="gave back other bytes"):
        async with connect(target.login) as store:
            await store.create(data / "visits/v1/raw/0001.mcap", "file", file, flip)
    assert flipped
    assert list(server.store.iterdir()) == []


@pytest.mark.parametrize("left_over", [b"not the beginning of this file", b"longer than the whole " * 1000])
async def test_a_strange_part_is_not_built_upon(data: Path, server: Sshd, left_over: bytes) -> None:
    file = next(item.file for item in unsent(data) if item.file and item.name == "raw/0001.mcap")
    part = server.store / BOX / f"v1/raw/0001.mcap.part-{file.sha256[:16]}"
    part.parent.mkdir(parents=True)
    part.write_bytes(left_over)
    done = await sender(data, server).once()
    assert done.outcomes["v1/raw/0001.mcap"] == "created"
    assert done.resumed_bytes == 0
    assert same_on_server(data, server)


async def test_a_file_altered_after_sealing_is_not_sent(data: Path, server: Sshd) -> None:
    path = data / "visits/v1/raw/0001.mcap"
    content = bytearray(path.read_bytes())
    content[7] ^= 1
    path.write_bytes(content)
    said: list[str] = []
    done = await sender(data, server, said).once()
    assert done.outcomes["v1/raw/0001.mcap"] == "damaged"
    assert not (server.store / BOX / "v1/raw/0001.mcap").exists()
    assert any("not the bytes that were sealed" in line for line in said)

    content[7] ^= 1
    path.write_bytes(content)
    assert (await sender(data, server).once()).outcomes == {"v1/raw/0001.mcap": "created"}


@pytest.mark.parametrize("known", ["", "another"])
async def test_an_unknown_host_key_is_refused(data: Path, server: Sshd, known: str) -> None:
    text = ""
    if known:
        text = f"[127.0.0.1]:{server.port} {server.make_key(known).with_suffix('.pub').read_text()}"
    server.known_hosts.write_text(text)
    done = await sender(data, server).once()
    assert done.problem is not None
    assert "host key" in str(done.problem)
    assert "fingerprint" in done.problem.remedy
    assert list(server.store.iterdir()) == []
    assert len(unsent(data)) == 5


async def test_a_key_the_server_does_not_know(data: Path, server: Sshd) -> None:
    target = target_of(write_config(server, key=str(server.make_key("stranger"))))
    done = await Sender(data, target, [].append).once()
    assert done.problem is not None
    assert f"does not let {server.user} in" in str(done.problem)


async def test_a_file_that_is_no_key(data: Path, server: Sshd) -> None:
    (server.folder / "nonsense").write_text("hello")
    target = target_of(write_config(server, key=str(server.folder / "nonsense")))
    done = await Sender(data, target, [].append).once()
    assert done.problem is not None
    assert "no private key" in str(done.problem)


def test_one_sender_at_a_time(data: Path) -> None:
    with only_one(data), pytest.raises(SyncError, match="is sending"), only_one(data):
        pass
    with only_one(data):
        pass


def test_a_wrong_config_names_file_and_key(data: Path, server: Sshd) -> None:
    config = write_config(server, hots="x")
    refused = sync("run", "--once", "--data", str(data), "--config", str(config))
    assert refused.returncode == 1
    assert f"{config}, line 8: hots: unknown key (did you mean 'host'?)" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_data_folder_that_is_not_there_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    shown = sync("status", "--data", str(tmp_path / "dat"))
    assert shown.returncode == 1
    assert "no data folder" in shown.stderr


def test_visits_that_may_not_be_read_are_not_taken_for_none(data: Path) -> None:
    # a file where the folder should be fails for root as well, whom permissions do not stop
    (data / "visits").rename(data / "elsewhere")
    (data / "visits").write_text("")
    shown = sync("status", "--data", str(data))
    assert shown.returncode == 1
    assert f"{data / 'visits'}: Not a directory" in shown.stderr


def test_doctor_proves_the_guarantees(server: Sshd) -> None:
    examined = sync("doctor", "--config", str(write_config(server)))
    assert examined.returncode == 0, examined.stderr
    assert examined.stdout.count("ok") == 5
    assert "note  the server refuses to delete" in examined.stdout
    told = json.loads(sync("doctor", "--config", str(write_config(server)), "--json").stdout)
    assert [finding["ok"] for finding in told if finding["needed"]] == [True] * 5
    assert any("refuses to delete" in finding["what"] for finding in told if not finding["needed"])
    server.stop()
    gone = sync("doctor", "--config", str(write_config(server)))
    assert gone.returncode == 1
    assert "cannot be reached" in gone.stderr


async def test_a_folder_that_cannot_be_made(data: Path, server: Sshd) -> None:
    (server.store / "incoming").write_text("a file where the folder should be")
    done = await sender(data, server).once()
    assert done.problem is not None
    assert len(unsent(data)) == 5


def test_target_names_the_account(server: Sshd) -> None:
    target: Target = target_of(write_config(server))
    assert target.server == f"{server.user}@127.0.0.1:{server.port}"
    assert target.prefix == BOX
