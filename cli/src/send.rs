//! How does a command run that only sends?

use zeptomq::core::pattern::{Pattern, Sends};
use zeptomq::{Message, Policy, Pub, Push, Socket};

use crate::args;
use crate::endpoints;
use crate::failure::{Failure, or_interrupted_as_meant};
use crate::input::Input;
use crate::report::Counter;
use crate::session::Session;

/// `zepto push`
pub(crate) async fn push(args: &args::Push) -> Result<(), Failure> {
    let push = Push::with(args.endpoints.options()).map_err(Failure::usage)?;
    run(args, push, async |push, _| push.wait_for_peers(args.wait.peers()).await).await
}

/// `zepto pub`
pub(crate) async fn publish(args: &args::Push) -> Result<(), Failure> {
    // A slow subscriber holds the publisher up; nothing is lost.
    let publisher = Pub::with(args.endpoints.options().overload(Policy::Wait)).map_err(Failure::usage)?;
    run(args, publisher, async |publisher, first| {
        publisher.wait_for_subscribers(&first[0], args.wait.peers()).await;
    })
    .await
}

/// Sends what is given; `ready` waits until the first message may be sent.
async fn run<P>(args: &args::Push, socket: Socket<P>, ready: impl AsyncFn(&Socket<P>, &Message)) -> Result<(), Failure>
where
    P: Pattern + Sends + Send + 'static,
{
    let mut input = Input::new(&args.payload, args.count, args.common.format.unwrap_or_default())?;
    let sent = Counter::new("sent");
    let counters = [&sent];
    let mut session = Session::begin(&args.common, socket.monitor(), None, &counters)?;
    endpoints::open(&socket, &args.endpoints).await?;
    let worked = session
        .work(async {
            while let Some(message) = input.next().await? {
                if sent.count() == 0 {
                    ready(&socket, &message).await;
                }
                socket.send(message).await.map_err(Failure::failed)?;
                sent.add_one();
            }
            Ok(())
        })
        .await;
    let worked = session.leave(worked, socket.close()).await;
    or_interrupted_as_meant(worked, args.count.is_none() && !args.payload.is_given())
}
