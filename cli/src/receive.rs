//! How does a command run that only receives?

use zeptomq::core::pattern::{Pattern, Receives};
use zeptomq::{Pull, Socket, Sub};

use crate::args;
use crate::endpoints;
use crate::failure::{Failure, or_interrupted_as_meant};
use crate::output;
use crate::report::Counter;
use crate::session::Session;

/// `zepto pull`
pub(crate) async fn pull(args: &args::Pull) -> Result<(), Failure> {
    run(args, Pull::with(args.endpoints.options()).map_err(Failure::usage)?).await
}

/// `zepto sub`
pub(crate) async fn subscribe(args: &args::Sub) -> Result<(), Failure> {
    let sub = Sub::with(args.pull.endpoints.options()).map_err(Failure::usage)?;
    args.topics.iter().for_each(|topic| sub.subscribe(topic));
    if args.topics.is_empty() {
        sub.subscribe("");
    }
    run(&args.pull, sub).await
}

async fn run<P>(args: &args::Pull, mut socket: Socket<P>) -> Result<(), Failure>
where
    P: Pattern + Receives + Send + 'static,
{
    let (printer, printing) = output::start(args.common.format.unwrap_or_default());
    let received = Counter::new("received");
    let counters = [&received];
    let mut session = Session::begin(&args.common, socket.monitor(), Some(printing), &counters)?;
    endpoints::open(&socket, &args.endpoints).await?;
    let worked = session
        .work(async {
            let printer = printer;
            while args.count.is_none_or(|count| received.count() < count) {
                let message = socket.recv().await.map_err(Failure::failed)?;
                received.add_one();
                printer.print(message).await;
            }
            Ok(())
        })
        .await;
    or_interrupted_as_meant(session.printed(worked).await, args.count.is_none())
}
