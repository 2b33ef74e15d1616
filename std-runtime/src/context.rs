//! What do sockets share? The names under which they meet within the program, and the options that they begin with.

use crate::options::{Options, OptionsError};
use crate::transport::inproc::Names;
use std::sync::{Arc, LazyLock};

/// Names for `inproc://` endpoints, and options for the sockets that are made in it.
///
/// One that names no context is made in the [`global`](Self::global) one. Libraries and tests that do not want to meet
/// others' names use one of their own. Cloning is cheap, and gives the same context.
///
/// ```
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use zeptomq::{Context, Options, Pull, Push};
///
/// let context = Context::with(Options::new().linger(Duration::from_secs(1)))?;
/// let mut pull = Pull::within(&context);
/// pull.bind("inproc://work").await?;
/// let push = Push::with(context.options().identity("worker"))?;
/// push.connect("inproc://work")?;
/// push.send("hello").await?;
/// assert_eq!(&pull.recv().await?[0], b"hello");
/// # Ok(())
/// # }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(example()).unwrap();
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    /// Each of its sockets has a share of them.
    pub(crate) defaults: Arc<Options>,
}

impl Context {
    /// A context with names of its own, and the default options.
    pub fn new() -> Self {
        Self::of(Options::new())
    }

    /// A context with names of its own, whose sockets begin with these options.
    pub fn with(options: Options) -> Result<Self, OptionsError> {
        options.check()?;
        Ok(Self::of(options))
    }

    /// The context of sockets that name none, with the default options.
    pub fn global() -> Self {
        static GLOBAL: LazyLock<Context> = LazyLock::new(|| Context { defaults: Arc::new(Options::new()) });
        GLOBAL.clone()
    }

    /// The context's options, to be changed: sockets made with them are made in this context.
    pub fn options(&self) -> Options {
        Options::clone(&self.defaults)
    }

    fn of(options: Options) -> Self {
        Self { defaults: Arc::new(Options { names: Names::default(), ..options }) }
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::new()
    }
}
