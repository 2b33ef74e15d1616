//! Does each socket do what its row of the table says?

use crate::world::World;

/// What a subscriber heard of a topic.
fn of<'a>(heard: &'a [String], topic: &str) -> Vec<&'a str> {
    let start = format!("{topic}|");
    heard.iter().filter_map(|message| message.strip_prefix(&start)).collect()
}

#[test]
fn telemetry_comes_every_100_ms_to_four_subscribers() {
    let mut world = World::new(1000);
    let mut subs = ["telemetry.", "", "telemetry.temp", "telemetry.load"].map(|topic| world.sub(topic));
    world.pass(500);
    subs.iter_mut().for_each(|sub| _ = sub.recv_all());
    for second in 0..3 {
        let mut heard = Vec::new();
        world.wait(1000, |_| {
            heard.resize(subs.len(), Vec::new());
            heard.iter_mut().zip(&mut subs).for_each(|(heard, sub)| heard.extend(sub.recv_all()));
            false
        });
        let counts: Vec<_> = heard
            .iter()
            .map(|heard| ["telemetry.temp", "telemetry.load"].map(|topic| of(heard, topic).len()))
            .collect();
        assert_eq!(counts, [[10, 10], [10, 10], [10, 0], [0, 10]], "second {second}");
        for value in of(&heard[0], "telemetry.temp") {
            assert!((18.0..=24.0).contains(&value.parse::<f32>().unwrap()), "{value}");
        }
        // Nothing else goes on but one question in 5 seconds, or in 2 while nobody answers.
        for value in of(&heard[0], "telemetry.load") {
            assert!((20..=30).contains(&value.parse::<u32>().unwrap()), "{value}");
        }
    }
}

#[test]
fn requests_are_answered_to_two_clients() {
    let mut world = World::new(1000);
    let mut clients = [world.req(), world.req()];
    let table: [(&[&str], &str); 11] = [
        (&["ping"], "pong"),
        (&["echo hello there"], "hello there"),
        (&["echo", "hello there"], "hello there"),
        (&["rate 250"], "ok"),
        (&["rate", "100"], "ok"),
        (&["rate 9"], "error: a rate is 10 to 60000 milliseconds, as in `rate 250`"),
        (&["rate fast"], "error: a rate is 10 to 60000 milliseconds, as in `rate 250`"),
        (&["echo"], "error: echo needs something to say, as in `echo hello`"),
        (&["reboot"], "error: unknown request; there are ping, echo X, rate MS and stats"),
        (&[""], "error: unknown request; there are ping, echo X, rate MS and stats"),
        (&["ping", "a", "b"], "error: unknown request; there are ping, echo X, rate MS and stats"),
    ];
    for (request, reply) in table {
        for client in &mut clients {
            assert_eq!(world.call(client, request), reply, "{request:?}");
        }
    }
    let [client, _] = &mut clients;
    let (longest, too_long) = (format!("echo {}", "x".repeat(384)), format!("echo {}", "x".repeat(385)));
    assert_eq!(world.call(client, &[&longest]), longest["echo ".len()..]);
    assert_eq!(world.call(client, &[&too_long]), "error: the reply is too long");
    let stats = world.call(client, &["stats"]);
    assert!(stats.starts_with("up_ms="), "{stats}");
    for counted in ["requests=25", "malformed=12", "abandoned=0", "jobs=0", "dropped=0"] {
        assert!(stats.split(' ').any(|word| word == counted), "{counted} is not in {stats}");
    }
    assert_eq!((world.node.counters().requests, world.node.counters().malformed), (25, 12));
}

