#!/usr/bin/env python3
"""Holds the calls that weir finds against what tshark finds, capture by capture: every message of every Call-ID by method
and status, and every RTP stream with its packets and those that did not come.

    calls_test.py WEIR

Without the shared folder, or without sharkd, that is skipped by name. Where the two disagree the capture is named here,
with the reason; a disagreement that is not named, and a name without a disagreement, fail the test."""
import sys

import sharkd
from call_tables import differences, ours, theirs
from tap import captures, end, ok, shared, skip

# Why the two do not agree; others must.
DAMAGED = "octets were changed on purpose: tshark reads start lines and fields that are none"
BEHIND_THE_END = "tshark counts RTP that comes behind the call's end"
BOUND_ONCE = "tshark does not know a port again that another description named before"
OTHER_SIGNALLING = "tshark knows a stream from MGCP, which is not read here"
IN_ESP = "part of the signalling is in ESP without encryption, which tshark opens"
REFUSED_FAX = "T.38 was refused (488), so that RTP goes on: tshark takes it for T.38 all the same"
MESSAGES = {
    "nDPI__fuzz-2006-06-26-2594.pcap": DAMAGED,
    "heplify__sip_ipv4_tcp_fragmented.pcap": "tshark takes TCP port 6060 for X11 and sees no SIP there",
    "heplify__sip_sctp.pcap": "SIP over SCTP is not read",
    "ipfixprobe__inputs-sip.pcap": "tshark counts a message again where an ICMP error quotes it",
    "zeek__sip-junk-before-request.pcap": "octets before the start line make it no message by RFC 3261",
}
STREAMS = {
    "nDPI__fuzz-2006-06-26-2594.pcap": BEHIND_THE_END,
    "nDPI__pcap-sip.pcap": BEHIND_THE_END,
    "suricata__sip-method-sip.pcap": BEHIND_THE_END,
    "wswiki__h223-over-rtp.pcap.gz": BEHIND_THE_END,
    "wswiki__nb6-telephone.pcap": BEHIND_THE_END,
    "ISA__sip.pcap.pcapng": BOUND_ONCE + "; and " + BEHIND_THE_END,
    "ISA__i_was_called_by_another_pc.pcap": BOUND_ONCE,
    "wswiki__SIP_CALL_RTP_G711": OTHER_SIGNALLING,
    "open5gs__ipsec_to_ipsec_call.pcapng": IN_ESP,
    "nDPI__FAX-Call-t38-CA-TDM-SIP-FB-1.pcap": REFUSED_FAX,
    "wswiki__FAX-Call-t38-CA-TDM-SIP-FB-1.pcap": REFUSED_FAX,
}


def agrees(what, name, mine, other, known):
    faults = differences(mine, other)
    if name in known:
        ok(bool(faults), f"{name}: {what} not as tshark has them: {known[name]}")
    else:
        ok(not faults, f"{name}: {len(other)} {what} as tshark has them", faults[:12])


def has_sip(manifest, name):
    return "sip" in manifest.get(name, "").split("tshark_protos=")[-1].split("+")


weir = sys.argv[1]
folder = shared()
if not folder:
    skip("calls of the captures at hand as tshark has them", "the shared folder is not here")
elif not sharkd.is_there():
    skip("calls of the captures at hand as tshark has them", "sharkd is not here")
else:
    root = folder / "pcaps"
    rows = [line.split("\t") for line in (root / "manifest.tsv").read_text().split("\n") if line]
    manifest = {row[0]: row[6] for row in rows}
    n_messages = n_streams = 0
    seen = set()
    with sharkd.Sharkd({"rtp.heuristic_rtp": "FALSE"}) as shark:
        for path in captures(folder, ""):
            name = str(path.relative_to(root))
            if not name.startswith("voip/") and not has_sip(manifest, name):
                continue
            status, calls, messages, streams = ours(weir, path)
            if not messages and not has_sip(manifest, name):
                ok(status == 0 and not calls, f"{path.name}: no SIP, and no calls")
                continue
            messages_there, streams_there = theirs(shark, path)
            n_messages += sum(messages.values())
            n_streams += len(streams)
            seen.add(path.name)
            agrees("messages", path.name, messages, messages_there, MESSAGES)
            agrees("streams", path.name, streams, streams_there, STREAMS)
    ok(seen >= set(MESSAGES) | set(STREAMS), "every capture with a reason is there", set(MESSAGES) | set(STREAMS) - seen)
    ok(n_messages > 1000 and n_streams > 30, f"{n_messages} messages and {n_streams} streams in all")
end()
