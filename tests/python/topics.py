"""What does a subscriber hear while topics come and go? Steps of `peer.py` that keep account of it.

A message here is a topic, a number of 8 octets, which for each topic goes up by one, and perhaps a filling. Topics that are
many are called `topic 00000`, `topic 00001` and so on.
"""

import itertools
import select
import sys

import zmq


class Account:
    """What is wanted and what was heard, on the same terms as in `changes.rs`."""

    def __init__(self):
        self.wanted = []
        # What was wanted before; messages may still be on their way, until a marker says that there are no more.
        self.leaving = []
        self.last = {}

    def want(self, prefix):
        self.wanted.append(prefix)

    def leave(self, prefix):
        self.wanted.remove(prefix)
        self.leaving.append(prefix)
        self.last = {topic: number for topic, number in self.last.items() if matches(self.wanted, topic)}

    def hear(self, topic, number):
        if not matches(self.wanted, topic):
            assert matches(self.leaving, topic), f"{topic} {number} is not wanted: {self.wanted}"
            return
        last = self.last.get(topic, number - 1)
        assert number == last + 1, f"{topic} {number} behind {last}"
        self.last[topic] = number


def matches(prefixes, topic):
    return any(topic.startswith(prefix) for prefix in prefixes)


def cycle(socket, topics):
    """Publishes each topic in turn, until there is another step to take."""
    for number in itertools.count():
        for topic in topics:
            socket.send_multipart([topic.encode(), number.to_bytes(8, "big")])
        if select.select([sys.stdin], [], [], 0)[0]:
            return f"published {number + 1}"


def wander(socket, always, prefixes, markers, rounds, enough):
    """Wants one prefix after the other beside `always`; each until it has heard so many of it, and a marker behind it."""
    account = Account()

    def change(prefix, wanted):
        if socket.type == zmq.XSUB:
            socket.send(bytes([wanted]) + prefix.encode())
        else:
            (socket.subscribe if wanted else socket.unsubscribe)(prefix)
        (account.want if wanted else account.leave)(prefix)

    def hear():
        topic, number, *_ = socket.recv_multipart()
        topic = topic.decode()
        account.hear(topic, int.from_bytes(number, "big"))
        return topic

    change(always, True)
    for round in range(rounds):
        prefix, marker = prefixes[round % len(prefixes)], markers[round % len(markers)]
        change(prefix, True)
        heard = 0
        while heard < enough:
            heard += hear().startswith(prefix)
        change(prefix, False)
        change(marker, True)
        while hear() != marker:
            pass
        account.leaving = []
        change(marker, False)
    return "wandered"


def hear_topics(socket, first, last):
    """An XPUB is told so many topics, in any order, and nothing else."""
    told = sorted(socket.recv() for _ in range(first, last))
    return "all told" if told == [b"\1" + name(number) for number in range(first, last)] else f"told {told[:10]}"


def want_topics(socket, first, last):
    for number in range(first, last):
        socket.subscribe(name(number))
    return "subscribed"


def send_topics(socket, first, last):
    """Sends one message to each topic."""
    for number in range(first, last):
        socket.send(name(number))
    return "sent"


def take_topics(socket, first, last):
    """Receives one message to each topic, in order."""
    for number in range(first, last):
        message = socket.recv()
        if message != name(number):
            return f"took {message} where {number} was expected"
    return "taken"


def name(number):
    return b"topic %05d" % number


STEPS = (cycle, wander, hear_topics, want_topics, send_topics, take_topics)
