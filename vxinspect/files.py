"""Files that appear whole or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["appearing", "is_special"]


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


def _mode(target: Path) -> int:
    """Return the permissions of the file that is replaced, or those of any new file."""
    if target.exists():
        return stat.S_IMODE(target.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
