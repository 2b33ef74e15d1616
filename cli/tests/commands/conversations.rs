//! Do the commands talk to each other?

use std::path::PathBuf;

use crate::support::{ANY, Zepto};

/// A path that no other test uses.
fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("zepto-test-{}-{name}", std::process::id()))
}

#[test]
fn push_sends_each_line_and_pull_prints_it() {
    let (pull, at) = Zepto::bound(&["pull", "-n", "3", "-t", "15s"]);
    let push = Zepto::run(&["push", "-c", &at], "one\n\ntwo\tframes\n");
    assert_eq!((push.status, push.stderr), (0, vec![]));
    let pull = pull.ended();
    assert_eq!(pull.stdout, ["one", "", "two\tframes"]);
    assert_eq!((pull.status, pull.stderr), (0, vec![]));
}

#[test]
fn push_binds_and_sends_the_given_frames_as_often_as_told_once_its_peers_are_there() {
    let (push, at) = Zepto::bound(&["push", "-d", "a", "-d", "", "-d", r"\x00b", "-n", "4", "-w", "2", "-t", "15s"]);
    let pulls = [(); 2].map(|()| Zepto::start(&["pull", "-c", &at, "-n", "2", "-f", "hex", "-t", "15s"]));
    assert_eq!(push.ended().status, 0);
    for pull in pulls {
        let pull = pull.ended();
        assert_eq!((pull.status, pull.stdout), (0, vec!["61 - 0062".to_owned(); 2]));
    }
}

#[cfg(unix)]
#[test]
fn push_may_start_before_pull() {
    let at = format!("ipc://{}", temporary("early").display());
    let push = Zepto::start(&["push", "-c", &at, "-d", "early", "-t", "15s"]);
    let pull = Zepto::start(&["pull", "-b", &at, "-n", "1", "-t", "15s"]);
    assert_eq!(push.ended().status, 0);
    assert_eq!(pull.ended().stdout, ["early"]);
}

