"""Unpacking tar.gz and zip archives, all members checked before the first one is written."""

from __future__ import annotations

import os
import shutil
import stat
import zlib
from typing import IO, TYPE_CHECKING

from metricrig.tools.members import BadArchive, Kind, Member, check_members

if TYPE_CHECKING:
    import tarfile
    import zipfile
    from pathlib import Path

_RUNNABLE = 0o111


def unpack(archive: Path, into: Path) -> None:
    """Extract into a new directory. Owners, special permissions and times are not taken over."""
    is_zip = archive.suffix in {".zip", ".whl"}
    into.mkdir()
    try:
        _unpack_zip(archive, into) if is_zip else _unpack_tar(archive, into)
    except BadArchive as bad:
        raise BadArchive(f"{archive.name} is refused: {bad}") from None


def _unpack_tar(archive: Path, into: Path) -> None:
    import tarfile  # noqa: PLC0415 - only unpacking needs it

    try:
        with tarfile.open(archive, "r:gz") as tar:
            infos = tar.getmembers()
            check_members(Member(each.name, _tar_kind(each), each.linkname) for each in infos)
            for info in infos:
                _extract_tar_member(tar, info, into)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BadArchive(f"it is damaged ({error})") from None
    except OSError as error:
        # gzip's own error is an OSError without a number; those with one are the disk's.
        if error.errno is not None:
            raise
        raise BadArchive(f"it is damaged ({error})") from None


def _tar_kind(info: tarfile.TarInfo) -> Kind:
    if info.isdir():
        return Kind.DIRECTORY
    if info.isreg():
        return Kind.FILE
    if info.issym():
        return Kind.SYMLINK
    return Kind.HARDLINK if info.islnk() else Kind.OTHER


def _extract_tar_member(tar: tarfile.TarFile, info: tarfile.TarInfo, into: Path) -> None:
    place = into / info.name
    if info.isdir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    if info.issym():
        place.symlink_to(info.linkname)
    elif info.islnk():
        place.hardlink_to(into / info.linkname)
    else:
        content = tar.extractfile(info)
        if content is not None:
            _write(content, place, info.mode)


def _unpack_zip(archive: Path, into: Path) -> None:
    import zipfile  # noqa: PLC0415 - only unpacking needs it

    try:
        with zipfile.ZipFile(archive) as bundle:
            infos = bundle.infolist()
            check_members(Member(each.filename, _zip_kind(each)) for each in infos)
            for info in infos:
                _extract_zip_member(bundle, info, into)
    except (zipfile.BadZipFile, EOFError, zlib.error, NotImplementedError) as error:
        raise BadArchive(f"it is damaged ({error})") from None


def _zip_kind(info: zipfile.ZipInfo) -> Kind:
    """Links in a zip are not followed anywhere we look, so they are refused like devices."""
    if info.is_dir():
        return Kind.DIRECTORY
    kind = stat.S_IFMT(info.external_attr >> 16)
    return Kind.FILE if kind in {0, stat.S_IFREG} else Kind.OTHER


def _extract_zip_member(bundle: zipfile.ZipFile, info: zipfile.ZipInfo, into: Path) -> None:
    place = into / info.filename
    if info.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    with bundle.open(info) as content:
        _write(content, place, info.external_attr >> 16)


def _write(content: IO[bytes], place: Path, mode: int) -> None:
    """A new file, never one that is there: O_EXCL does not follow a link either."""
    permissions = 0o755 if mode & _RUNNABLE else 0o644
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, permissions)
    with os.fdopen(descriptor, "wb") as file:
        shutil.copyfileobj(content, file, 1 << 20)
