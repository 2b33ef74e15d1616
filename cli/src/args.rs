//! What can be asked on the command line?

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use zeptomq::Endpoint;

use crate::examples;
use crate::format::Format;
use crate::values::{Identity, Topic, duration, endpoint, identity, number, positive, topic};

/// ZeroMQ sockets on the command line: each message is a line.
#[derive(Parser, Debug)]
#[command(name = "zepto", version, after_help = examples::ALL)]
pub(crate) struct Arguments {
    /// What to run.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// A socket of one type, or the demo.
#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Send messages, each to the next PULL in turn
    #[command(after_help = examples::PUSH)]
    Push(Push),
    /// Print the messages that PUSH sockets send
    #[command(after_help = examples::PULL)]
    Pull(Pull),
    /// Send each message to all SUB sockets that want what it begins with
    #[command(after_help = examples::PUB)]
    Pub(Push),
    /// Print the messages of PUB sockets that begin with what is wanted
    #[command(after_help = examples::SUB)]
    Sub(Sub),
    /// Send requests to REP sockets and print each reply
    #[command(after_help = examples::REQ)]
    Req(Req),
    /// Print the requests of REQ sockets and answer each
    #[command(after_help = examples::REP)]
    Rep(Rep),
    /// Send to each peer in turn and print what arrives, both at once
    #[command(after_help = examples::DEALER)]
    Dealer(Named),
    /// Send to the peer that the first frame names, print what arrives with its sender first
    #[command(after_help = examples::ROUTER)]
    Router(Named),
    /// Send to the one peer and print what arrives, both at once
    #[command(after_help = examples::PAIR)]
    Pair(Duplex),
    /// Publish as pub does and print who subscribes to what, both at once
    #[command(after_help = examples::XPUB)]
    Xpub(Duplex),
    /// Send subscriptions and print the messages that they let through, both at once
    #[command(after_help = examples::XSUB)]
    Xsub(Xsub),
    /// Show a pipeline, a publisher and request/reply over loopback, measured while they run
    Demo,
}

