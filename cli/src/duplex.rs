//! How do the commands run that send and receive at once?

use std::pin::pin;

use zeptomq::core::pattern::{Pattern, Receives, RouteError, Sends};
use zeptomq::{NotSent, Options, Policy, Receiver, Sender, Socket};

use crate::args;
use crate::endpoints;
use crate::failure::{Failure, or_interrupted_as_meant};
use crate::input::Input;
use crate::output::{self, Printer};
use crate::report::{self, Counter};
use crate::session::Session;

/// `zepto dealer`
pub(crate) async fn dealer(args: &args::Named) -> Result<(), Failure> {
    run(&args.duplex, zeptomq::Dealer::with(named(args)).map_err(Failure::usage)?).await
}

/// `zepto router`
pub(crate) async fn router(args: &args::Named) -> Result<(), Failure> {
    let payload = &args.duplex.payload;
    if payload.file.is_some() || payload.data.len() == 1 {
        return Err(Failure::usage(
            "a router's message is an identity and at least one more frame: -d IDENTITY -d TEXT",
        ));
    }
    run(&args.duplex, zeptomq::Router::with(named(args)).map_err(Failure::usage)?).await
}

/// `zepto pair`
pub(crate) async fn pair(args: &args::Duplex) -> Result<(), Failure> {
    run(args, zeptomq::Pair::with(options(args)).map_err(Failure::usage)?).await
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
    /// How many peers there must be first.
    wait: usize,
    /// Whether one message that nobody takes is worth ending for: it is not when more lines follow.
    is_strict: bool,
    sent: &'a Counter,
    unsent: &'a Counter,
}

async fn run<P>(args: &args::Duplex, socket: Socket<P>) -> Result<(), Failure>
where
    P: Pattern + Sends + Receives + Send + 'static,
{
    let done = Done::when(args);
    let is_given = args.payload.is_given();
    let input = Input::new(&args.payload, None, args.common.format)?;
    let (printer, printing) = output::start(args.common.format);
    let (sent, unsent, received) = (Counter::new("sent"), Counter::new("not sent"), Counter::new("received"));
    let counters = [&sent, &received];
    let mut session = Session::begin(&args.common, socket.monitor(), Some(printing), &counters)?;
    endpoints::open(&socket, &args.endpoints).await?;
    let (sender, mut receiver) = socket.split();
    let outgoing = Outgoing { input, wait: args.wait.peers(), is_strict: is_given, sent: &sent, unsent: &unsent };
    let worked = session
        .work(async {
            let printer = printer;
            let mut sending = pin!(outgoing.send_all(&sender));
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
    async fn send_all<P: Pattern + Sends + Send>(mut self, sender: &Sender<P>) -> Result<(), Failure> {
        sender.wait_for_peers(self.wait).await;
        while let Some(message) = self.input.next().await? {
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
