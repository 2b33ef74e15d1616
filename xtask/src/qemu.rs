//! How does a person see the firmware run, who has no board?

use std::net::TcpListener;

use crate::firmware::Firmware;
use crate::step::Stop;
use crate::tools;

const MACHINE: &str = "lm3s6965evb";

/// The ports of the node that are reached at the same ports of this machine's loopback address.
const PORTS: [u16; 3] = [5556, 5557, 5560];

/// What to type in another terminal. The node finds the last three by itself, whenever they start.
const NEXT: &str = "\
In another terminal:
  zepto sub -c tcp://127.0.0.1:5556                    what the node measures
  zepto req -c tcp://127.0.0.1:5557 -d ping -t 2s      or: -d stats, -d 'echo hello', -d 'rate 500'
  zepto pull -b tcp://127.0.0.1:5558                   shows which jobs are done:
  zepto push -c tcp://127.0.0.1:5560 -d 'job 97'       is 97 a prime?
  zepto pub -b tcp://127.0.0.1:5559 -w 1 -d cmd.quiet  and later cmd.loud
  zepto rep -b tcp://127.0.0.1:5561 -d noon            answers the node, which asks for the time
(Or, from this folder: cargo run --release --bin zepto -- sub -c tcp://127.0.0.1:5556)
Ctrl-C ends it. The node says:
";

/// `cargo xtask qemu`: builds, boots, and shows the node's log until somebody interrupts it.
pub(crate) fn command() -> Result<(), Stop> {
    tools::need_qemu()?;
    PORTS.into_iter().try_for_each(need_port)?;
    eprintln!("building embedded-demo ...");
    let firmware = Firmware::build()?;
    println!("{NEXT}");
    // Not -nographic, which would give Ctrl-C to the node.
    let arguments = ["-machine", MACHINE, "-display", "none", "-monitor", "none", "-serial", "stdio", "-nic"];
    let mut qemu = tools::command(tools::QEMU, arguments);
    let ended = qemu.arg(network()).arg("-kernel").arg(&firmware.path).status();
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Stop::Failed(format!("{} ended: {status}", tools::QEMU))),
        Err(error) => Err(Stop::Failed(format!("{}: {error}", tools::QEMU))),
    }
}

/// QEMU's own network, in which this machine is 10.0.2.2, with the node's ports.
fn network() -> String {
    let forwards = PORTS.map(|port| format!(",hostfwd=tcp:127.0.0.1:{port}-:{port}"));
    format!("user{}", forwards.concat())
}

/// Says which port is taken, since QEMU does not say it in words.
fn need_port(port: u16) -> Result<(), Stop> {
    TcpListener::bind(("127.0.0.1", port)).map(drop).map_err(|error| {
        Stop::Failed(format!("port {port} of 127.0.0.1 is needed for the node: {error}; end what listens there first"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_somebody_has_is_named() {
        let somebody = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = somebody.local_addr().expect("an address").port();
        let Err(Stop::Failed(reason)) = need_port(port) else { panic!("the port was taken twice") };
        assert!(reason.starts_with(&format!("port {port} of 127.0.0.1")), "{reason}");
        drop(somebody);
        assert!(need_port(port).is_ok());
    }

    #[test]
    fn the_ports_are_those_of_the_loopback_address_alone() {
        assert!(network().starts_with("user,hostfwd=tcp:127.0.0.1:5556-:5556,hostfwd=tcp:127.0.0.1:5557-:5557,"));
        assert_eq!(network().matches("tcp:127.0.0.1:").count(), PORTS.len());
    }
}
