"""What does the reference implementation do? This plays a libzmq peer, step by step.

Each line of the standard input is a step: a JSON object, whose "do" names one of the functions below and whose other
members are its arguments. Each step is answered with one line. A step that fails, or takes too long, is answered with
the reason behind "failed:".

A part is a text, or a list of a length and a seed, which stand for as many octets of `octets`.
"""

import errno
import json
import os
import signal
import sys
import time

import device
import topics
import zmq
from zmq.utils.monitor import recv_monitor_message

WAIT_MS = 20_000
# A prime, so that no part of a message looks like another at a distance that is a power of two.
BLOCK_LEN = 65_521

context = zmq.Context()
sockets = []
monitors = {}
kept = []


def socket(type, options):
    """Opens a socket, which is the last in the list that "on" counts from 0."""
    opened = context.socket(getattr(zmq, type))
    opened.linger = 0
    opened.rcvtimeo = opened.sndtimeo = WAIT_MS
    for name, value in options.items():
        opened.set(getattr(zmq, name), value.encode() if isinstance(value, str) else value)
    sockets.append(opened)
    return f"socket {len(sockets) - 1}"


def bind(endpoint, on=0):
    """Binds, also to a port that the system has not given back yet."""
    end = time.monotonic() + WAIT_MS / 1000
    while True:
        try:
            sockets[on].bind(endpoint)
            return "bound " + sockets[on].last_endpoint.decode()
        except zmq.ZMQError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > end:
                raise
            time.sleep(0.01)


def connect(endpoint, on=0):
    sockets[on].connect(endpoint)
    return "connecting"


def close(linger, on=0):
    sockets[on].close(linger=linger)
    return "closed"


def subscribe(topic, on=0):
    sockets[on].subscribe(topic)
    return "subscribed"


def send(parts, on=0):
    sockets[on].send_multipart([octets(part) for part in parts])
    return "sent"


def reply(parts, on=0):
    """Sends behind the parts that `expect` kept."""
    sockets[on].send_multipart(kept + [octets(part) for part in parts])
    return "sent"


def expect(parts, keep=0, on=0):
    """Receives a message and keeps its first parts; the others have to be these, octet for octet."""
    global kept
    message = sockets[on].recv_multipart()
    kept, rest = message[:keep], message[keep:]
    expected = [octets(part) for part in parts]
    if rest == expected:
        return "same"
    return f"different: {shown(message)}, expected {keep} parts and {shown(expected)}"


def echo(count, on=0):
    """Sends each of so many messages back, behind whatever envelope it has."""
    for _ in range(count):
        sockets[on].send_multipart(sockets[on].recv_multipart())
    return "echoed"


def answer_if_heard(count, pause_every, pause_ms, on=0):
    """Takes so many messages, with a pause after every so many, and answers each while somebody is there."""
    for number in range(1, count + 1):
        message = sockets[on].recv_multipart()
        if sockets[on].poll(0, zmq.POLLOUT):
            sockets[on].send_multipart(message)
        if number % pause_every == 0:
            time.sleep(pause_ms / 1000)
    return "all taken"


def label(text, count, filling, on=0):
    """Sends so many messages of three parts: the text, a number from 0 on, and the filling."""
    for number in range(count):
        sockets[on].send_multipart([text.encode(), b"%d" % number, octets(filling)])
    return "labelled"


def answer_until(text, on=0):
    """Answers each request with itself, up to the one of this text."""
    while True:
        message = sockets[on].recv_multipart()
        sockets[on].send_multipart(message)
        if message == [text.encode()]:
            return "answered"


def pour(first, last, len, on=0):
    """Sends numbered messages of so many octets."""
    filling = bytes(len - 8)
    for number in range(first, last + 1):
        sockets[on].send(number.to_bytes(8, "big") + filling)
    return "poured"


