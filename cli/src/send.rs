//! How does a command run that only sends?

use crate::args;
use crate::endpoints;
use crate::failure::{Failure, or_interrupted_as_meant};
use crate::input::Input;
use crate::report::Counter;
use crate::session::Session;

/// `zepto push`
pub(crate) async fn push(args: &args::Push) -> Result<(), Failure> {
    let mut input = Input::new(&args.payload, args.count, args.common.format)?;
    let push = zeptomq::Push::with(args.endpoints.options()).map_err(Failure::usage)?;
    let sent = Counter::new("sent");
    let counters = [&sent];
    let mut session = Session::begin(&args.common, push.monitor(), None, &counters)?;
    endpoints::open(&push, &args.endpoints).await?;
    let worked = session
        .work(async {
            push.wait_for_peers(args.wait.peers()).await;
            while let Some(message) = input.next().await? {
                push.send(message).await.map_err(Failure::failed)?;
                sent.add_one();
            }
            Ok(())
        })
        .await;
    let worked = session.leave(worked, push.close()).await;
    or_interrupted_as_meant(worked, args.count.is_none() && !args.payload.is_given())
}
