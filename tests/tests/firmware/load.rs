//! Is every job done and every request answered, when there are many?

use crate::host::{ask, client, collector, counter, give_jobs, hear, producer, subscriber};
use crate::run;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use zeptomq_tests::python::Peer;

/// From two producers, small numbers and the largest that there are.
#[test]
fn ten_thousand_jobs_are_each_answered_once_and_rightly() {
    run(async |board| {
        let (mut collector, mut client) = (collector().await, client(board).await);
        let (mut one, mut other) = (producer(board).await, producer(board).await);
        collector.must(hear(1), "boot").await;
        let (small, large) = (0, u64::from(u32::MAX) - (JOBS / 2 - 1));
        one.tell(give_jobs(small, JOBS / 2)).await;
        other.tell(give_jobs(large, JOBS / 2)).await;
        let mut answered = BTreeSet::new();
        for _ in 0..JOBS / AT_ONCE {
            for answer in collector.ask(hear(AT_ONCE as usize)).await.split(',') {
                let number = verdict(answer);
                assert!(answered.insert(number), "{number} was answered twice");
            }
            // The others are not forgotten meanwhile.
            assert_eq!(client.ask(ask("ping")).await, "pong");
        }
        let asked: BTreeSet<u64> = (small..small + JOBS / 2).chain(large..large + JOBS / 2).collect();
        assert!(answered == asked, "{} answers to {} jobs", answered.len(), asked.len());
        one.says(&["given"]).await;
        other.says(&["given"]).await;
        collector.must(r#""do": "nothing", "ms": 300"#, "nothing").await;
        assert_eq!((counter(&mut client, "jobs").await, counter(&mut client, "done").await), (JOBS, JOBS));
    });
}

/// Of two clients at once, while the telemetry comes as fast as it can.
#[test]
fn a_thousand_requests_are_answered_each_to_whom_asked() {
    run(async |board| {
        let mut clients = [client(board).await, client(board).await];
        let mut subscriber = subscriber(board).await;
        clients[0].must(ask("rate 10"), "ok").await;
        subscriber.tell(hear(200)).await;
        let [one, other] = &mut clients;
        tokio::join!(asks(one, 0), asks(other, 1_000_000));
        let heard = subscriber.hear().await;
        assert_eq!(heard.split(',').count(), 200);
        assert_eq!(counter(one, "malformed").await, 0);
        // These two, and the 1,000.
        assert_eq!(counter(one, "requests").await, 1_003);
    });
}

/// Asleep it has nothing else to wake for: the telemetry is a minute away, the question for the time seconds.
#[test]
fn a_board_that_sleeps_wakes_for_every_request() {
    run(async |board| {
        let mut client = client(board).await;
        client.must(ask("rate 60000"), "ok").await;
        let begun = Instant::now();
        for number in 0..20 {
            assert_eq!(client.ask(ask(&format!("echo {number}"))).await, number.to_string());
        }
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?} for 20 requests", begun.elapsed());
    });
}

/// The board's alarm wakes it in time, and its clock goes as fast as ours: within a third, on a busy machine.
#[test]
fn the_telemetry_comes_at_its_pace() {
    run(async |board| {
        let mut subscriber = subscriber(board).await;
        subscriber.must(hear(1), "telemetry.").await;
        let heard = subscriber.ask(r#""do": "hear_for", "ms": 3000"#).await;
        let temperatures = heard.matches("telemetry.temp ").count();
        assert!((20..=32).contains(&temperatures), "{temperatures} in 3 s");
    });
}

async fn asks(client: &mut Peer, first: u32) {
    client.must(format!(r#""do": "ask_often", "first": {first}, "count": 500"#), "answered").await;
}

/// The number that is answered, whose verdict is right.
#[track_caller]
pub(crate) fn verdict(answer: &str) -> u64 {
    let words: Vec<_> = answer.split(' ').collect();
    let ["done", number, verdict] = words[..] else { panic!("{answer}") };
    let number = number.parse().unwrap();
    assert_eq!(verdict, if is_prime(number) { "true" } else { "false" }, "{answer}");
    number
}

/// By the test of Miller and Rabin, which these three bases make exact for 32 bits.
fn is_prime(number: u64) -> bool {
    let bases = [2, 7, 61];
    if number < 2 || number.is_multiple_of(2) {
        return number == 2;
    }
    let twos = (number - 1).trailing_zeros();
    bases.into_iter().filter(|base| base % number != 0).all(|base| {
        let mut power = raised(base, (number - 1) >> twos, number);
        (0..twos).any(|round| {
            let agrees = power == number - 1 || round == 0 && power == 1;
            power = power * power % number;
            agrees
        })
    })
}

fn raised(base: u64, exponent: u64, modulus: u64) -> u64 {
    let (mut result, mut square) = (1, base % modulus);
    for bit in 0..u64::BITS - exponent.leading_zeros() {
        if exponent >> bit & 1 == 1 {
            result = result * square % modulus;
        }
        square = square * square % modulus;
    }
    result
}

#[test]
fn the_test_of_primes_agrees_with_a_sieve() {
    const END: usize = 100_000;
    let mut sieve = vec![true; END];
    (sieve[0], sieve[1]) = (false, false);
    for step in (2..END).take_while(|step| step * step < END) {
        if sieve[step] {
            (step * step..END).step_by(step).for_each(|multiple| sieve[multiple] = false);
        }
    }
    for (number, prime) in (0..).zip(sieve) {
        assert_eq!(is_prime(number), prime, "{number}");
    }
    let primes = [4_294_967_291, 4_294_967_279, 4_294_967_231, 4_294_967_197, 4_294_967_189];
    for number in 4_294_967_189..1 << 32 {
        assert_eq!(is_prime(number), primes.contains(&number), "{number}");
    }
}

const JOBS: u64 = 10_000;
const AT_ONCE: u64 = 500;
