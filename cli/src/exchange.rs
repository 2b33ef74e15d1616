//! How do the commands run that take turns, a request and its reply?

use zeptomq::core::pattern::RouteError;
use zeptomq::{Message, NotSent, Policy};

use crate::args::{self, Payload};
use crate::endpoints;
use crate::failure::{Failure, or_interrupted_as_meant};
use crate::format::Format;
use crate::input::{Input, Lines};
use crate::output;
use crate::report::{self, Counter};
use crate::session::Session;

/// `zepto req`
pub(crate) async fn req(args: &args::Req) -> Result<(), Failure> {
    let mut input = Input::new(&args.payload, args.count, args.common.format.unwrap_or_default())?;
    let mut req = zeptomq::Req::with(args.identity.name(args.endpoints.options())).map_err(Failure::usage)?;
    let (printer, printing) = output::start(args.common.format.unwrap_or_default());
    let replies = Counter::new("replies");
    let counters = [&replies];
    let mut session = Session::begin(&args.common, req.monitor(), Some(printing), &counters)?;
    endpoints::open(&req, &args.endpoints).await?;
    let worked = session
        .work(async {
            let printer = printer;
            req.wait_for_peers(args.wait.peers()).await;
            while let Some(request) = input.next().await? {
                let lost = |error| Failure::Lost(format!("request {}: {error}", replies.count() + 1));
                let reply = req.request(request).await.map_err(lost)?;
                replies.add_one();
                printer.print(reply).await;
            }
            Ok(())
        })
        .await;
    or_interrupted_as_meant(session.printed(worked).await, args.count.is_none() && !args.payload.is_given())
}

/// `zepto rep`
pub(crate) async fn rep(args: &args::Rep) -> Result<(), Failure> {
    let mut answers = Answers::new(args.echo, &args.payload, args.common.format.unwrap_or_default())?;
    let mut rep = zeptomq::Rep::with(args.endpoints.options().overload(Policy::Wait)).map_err(Failure::usage)?;
    let (printer, printing) = output::start(args.common.format.unwrap_or_default());
    let answered = Counter::new("answered");
    let counters = [&answered];
    let mut session = Session::begin(&args.common, rep.monitor(), Some(printing), &counters)?;
    endpoints::open(&rep, &args.endpoints).await?;
    let worked = session
        .work(async {
            let printer = printer;
            while args.count.is_none_or(|count| answered.count() < count) {
                let (request, responder) = tokio::select! {
                    accepted = rep.accept() => accepted.map_err(Failure::failed)?,
                    () = answers.run_out() => break,
                };
                printer.print(request.clone()).await;
                match responder.reply(answers.to(request).await?).await.map_err(|error| error.reason) {
                    Ok(()) => answered.add_one(),
                    Err(NotSent::Route(RouteError::PeerGone)) => report::line("a peer left before its answer"),
                    Err(reason) => return Err(Failure::failed(reason)),
                }
            }
            Ok(())
        })
        .await;
    let worked = session.leave(worked, rep.close()).await;
    or_interrupted_as_meant(session.printed(worked).await, args.count.is_none())
}

/// What requests are answered with.
enum Answers {
    /// Themselves.
    Echo,
    /// Always the same.
    Fixed(Message),
    /// The next line of stdin.
    Lines(Lines),
}

impl Answers {
    fn new(echo: bool, payload: &Payload, format: Format) -> Result<Self, Failure> {
        Ok(match payload.message()? {
            _ if echo => Self::Echo,
            Some(message) => Self::Fixed(message),
            None => Self::Lines(Lines::start(format)),
        })
    }

    async fn to(&mut self, request: Message) -> Result<Message, Failure> {
        match self {
            Self::Echo => Ok(request),
            Self::Fixed(message) => Ok(message.clone()),
            Self::Lines(lines) => {
                let answer = lines.take().await?;
                answer.ok_or_else(|| Failure::failed("stdin is at its end, and a request is left without an answer"))
            }
        }
    }

    /// Waits until there are no more answers.
    async fn run_out(&mut self) {
        if let Self::Lines(lines) = self
            && lines.is_at_end().await
        {
            report::line("stdin is at its end: no more answers (--echo or -d give some without it)");
            return;
        }
        std::future::pending().await
    }
}
