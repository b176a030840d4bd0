"""Cuts a CUDA library down to the machine code of some architectures, for carrying to a known GPU only: fatbin.py LIBRARY COPY 90[,…].

A library's kernels lie in fat binaries: a header of 16 bytes (magic, version, size of the header, size of the rest), then an entry for each
architecture (kind 1: PTX, 2: machine code), with a header of its own. Entries that go are filled with zeros, of which xz makes nothing.
"""
import struct, sys

path, copy, kept = sys.argv[1], sys.argv[2], {int(one) for one in sys.argv[3].split(",")}
data = bytearray(open(path, "rb").read())
magic, machine_code, zeroed, position = b"\x50\xed\x55\xba", 2, 0, 0
while (position := data.find(magic, position)) >= 0:
    _, version, header, size = struct.unpack_from("<IHHQ", data, position)
    if version != 1 or header != 16 or size > len(data):
        position += 4
        continue
    end, entry = position + header + size, position + header
    while entry + 64 <= end:
        kind, _, entry_header, payload = struct.unpack_from("<HHIQ", data, entry)
        (architecture,) = struct.unpack_from("<I", data, entry + 28)
        if entry_header < 32 or entry_header > 4096:
            sys.exit(f"an entry at {entry:#x} that is none of a fat binary")
        if kind != machine_code or architecture not in kept:
            data[entry + entry_header : entry + entry_header + payload] = bytes(payload)
            zeroed += payload
        entry += entry_header + payload
    position = end
open(copy, "wb").write(data)
print(f"{zeroed / 2**20:.0f} of {len(data) / 2**20:.0f} MiB are zeros now")
