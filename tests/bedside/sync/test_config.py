from pathlib import Path

import pytest

from bedside.config.strict import ConfigError
from bedside.sync.config import key_path, known_hosts_path, load

GOOD = """
host = "study.example"
user = "box-1"
box = "box-1"
known_hosts = "known_hosts"
key = "key"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "sync.toml"
    file.write_text(GOOD)
    return file


def test_defaults(path: Path) -> None:
    config = load(path)
    assert (config.port, config.folder) == (22, "incoming")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('known_host = "x"', ["known_host", "did you mean 'known_hosts'"]),
        ("port = 70000", ["port"]),
        ('timeout_s = "soon"', ["timeout_s"]),
    ],
)
def test_a_wrong_key_is_refused_by_name(path: Path, line: str, words: list[str]) -> None:
    path.write_text(f"{GOOD}\n{line}\n")
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert str(path) in str(refused.value)
    assert all(word in str(refused.value) for word in words)


@pytest.mark.parametrize("box", ["../other", "a/b", "", ".hidden"])
def test_a_box_name_cannot_leave_its_folder(path: Path, box: str) -> None:
    path.write_text(GOOD.replace('box = "box-1"', f'box = "{box}"'))
    with pytest.raises(ConfigError, match="box"):
        load(path)


def test_checking_the_server_cannot_be_turned_off(path: Path) -> None:
    with pytest.raises(ConfigError, match="known_hosts: no readable file"):
        known_hosts_path(path, load(path))
    path.write_text(GOOD.replace('known_hosts = "known_hosts"\n', ""))
    with pytest.raises(ConfigError, match="known_hosts: is missing"):
        load(path)


def test_the_credential_goes_before_the_file(path: Path) -> None:
    (path.parent / "key").touch()
    credentials = path.parent / "credentials"
    credentials.mkdir()
    environ = {"CREDENTIALS_DIRECTORY": str(credentials)}
    assert key_path(path, load(path), environ) == path.parent / "key"
    (credentials / "sync-key").touch()
    assert key_path(path, load(path), environ) == credentials / "sync-key"


def test_no_key_is_refused_with_a_remedy(path: Path) -> None:
    with pytest.raises(ConfigError, match="credential called sync-key"):
        key_path(path, load(path), {})
    path.write_text(GOOD.replace('key = "key"\n', ""))
    with pytest.raises(ConfigError, match="key: is missing"):
        key_path(path, load(path), {})


def test_the_shipped_example_is_valid() -> None:
    config = load(Path(__file__).parents[3] / "configs/sync.toml.example")
    assert (config.host, config.key) == ("study.example.org", "sync_key")
