"""What keeps a capture from being verified."""

from vxinspect.exceptions import VxinspectError

__all__ = ["VerifyError"]


class VerifyError(VxinspectError):
    """Wireshark is not there, or cannot read the capture."""
