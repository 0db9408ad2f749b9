#!/usr/bin/env python3
"""A session border controller in little: takes a call on one address, makes another to the callee, and relays its media.

    sip_relay.py ADDRESS CALLEE         IPv4 addresses; SIP on port 5060 of each, UDP; ends when its input does

What it sends on has another Call-ID, Via, Contact and media address; the o= line of each description stays.
"""
import re
import select
import socket
import sys

PORT = 5060
address, callee = sys.argv[1:]


def udp(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, port))
    return s


sip = udp(PORT)
towards = {"caller": udp(20000), "callee": udp(20010)}  # media with each party
media = {}                                              # where each party expects them
vias = {}                                               # of requests that were sent on, by branch
caller = None


def sent_on(text, sender):
    """The message as the other party gets it."""
    other = "callee" if sender == "caller" else "caller"
    found = re.search(r"^c=IN IP4 (\S+)\r$", text, re.M), re.search(r"^m=audio (\d+) ", text, re.M)
    if all(found):
        media[sender] = found[0][1], int(found[1][1])
        text = re.sub(r"(?m)^c=IN IP4 \S+\r$", f"c=IN IP4 {address}\r", text)
        text = re.sub(r"(?m)^m=audio \d+ ", f"m=audio {towards[other].getsockname()[1]} ", text)
    text = re.sub(r"(?m)^Contact: .*\r$", f"Contact: <sip:relay@{address}:{PORT}>\r", text)
    text = re.sub(r"(?m)^Call-ID: (beyond-)?", lambda m: "Call-ID: " + ("" if m[1] else "beyond-"), text)
    body = text.split("\r\n\r\n", 1)[1]
    text = re.sub(r"(?m)^Content-Length: .*\r$", f"Content-Length: {len(body)}\r", text)
    branch = re.search(r"^Via: .*;branch=(\S+)\r$", text, re.M)[1]
    if text.startswith("SIP/2.0"):
        return re.sub(r"(?m)^Via: .*\r$", vias[branch] + "\r", text)
    text = re.sub(r"\A(\S+) sip:relay@\S+ ", rf"\1 sip:callee@{callee}:{PORT} ", text)
    if not branch.endswith("-beyond"):
        vias[branch + "-beyond"] = re.search(r"^Via: .*(?=\r$)", text, re.M)[0]
        text = re.sub(r"(?m)^Via: .*\r$", f"Via: SIP/2.0/UDP {address}:{PORT};branch={branch}-beyond\r", text)
    return text


while True:
    ready, _, _ = select.select([sys.stdin, sip, *towards.values()], [], [])
    if sys.stdin in ready:
        break
    if sip in ready:
        message, sender = sip.recvfrom(65536)
        is_callee = sender[0] == callee
        if not is_callee:
            caller = sender
        new = sent_on(message.decode(), "callee" if is_callee else "caller")
        sip.sendto(new.encode(), caller if is_callee else (callee, PORT))
    for party, other in (("caller", "callee"), ("callee", "caller")):
        if towards[party] in ready:
            packet = towards[party].recv(65536)
            if other in media:
                towards[other].sendto(packet, media[other])
