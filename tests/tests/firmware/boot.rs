//! Do all six sockets talk, to libzmq and to `zepto`?

use crate::host::{ask, client, collector, commander, counter, hear, producer, send, subscriber, time_server};
use crate::run;
use crate::zepto::Zepto;

#[test]
fn all_six_sockets_talk_to_libzmq() {
    run(async |board| {
        let (mut collector, mut commander, mut time) = (collector().await, commander().await, time_server().await);
        let (mut subscriber, mut client, mut producer) =
            (subscriber(board).await, client(board).await, producer(board).await);

        collector.must(hear(1), "boot").await;
        producer.must(send("job 4294967291"), "sent").await;
        producer.must(send("job 4294967295"), "sent").await;
        collector.must(hear(2), "done 4294967291 true,done 4294967295 false").await;

        time.must(r#""do": "answer", "text": "noon""#, "time?").await;
        for (request, reply) in REQUESTS {
            assert_eq!(client.ask(ask(request)).await, *reply, "{request}");
        }

        let heard = subscriber.ask(hear(4)).await;
        let topics: Vec<_> = heard.split(',').map(|message| message.split_once(' ').unwrap()).collect();
        assert!(topics.windows(2).all(|pair| pair[0].0 != pair[1].0), "{heard}");
        for (topic, value) in topics {
            let value: f32 = value.parse().unwrap();
            match topic {
                "telemetry.temp" => assert!((18.0..=24.0).contains(&value), "{heard}"),
                "telemetry.load" => assert!(value.fract() == 0.0, "{heard}"),
                _ => panic!("{heard}"),
            }
        }

        commander.must(hear(1), "\u{1}cmd.").await;
        commander.must(send("cmd.quiet"), "sent").await;
        subscriber.must(r#""do": "hear_rest", "quiet_ms": 1000"#, "heard ").await;
        commander.must(send("cmd.loud"), "sent").await;
        subscriber.must(hear(1), "telemetry.temp ").await;
        let stats = client.ask(ask("stats")).await;
        assert!(stats.ends_with(" time=noon") && stats.contains(" jobs=2 done=2 commands=2 "), "{stats}");
    });
}

/// The command lines that `cargo xtask qemu` tells a person to type.
#[test]
fn all_six_sockets_talk_to_zepto() {
    run(async |board| {
        let (telemetry, requests, work) = (board.telemetry, board.requests, board.work);
        let mut sub = Zepto::start(&format!("sub -c tcp://127.0.0.1:{telemetry}"));
        for _ in 0..4 {
            let line = sub.line().await;
            assert!(line.starts_with("telemetry.temp\t") || line.starts_with("telemetry.load\t"), "{line}");
        }
        for (asked, reply) in [("ping", "pong"), ("'echo hello'", "hello"), ("'rate 500'", "ok"), ("stats", "up_ms=")] {
            let mut req = Zepto::start(&format!("req -c tcp://127.0.0.1:{requests} -d {asked} -t 2s"));
            let line = req.line().await;
            assert!(line.starts_with(reply), "{line}");
            req.ends().await;
        }
        let mut pull = Zepto::start("pull -b tcp://127.0.0.1:5558");
        Zepto::start(&format!("push -c tcp://127.0.0.1:{work} -d 'job 97'")).ends().await;
        assert_eq!([pull.line().await, pull.line().await], ["boot", "done 97 true"]);

        Zepto::start("pub -b tcp://127.0.0.1:5559 -w 1 -d cmd.quiet").ends().await;
        let mut client = client(board).await;
        while counter(&mut client, "commands").await < 1 {}
        let published = counter(&mut client, "telemetry").await;
        Zepto::start("pub -b tcp://127.0.0.1:5559 -w 1 -d cmd.loud").ends().await;
        while counter(&mut client, "telemetry").await == published {}

        let mut rep = Zepto::start("rep -b tcp://127.0.0.1:5561 -d noon");
        assert_eq!(rep.line().await, "time?");
        while !client.ask(ask("stats")).await.ends_with(" time=noon") {}
        rep.kill().await;
    });
}

const REQUESTS: &[(&str, &str)] = &[
    ("ping", "pong"),
    ("echo hello there", "hello there"),
    ("rate 50", "ok"),
    ("rate 9", "error: a rate is 10 to 60000 milliseconds, as in `rate 250`"),
    ("reboot", "error: unknown request; there are ping, echo X, rate MS and stats"),
];
