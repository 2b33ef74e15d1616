"""What do the peers of the demo node do? Steps of `peer.py` that speak its language.

Where a step answers with messages, their parts are joined by a blank, and they by commas.
"""

import time


def give_jobs(socket, first, count):
    """Asks for each number whether it is a prime."""
    for number in range(first, first + count):
        socket.send(b"job %d" % number)
    return "given"


def hear(socket, count):
    """Receives so many messages."""
    return shown(socket.recv_multipart() for _ in range(count))


def hear_for(socket, ms):
    """Receives for so long."""
    end, heard = time.monotonic() + ms / 1000, []
    while (left := end - time.monotonic()) > 0:
        if socket.poll(left * 1000):
            heard.append(socket.recv_multipart())
    return shown(heard)


def hear_rest(socket, quiet_ms):
    """Receives until nothing came for so long; answers with how many that were."""
    count = 0
    while socket.poll(quiet_ms):
        socket.recv_multipart()
        count += 1
    return f"heard {count}"


def ask(socket, text):
    """Sends a request and receives the reply."""
    socket.send_string(text)
    return shown([socket.recv_multipart()])


def ask_often(socket, first, count):
    """Sends numbered requests, each when the one before was answered, rightly."""
    for number in range(first, first + count):
        socket.send(b"echo %d" % number)
        reply = socket.recv()
        if reply != b"%d" % number:
            return f"{reply} came for {number}"
    return "answered"


def answer(socket, text):
    """Receives a request, which is what this answers with, and replies so."""
    request = socket.recv_multipart()
    socket.send_string(text)
    return shown([request])


def shown(messages):
    return ",".join(b" ".join(message).decode() for message in messages)


STEPS = (give_jobs, hear, hear_for, hear_rest, ask, ask_often, answer)
