//! How do the commands run that send and receive at once?

use std::pin::pin;

use zeptomq::core::pattern::{Pattern, Receives, RouteError, Sends};
use zeptomq::{Dealer, Message, NotSent, Options, Pair, Policy, Receiver, Router, Sender, Socket, Xpub, Xsub};

use crate::args;
use crate::endpoints;
use crate::failure::{Failure, or_interrupted_as_meant};
use crate::format::Format;
use crate::input::Input;
use crate::output::{self, Printer};
use crate::report::{self, Counter};
use crate::session::Session;

/// `zepto dealer`
pub(crate) async fn dealer(args: &args::Named) -> Result<(), Failure> {
    let dealer = Dealer::with(named(args)).map_err(Failure::usage)?;
    run(&args.duplex, Format::Text, dealer, async |dealer, _| wait_for_peers(dealer, &args.duplex).await).await
}

/// `zepto router`
pub(crate) async fn router(args: &args::Named) -> Result<(), Failure> {
    let payload = &args.duplex.payload;
    if payload.file.is_some() || payload.data.len() == 1 {
        return Err(Failure::usage(
            "a router's message is an identity and at least one more frame: -d IDENTITY -d TEXT",
        ));
    }
    let router = Router::with(named(args)).map_err(Failure::usage)?;
    run(&args.duplex, Format::Text, router, async |router, _| wait_for_peers(router, &args.duplex).await).await
}

/// `zepto pair`
pub(crate) async fn pair(args: &args::Duplex) -> Result<(), Failure> {
    let pair = Pair::with(options(args)).map_err(Failure::usage)?;
    run(args, Format::Text, pair, async |pair, _| wait_for_peers(pair, args).await).await
}

/// `zepto xpub`
pub(crate) async fn xpub(args: &args::Duplex) -> Result<(), Failure> {
    let xpub = Xpub::with(options(args)).map_err(Failure::usage)?;
    run(args, Format::Hex, xpub, async |xpub, first| {
        xpub.wait_for_subscribers(&first[0], args.wait.peers()).await;
    })
    .await
}

/// `zepto xsub`
pub(crate) async fn xsub(args: &args::Xsub) -> Result<(), Failure> {
    let xsub = Xsub::with(options(&args.duplex)).map_err(Failure::usage)?;
    for topic in &args.topics {
        xsub.send([&[1], topic.as_ref()].concat()).await.map_err(Failure::failed)?;
    }
    // What is sent while nobody is there would be sent to nobody.
    let peers = args.duplex.wait.peers().max(1);
    run(&args.duplex, Format::Hex, xsub, async |xsub, _| xsub.wait_for_peers(peers).await).await
}

async fn wait_for_peers<P: Pattern + Sends + Send>(sender: &Sender<P>, args: &args::Duplex) {
    sender.wait_for_peers(args.wait.peers()).await;
}

/// When such a command is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Done {
    /// When all is sent.
    Sent,
    /// When so many messages have been received, and what the command line gives is sent.
    Received(u64),
    /// Never by itself.
    Never,
}

/// What goes out.
struct Outgoing<'a> {
    input: Input,
    /// Whether one message that nobody takes is worth ending for: it is not when more lines follow.
    is_strict: bool,
    sent: &'a Counter,
    unsent: &'a Counter,
}

/// Sends what is given and prints what arrives; `ready` waits until the first message may be sent.
async fn run<P>(
    args: &args::Duplex,
    format: Format,
    socket: Socket<P>,
    ready: impl AsyncFn(&Sender<P>, &Message),
) -> Result<(), Failure>
where
    P: Pattern + Sends + Receives + Send + 'static,
{
    let done = Done::when(args);
    let is_given = args.payload.is_given();
    let format = args.common.format.unwrap_or(format);
    let input = Input::new(&args.payload, None, format)?;
    let (printer, printing) = output::start(format);
    let (sent, unsent, received) = (Counter::new("sent"), Counter::new("not sent"), Counter::new("received"));
    let counters = [&sent, &received];
    let mut session = Session::begin(&args.common, socket.monitor(), Some(printing), &counters)?;
    endpoints::open(&socket, &args.endpoints).await?;
    let (sender, mut receiver) = socket.split();
    let outgoing = Outgoing { input, is_strict: is_given, sent: &sent, unsent: &unsent };
    let worked = session
        .work(async {
            let printer = printer;
            let mut sending = pin!(outgoing.send_all(&sender, ready));
            let mut receiving = pin!(receive(&mut receiver, done, &received, &printer));
            let (mut is_sent, mut is_received) = (false, false);
            while !done.is_reached(is_sent, is_received, is_given) {
                tokio::select! {
                    ended = &mut sending, if !is_sent => ended.map(|()| is_sent = true)?,
                    ended = &mut receiving, if !is_received => ended.map(|()| is_received = true)?,
                }
            }
            Ok(())
        })
        .await;
    let worked = session.leave(worked, sender.close()).await;
    or_interrupted_as_meant(session.printed(worked).await, done == Done::Never)?;
    if unsent.count() > 0 { Err(Failure::failed(unsent)) } else { Ok(()) }
}

impl Outgoing<'_> {
    async fn send_all<P: Pattern + Sends + Send>(
        mut self,
        sender: &Sender<P>,
        ready: impl AsyncFn(&Sender<P>, &Message),
    ) -> Result<(), Failure> {
        let mut is_ready = false;
        while let Some(message) = self.input.next().await? {
            if !is_ready {
                ready(sender, &message).await;
                is_ready = true;
            }
            match sender.send(message).await.map_err(|error| error.reason) {
                Ok(()) => self.sent.add_one(),
                Err(reason) if self.is_strict => return Err(Failure::Failed(not_sent(reason))),
                Err(reason) => {
                    report::line(&format!("not sent: {}", not_sent(reason)));
                    self.unsent.add_one();
                }
            }
        }
        Ok(())
    }
}

async fn receive<P: Pattern + Receives + Send>(
    receiver: &mut Receiver<P>,
    done: Done,
    received: &Counter,
    printer: &Printer,
) -> Result<(), Failure> {
    while done != Done::Received(received.count()) {
        let message = receiver.recv().await.map_err(Failure::failed)?;
        received.add_one();
        printer.print(message).await;
    }
    Ok(())
}

impl Done {
    fn when(args: &args::Duplex) -> Self {
        match args.count {
            Some(0) => Self::Sent,
            Some(count) => Self::Received(count),
            None if args.payload.is_given() => Self::Sent,
            None => Self::Never,
        }
    }

    fn is_reached(self, is_sent: bool, is_received: bool, is_given: bool) -> bool {
        match self {
            Self::Sent => is_sent,
            Self::Received(_) => is_received && (is_sent || !is_given),
            Self::Never => false,
        }
    }
}

fn named(args: &args::Named) -> Options {
    args.identity.name(options(&args.duplex))
}

fn options(args: &args::Duplex) -> Options {
    // A slow reader holds the sender up; nothing is lost.
    args.endpoints.options().overload(Policy::Wait)
}

fn not_sent(reason: NotSent) -> String {
    match reason {
        NotSent::Route(RouteError::UnknownIdentity) => format!("{reason} (-w N waits for N peers)"),
        reason => reason.to_string(),
    }
}
