"""Have the kernel itself finish what a device sends, as `ethtool -K DEVICE tx off` does.

Usage, in the namespace of the device: `offload.py DEVICE`.

A veth device accepts packets whose checksums are not finished and TCP segments of up to 64 KiB, because no
cable behind it needs them otherwise. With this, tcpdump sees what a cable would carry: the kernel gives up
segmentation offload, too, where it may not leave checksums open.
"""

import array
import fcntl
import socket
import struct
import sys

SIOCETHTOOL = 0x8946
ETHTOOL_STXCSUM = 0x17
"""linux/ethtool.h: set whether the device finishes checksums."""


def finish_in_the_kernel(device: str) -> None:
    """Turn off what a device is trusted to do to packets that it sends."""
    value = array.array("I", [ETHTOOL_STXCSUM, 0])
    address, _ = value.buffer_info()
    # struct ifreq: the device's name, 16 bytes; then a pointer to struct ethtool_value.
    request = struct.pack("16sP16x", device.encode(), address)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCETHTOOL, request)


if __name__ == "__main__":
    finish_in_the_kernel(sys.argv[1])
