"""What weir-agency makes audible of the calls that SIPp made (sipp_test.py): of each party's warrant the WAV file of each voice,
sample by sample what SIPp was given to play.
"""
import collections
import struct
import subprocess
import wave

from call_records import of_liid, read_call_records
from rtp_files import STEP
from tap import ok

SIDES = ("from", "to")


def samples_of_ulaw():
    """By octet (G.711 table 2): the middle of 16 intervals in each of eight segments, each twice as wide as those before."""
    values, low = [0], 1
    for segment in range(8):
        width = 2 << segment
        for _ in range(16 if segment else 15):
            values.append(4 * (low + width // 2))
            low += width
    return [-values[0x7F - octet] for octet in range(128)] + [values[0x7F - octet] for octet in range(128)]


LAW = samples_of_ulaw()


def channels_of(path):
    with wave.open(str(path)) as file:
        assert (file.getsampwidth(), file.getframerate()) == (2, 8000), path
        frames = file.readframes(file.getnframes())
        values = struct.unpack(f"<{len(frames) // 2}h", frames)
        return [list(values[i::file.getnchannels()]) for i in range(file.getnchannels())]


def voices_of(records):
    """{(stream, direction, SSRC): numbers of the packets} of a warrant's media."""
    found = collections.defaultdict(set)
    for r in records:
        udp = r.packet[(r.packet[0] & 15) * 4:] if r.packet[0] >> 4 == 4 else r.packet[40:]
        rtp = udp[8:]
        if not 192 <= rtp[1] <= 223:
            seq, _, ssrc = struct.unpack_from("!HII", rtp, 2)
            found[r.stream, r.direction, ssrc].add(seq)
    return found


def sound_of(talk, numbers):
    """What was said in these packets, and silence for those between that the machine was too slow to send."""
    first = min(numbers)
    return [LAW[octet] if i // STEP + first in numbers else 0
            for i, octet in enumerate(talk.octets[first * STEP:(max(numbers) + 1) * STEP])]


def begins_at(sound):
    return next((i for i, sample in enumerate(sound) if sample), len(sound))


def is_heard_in(channel, sound):
    """Whether this one voice is what the channel has, wherever it begins."""
    at = begins_at(channel) - begins_at(sound)
    return at >= 0 and channel[at:at + len(sound)] == sound and not any(channel[:at]) and not any(channel[at + len(sound):])


def facts(agency, folder, records, calls):
    sound = folder / "sound"
    said = subprocess.run([agency, "--from", records, "--audio", sound, "--log", "error"], capture_output=True, text=True,
                          check=False)
    ok(said.returncode == 0 and "verdict: complete" in said.stdout, "weir-agency takes the calls in",
       [said.stdout[-1500:], said.stderr])
    are_heard(sound, of_liid(read_call_records(records / "hi3.ber")), calls)


def are_heard(sound, hi3, calls):
    """The folder of WAV files, against the records of HI3 by LIID."""
    faults, wanted, n_samples = [], set(), 0
    for call in calls:
        talks = {party.talk.ssrc: party.talk for party in call.parties}
        for liid in (f"A-{call.name}", f"B-{call.name}"):
            for (stream, direction, ssrc), numbers in voices_of(hi3[liid]).items():
                stem = f"{liid}-{hi3[liid][0].cin}-{stream}"
                name = f"{stem}-{SIDES[direction]}-{ssrc:08x}.wav"
                wanted |= {name, stem + ".wav"}
                heard = channels_of(sound / name) if (sound / name).exists() else []
                n_samples += len(heard[0]) if heard else 0
                if heard != [sound_of(talks[ssrc], numbers)]:
                    faults.append(f"{name}: {len(heard and heard[0])} samples of {len(numbers)} packets")
    ok(not faults and n_samples, f"{n_samples} samples in {len(wanted)} files, and each is what SIPp was given to play", faults)
    there = {path.name for path in sound.iterdir() if path.name[:2] in ("A-", "B-")}
    ok(there == wanted, "there is no other", [sorted(there ^ wanted)])
    call, records = calls[0], hi3["A-" + calls[0].name]
    left, right = channels_of(sound / f"A-{call.name}-{records[0].cin}-{records[0].stream}.wav")
    talks = {party.talk.ssrc: party.talk for party in call.parties}
    voices = {direction: sound_of(talks[ssrc], numbers) for (_, direction, ssrc), numbers in voices_of(records).items()}
    ok(is_heard_in(left, voices[0]) and is_heard_in(right, voices[1]), "of one call, the caller is heard left and the callee right",
       [len(left), len(voices[0]), begins_at(left), begins_at(right)])