/// `zepto push` and `zepto pub`
#[derive(Args, Debug)]
pub(crate) struct Push {
    #[command(flatten)]
    pub(crate) endpoints: Endpoints,
    #[command(flatten)]
    pub(crate) payload: Payload,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// End after N messages; with -d or --file the message is sent N times
    #[arg(short = 'n', long, value_name = "N", value_parser = positive)]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `zepto pull`
#[derive(Args, Debug)]
pub(crate) struct Pull {
    #[command(flatten)]
    pub(crate) endpoints: Endpoints,
    /// End after N messages; without it, receive until interrupted
    #[arg(short = 'n', long, value_name = "N", value_parser = positive)]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `zepto sub`
#[derive(Args, Debug)]
pub(crate) struct Sub {
    /// Print messages whose first frame begins with this text (repeatable); without it, all messages
    #[arg(short = 's', long = "subscribe", value_name = "PREFIX", value_parser = topic, allow_hyphen_values = true)]
    pub(crate) topics: Vec<Topic>,
    #[command(flatten)]
    pub(crate) pull: Pull,
}

/// `zepto req`
#[derive(Args, Debug)]
pub(crate) struct Req {
    #[command(flatten)]
    pub(crate) endpoints: Endpoints,
    #[command(flatten)]
    pub(crate) payload: Payload,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// End after N exchanges; with -d or --file the request is sent N times
    #[arg(short = 'n', long, value_name = "N", value_parser = positive)]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) identity: Identified,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `zepto rep`
#[derive(Args, Debug)]
pub(crate) struct Rep {
    #[command(flatten)]
    pub(crate) endpoints: Endpoints,
    #[command(flatten)]
    pub(crate) payload: Payload,
    /// Answer each request with itself
    ///
    /// Without it, -d or --file give a fixed answer, or each line of stdin is the answer to the next request.
    #[arg(long, conflicts_with_all = ["data", "file"])]
    pub(crate) echo: bool,
    /// End after N exchanges; without it, answer until interrupted
    #[arg(short = 'n', long, value_name = "N", value_parser = positive)]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `zepto dealer` and `zepto router`
#[derive(Args, Debug)]
pub(crate) struct Named {
    #[command(flatten)]
    pub(crate) duplex: Duplex,
    #[command(flatten)]
    pub(crate) identity: Identified,
}

/// `zepto pair` and `zepto xpub`, and what all have that send and receive at once.
#[derive(Args, Debug)]
pub(crate) struct Duplex {
    #[command(flatten)]
    pub(crate) endpoints: Endpoints,
    #[command(flatten)]
    pub(crate) payload: Payload,
    #[command(flatten)]
    pub(crate) wait: Wait,
    /// End after N received messages; 0: when all is sent
    ///
    /// Without it, a message given by -d or --file is sent and that is the end;
    /// with lines from stdin, what arrives is printed until interrupted.
    #[arg(short = 'n', long, value_name = "N", value_parser = number, verbatim_doc_comment)]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// `zepto xsub`
#[derive(Args, Debug)]
pub(crate) struct Xsub {
    /// Subscribe first to messages whose first frame begins with this text (repeatable)
    #[arg(short = 's', long = "subscribe", value_name = "PREFIX", value_parser = topic, allow_hyphen_values = true)]
    pub(crate) topics: Vec<Topic>,
    #[command(flatten)]
    pub(crate) duplex: Duplex,
}

/// Where the peers are.
#[derive(Args, Debug)]
pub(crate) struct Endpoints {
    #[command(flatten)]
    pub(crate) places: Places,
    /// Bind beyond this machine too: whoever reaches it is let in
    #[arg(long, requires = "bind")]
    pub(crate) open: bool,
}

/// At least one endpoint.
#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
pub(crate) struct Places {
    /// Wait for peers here (repeatable)
    ///
    /// tcp://127.0.0.1:5555   a port of this machine; port 0 takes any free one
    /// tcp://*:5555           every address of this machine, with --open
    /// ipc:///tmp/socket      a Unix domain socket
    ///
    /// "bound ENDPOINT" on stderr tells when peers may come, and which port it is.
    #[arg(short, long, value_name = "ENDPOINT", value_parser = endpoint, verbatim_doc_comment)]
    pub(crate) bind: Vec<Endpoint>,
    /// Connect to a peer there (repeatable)
    ///
    /// tcp://name-or-address:5555 or ipc:///tmp/socket.
    /// While nobody is there, it is tried again; -t ends that.
    #[arg(short, long, value_name = "ENDPOINT", value_parser = endpoint, verbatim_doc_comment)]
    pub(crate) connect: Vec<Endpoint>,
}

/// What to send.
#[derive(Args, Debug)]
pub(crate) struct Payload {
    /// One frame; repeated: the frames of one message
    ///
    /// Always text, whatever the format; \xHH is the octet HH.
    /// Without -d and --file, each line of stdin is a message.
    #[arg(short, long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "file", verbatim_doc_comment)]
    pub(crate) data: Vec<OsString>,
    /// The octets of this file as one message
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Option<PathBuf>,
}

/// When to begin.
#[derive(Args, Debug)]
pub(crate) struct Wait {
    /// Wait for N peers before sending; pub, xpub: for N subscribers of the first message
    #[arg(short, long, value_name = "N", value_parser = number, default_value_t = 0, hide_default_value = true)]
    pub(crate) wait: u64,
}

/// Who we are.
#[derive(Args, Debug)]
pub(crate) struct Identified {
    /// The identity that ROUTER peers know us by
    #[arg(long, value_name = "TEXT", value_parser = identity)]
    pub(crate) id: Option<Identity>,
}

/// What every command takes.
#[derive(Args, Debug)]
pub(crate) struct Common {
    /// Give up when it is not done after this time (500ms, 5s, 2m)
    ///
    /// The exit status is 3 then.
    #[arg(short, long, value_name = "TIME", value_parser = duration)]
    pub(crate) timeout: Option<Duration>,
    /// How messages are printed, and lines of stdin read; without it as text, of xpub and xsub in hex
    #[arg(short, long, value_name = "FORMAT", value_enum)]
    pub(crate) format: Option<Format>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
