"""Files and folders that appear whole or not at all."""

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["appearing", "appearing_folder", "is_special"]


def is_special(target: Path) -> bool:
    """Whether it is a device or a pipe, which must not be replaced by a file."""
    return target.exists() and not target.is_file()


@contextmanager
def appearing(target: Path) -> Iterator[Path]:
    """Yield the path of a temporary file beside `target`, which takes its place once the block is done.

    Where the block raises anything, the temporary file goes and `target` stays as it was.
    """
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(_mode(target))
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
    temporary = Path(tempfile.mkdtemp(dir=target if existed else target.parent, prefix=f".{target.name}."))
    try:
        yield temporary
        if existed:
            for path in temporary.iterdir():
                path.replace(target / path.name)
            temporary.rmdir()
        else:
            temporary.chmod(0o777 & ~_umask())
            temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, or those of any new file."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    return 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
