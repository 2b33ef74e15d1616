//! What the command line asks for.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::case::Case;
use crate::cell::Times;
use crate::child::Orders;
use crate::peer::Peer;

/// The two things that this program does, and its usage.
pub(crate) enum Command {
    /// Measure peers beside each other.
    Measure(Plan),
    /// Play a role for the measuring process, which starts this program again.
    Play(Orders),
    /// Print the usage.
    Help,
}

/// What a run measures.
pub(crate) struct Plan {
    /// How often each cell is measured.
    pub(crate) repetitions: usize,
    /// Cells, in order.
    pub(crate) cases: Vec<Case>,
    /// Who takes part, in the table's order.
    pub(crate) peers: Vec<&'static Peer>,
    /// Warm-up and window of each cell.
    pub(crate) times: Times,
    /// Where every single value goes.
    pub(crate) json: Option<PathBuf>,
    /// The folder that the plots go to.
    pub(crate) plots: Option<PathBuf>,
}

/// The usage.
pub(crate) const USAGE: &str = "\
usage: zeptomq-bench [options]
  --short           about a minute: a few cases of zeptomq, libzmq and raw-tokio, three times
  --repetitions N   how often each cell is measured (default 5)
  --case CASE       repeatable (default all); N octets, k and m allowed:
                      pushN                  PUSH to PULL
                      reqN, reqN-apart       REQ/REP one at a time: on one CPU, on a CPU each
                      flightN                DEALER/ROUTER, 64 in flight
                      pubN, pubN-drop        PUB to 8 SUB: waiting for the slowest, dropping
                      connsN                 1,000 PUSH to one PULL
                      ipc-pushN, ipc-reqN    as above, over a Unix domain socket
                      topicsN                PUB to one SUB with N topics
  --peer NAME       repeatable (default all that are built in)
  --warm-up-ms N    before each window (default 250)
  --window-ms N     the measured time (default 600)
  --json FILE       also write every single value there
  --plots FOLDER    also draw each group of cases there";

impl Command {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter().peekable();
        if arguments.next_if(|first| first == "peer").is_some() {
            return orders(arguments).map(Command::Play);
        }
        let arguments: Vec<String> = arguments.collect();
        let short = arguments.iter().any(|argument| argument == "--short");
        let (mut plan, mut arguments) = (Plan::new(short), arguments.into_iter());
        while let Some(option) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{option}` needs a value"));
            match option.as_str() {
                "--help" | "-h" => return Ok(Command::Help),
                "--short" => (),
                "--repetitions" => plan.repetitions = at_least_one(&option, &value()?)?,
                "--case" => plan.cases.push(value()?.parse()?),
                "--peer" => plan.peers.push(Peer::named(&value()?)?),
                "--warm-up-ms" => plan.times.warm_up = Duration::from_millis(number(&option, &value()?)?),
                "--window-ms" => plan.times.window = Duration::from_millis(at_least_one(&option, &value()?)? as u64),
                "--json" => plan.json = Some(PathBuf::from(value()?)),
                "--plots" => plan.plots = Some(PathBuf::from(value()?)),
                _ => return Err(format!("unknown option `{option}`; --help lists them")),
            }
        }
        if plan.cases.is_empty() && short {
            plan.cases.extend(Case::short());
        } else if plan.cases.is_empty() {
            plan.cases.extend(Case::all());
        }
        if plan.peers.is_empty() {
            plan.peers.extend(Peer::ALL.iter().filter(|peer| !short || peer.is_in_short));
        }
        Ok(Command::Measure(plan))
    }
}

impl Plan {
    /// What is not asked for otherwise; cases and peers are still to be named.
    fn new(short: bool) -> Self {
        let (repetitions, warm_up_ms, window_ms) = if short { (3, 150, 300) } else { (5, 250, 600) };
        Self {
            repetitions,
            cases: Vec::new(),
            peers: Vec::new(),
            times: Times { warm_up: Duration::from_millis(warm_up_ms), window: Duration::from_millis(window_ms) },
            json: None,
            plots: None,
        }
    }
}

/// PEER CASE CPU [ENDPOINT], where CPU is a number or `any`.
fn orders(mut arguments: impl Iterator<Item = String>) -> Result<Orders, String> {
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("`peer` needs a {what}"));
    Ok(Orders {
        peer: Peer::named(&next("name")?)?,
        case: next("case")?.parse()?,
        cpu: match next("CPU")?.as_str() {
            "any" => None,
            cpu => Some(number("CPU", cpu)?),
        },
        endpoint: arguments.next(),
    })
}

fn at_least_one(option: &str, text: &str) -> Result<usize, String> {
    match number(option, text)? {
        0 => Err(format!("`{option}` is at least 1")),
        number => Ok(number),
    }
}

fn number<T: FromStr>(option: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{option}` needs a number, not `{text}`"))
}
