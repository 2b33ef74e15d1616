//! Why did a command end without having done what was asked?

use std::fmt;
use std::process::ExitCode;

/// What stopped a command: who must act decides the exit status.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line must change.
    Usage(String),
    /// It was tried and failed.
    Failed(String),
    /// A peer left, and something with it. The session makes a `Failed` of it that says why.
    Lost(String),
    /// The time that `--timeout` gives was over.
    TimedOut(String),
    /// The user stopped it.
    Interrupted(String),
    /// Whoever read the output has gone: nothing is left to do, and nobody to tell.
    OutputClosed,
}

impl Failure {
    /// It was tried and failed for this reason.
    pub(crate) fn failed(reason: impl fmt::Display) -> Self {
        Self::Failed(reason.to_string())
    }

    /// The command line must change for this reason.
    pub(crate) fn usage(reason: impl fmt::Display) -> Self {
        Self::Usage(reason.to_string())
    }

    /// The exit status that scripts see.
    pub(crate) fn status(&self) -> ExitCode {
        match self {
            Self::OutputClosed => ExitCode::SUCCESS,
            Self::Failed(_) | Self::Lost(_) | Self::Interrupted(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
            Self::TimedOut(_) => ExitCode::from(3),
        }
    }

    /// The line that a person sees.
    pub(crate) fn line(&self) -> Option<&str> {
        match self {
            Self::OutputClosed => None,
            Self::Usage(line) | Self::Failed(line) | Self::Lost(line) => Some(line),
            Self::TimedOut(line) | Self::Interrupted(line) => Some(line),
        }
    }
}

/// To interrupt what has no end of its own is the way to end it, and no failure.
pub(crate) fn or_interrupted_as_meant(worked: Result<(), Failure>, is_endless: bool) -> Result<(), Failure> {
    match worked {
        Err(Failure::Interrupted(_)) if is_endless => Ok(()),
        worked => worked,
    }
}
