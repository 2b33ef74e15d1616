//! Where is a Python with the reference implementation, for the tests that speak to it?

use std::path::PathBuf;
use std::process::Command;

use crate::step::Stop;
use crate::tools::{self, command, output, succeeds};

/// The release whose wheels carry libzmq 4.3.5.
const PYZMQ: &str = "pyzmq==27.3.0";

/// Fails unless Python finds pyzmq with that libzmq.
const PROBE: &str = "import zmq; assert zmq.zmq_version_info() == (4, 3, 5)";

/// Where an environment keeps its interpreter.
const IN_VENV: &str = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };

/// An interpreter, and the folder it needs in `PYTHONPATH` when it has no environment of its own.
pub(crate) struct Python {
    interpreter: PathBuf,
    packages: Option<PathBuf>,
}

impl Python {
    /// One that has pyzmq: the one in `ZEPTOMQ_PYTHON`, or that of `.venv` in the checkout, which is made when missing.
    pub(crate) fn set_up() -> Result<Self, Stop> {
        if let Some(given) = std::env::var_os("ZEPTOMQ_PYTHON") {
            let python = Self { interpreter: given.into(), packages: None };
            let unfit = || Stop::Failed("the interpreter in ZEPTOMQ_PYTHON has no pyzmq with libzmq 4.3.5".to_owned());
            return if python.has_pyzmq() { Ok(python) } else { Err(unfit()) };
        }
        let system = system_interpreter()?;
        let folder = tools::root().join(".venv");
        let own = Self { interpreter: folder.join(IN_VENV), packages: None };
        let borrowed = Self { interpreter: system.into(), packages: Some(folder.join("packages")) };
        if own.has_pyzmq() {
            return Ok(own);
        }
        if borrowed.has_pyzmq() {
            return Ok(borrowed);
        }
        let venv = output(command(system, ["-m", "venv"]).arg(&folder)).and_then(|_| own.install());
        match venv {
            Ok(()) => Ok(own),
            // Debian keeps the venv module in a package of its own, often without it there is still a pip.
            Err(_) => borrowed.install().map(|()| borrowed),
        }
    }

    /// Makes this the interpreter of the tests that `command` runs.
    pub(crate) fn give_to(&self, command: &mut Command) {
        command.env("ZEPTOMQ_PYTHON", &self.interpreter);
        if let Some(packages) = &self.packages {
            command.env("PYTHONPATH", packages);
        }
    }

    fn run(&self, arguments: &[&str]) -> Command {
        let mut command = command(&self.interpreter, arguments);
        self.give_to(&mut command);
        command
    }

    fn has_pyzmq(&self) -> bool {
        succeeds(&mut self.run(&["-c", PROBE]))
    }

    fn install(&self) -> Result<(), Stop> {
        let mut pip = self.run(&["-m", "pip", "install", "--quiet", "--only-binary", "pyzmq"]);
        if let Some(packages) = &self.packages {
            pip.arg("--target").arg(packages).arg("--upgrade");
        }
        let installed = output(pip.arg(PYZMQ));
        if installed.is_ok() && self.has_pyzmq() {
            return Ok(());
        }
        Err(Stop::Missing(format!(
            "needs {PYZMQ} for Python 3, which neither a virtual environment nor pip brought; \
             on Debian: apt install python3-venv"
        )))
    }
}

/// The name of a Python 3 on this machine.
fn system_interpreter() -> Result<&'static str, Stop> {
    let names = ["python3", "python"];
    let three = |name: &&str| succeeds(&mut command(name, ["-c", "import sys; assert sys.version_info >= (3, 8)"]));
    names
        .into_iter()
        .find(three)
        .ok_or_else(|| Stop::Missing("needs Python 3.8 or later: https://python.org".to_owned()))
}
