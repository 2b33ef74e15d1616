//! Where do our peers find us, and where do we find them?

use std::time::Duration;

use zeptomq::core::pattern::Pattern;
use zeptomq::{BindError, EndpointError, Options, Socket};

use crate::args::{Endpoints, Identified, Wait};
use crate::failure::Failure;
use crate::report;

impl Endpoints {
    /// The options of a socket at these endpoints.
    pub(crate) fn options(&self) -> Options {
        // It is the session that decides how long the socket goes on sending.
        let options = Options::new().linger(LINGER);
        if self.open { options.allow_unauthenticated() } else { options }
    }
}

impl Wait {
    /// How many peers to wait for.
    pub(crate) fn peers(&self) -> usize {
        usize::try_from(self.wait).unwrap_or(usize::MAX)
    }
}

impl Identified {
    /// Adds the identity to the options.
    pub(crate) fn name(&self, options: Options) -> Options {
        match &self.id {
            Some(identity) => options.identity(identity.0.clone()),
            None => options,
        }
    }
}

/// Binds, tells where, and connects.
pub(crate) async fn open<P: Pattern + Send + 'static>(socket: &Socket<P>, at: &Endpoints) -> Result<(), Failure> {
    for endpoint in &at.places.bind {
        let bound = socket.bind(&endpoint.to_string()).await.map_err(not_bound)?;
        report::plain_line(&format!("bound {bound}"));
    }
    for endpoint in &at.places.connect {
        socket.connect(&endpoint.to_string()).map_err(not_connected)?;
    }
    Ok(())
}

fn not_bound(error: BindError) -> Failure {
    match error {
        BindError::Endpoint(error) => not_connected(error),
        // It is the command line that has to say that this is meant.
        BindError::Unauthenticated(endpoint) => Failure::Usage(format!(
            "{endpoint} can be reached from other machines, and anybody who reaches it is let in: \
             add --open if that is meant, or bind to 127.0.0.1"
        )),
        error => Failure::failed(error),
    }
}

fn not_connected(error: EndpointError) -> Failure {
    match error {
        EndpointError::NoRuntime | EndpointError::NoThread(_) | EndpointError::TooMany => Failure::failed(error),
        error => Failure::usage(error),
    }
}

/// The longest that a socket may have.
const LINGER: Duration = Duration::from_secs(24 * 24 * 3600);
