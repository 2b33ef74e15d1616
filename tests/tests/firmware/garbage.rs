//! What becomes of those who speak something else to the node, and who is served after them?

use crate::board::{Board, COMMANDS_PORT, REPORTS_PORT, TIME_PORT};
use crate::host::{self, ask, client, counter, give_jobs, hear, producer, send, subscriber};
use crate::run;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use zeptomq_tests::chance::Chance;
use zeptomq_tests::wire::{error, frame, greeting, greeting_of, long_frame, more, opening, ping};

/// In every state of a connection, while true peers are served.
#[test]
fn garbage_at_each_port_of_the_node_harms_nobody() {
    run(async |board| {
        let mut telemetry = subscriber(board).await;
        let speaks = async |port, kind| {
            for (at, saying) in sayings().enumerate() {
                for stage in stages(kind) {
                    speak(port, &[stage, saying.clone()].concat(), at % 2 == 0).await;
                }
            }
            // Part of what a true peer says, and gone.
            for len in [1, 9, 10, 11, 63, 64, 65, 70] {
                speak(port, &opening(kind, b"")[..len], true).await;
            }
        };
        tokio::join!(
            speaks(board.telemetry, "SUB"),
            speaks(board.requests, "REQ"),
            speaks(board.work, "PUSH"),
            async {
                for _ in 0..20 {
                    telemetry.must(hear(1), "telemetry.").await;
                }
            }
        );
        all_are_served(board).await;
    });
}

/// The node comes back to each of them, and to the true peers behind them.
#[test]
fn garbage_from_servers_that_the_node_connects_to_harms_nobody() {
    run(async |board| {
        let speaks = async |port, kind: &str, which: usize| {
            let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            let stages = stages(kind);
            // Each time costs the delay before connecting again, which grows.
            for (at, saying) in sayings().skip(which).step_by(5).take(SERVED).enumerate() {
                let (mut stream, _) = listener.accept().await.unwrap();
                assert!(is_greeted(&mut stream).await);
                let _ = stream.write_all(&[&stages[at % stages.len()], &saying[..]].concat()).await;
                end(stream, at % 2 == 0).await;
            }
        };
        tokio::join!(speaks(REPORTS_PORT, "PULL", 0), speaks(COMMANDS_PORT, "PUB", 1), speaks(TIME_PORT, "REP", 2));
        all_are_served(board).await;
    });
}

/// Comes, says it, and closes the connection; or waits until the node does, who is not kept waiting.
async fn speak(port: u16, octets: &[u8], leaves: bool) {
    let coming = async {
        loop {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            if is_greeted(&mut stream).await {
                return stream;
            }
            sleep(Duration::from_millis(10)).await;
        }
    };
    // Those before may keep all places for as long as the node lets them: a quarter of a second.
    let mut stream = timeout(PLACE_MAX, coming).await.expect("there is a place");
    // The node may have closed it before all was said.
    let _ = stream.write_all(octets).await;
    end(stream, leaves).await;
}

/// Whether the node has a place for it, and says so.
async fn is_greeted(stream: &mut TcpStream) -> bool {
    let mut heard = [0; 64];
    let read = timeout(CLOSED_MAX, stream.read_exact(&mut heard)).await.expect("the node greets who greets not");
    read.is_ok() && heard == greeting()
}

async fn end(mut stream: TcpStream, leaves: bool) {
    if leaves {
        return;
    }
    let _ = stream.shutdown().await;
    // That it is closed with a RST is an end too.
    let _ = timeout(CLOSED_MAX, stream.read_to_end(&mut Vec::new())).await.expect("the node closes the connection");
}

/// One that is of another type than ours will not be spoken to at all; but what is there may be restarted as what it
/// should be.
#[test]
fn servers_of_the_wrong_type_are_tried_again() {
    run(async |board| {
        let wrong = async |port, kind: &str| {
            let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.write_all(&opening(kind, b"")).await;
            assert!(is_greeted(&mut stream).await);
            end(stream, false).await;
        };
        tokio::join!(wrong(REPORTS_PORT, "REP"), wrong(COMMANDS_PORT, "PULL"), wrong(TIME_PORT, "PUB"));
        all_are_served(board).await;
    });
}

/// Each socket does what it is for, with libzmq.
pub(crate) async fn all_are_served(board: &Board) {
    let (mut subscriber, mut client, mut producer) = tokio::join!(subscriber(board), client(board), producer(board));
    let (mut collector, mut commander, mut server) =
        tokio::join!(host::collector(), host::commander(), host::time_server());
    tokio::join!(
        async { subscriber.must(hear(4), "telemetry.").await },
        async {
            producer.must(give_jobs(4_294_967_291, 1), "given").await;
            // What had left for those who were not true is gone with them.
            while collector.ask(hear(1)).await != "done 4294967291 true" {}
        },
        async { server.must(r#""do": "answer", "text": "noon""#, "time?").await },
        async {
            commander.must(hear(1), "\u{1}cmd.").await;
            let before = counter(&mut client, "commands").await;
            commander.must(send("cmd.loud"), "sent").await;
            while counter(&mut client, "commands").await == before {}
            assert_eq!(client.ask(ask("ping")).await, "pong");
        }
    );
}

/// What other programs say, frames of sizes that nobody has, and octets at random.
fn sayings() -> impl Iterator<Item = Vec<u8>> {
    let foreign: [&[u8]; 6] = [
        b"asdf\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        b"\x16\x03\x01\0\x2f\x01\0\0\x2b\x03\x03abcdefghijklmnopqrstuvwxyz012345\0\0\x04\x13\x01\x13\x02\x01\0\0\0",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"\x05\0abcd\x03\0hi",
    ];
    let frames = [
        greeting_of(1, 0)[..12].to_vec(),
        greeting().repeat(3),
        vec![0; 300],
        vec![0xff; 3000],
        long_frame(0, u64::MAX, b""),
        long_frame(1, u64::MAX >> 1, b"begun"),
        long_frame(4, 1 << 63, b"\x05READY"),
        long_frame(0, 1 << 31, &[b'x'; 5000]),
        frame(4, b"\x05READY"),
        frame(4, b"\xffSUBSCRIBE"),
        frame(4, &[b"\x09SUBSCRIBE".as_slice(), &[b't'; 240]].concat()),
        more(b"").repeat(200),
        frame(0, &[0xff; 250]).repeat(20),
        ping(u16::MAX, &[7; 16]).repeat(30),
        error("no"),
    ];
    let foreign = foreign.map(<[u8]>::to_vec);
    foreign.into_iter().chain(frames).chain((0..RANDOM).map(|seed| Chance(seed).babble()))
}

/// What comes before them: nothing, half a greeting, a greeting, all that opens a connection.
fn stages(theirs: &str) -> [Vec<u8>; 4] {
    [Vec::new(), greeting()[..32].to_vec(), greeting().to_vec(), opening(theirs, b"")]
}

const RANDOM: u64 = 40;
/// To how many servers of each port that are none the node connects.
const SERVED: usize = 6;
const PLACE_MAX: Duration = Duration::from_millis(1500);
const CLOSED_MAX: Duration = Duration::from_secs(10);