#[test]
fn jobs_of_two_producers_are_answered_behind_a_boot() {
    let mut world = World::new(1000);
    let (mut one, mut other, mut collector) = (world.push(), world.push(), world.pull());
    for (one_job, other_job) in [("job 7", "job 8"), ("job 4294967291", "job 4294967295")] {
        assert!(one.send(&[one_job]) && other.send(&["job", &other_job["job ".len()..]]));
    }
    let mut reports = Vec::new();
    assert!(world.wait(1000, |_| {
        reports.extend(collector.recv_all());
        reports.len() == 5
    }));
    assert_eq!(reports.remove(0), "boot");
    reports.sort();
    assert_eq!(reports, ["done 4294967291 true", "done 4294967295 false", "done 7 true", "done 8 false"]);

    // Another collector is told of no second boot.
    drop(collector);
    let mut collector = world.pull();
    assert!(one.send(&["job 2"]));
    assert!(world.wait(20_000, |_| {
        reports = collector.recv_all();
        !reports.is_empty()
    }));
    assert_eq!(reports, ["done 2 true"]);
}

#[test]
fn commands_set_the_pace_of_the_telemetry() {
    let mut world = World::new(1000);
    let (mut sub, mut publisher) = (world.sub("telemetry.temp"), world.publisher());
    world.pass(500);
    let table: [(&[&str], usize); 8] = [
        (&["cmd.rate 250"], 4),
        (&["cmd.rate", "50"], 20),
        (&["cmd.rate 5"], 20),
        (&["other.rate 250"], 20),
        (&["cmd.quiet"], 0),
        (&["cmd.rate 200"], 0),
        (&["cmd.loud"], 5),
        (&["cmd.loud"], 5),
    ];
    for (command, per_second) in table {
        assert!(publisher.send(command));
        // What was due before is over.
        world.pass(500);
        sub.recv_all();
        let mut heard = 0;
        world.wait(1000, |_| {
            heard += sub.recv_all().len();
            false
        });
        assert_eq!(heard, per_second, "{command:?}");
    }
    let counters = world.node.counters();
    assert_eq!((counters.commands, counters.malformed), (6, 1));
}

#[test]
fn the_time_is_asked_every_5_seconds() {
    let mut world = World::new(1000);
    let mut server = world.rep();
    let mut asked = 0;
    world.wait(60_000, |_| {
        if let Some(question) = server.recv() {
            assert_eq!(question, ["time?"]);
            asked += 1;
            assert!(server.send(&[&format!("12:00:{asked:02}")]));
        }
        false
    });
    assert_eq!(asked, 13);
    let counters = world.node.counters();
    assert_eq!((counters.asked, counters.answers, counters.missed), (13, 13, 0));
    let mut client = world.req();
    assert!(world.call(&mut client, &["stats"]).ends_with(" time=12:00:13"));
}

#[test]
fn a_burst_is_taken_bit_by_bit_and_the_node_says_that_some_is_left() {
    let mut world = World::new(1000);
    let (mut producer, mut client) = (world.push(), world.dealer());
    world.pass(100);
    for number in 0..10 {
        assert!(producer.send(&[&format!("job {number}")]));
    }
    world.deliver();
    let (before, mut left) = (world.node.counters().jobs, Vec::new());
    for _ in 0..3 {
        left.push((world.poll_node(), world.node.counters().jobs - before));
    }
    assert_eq!(left, [(true, 4), (true, 8), (false, 10)]);

    for _ in 0..5 {
        assert!(client.send(&["", "ping"]));
    }
    world.deliver();
    assert_eq!([world.poll_node(), world.poll_node()], [true, false]);
    assert_eq!(world.node.counters().requests, 5);
}

#[test]
fn a_client_that_asks_much_at_once_is_answered_in_order() {
    let mut world = World::new(60);
    let mut client = world.dealer();
    let requests: Vec<_> = (0..12).map(|number| format!("{number}{}", "x".repeat(300))).collect();
    for request in &requests {
        assert!(client.send(&["", "echo", request]));
    }
    let mut replies = Vec::new();
    assert!(world.wait(5000, |_| {
        replies.extend(client.recv_all());
        replies.len() == requests.len()
    }));
    assert!(replies.iter().zip(&requests).all(|(reply, request)| reply.strip_prefix('|') == Some(request)));
    assert_eq!(world.node.counters().abandoned, 0);
}