#[test]
fn every_format_is_read_as_it_is_printed() {
    for (format, line) in [
        ("text", "\\x00\\xff\t\tgr\u{fc}n C:\\new \\x5cx00"),
        ("hex", "00ff - 68"),
        ("json", r#"["a\tb","",{"hex":"00ff"}]"#),
    ] {
        let (pull, at) = Zepto::bound(&["pull", "-n", "1", "-f", format, "-t", "15s"]);
        assert_eq!(Zepto::run(&["push", "-c", &at, "-f", format], &format!("{line}\n")).status, 0);
        assert_eq!(pull.ended().stdout, [line], "{format}");
    }
}

#[test]
fn a_file_is_one_message() {
    let path = temporary("file");
    std::fs::write(&path, "line\n".repeat(1_000_000)).unwrap();
    let (pull, at) = Zepto::bound(&["pull", "-n", "1", "-t", "15s"]);
    let push = Zepto::run(&["push", "-c", &at, "--file", path.to_str().unwrap(), "-t", "15s"], "");
    std::fs::remove_file(path).unwrap();
    assert_eq!((push.status, push.stderr), (0, vec![]));
    assert_eq!(pull.ended().stdout, ["line\\x0a".repeat(1_000_000)]);
}

#[test]
fn a_req_prints_the_reply_to_each_line() {
    let (rep, at) = Zepto::bound(&["rep", "--echo", "-n", "2", "-t", "15s"]);
    let req = Zepto::run(&["req", "-c", &at, "-t", "15s"], "one\ntwo\tframes\n");
    assert_eq!((req.status, req.stdout, req.stderr), (0, vec!["one".to_owned(), "two\tframes".to_owned()], vec![]));
    let rep = rep.ended();
    assert_eq!((rep.status, rep.stdout), (0, vec!["one".to_owned(), "two\tframes".to_owned()]));
}

#[test]
fn a_req_repeats_its_request_and_a_rep_its_answer() {
    let (rep, at) = Zepto::bound(&["rep", "-d", "pong", "-d", "2", "-t", "15s"]);
    let req = Zepto::run(&["req", "-c", &at, "-d", "ping", "-n", "3", "-t", "15s"], "");
    assert_eq!((req.status, req.stdout), (0, vec!["pong\t2".to_owned(); 3]));
    for _ in 0..3 {
        assert_eq!(rep.line(), "ping");
    }
}

#[test]
fn a_rep_answers_with_the_lines_of_stdin_and_ends_with_them() {
    let (mut rep, at) = Zepto::bound(&["rep", "-t", "15s"]);
    let req = Zepto::start(&["req", "-c", &at, "-d", "question", "-t", "15s"]);
    assert_eq!(rep.line(), "question");
    rep.write("answer\n");
    assert_eq!(req.ended().stdout, ["answer"]);
    assert_eq!(rep.ended().status, 0);
}

#[test]
fn a_rep_whose_answers_ran_out_says_so() {
    let (rep, at) = Zepto::bound(&["rep", "-t", "15s"]);
    let req = Zepto::start(&["req", "-c", &at, "-d", "question", "-t", "15s"]);
    assert_eq!(rep.line(), "question");
    let rep = rep.ended();
    assert_eq!(rep.status, 1);
    assert_eq!(rep.stderr, ["zepto: stdin is at its end, and a request is left without an answer"]);
    drop(req);
}

#[test]
fn a_router_answers_the_identity_that_it_made() {
    let (mut router, at) = Zepto::bound(&["router", "-t", "15s"]);
    let mut dealer = Zepto::start(&["dealer", "-c", &at, "-n", "2", "-t", "15s"]);
    dealer.write("hello\n");
    let line = router.line();
    let (identity, body) = line.split_once('\t').unwrap();
    assert!(identity.starts_with("\\x00") && body == "hello", "{line}");
    router.write(&format!("{identity}\tfirst\n{identity}\tsecond\n"));
    let dealer = dealer.ended_by_itself();
    assert_eq!((dealer.status, dealer.stdout), (0, vec!["first".to_owned(), "second".to_owned()]));
}

#[test]
fn a_router_sends_to_the_identity_that_a_dealer_chose() {
    let (router, at) = Zepto::bound(&["router", "-w", "1", "-d", "worker-1", "-d", "task", "-n", "1", "-t", "15s"]);
    let dealer = Zepto::start(&["dealer", "-c", &at, "--id", "worker-1", "-d", "ready", "-n", "1", "-t", "15s"]);
    let (router, dealer) = (router.ended(), dealer.ended());
    assert_eq!((router.status, router.stdout), (0, vec!["worker-1\tready".to_owned()]));
    assert_eq!((dealer.status, dealer.stdout), (0, vec!["task".to_owned()]));
}

#[test]
fn a_router_that_knows_nobody_of_that_name_says_so_and_goes_on() {
    let (mut router, at) = Zepto::bound(&["router", "-t", "15s"]);
    router.write("nobody\thello\n");
    assert_eq!(router.stderr_line(), "zepto: not sent: no peer has that identity (-w N waits for N peers)");
    let dealer = Zepto::run(&["dealer", "-c", &at, "--id", "me", "-d", "ready", "-t", "15s"], "");
    assert_eq!(dealer.status, 0);
    assert_eq!(router.line(), "me\tready");
    router.signal("INT");
    let router = router.ended_by_itself();
    assert_eq!((router.status, router.stderr), (1, vec!["zepto: 1 not sent".to_owned()]));
}

#[test]
fn a_dealer_ends_when_all_is_sent_where_it_is_told_to_count_nothing() {
    let (router, at) = Zepto::bound(&["router", "-n", "2", "-t", "15s"]);
    let dealer = Zepto::run(&["dealer", "-c", &at, "--id", "d", "-n", "0", "-t", "15s"], "1\n2\n");
    assert_eq!((dealer.status, dealer.stdout, dealer.stderr), (0, vec![], vec![]));
    assert_eq!(router.ended().stdout, ["d\t1", "d\t2"]);
}

#[test]
fn a_pub_waits_for_its_subscribers_and_each_prints_what_it_wants() {
    let (publisher, at) = Zepto::bound(&["pub", "-w", "2", "-d", "news.sport", "-d", "1:0", "-n", "3", "-t", "15s"]);
    let all = Zepto::start(&["sub", "-c", &at, "-n", "3", "-t", "15s"]);
    let sport = Zepto::start(&["sub", "-c", &at, "-s", "weather", "-s", "news.", "-n", "3", "-t", "15s"]);
    for ended in [all.ended(), sport.ended()] {
        assert_eq!((ended.status, ended.stdout), (0, vec!["news.sport\t1:0".to_owned(); 3]));
    }
    let publisher = publisher.ended();
    assert_eq!((publisher.status, publisher.stderr), (0, vec![]));
}

#[test]
fn a_sub_prints_nothing_that_it_does_not_want() {
    let (sub, at) = Zepto::bound(&["sub", "-s", "b", "-n", "2", "-t", "15s"]);
    let mut publisher = Zepto::start(&["pub", "-c", &at, "-w", "1", "-t", "15s"]);
    publisher.write("b1\na2\nb3\n");
    assert_eq!(sub.ended().stdout, ["b1", "b3"]);
}

#[test]
fn two_pairs_talk_and_a_third_is_not_heard() {
    let (mut one, at) = Zepto::bound(&["pair", "-n", "1", "-t", "15s"]);
    let mut other = Zepto::start(&["pair", "-c", &at, "-t", "15s"]);
    one.write("question\n");
    assert_eq!(other.line(), "question");
    drop(Zepto::run(&["pair", "-c", &at, "-w", "1", "-d", "intruder", "-t", "500ms"], ""));
    other.write("answer\n");
    let ended = one.ended();
    assert_eq!((ended.status, ended.stdout), (0, vec!["answer".to_owned()]));
}

#[test]
fn a_dealer_talks_to_a_rep_with_an_empty_frame_in_front() {
    let (_rep, at) = Zepto::bound(&["rep", "--echo", "-t", "15s"]);
    let dealer = Zepto::run(&["dealer", "-c", &at, "-d", "", "-d", "hi", "-n", "1", "-t", "15s"], "");
    assert_eq!((dealer.status, dealer.stdout), (0, vec!["\thi".to_owned()]));
}

#[test]
fn a_command_binds_and_connects_at_several_places_at_once() {
    let (first, at_first) = Zepto::bound(&["push", "-d", "from first", "-t", "15s"]);
    let pull = Zepto::start(&["pull", "-c", &at_first, "-b", ANY, "-b", ANY, "-n", "3", "-t", "15s"]);
    for n in 0..2 {
        let at = pull.stderr_line();
        let at = at.strip_prefix("bound ").unwrap();
        assert_eq!(Zepto::run(&["push", "-c", at, "-d", &format!("to {n}"), "-t", "15s"], "").status, 0);
    }
    assert_eq!(first.ended().status, 0);
    let mut pull = pull.ended();
    pull.stdout.sort();
    assert_eq!((pull.status, pull.stdout), (0, ["from first", "to 0", "to 1"].map(str::to_owned).to_vec()));
}

#[test]
fn an_xpub_shows_who_subscribes_in_hex_and_publishes() {
    let (xpub, at) = Zepto::bound(&["xpub", "-w", "1", "-d", "news", "-d", "1:0", "-n", "2", "-t", "15s"]);
    let sub = Zepto::start(&["sub", "-c", &at, "-s", "news", "-n", "1", "-t", "15s"]);
    assert_eq!(sub.ended().stdout, ["news\t1:0"]);
    let xpub = xpub.ended();
    assert_eq!((xpub.status, xpub.stdout), (0, vec!["016e657773".to_owned(), "006e657773".to_owned()]));
}

#[test]
fn an_xsub_subscribes_by_option_by_text_and_by_hex_lines() {
    let (mut xpub, at) = Zepto::bound(&["xpub", "-f", "json", "-t", "15s"]);
    let mut xsub = Zepto::start(&["xsub", "-c", &at, "-s", "opt", "-n", "1", "-t", "15s"]);
    assert_eq!(xpub.line(), r#"["\u0001opt"]"#);
    for (written, line) in [("0174", r#"["\u0001t"]"#), ("0074", r#"["\u0000t"]"#), ("7570", r#"["up"]"#)] {
        xsub.write(&format!("{written}\n"));
        assert_eq!(xpub.line(), line);
    }
    xpub.write("[\"optional\", \"\"]\n");
    let xsub = xsub.ended_by_itself();
    assert_eq!((xsub.status, xsub.stdout), (0, vec!["6f7074696f6e616c -".to_owned()]));
    assert_eq!(xpub.line(), r#"["\u0000opt"]"#);
}

#[test]
fn an_xsub_that_only_sends_ends_when_it_was_heard() {
    let (xpub, at) = Zepto::bound(&["xpub", "-n", "3", "-t", "15s"]);
    for text in ["\\x01given", "hello"] {
        let xsub = Zepto::run(&["xsub", "-c", &at, "-d", text, "-t", "15s"], "");
        assert_eq!((xsub.status, xsub.stdout, xsub.stderr), (0, vec![], vec![]));
    }
    assert_eq!(xpub.ended().stdout, ["01676976656e", "00676976656e", "68656c6c6f"]);
    let alone = Zepto::run(&["xsub", "-c", "tcp://127.0.0.1:1", "-d", "\\x01t", "-t", "300ms"], "");
    assert_eq!(alone.status, 3);
}
