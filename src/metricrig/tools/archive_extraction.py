"""The extraction of tar.gz and zip archives: all members are checked before the first one is written."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from typing import IO, TYPE_CHECKING, cast

from metricrig.tools.archive_members import ArchiveMember, BadArchive, Kind, check_members
from metricrig.tools.bounded_stream import BoundedStream
from metricrig.tools.source_settings import settings

if TYPE_CHECKING:
    import tarfile
    import zipfile
    from pathlib import Path

_RUNNABLE = 0o111
_LEAST_ALLOWANCE = 64 << 20
_EXPANSION = 25
"""How many times its own size an archive may become, beyond the allowance: programs compress to a third, texts to a
tenth, and what is larger was made to fill a disk."""
_OF_THE_ARCHIVE = {
    *(errno.EEXIST, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP),
    *(errno.ENAMETOOLONG, errno.EINVAL, errno.EMLINK, errno.EILSEQ, errno.ENOTEMPTY),
}
"""Errors of the system that a name in an archive can bring about; the others are the disk's."""


def unpack(archive: Path, into: Path) -> None:
    """Extract into a new directory. Owners, special permissions and times are not taken over."""
    limit = settings().unpack_limit or allowance(archive.stat().st_size)
    is_zip = archive.suffix in {".zip", ".whl"}
    into.mkdir()
    try:
        _unpack_zip(archive, into, limit) if is_zip else _unpack_tar(archive, into, limit)
    except BadArchive as bad:
        raise BadArchive(f"{archive.name} is refused: {bad}{_remedy(str(bad), limit)}") from None
    except Exception as error:
        # Both libraries raise whatever their parsing runs into: ValueError, RecursionError, struct.error, ...
        # gzip's own error is an OSError without a number.
        if isinstance(error, OSError) and error.errno is not None and error.errno not in _OF_THE_ARCHIVE:
            raise
        what = f"{type(error).__name__}: {error}"
        raise BadArchive(f"{archive.name} is refused: it is damaged ({what})") from error


def allowance(size: int) -> int:
    """How many bytes an archive of this size may become."""
    return _LEAST_ALLOWANCE + _EXPANSION * size


def _remedy(why: str, limit: int) -> str:
    if str(limit) not in why:
        return ""
    return "; if it is what it should be, METRICRIG_UNPACK_LIMIT, in MiB, allows more"


def _unpack_tar(archive: Path, into: Path, limit: int) -> None:
    import gzip  # noqa: PLC0415 - only unpacking needs it
    import tarfile  # noqa: PLC0415 - see above

    with gzip.open(archive, "rb") as content:
        bounded = cast("IO[bytes]", BoundedStream(content, limit))
        tar = tarfile.open(fileobj=bounded, mode="r:")  # noqa: SIM115 - closing it does nothing: the file is ours
        infos = tar.getmembers()
        check_members((ArchiveMember(each.name, _tar_kind(each), each.linkname, each.size) for each in infos), limit)
        for info in infos:
            _extract_tar_member(tar, info, into)


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


def _unpack_zip(archive: Path, into: Path, limit: int) -> None:
    import zipfile  # noqa: PLC0415 - only unpacking needs it

    with zipfile.ZipFile(archive) as bundle:
        infos = bundle.infolist()
        check_members((ArchiveMember(each.filename, _zip_kind(each), size=each.file_size) for each in infos), limit)
        for info in infos:
            _require_readable(info)
        for info in infos:
            _extract_zip_member(bundle, info, into)


def _require_readable(info: zipfile.ZipInfo) -> None:
    """Stored or deflated: the library reads other compressions without a bound."""
    from zipfile import ZIP_DEFLATED, ZIP_STORED  # noqa: PLC0415 - see above

    if info.flag_bits & 0x1:
        raise BadArchive(f"its member {info.filename!r} is encrypted; nothing was extracted")
    if info.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise BadArchive(f"its member {info.filename!r} is neither stored nor deflated; nothing was extracted")


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
