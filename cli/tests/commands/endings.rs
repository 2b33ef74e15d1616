//! Do the commands end when and as they should, and say why in one line?

use std::io::{BufRead, BufReader, Read};
use std::time::{Duration, Instant};

use crate::support::{ANY, DEADLINE, Zepto, command};

/// Where nobody listens: a port that no program is given by chance.
const NOBODY: &str = "tcp://127.0.0.1:1";

/// Runs a command that must fail and gives the one line that it says.
#[track_caller]
fn failed(args: &[&str], input: &str, status: i32) -> String {
    let ended = Zepto::run(args, input);
    assert_eq!(ended.status, status, "{args:?}: {ended:?}");
    assert_eq!(ended.stdout, Vec::<String>::new(), "{args:?}");
    let said: Vec<_> = ended.stderr.iter().filter(|line| !line.starts_with("bound ")).collect();
    assert_eq!(said.len(), 1, "{args:?}: {said:?}");
    let line = said[0].strip_prefix("zepto: ");
    line.unwrap_or_else(|| panic!("{args:?}: {said:?}")).to_owned()
}

#[track_caller]
fn says(line: &str, words: &[&str]) {
    for word in words {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
}

#[test]
fn wrong_usage_is_status_2_and_one_line() {
    for (args, words) in [
        (&["push"][..], &["--bind <ENDPOINT>", "--connect <ENDPOINT>", "zepto push --help"][..]),
        (&["nonsense"], &["nonsense"]),
        (&["push", "-c", "tcp://127.0.0.1:1", "--bnd", "x"], &["--bnd", "--bind"]),
        (&["push", "-c", "127.0.0.1:5555"], &["127.0.0.1:5555", "tcp://127.0.0.1:5555"]),
        (&["push", "-c", "tcp://127.0.0.1"], &["no port", "tcp://127.0.0.1:5555"]),
        (&["push", "-c", "tcp://127.0.0.1:99999"], &["port", "65535"]),
        (&["push", "-c", "tcp://*:5555"], &["tcp://*:5555"]),
        (&["push", "-c", "tcp://127.0.0.1:1", "-d", "a", "--file", "b"], &["--file"]),
        (&["pull", "-b", ANY, "-t", "soon"], &["500ms"]),
        (&["pull", "-b", ANY, "-n", "0"], &["1"]),
        (&["pull", "-b", ANY, "-f", "xml"], &["text", "hex", "json"]),
        (&["req", "-c", "tcp://127.0.0.1:1", "--id", ""], &["identity"]),
        (&["router", "-b", ANY, "-d", "alone"], &["-d IDENTITY -d TEXT"]),
        (&["pull", "-b", "tcp://0.0.0.0:0"], &["--open"]),
        (&["rep", "-b", ANY, "--echo", "-d", "x"], &["--echo"]),
    ] {
        says(&failed(args, "", 2), words);
    }
}

#[test]
fn no_command_at_all_shows_the_help() {
    let ended = Zepto::run(&[], "");
    assert_eq!(ended.status, 2);
    assert!(ended.stderr.iter().any(|line| line.contains("zepto demo")));
    let help = Zepto::run(&["push", "--help"], "");
    assert_eq!((help.status, help.stderr), (0, vec![]));
    assert!(help.stdout.iter().any(|line| line.contains("--connect")));
}

#[test]
fn an_address_in_use_is_named() {
    let (_pull, at) = Zepto::bound(&["pull"]);
    says(&failed(&["pull", "-b", &at], "", 1), &[&at, "in use"]);
}

#[test]
fn a_peer_of_the_wrong_type_is_named_and_not_tried_again() {
    let (pull, at) = Zepto::bound(&["pull", "-t", "15s"]);
    says(&failed(&["pull", "-c", &at, "-t", "15s"], "", 1), &[&at, "PULL"]);
    says(&pull.stderr_line(), &[&at, "PULL"]);
    says(&failed(&["req", "-c", &at, "-d", "x", "-t", "15s"], "", 1), &[&at, "PULL", "REQ"]);
}

#[test]
fn the_time_is_over_when_nothing_comes() {
    for args in [
        &["pull", "-b", ANY, "-n", "1", "-t", "300ms"][..],
        &["push", "-b", ANY, "-d", "x", "-t", "300ms"],
        &["rep", "-b", ANY, "-d", "x", "-t", "300ms"],
        &["dealer", "-b", ANY, "-d", "x", "-t", "300ms"],
        &["router", "-b", ANY, "-w", "1", "-d", "x", "-d", "y", "-t", "300ms"],
    ] {
        let begun = Instant::now();
        says(&failed(args, "", 3), &["timed out after 300ms"]);
        assert!(begun.elapsed() >= Duration::from_millis(300));
    }
}

#[test]
fn who_connects_to_nobody_says_so_when_the_time_is_over() {
    for kind in ["push", "req", "dealer"] {
        let line = failed(&[kind, "-c", NOBODY, "-d", "x", "-t", "400ms"], "", 3);
        says(&line, &["timed out after 400ms", NOBODY, "refused"]);
        assert_eq!(line.contains("not all of it has left"), kind != "req", "{line}");
    }
    says(&failed(&["pull", "-c", NOBODY, "-t", "400ms"], "", 3), &[NOBODY, "refused"]);
}

#[test]
fn a_wrong_line_of_stdin_is_named() {
    let (_pull, at) = Zepto::bound(&["pull"]);
    let line = failed(&["push", "-c", &at, "-f", "hex"], "68\n6\n", 1);
    says(&line, &["line 2 of stdin", "\"6\" is not hex"]);
    says(&failed(&["push", "-c", &at, "-f", "json"], "{}\n", 1), &["line 1 of stdin", "array"]);
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    says(&failed(&["push", "-c", "tcp://127.0.0.1:1", "--file", "/no/such"], "", 1), &["/no/such", "No such file"]);
}

#[test]
fn an_identity_that_nobody_has_is_a_failure() {
    let line = failed(&["router", "-b", ANY, "-d", "nobody", "-d", "x"], "", 1);
    says(&line, &["no peer has that identity", "-w"]);
}

#[test]
fn a_closed_stdout_ends_the_command_at_once_and_quietly() {
    let mut pull = command(&["pull", "-b", ANY]).spawn().unwrap();
    let mut stderr = BufReader::new(pull.stderr.take().unwrap());
    let mut bound = String::new();
    stderr.read_line(&mut bound).unwrap();
    let at = bound.trim().strip_prefix("bound ").unwrap();
    assert_eq!(Zepto::run(&["push", "-c", at, "-d", "hello"], "").status, 0);
    let mut stdout = BufReader::new(pull.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "hello\n");
    drop(stdout);

    let begun = Instant::now();
    let status = loop {
        if let Some(status) = pull.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > DEADLINE {
            pull.kill().unwrap();
            panic!("still running");
        }
        // The standard library cannot wait for a child with a deadline.
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut said = String::new();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_what_has_no_end_and_fails_what_has() {
    for signal in ["INT", "TERM"] {
        let (pull, at) = Zepto::bound(&["pull"]);
        assert_eq!(Zepto::run(&["push", "-c", &at, "-d", "x"], "").status, 0);
        assert_eq!(pull.line(), "x");
        pull.signal(signal);
        let pull = pull.ended();
        assert_eq!((pull.status, pull.stderr), (0, vec![]));
    }
    let (pull, _) = Zepto::bound(&["pull", "-n", "5"]);
    pull.signal("INT");
    let pull = pull.ended();
    assert_eq!((pull.status, pull.stderr), (1, vec!["zepto: interrupted: 0 received".to_owned()]));
}

#[cfg(unix)]
#[test]
fn an_interrupted_push_says_what_has_not_left() {
    let mut push = Zepto::start(&["push", "-c", NOBODY]);
    push.write("one\ntwo\n");
    // Nothing outside shows that both lines were taken; without them there is nothing to say.
    std::thread::sleep(Duration::from_millis(300));
    push.signal("INT");
    let push = push.ended_by_itself();
    assert_eq!((push.status, push.stderr.len()), (1, 1), "{:?}", push.stderr);
    says(&push.stderr[0], &["interrupted", "not all of it has left", "2 sent", "refused"]);
}

#[cfg(unix)]
#[test]
fn a_push_whose_peer_leaves_says_what_was_lost() {
    let (mut push, at) = Zepto::bound(&["push", "-t", "15s"]);
    let pull = Zepto::start(&["pull", "-c", &at]);
    push.write("small\n");
    assert_eq!(pull.line(), "small");
    pull.signal("STOP");
    push.write(&"x".repeat(40_000_000));
    push.end_input();
    // Nothing outside shows that push has taken the line over; before that there is nothing to lose.
    std::thread::sleep(Duration::from_millis(500));
    drop(pull);
    let push = push.ended_by_itself();
    assert_eq!((push.status, push.stderr.len()), (1, 1), "{:?}", push.stderr);
    says(&push.stderr[0], &["1 message was accepted and not delivered", &at]);
}
