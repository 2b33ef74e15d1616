//! Is everything answered when there is much of it and the host comes and goes?

use crate::world::{Producer, World};
use std::collections::BTreeMap;
use zeptomq_demo_app::is_prime;

const JOBS: u32 = 10_000;

/// Sends numbered jobs while there is room for them.
fn send_jobs(producer: &mut Producer, next: &mut u32) {
    while *next < JOBS && producer.send(&[&format!("job {next}")]) {
        *next += 1;
    }
}

#[test]
fn ten_thousand_jobs_are_all_answered_once_while_the_collector_comes_and_goes() {
    // Pipes that end in the middle of a message.
    let mut world = World::new(37);
    let (mut producer, mut collector) = (world.push(), Some(world.pull()));
    let (mut next, mut answers, mut boots) = (0, BTreeMap::new(), 0);
    let mut goes_at = 300;
    while answers.len() < JOBS as usize {
        let arrived = |text: String, answers: &mut BTreeMap<String, u32>, boots: &mut u32| match text.as_str() {
            "boot" => *boots += 1,
            _ => *answers.entry(text).or_default() += 1,
        };
        let gone = world.wait(60_000, |_| {
            send_jobs(&mut producer, &mut next);
            let Some(collector) = &mut collector else { return false };
            collector.recv_all().into_iter().for_each(|text| arrived(text, &mut answers, &mut boots));
            answers.len() >= goes_at
        });
        assert!(gone, "only {} of {JOBS} jobs were answered", answers.len());
        goes_at = (goes_at + 700).min(JOBS as usize);
        // It takes what is on its way, and leaves, perhaps in the middle of a message; another comes after a while.
        let mut leaving = collector.take().unwrap();
        leaving.drain().into_iter().for_each(|text| arrived(text, &mut answers, &mut boots));
        drop(leaving);
        world.wait(700, |_| {
            send_jobs(&mut producer, &mut next);
            false
        });
        collector = Some(world.pull());
    }
    assert_eq!(boots, 1);
    for number in 0..JOBS {
        assert_eq!(answers.get(&format!("done {number} {}", is_prime(number))), Some(&1), "job {number}");
    }
    assert_eq!(answers.len(), JOBS as usize);
    let counters = world.node.counters();
    assert_eq!((counters.jobs, counters.done, counters.malformed), (JOBS, JOBS, 0));
}

#[test]
fn no_job_is_answered_twice_when_the_collector_dies_and_few_answers_die_with_it() {
    let mut world = World::new(37);
    let (mut producer, mut collector) = (world.push(), world.pull());
    let (mut next, mut answers, mut deaths) = (0, BTreeMap::new(), 0);
    loop {
        let mut taken = 0;
        let full = world.wait(3000, |_| {
            send_jobs(&mut producer, &mut next);
            let some = collector.recv_all();
            taken += some.len();
            some.into_iter().for_each(|text| *answers.entry(text).or_insert(0) += 1);
            taken >= 500
        });
        if !full {
            break;
        }
        deaths += 1;
        drop(collector);
        collector = world.pull();
    }
    assert!((10..=20).contains(&deaths), "{deaths}");
    assert!(answers.values().all(|times| *times == 1));
    // What had left the node: in the pipe, or not taken at the collector, whose array holds 4,096 octets.
    let lost = JOBS as usize + 1 - answers.len();
    assert!(lost <= deaths * 300, "{lost} answers are lost by {deaths} deaths");
}

#[test]
fn a_thousand_requests_are_answered_to_clients_that_come_and_go() {
    let mut world = World::new(50);
    let mut steady = world.req();
    for batch in 0..50 {
        let mut passing = world.req();
        for number in 0..10 {
            let text = format!("{batch}.{number}");
            assert_eq!(world.call(&mut passing, &["echo", &text]), text);
            assert_eq!(world.call(&mut steady, &[&format!("echo {text}")]), text);
        }
    }
    let counters = world.node.counters();
    assert_eq!((counters.requests, counters.abandoned, counters.malformed), (1000, 0, 0));
}