def pour_until_blocked(first, len, quiet_ms, on=0):
    """Sends numbered messages until there was no room for one for so long."""
    filling = bytes(len - 8)
    number = first
    while sockets[on].poll(quiet_ms, zmq.POLLOUT):
        sockets[on].send(number.to_bytes(8, "big") + filling)
        number += 1
    return f"blocked before {number}"


def take(len, first=None, last=None, count=None, pause_every=0, pause_ms=0, on=0):
    """Receives numbered messages in order, each of so many octets, with a pause after every so many.

    There are so many of them, or they go up to `last`.
    """
    message = sockets[on].recv()
    start = number = int.from_bytes(message[:8], "big")
    last = last or start + count - 1
    if first is not None and start != first:
        return f"took {start} where {first} was expected"
    while True:
        if message != number.to_bytes(8, "big") + bytes(len - 8):
            return f"took {shown([message])} for {number}"
        if number >= last:
            return f"took {start} to {number}"
        if pause_every and number % pause_every == 0:
            time.sleep(pause_ms / 1000)
        message = sockets[on].recv()
        number += 1
        if int.from_bytes(message[:8], "big") != number:
            return f"took {int.from_bytes(message[:8], 'big')} where {number} was expected"


def drop_all(quiet_ms, on=0):
    """Receives until nothing comes for so long."""
    while sockets[on].poll(quiet_ms):
        sockets[on].recv()
    return "dropped"


def nothing(ms, on=0):
    """Whether no message arrives for so long."""
    return f"took {shown(sockets[on].recv_multipart())}" if sockets[on].poll(ms) else "nothing"


def monitor(on=0):
    """Watches a socket from now on."""
    monitors[on] = sockets[on].get_monitor_socket()
    return "watching"


def event(names, on=0):
    """Waits for the first of these events."""
    end = time.monotonic() + WAIT_MS / 1000
    while time.monotonic() < end:
        name = next_event(on, WAIT_MS)
        if name in names:
            return name
    return "no such event"


def no_event(names, ms, on=0):
    """Whether none of these events happens for so long."""
    end = time.monotonic() + ms / 1000
    while (left := end - time.monotonic()) > 0:
        name = next_event(on, left * 1000)
        if name in names:
            return name
    return "none"


def next_event(on, ms):
    if not monitors[on].poll(ms):
        return None
    return recv_monitor_message(monitors[on])["event"].name


def stop():
    """Stops this process until somebody continues it."""
    print("stopping", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)
    return "continued"


def octets(part):
    if isinstance(part, str):
        return part.encode()
    length, seed = part
    start = seed * 7919 % BLOCK_LEN
    block = BLOCK[start:] + BLOCK[:start]
    return (block * (length // BLOCK_LEN + 1))[:length]


def make_block():
    state, block = 1, bytearray()
    for _ in range(BLOCK_LEN):
        state = (state * 1_103_515_245 + 12_345) % 2**31
        block.append(state >> 16 & 255)
    return bytes(block)


def on_socket(step):
    """A step of `topics.py` or `device.py`, which is given the socket."""
    return lambda on=0, **arguments: step(sockets[on], **arguments)


def shown(message):
    return [(len(part), part[:40]) for part in message]


STEPS = {
    step.__name__: step
    for step in (
        socket, bind, connect, close, subscribe, send, reply, expect, echo, answer_if_heard, label, answer_until, pour,
        pour_until_blocked, take, drop_all, nothing, monitor, event, no_event, stop,
    )
}  # fmt: skip
STEPS |= {step.__name__: on_socket(step) for step in topics.STEPS + device.STEPS}
BLOCK = make_block()

for line in sys.stdin:
    arguments = json.loads(line)
    try:
        said = STEPS[arguments.pop("do")](**arguments)
    except Exception as error:
        said = f"failed: {error!r} in {line.strip()[:200]}"
    print(said, flush=True)
# Nobody listens any more: what is still queued goes nowhere.
os._exit(0)
