//! Which examples does the help show?

/// Behind the help of all.
pub(crate) const ALL: &str = "\
Try:
  zepto demo
  zepto pull -b tcp://127.0.0.1:5555                      in one terminal, and in another:
  zepto push -c tcp://127.0.0.1:5555 -d hello
  zepto rep -b tcp://127.0.0.1:5556 --echo                in one terminal, and in another:
  zepto req -c tcp://127.0.0.1:5556 -d hello -t 5s

Each message that arrives is a line on stdout, written at once; everything else goes to stderr.
Peers may start in any order: who connects tries again until somebody is there.
Commands that send end when what they sent has left; interrupt (Ctrl-C) or -t ends them earlier.

Formats (-f), the same for what is printed and for lines of stdin:
  text   frames joined by a tab. Octets that are no text are \\xHH, also in -d and --id;
         a backslash is itself, unless xHH follows it: then it is \\x5c
  hex    frames in lower-case hex joined by one space, an empty frame is \"-\"
  json   an array with one entry per frame: a string, or {\"hex\":\"00ff\"} when it is not UTF-8

Exit status: 0 done, 1 failed, 2 wrong usage, 3 timed out. A failure is one line on stderr.";

/// `zepto push`
pub(crate) const PUSH: &str = "\
Examples:
  zepto push -c tcp://127.0.0.1:5555 -d hello             one message
  zepto push -c tcp://127.0.0.1:5555 -d topic -d body     one message of two frames
  zepto push -b tcp://127.0.0.1:5555 -w 2 < tasks.txt     a message per line, once two workers are there
  zepto push -c tcp://127.0.0.1:5555 --file image.png -t 10s";

/// `zepto pull`
pub(crate) const PULL: &str = "\
Examples:
  zepto pull -b tcp://127.0.0.1:5555                      print what arrives until interrupted
  zepto pull -b tcp://127.0.0.1:5555 -n 1 -t 5s           one message, or exit status 3
  zepto pull -c tcp://a:5555 -c tcp://b:5555 -f json      from two places, in turn";

/// `zepto pub`
pub(crate) const PUB: &str = "\
Examples:
  zepto pub -b tcp://127.0.0.1:5559 -w 1 -d weather.oslo -d 7C        once somebody wants it
  zepto pub -b tcp://127.0.0.1:5559 < news.txt                        each line, to whom wants it then

What is published before anybody has subscribed to it is sent to nobody: -w N waits for N subscribers. A subscriber that
is slow holds the publisher up.";

/// `zepto sub`
pub(crate) const SUB: &str = "\
Examples:
  zepto sub -c tcp://127.0.0.1:5559                                   everything
  zepto sub -c tcp://127.0.0.1:5559 -s weather. -s news -n 10         ten messages that begin with either";

/// `zepto req`
pub(crate) const REQ: &str = "\
Examples:
  zepto req -c tcp://127.0.0.1:5556 -d ping -t 2s         ask once, print the reply
  zepto req -c tcp://127.0.0.1:5556 -d ping -n 1000       ask the same a thousand times
  zepto req -c tcp://127.0.0.1:5556 < questions.txt       each line is a request";

/// `zepto rep`
pub(crate) const REP: &str = "\
Examples:
  zepto rep -b tcp://127.0.0.1:5556 --echo                answer each request with itself
  zepto rep -b tcp://127.0.0.1:5556 -d pong               always the same answer
  zepto rep -b tcp://127.0.0.1:5556                       each line that you type is the next answer";

/// `zepto dealer`
pub(crate) const DEALER: &str = "\
Examples:
  zepto dealer -c tcp://127.0.0.1:5557 --id worker-1      type lines, see what comes back
  zepto dealer -c tcp://127.0.0.1:5557 -d hello -n 1      send one, wait for one
  printf '\\ttask\\n' | zepto dealer -c tcp://127.0.0.1:5556 -n 1      to a REP: an empty frame goes first";

/// `zepto router`
pub(crate) const ROUTER: &str = "\
Examples:
  zepto router -b tcp://127.0.0.1:5557                    lines arrive as SENDER<tab>BODY; type RECEIVER<tab>BODY
  zepto router -b tcp://127.0.0.1:5557 -w 1 -d worker-1 -d hello      send to the peer of that identity, then end

A peer without an identity of its own is shown by one made here, such as \\x00\\x00\\x01\\x00\\x01: give it back the same.";

/// `zepto pair`
pub(crate) const PAIR: &str = "\
Examples:
  zepto pair -b tcp://127.0.0.1:5558                      in one terminal, and in another:
  zepto pair -c tcp://127.0.0.1:5558                      what is typed in one is shown in the other
  zepto pair -c tcp://127.0.0.1:5558 -d hello -n 1        send one, wait for one";

/// `zepto xpub`
pub(crate) const XPUB: &str = "\
Examples:
  zepto xpub -b tcp://127.0.0.1:5559                      see who subscribes: 01 and the topic, 00 when it is cancelled
  zepto xpub -b tcp://127.0.0.1:5559 -f text -w 1 -d weather.oslo -d 7C      publish once somebody wants it

A topic's first subscription and its last cancel are shown, in hex unless -f says otherwise.";

/// `zepto xsub`
pub(crate) const XSUB: &str = "\
Examples:
  zepto xsub -c tcp://127.0.0.1:5559 -s weather. -f text              as sub does
  printf '01%s\\n' 6e657773 | zepto xsub -c tcp://127.0.0.1:5559      lines in hex: 01 and a topic subscribes, 00 cancels
  zepto xsub -c tcp://127.0.0.1:5559 -d '\\x02hello' -t 5s           anything else goes to the publishers (XPUB shows it)

It subscribes to nothing by itself. What is sent waits for the first publisher.";
