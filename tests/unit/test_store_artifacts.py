import hashlib
import os

import pytest

from mission_tui.store.artifacts import Artifacts, NotAFile
from mission_tui.store.redact import Redactor


@pytest.fixture
def artifacts(tmp_path):
    root = tmp_path / "artifacts"
    root.mkdir()
    return Artifacts(root)


def test_content_is_named_by_its_hash_and_comes_back(artifacts):
    sha = artifacts.put_bytes(b"screenshot")
    assert sha == hashlib.sha256(b"screenshot").hexdigest()
    assert artifacts.path(sha) == artifacts.root / sha[:2] / sha
    assert artifacts.read(sha) == b"screenshot"
    with artifacts.open(sha) as stream:
        assert stream.read(6) == b"screen"
    assert artifacts.verify(sha)


def test_the_same_content_is_written_once(artifacts):
    sha = artifacts.put_bytes(b"x")
    before = artifacts.path(sha).stat()
    assert artifacts.put_bytes(b"x") == sha
    assert artifacts.path(sha).stat() == before
    assert len([p for p in artifacts.root.rglob("*") if p.is_file()]) == 1


def test_content_that_was_cut_short_is_written_again(artifacts):
    sha = artifacts.put_bytes(b"long output")
    artifacts.path(sha).chmod(0o644)
    artifacts.path(sha).write_bytes(b"long")
    assert not artifacts.verify(sha)
    assert artifacts.put_bytes(b"long output") == sha
    assert artifacts.verify(sha)


def test_a_changed_or_missing_artifact_does_not_verify(artifacts):
    sha = artifacts.put_bytes(b"proof")
    artifacts.path(sha).chmod(0o644)
    artifacts.path(sha).write_bytes(b"prooF")
    assert not artifacts.verify(sha)
    artifacts.path(sha).unlink()
    assert not artifacts.verify(sha)
    with pytest.raises(FileNotFoundError):
        artifacts.read(sha)


def test_a_stored_file_is_a_copy_that_later_writes_do_not_reach(artifacts, tmp_path):
    log = tmp_path / "run.log"
    log.write_bytes(b"1 passed")
    with log.open("ab") as still_open:
        kept = artifacts.put_file(log)
        moved = artifacts.put_file(log, move=True)
        still_open.write(b", 1 failed")
    assert kept == moved
    assert artifacts.read(kept) == b"1 passed"
    assert not log.exists()


def test_links_pipes_and_folders_are_no_evidence(artifacts, tmp_path):
    secret = tmp_path / "shadow"
    secret.write_text("root:x")
    (tmp_path / "link").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(NotAFile, match=name):
            artifacts.put_file(tmp_path / name)
    with pytest.raises((NotAFile, IsADirectoryError)):
        artifacts.put_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        artifacts.put_file(tmp_path / "nothing")
    assert list(artifacts.root.rglob("*")) == []


def test_secrets_are_redacted_in_text_before_it_is_named(tmp_path):
    artifacts = Artifacts(tmp_path, Redactor({"TOKEN": "abcd-efgh-1234"}))
    sha = artifacts.put_bytes(b"Authorization: Bearer abcd-efgh-1234\n")
    assert artifacts.read(sha) == b"Authorization: Bearer [redacted TOKEN]\n"
    assert artifacts.verify(sha)
    picture = b"\x89PNG\0\0 abcd-efgh-1234"
    assert artifacts.read(artifacts.put_bytes(picture)) == picture
