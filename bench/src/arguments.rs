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
}

/// The usage.
pub(crate) const USAGE: &str = "\
usage: zeptomq-bench [options]
  --repetitions N   how often each cell is measured (default 5)
  --case CASE       pushN or reqN, N octets, k and m allowed; repeatable (default push16, push16k, req16)
  --peer NAME       repeatable (default all that are built in)
  --warm-up-ms N    before each window (default 250)
  --window-ms N     the measured time (default 600)
  --json FILE       also write every single value there";

impl Command {
    /// Reads the arguments that follow the program's name.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter().peekable();
        if arguments.next_if(|first| first == "peer").is_some() {
            return orders(arguments).map(Command::Play);
        }
        let mut plan = Plan {
            repetitions: 5,
            cases: Vec::new(),
            peers: Vec::new(),
            times: Times { warm_up: Duration::from_millis(250), window: Duration::from_millis(600) },
            json: None,
        };
        while let Some(option) = arguments.next() {
            if option == "--help" || option == "-h" {
                return Ok(Command::Help);
            }
            let mut value = || arguments.next().ok_or_else(|| format!("`{option}` needs a value"));
            match option.as_str() {
                "--repetitions" => plan.repetitions = at_least_one(&option, &value()?)?,
                "--case" => plan.cases.push(value()?.parse()?),
                "--peer" => plan.peers.push(Peer::named(&value()?)?),
                "--warm-up-ms" => plan.times.warm_up = Duration::from_millis(number(&option, &value()?)?),
                "--window-ms" => plan.times.window = Duration::from_millis(at_least_one(&option, &value()?)? as u64),
                "--json" => plan.json = Some(PathBuf::from(value()?)),
                _ => return Err(format!("unknown option `{option}`; --help lists them")),
            }
        }
        if plan.cases.is_empty() {
            plan.cases.extend(Case::DEFAULT);
        }
        if plan.peers.is_empty() {
            plan.peers.extend(Peer::ALL);
        }
        Ok(Command::Measure(plan))
    }
}

/// PEER ROLE BODY_LEN CPU [ENDPOINT], where CPU is a number or `any`.
fn orders(mut arguments: impl Iterator<Item = String>) -> Result<Orders, String> {
    let mut next = |what: &str| arguments.next().ok_or_else(|| format!("`peer` needs a {what}"));
    Ok(Orders {
        peer: Peer::named(&next("name")?)?,
        role: next("role")?.parse()?,
        body_len: number("body length", &next("body length")?)?,
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
