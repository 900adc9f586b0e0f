"""Archives that somebody made to do harm: each is refused as an archive, soon, and the disk stays as it was."""

from __future__ import annotations

import errno
import gzip
import io
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest
from support.release_host import program

from metricrig._core.errors import ToolUnavailable
from metricrig.tools import archive_extraction as unpack_module
from metricrig.tools import installed, obtain
from metricrig.tools.archive_extraction import allowance, unpack
from metricrig.tools.archive_members import BadArchive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.release_host import Published, ReleaseHost

GIB = 1 << 30


def entry(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", content: bytes = b"") -> bytes:
    """One member of a tar, as it lies in the file."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.size = kind, target, len(content)
    padding = b"\0" * (-len(content) % tarfile.BLOCKSIZE)
    return info.tobuf(tarfile.GNU_FORMAT) + content + padding


def packed(*entries: bytes) -> bytes:
    return gzip.compress(b"".join(entries) + b"\0" * 1024, mtime=0)


def sparse(size: int) -> bytes:
    """A few hundred bytes that say: a file of this size, with nothing in it."""
    pax = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": "big", "GNU.sparse.realsize": str(size)}
    info = tarfile.TarInfo("big")
    info.pax_headers, info.size = pax, 512
    return info.tobuf(tarfile.PAX_FORMAT) + b"0\n".ljust(512, b"\0")


def header_with_size(kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo("x")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT)


def backwards() -> bytes:
    """A member of negative size: whoever believes it reads the same header for ever."""
    info = tarfile.TarInfo("x")
    raw = bytearray(info.tobuf(tarfile.GNU_FORMAT))
    raw[124:136] = (256**12 - 1024).to_bytes(12, "big")
    raw[148:156] = b"        "
    raw[148:156] = b"%06o\0 " % sum(raw[:512])
    return bytes(raw)


def plain_zip(*names: str, compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as bundle:
        for name in names:
            bundle.writestr(name, b"content " * 10)
    return buffer.getvalue()


def encrypted_zip() -> bytes:
    """The bit that says so, in both of its places."""
    raw = bytearray(plain_zip("a"))
    raw[6] |= 1
    raw[raw.index(b"PK\1\2") + 8] |= 1
    return bytes(raw)


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("zeros", bytes(128 << 20))
    return buffer.getvalue()


TARS: dict[str, tuple[Callable[[], bytes], str]] = {
    "sparse": (lambda: packed(sparse(8 * GIB)), "larger than"),
    "declared": (lambda: packed(header_with_size(tarfile.REGTYPE, 8 * GIB)), "than"),
    "compressed": (lambda: gzip.compress(entry("zeros", content=bytes(128 << 20)), mtime=0), "than"),
    "long name": (lambda: packed(header_with_size(tarfile.GNUTYPE_LONGNAME, 8 * GIB)), "is refused"),
    "pax header": (lambda: packed(header_with_size(tarfile.XHDTYPE, 8 * GIB)), "is refused"),
    "backwards": (lambda: packed(backwards()), "is refused"),
    "directory, then file": (lambda: packed(entry("a", tarfile.DIRTYPE), entry("a")), "'a' occurs twice"),
    "implied directory": (lambda: packed(entry("a/b"), entry("a")), "'a' occurs twice"),
    "file, then directory": (lambda: packed(entry("a"), entry("a", tarfile.DIRTYPE)), "'a' occurs twice"),
    "top": (lambda: packed(entry("./.")), "occurs twice"),
    "NUL": (lambda: packed(_pax("path", "a\0b"), entry("x")), "NUL"),
    "NUL in a target": (lambda: packed(_pax("linkpath", "a\0b"), entry("x", tarfile.SYMTYPE)), "NUL"),
    "empty target": (lambda: packed(entry("l", tarfile.SYMTYPE)), "'l' is a symbolic link to nothing"),
    "long part": (lambda: packed(_pax("path", "n" * 300), entry("x")), "too long"),
    "long path": (lambda: packed(_pax("path", "n/" * 3000), entry("x")), "too long"),
    "long target": (lambda: packed(_pax("linkpath", "n" * 5000), entry("x", tarfile.SYMTYPE)), "too long"),
    "recursion": (lambda: packed(*[_pax("comment", "x")] * 2000, entry("x")), "is refused"),
    "cut": (lambda: packed(entry("a", content=b"x" * 9999))[:-30], "is refused"),
    "no gzip": (lambda: entry("a") + bytes(1024), "is refused"),
    "nothing": (lambda: b"", "is refused"),
}
ZIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "encrypted": (encrypted_zip, "'a' is encrypted"),
    "bzip2": (lambda: plain_zip("a", compression=zipfile.ZIP_BZIP2), "neither stored nor deflated"),
    "file beneath a file": (lambda: plain_zip("a", "a/b"), "lies beneath a link or file"),
    "two kinds": (lambda: plain_zip("a/b", "a"), "'a' occurs twice"),
    "long": (lambda: plain_zip("n" * 400), "too long"),
    "bomb": (zip_bomb, "than"),
    "nothing": (lambda: b"", "is refused"),
}


def _pax(key: str, value: str) -> bytes:
    body = f" {key}={value}\n".encode()
    length = len(body)
    while len(str(length)) + len(body) != length:
        length = len(str(length)) + len(body)
    return entry("pax", tarfile.XHDTYPE, content=str(length).encode() + body)


def refused(archive: Path, content: bytes) -> str:
    archive.write_bytes(content)
    with pytest.raises(BadArchive) as caught:
        unpack(archive, archive.with_name("into"))
    written = sum(path.lstat().st_size for path in archive.with_name("into").rglob("*") if path.is_file())
    assert written < 1 << 20
    return str(caught.value)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", TARS)
def test_a_hostile_tar_is_refused(tmp_path: Path, name: str) -> None:
    make, why = TARS[name]
    assert why in refused(tmp_path / "x.tar.gz", make())


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ZIPS)
def test_a_hostile_zip_is_refused(tmp_path: Path, name: str) -> None:
    make, why = ZIPS[name]
    assert why in refused(tmp_path / "x.zip", make())


def test_the_limit_can_be_raised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "x.tar.gz"
    content = gzip.compress(entry("zeros", content=bytes(70 << 20)) + bytes(1024), mtime=0)
    assert len(content) + (64 << 20) < allowance(len(content)) < 70 << 20
    assert "METRICRIG_UNPACK_LIMIT, in MiB, allows more" in refused(archive, content)
    monkeypatch.setenv("METRICRIG_UNPACK_LIMIT", "71")
    unpack(archive, tmp_path / "raised")
    assert (tmp_path / "raised/zeros").stat().st_size == 70 << 20


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE], ids=["symbolic", "hard"])
def test_thousands_of_chained_links_are_judged_one_after_the_other(tmp_path: Path, kind: bytes) -> None:
    links = [entry(f"l{number}", kind, f"l{number - 1}") for number in range(1, 3001)]
    (tmp_path / "x.tar.gz").write_bytes(packed(entry("l0"), *links))
    unpack(tmp_path / "x.tar.gz", tmp_path / "into")
    assert len(list((tmp_path / "into").iterdir())) == 3001


def test_the_disks_own_troubles_are_not_blamed_on_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(unpack_module, "_write", full)
    (tmp_path / "x.tar.gz").write_bytes(packed(entry("a")))
    with pytest.raises(OSError, match="No space left"):
        unpack(tmp_path / "x.tar.gz", tmp_path / "into")


@pytest.mark.parametrize("name", ["two kinds", "NUL", "recursion"])
def test_installing_a_bad_archive_does_not_blame_the_cache(published: Published, host: ReleaseHost, name: str) -> None:
    tars: dict[str, Callable[[], bytes]] = {
        "two kinds": lambda: packed(
            entry("a", tarfile.DIRTYPE), entry("a"), entry("acme", content=program("acme 1.2.3"))
        ),
        "NUL": TARS["NUL"][0],
        "recursion": TARS["recursion"][0],
    }
    host.publish(published.archive, tars[name](), published.checksums)
    with pytest.raises(ToolUnavailable, match=r"release +acme-.* is refused"):
        obtain(published.tool)
    assert installed() == []
