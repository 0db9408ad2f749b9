"""What an agency kept of a stream of content, read fast: its millions of records differ in numbers, times and packets
only, so that one that is walked in full tells where things stand in the next ones of its length."""
import mmap
import struct

from intercept_records import elements, number, only


class Layout:
    """Where the numbers of a record stand, and which octets must be there if another has them at the same places."""

    def __init__(self, data, at, start, stop, number_at):
        span = (start, stop)
        seq = only(data, span, 0xA1, 0x84)
        contents = only(data, span, 0xA2, 0xA1, 0x30, 0xA2, 0xA2, 0xA1)
        packet = only(data, contents, 0x80)
        self.seq = (seq[0] - at, seq[1] - at)
        self.packet = packet[0] + number_at - at
        self.head = (0, seq[0] - at, data[at:seq[0]])
        self.mark = (packet[0] - 4 - at, packet[0] - at, data[packet[0] - 4:packet[0]])


def element_at(data, at):
    """Where the element's content begins, and its end."""
    n = data[at + 1]
    if n < 0x80:
        return at + 2, at + 2 + n
    size = n & 0x7F
    start = at + 2 + size
    return start, start + int.from_bytes(data[at + 2:start], "big")


def content(path, number_at):
    """(sequence number, 32 bits at this place of the packet) of each record of content, in the order of the file."""
    if not path.exists() or not path.stat().st_size:
        return
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        layouts, at, end, unpack = {}, 0, len(data), struct.Struct("!I").unpack_from
        while end - at > 8:
            start, stop = element_at(data, at)
            if stop > end:  # it is being written
                return
            layout = layouts.get(stop - at)
            if (not layout or data[at:at + layout.head[1]] != layout.head[2] or
                    data[at + layout.mark[0]:at + layout.mark[1]] != layout.mark[2]):
                if only(data, (start, stop), 0xA2, 0xA1, 0x30) is None:  # a keep-alive
                    at = stop
                    continue
                layout = layouts[stop - at] = Layout(data, at, start, stop, number_at)
            yield (int.from_bytes(data[at + layout.seq[0]:at + layout.seq[1]], "big"),
                   unpack(data, at + layout.packet)[0])
            at = stop


def account(pairs):
    """Records that came for the first time, each number behind the last one; those that came again; those that are
    neither, or hold another packet than their number says; and the first of these: its place, number and packet."""
    due = n_again = n_wrong = 0
    first = None
    for n, (seq, packet) in enumerate(pairs):
        if seq == due:
            due += 1
        elif seq < due:
            n_again += 1
        if seq >= due or packet != seq:
            n_wrong += 1
            first = first or (n, seq, packet)
    return due, n_again, n_wrong, first
