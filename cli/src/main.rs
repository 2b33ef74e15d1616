//! The `zepto` command: ZeroMQ sockets on the command line.

mod args;
mod demo;
mod duplex;
mod endpoints;
mod examples;
mod exchange;
mod failure;
mod format;
mod input;
mod interrupt;
mod output;
mod receive;
mod report;
mod send;
mod session;
mod values;
mod watch;

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ErrorKind};

use args::{Arguments, Command};
use failure::Failure;

fn main() -> ExitCode {
    let ended = match Arguments::try_parse() {
        Ok(arguments) => run(&arguments.command),
        Err(error) if is_help(&error) => {
            // Help that nobody reads to its end is help enough.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
        Err(error) => Err(Failure::Usage(one_line(&error))),
    };
    let Err(failure) = ended else { return ExitCode::SUCCESS };
    if let Some(line) = failure.line() {
        report::line(line);
    }
    failure.status()
}

fn run(command: &Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("cannot start the runtime: {error}")))?;
    let ended = runtime.block_on(async {
        match command {
            Command::Push(args) => send::push(args).await,
            Command::Pull(args) => receive::pull(args).await,
            Command::Pub(args) => send::publish(args).await,
            Command::Sub(args) => receive::subscribe(args).await,
            Command::Req(args) => exchange::req(args).await,
            Command::Rep(args) => exchange::rep(args).await,
            Command::Dealer(args) => duplex::dealer(args).await,
            Command::Router(args) => duplex::router(args).await,
            Command::Pair(args) => duplex::pair(args).await,
            Command::Xpub(args) => duplex::xpub(args).await,
            Command::Xsub(args) => duplex::xsub(args).await,
            Command::Demo => demo::run().await,
        }
    });
    // A name that is still being looked up is not waited for.
    runtime.shutdown_background();
    ended
}

/// Whether it is asked for, or is the answer to nothing at all.
fn is_help(error: &clap::Error) -> bool {
    !error.use_stderr() || error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
}

/// What is wrong with the command line, without the usage that follows.
fn one_line(error: &clap::Error) -> String {
    let command = std::env::args().nth(1).filter(|command| !command.starts_with('-'));
    let help = match command.filter(|_| error.kind() != ErrorKind::InvalidSubcommand) {
        Some(command) => format!("zepto {command} --help"),
        None => "zepto --help".to_owned(),
    };
    if let (Some(argument), Some(reason)) = (error.get(ContextKind::InvalidArg), error.source()) {
        return format!("{argument}: {reason} (see {help})");
    }
    let text = error.render().to_string();
    let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("For more information"));
    let line = lines.collect::<Vec<_>>().join(" ").replace(" tip: ", "; ");
    format!("{} (see {help})", line.strip_prefix("error: ").unwrap_or(&line))
}
