//! How does a command run that only receives?

use crate::args;
use crate::endpoints;
use crate::failure::{Failure, or_interrupted_as_meant};
use crate::output;
use crate::report::Counter;
use crate::session::Session;

/// `zepto pull`
pub(crate) async fn pull(args: &args::Pull) -> Result<(), Failure> {
    let mut pull = zeptomq::Pull::with(args.endpoints.options()).map_err(Failure::usage)?;
    let (printer, printing) = output::start(args.common.format);
    let received = Counter::new("received");
    let counters = [&received];
    let mut session = Session::begin(&args.common, pull.monitor(), Some(printing), &counters)?;
    endpoints::open(&pull, &args.endpoints).await?;
    let worked = session
        .work(async {
            let printer = printer;
            while args.count.is_none_or(|count| received.count() < count) {
                let message = pull.recv().await.map_err(Failure::failed)?;
                received.add_one();
                printer.print(message).await;
            }
            Ok(())
        })
        .await;
    or_interrupted_as_meant(session.printed(worked).await, args.count.is_none())
}
