//! What the tests share: a deadline, and a peer made of octets.
#![allow(dead_code, missing_docs, unreachable_pub, reason = "each test binary uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "what fails here is a test")]

use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use zeptomq::Endpoint;

/// Long enough for a busy machine; a test that takes so long has failed.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// The future's output, or a failed test.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(DEADLINE, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what} took longer than {DEADLINE:?}"),
    }
}

/// Runs each case of a file as a task, on a runtime of one thread and on one of two; one that is not listed is dead code.
#[macro_export]
macro_rules! on_both_runtimes {
    ($($case:ident),* $(,)?) => {
        $(mod $case {
            #[test]
            fn on_one_thread() {
                $crate::support::run(tokio::runtime::Builder::new_current_thread(), super::$case);
            }

            #[test]
            fn on_two_threads() {
                let mut builder = tokio::runtime::Builder::new_multi_thread();
                builder.worker_threads(2);
                $crate::support::run(builder, super::$case);
            }
        })*
    };
}

/// Runs a case as a task, within the deadline.
pub fn run<F>(mut builder: tokio::runtime::Builder, case: impl FnOnce() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = builder.enable_all().build().unwrap();
    let over = runtime.block_on(async { tokio::time::timeout(3 * DEADLINE, tokio::spawn(case())).await });
    // Threads of a case that failed are not waited for.
    runtime.shutdown_background();
    match over {
        Ok(Ok(())) => (),
        Ok(Err(failed)) => std::panic::resume_unwind(failed.into_panic()),
        Err(_) => panic!("not over in {:?}", 3 * DEADLINE),
    }
}

/// A connection to the endpoint that has said nothing yet.
pub async fn stranger(endpoint: &Endpoint) -> TcpStream {
    let address = endpoint.to_string().replace("tcp://", "");
    soon("connecting", TcpStream::connect(address)).await.unwrap()
}

/// A connection of a peer of this type that has shaken hands.
pub async fn peer(endpoint: &Endpoint, socket_type: &str) -> TcpStream {
    let mut stream = stranger(endpoint).await;
    shake(&mut stream, socket_type).await;
    stream
}

/// Greets, says READY, and reads the other's greeting and READY.
pub async fn shake(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), socket_type: &str) {
    let mut opening = vec![0; 64];
    opening[0] = 0xff;
    opening[9] = 0x7f;
    opening[10..16].copy_from_slice(b"\x03\x01NULL");
    let mut ready = b"\x05READY\x0bSocket-Type\0\0\0".to_vec();
    ready.push(socket_type.len() as u8);
    ready.extend(socket_type.as_bytes());
    opening.extend([4, ready.len() as u8]);
    opening.extend(ready);
    stream.write_all(&opening).await.unwrap();
    let mut greeting = [0; 66];
    soon("the greeting", stream.read_exact(&mut greeting)).await.unwrap();
    let mut rest = vec![0; usize::from(greeting[65])];
    soon("READY", stream.read_exact(&mut rest)).await.unwrap();
    assert!(rest.starts_with(b"\x05READY"));
}

/// Whether the other side closes the connection; what it sends before is dropped.
pub async fn is_closed(stream: &mut (impl AsyncRead + Unpin)) -> bool {
    let mut octets = [0; 1024];
    let closing = async { while stream.read(&mut octets).await.is_ok_and(|len| len > 0) {} };
    tokio::time::timeout(DEADLINE, closing).await.is_ok()
}
