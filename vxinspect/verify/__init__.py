"""Captures beside Wireshark: its dissection and ours, frame by frame, and what they differ in.

Wireshark is asked in two ways that share nothing of ours: `tshark -T fields` for every frame, and pyshark,
which reads tshark's XML, for a sample.
"""

from vxinspect.verify.run import Verification, verify

__all__ = ["Verification", "verify"]
