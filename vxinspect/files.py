"""Files and folders that appear whole or not at all, and that nobody but the user may read.

A capture holds what people said to each other. So what is made from one is private, whatever the umask
allows; a file that is replaced stays as readable as it was.
"""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["appearing", "appearing_folder", "destination", "is_special"]

_MOST_LINKS = 40
"""As many as Linux follows."""


def destination(output: str) -> Path:
    """Return where a path leads, links followed.

    Not those that somebody else may have laid into a folder that all may write to, as `/tmp`: what the kernel
    keeps from whoever opens a file (fs.protected_symlinks) is kept from whoever replaces one, too.
    """
    path = Path(output)
    for _ in range(_MOST_LINKS):
        if not path.is_symlink():
            return Path(os.path.realpath(path))
        folder, owner = path.parent.stat(), path.lstat().st_uid
        is_shared = folder.st_mode & stat.S_ISVTX and folder.st_mode & stat.S_IWOTH
        if is_shared and owner not in (os.geteuid(), folder.st_uid):
            raise PermissionError(errno.EACCES, "a link that somebody else laid is not followed", output)
        path = path.parent / path.readlink()
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), output)


def is_special(target: Path) -> bool:
    """Whether it is a device or a pipe, which must not be replaced by a file."""
    return target.exists() and not target.is_file()


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Yield the path of a temporary file beside `target`, which takes its place once the block is done.

    Where the block raises anything, the temporary file goes and `target` stays as it was.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=_prefix(target))
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        _take_over(target, temporary)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def appearing_folder(target: Path) -> Iterator[Path]:
    """Yield a new empty folder, which becomes `target`, or its content `target`'s, once the block is done.

    `target` must be new or empty. Where the block raises anything, `target` stays as it was.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(errno.EEXIST, "expected a new or an empty folder", str(target))
    existed = target.exists()
    # A folder that is there may be a mount point, which cannot be replaced.
    temporary = Path(tempfile.mkdtemp(dir=target if existed else target.parent, prefix=_prefix(target)))
    try:
        yield temporary
        if existed:
            for path in temporary.iterdir():
                path.replace(target / path.name)
            temporary.rmdir()
        else:
            temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _prefix(target: Path) -> str:
    """Return how a temporary name begins, which may be no longer than the name that a file system takes."""
    return f".{target.name[:40]}."


def _take_over(target: Path, temporary: Path) -> None:
    """Give the file that takes the place of `target` its owner and permissions; a new one stays private."""
    if not target.exists():
        return
    known = target.stat()
    with suppress(PermissionError):
        os.chown(temporary, known.st_uid, known.st_gid)
    own = temporary.stat()
    # What another group was allowed is not for this one.
    lost = 0 if own.st_gid == known.st_gid else stat.S_IRWXG
    temporary.chmod(stat.S_IMODE(known.st_mode) & 0o777 & ~lost)
