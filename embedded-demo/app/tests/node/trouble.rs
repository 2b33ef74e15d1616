//! What does the node do about who is missing, slow, wrong or silent?

use crate::world::World;

#[test]
fn a_missing_time_server_stops_nothing_and_is_asked_once_when_it_comes() {
    let mut world = World::new(1000);
    let (mut sub, mut client, mut producer, mut collector) =
        (world.sub("telemetry.temp"), world.req(), world.push(), world.pull());
    world.pass(500);
    let (mut heard, mut reports) = (0, Vec::new());
    for second in 0..30 {
        assert_eq!(world.call(&mut client, &["ping"]), "pong");
        assert!(producer.send(&[&format!("job {second}")]));
        world.wait(1000, |_| {
            heard += sub.recv_all().len();
            reports.extend(collector.recv_all());
            false
        });
    }
    assert!((300..=306).contains(&heard), "{heard}");
    assert_eq!(reports.len(), 31);
    let counters = world.node.counters();
    assert_eq!((counters.asked, counters.missed, counters.answers), (1, 15, 0));

    let mut server = world.rep();
    let mut questions = 0;
    world.wait(12_000, |_| {
        if server.recv().is_some() {
            questions += 1;
            assert!(server.send(&["noon"]));
        }
        sub.recv_all();
        false
    });
    // One that had waited, and two in the rest of the 12 seconds at most.
    assert!((1..=3).contains(&questions), "{questions}");
    assert_eq!(world.node.counters().answers, questions);
}

#[test]
fn a_time_server_that_does_not_answer_is_asked_again_and_a_late_answer_is_not_taken() {
    let mut world = World::new(1000);
    let mut server = world.rep();
    let mut questions = 0;
    world.wait(5000, |_| {
        // It says nothing to the first and the second question.
        if server.recv().is_some() {
            questions += 1;
            server.abandon();
        }
        questions == 2
    });
    assert_eq!(questions, 2);
    assert!(world.wait(3000, |_| server.recv().is_some()));
    // The third is answered after the node has asked once more.
    world.pass(2500);
    assert!(server.send(&["late"]));
    assert!(world.wait(1000, |_| server.recv().is_some()));
    assert_eq!(world.node.counters().answers, 0);
    assert!(server.send(&["noon"]));
    assert!(world.wait(1000, |node| node.counters().answers == 1));
    let mut client = world.req();
    assert!(world.call(&mut client, &["stats"]).ends_with(" time=noon"));
}

#[test]
fn what_is_malformed_is_counted_and_what_comes_behind_it_is_done() {
    let mut world = World::new(1000);
    let (mut producer, mut collector, mut publisher, mut server) =
        (world.push(), world.pull(), world.publisher(), world.rep());
    world.pass(1000);
    for job in ["job", "job x", "job 4294967296", "\u{0}", "job 5"] {
        assert!(producer.send(&[job]));
    }
    assert!(producer.send(&["job", "5", "6"]) && producer.send(&["job 6"]));
    for command in ["cmd.", "cmd.rate", "cmd.rate 1", "cmd.quiet now", "cmd.loud"] {
        assert!(publisher.send(&[command]));
    }
    let (mut reports, mut answered) = (Vec::new(), false);
    world.wait(1000, |_| {
        reports.extend(collector.recv_all());
        if server.recv().is_some() {
            answered = server.send(&[&"9".repeat(33)]);
        }
        false
    });
    assert_eq!(reports, ["boot", "done 5 true", "done 6 false"]);
    assert!(answered);
    let counters = world.node.counters();
    assert_eq!((counters.jobs, counters.done, counters.commands, counters.answers), (7, 2, 1, 0));
    assert_eq!(counters.malformed, 5 + 4 + 1);
}

#[test]
fn a_slow_subscriber_misses_the_oldest_telemetry_and_keeps_nobody_from_his() {
    let mut world = World::new(300);
    let (mut quick, mut slow) = (world.sub("telemetry.temp"), world.sub(""));
    let mut client = world.req();
    assert_eq!(world.call(&mut client, &["rate 10"]), "ok");
    world.pass(500);
    quick.recv_all();
    let mut heard = 0;
    world.wait(20_000, |_| {
        heard += quick.recv_all().len();
        false
    });
    assert_eq!(heard, 2000);
    let stats = world.call(&mut client, &["stats"]);
    let dropped = stats.split(' ').find_map(|word| word.strip_prefix("dropped=")).unwrap();
    assert!((3000..4000).contains(&dropped.parse::<usize>().unwrap()), "{stats}");

    // When it listens again, the last that waited for it is new: a tenth of a degree for each second.
    assert_eq!(world.call(&mut client, &["rate 60000"]), "ok");
    let mut kept = Vec::new();
    world.wait(1000, |_| {
        kept.extend(slow.recv_all());
        false
    });
    assert!((100..1000).contains(&kept.len()), "{}", kept.len());
    let last = kept.iter().filter_map(|message| message.strip_prefix("telemetry.temp|")).next_back();
    assert_eq!(last, Some("20.0"));
}

#[test]
fn a_client_that_does_not_fetch_its_replies_makes_way_for_the_others() {
    let mut world = World::new(300);
    let (mut greedy, mut client) = (world.dealer(), world.req());
    world.pass(100);
    // It takes no reply; those that find no room anywhere are given up after a second each.
    let echo = format!("echo {}", "x".repeat(300));
    assert!(world.wait(30_000, |node| {
        while greedy.send(&["", &echo]) {}
        node.counters().abandoned > 0
    }));
    assert!(client.send(&["ping"]));
    assert!(world.wait(10_000, |_| client.recv().is_some_and(|reply| reply == ["pong"])));
}

#[test]
fn a_client_that_is_gone_before_its_reply_does_no_harm() {
    let mut world = World::new(60);
    let mut client = world.req();
    for _ in 0..20 {
        let mut leaving = world.req();
        world.pass(50);
        assert!(leaving.send(&[&format!("echo {}", "x".repeat(200))]));
        let before = world.node.counters().requests;
        world.wait(1000, |node| node.counters().requests > before);
        drop(leaving);
        assert_eq!(world.call(&mut client, &["ping"]), "pong");
    }
}
