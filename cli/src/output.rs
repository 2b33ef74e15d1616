//! How do messages get to stdout, one line each and at once, when whoever reads it is slow or gone?

use std::io::{self, Write};
#[cfg(unix)]
use std::os::fd::AsFd;

#[cfg(unix)]
use tokio::io::Interest;
#[cfg(unix)]
use tokio::net::unix::pipe;
use tokio::sync::{mpsc, oneshot};
use zeptomq::Message;

use crate::failure::Failure;
use crate::format::Format;

/// Takes messages to print.
#[derive(Clone)]
pub(crate) struct Printer(mpsc::Sender<Message>);

/// Tells how the printing ended.
pub(crate) struct Printing {
    /// `None` once it was told that all is printed.
    ended: Option<oneshot::Receiver<io::Result<()>>>,
    reader: Reader,
}

/// Starts to print, in a thread of its own: a slow reader of stdout may delay messages, but not a deadline.
pub(crate) fn start(format: Format) -> (Printer, Printing) {
    let (messages, queue) = mpsc::channel(MESSAGES_AHEAD);
    let (end, ended) = oneshot::channel();
    // Nobody waits for the outcome when the command has ended for another reason.
    std::thread::spawn(move || end.send(print_all(queue, format, &mut io::stdout().lock())).ok());
    (Printer(messages), Printing { ended: Some(ended), reader: Reader::watch() })
}

impl Printer {
    /// Prints the message as soon as stdout takes it. When stdout is closed this waits for ever: `Printing::ended` tells.
    pub(crate) async fn print(&self, message: Message) {
        if self.0.send(message).await.is_err() {
            std::future::pending().await
        }
    }
}

impl Printing {
    /// Waits until every `Printer` is gone and all is printed, or stdout takes no more.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub(crate) async fn ended(&mut self) -> Result<(), Failure> {
        let Some(ended) = &mut self.ended else { return Ok(()) };
        let ended = tokio::select! {
            biased;
            ended = ended => ended,
            () = self.reader.gone() => return Err(Failure::OutputClosed),
        };
        self.ended = None;
        match ended {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::OutputClosed),
            Ok(Err(error)) => Err(Failure::Failed(format!("cannot write to stdout: {error}"))),
            Err(_) => Err(Failure::failed("cannot write to stdout")),
        }
    }
}

/// Prints what is queued in one piece, and nothing waits in a buffer while the queue is empty.
fn print_all(mut queue: mpsc::Receiver<Message>, format: Format, out: &mut impl Write) -> io::Result<()> {
    let mut lines = Vec::new();
    while let Some(first) = queue.blocking_recv() {
        lines.clear();
        format.write(first.parts(), &mut lines);
        while lines.len() < PIECE_LEN
            && let Ok(next) = queue.try_recv()
        {
            format.write(next.parts(), &mut lines);
        }
        out.write_all(&lines)?;
        out.flush()?;
    }
    Ok(())
}

/// Whoever reads our stdout.
struct Reader {
    /// `None` where the system does not tell when the reader leaves, as with a file. Nothing is written to it.
    #[cfg(unix)]
    stdout: Option<pipe::Sender>,
}

#[cfg(unix)]
impl Reader {
    fn watch() -> Self {
        let copy = io::stdout().as_fd().try_clone_to_owned();
        Self { stdout: copy.and_then(pipe::Sender::from_owned_fd_unchecked).ok() }
    }

    /// Waits until the other end of the pipe is closed, which otherwise shows only with the next line.
    async fn gone(&self) {
        match &self.stdout {
            Some(stdout) if stdout.ready(Interest::ERROR).await.is_ok() => (),
            _ => std::future::pending().await,
        }
    }
}

#[cfg(not(unix))]
impl Reader {
    fn watch() -> Self {
        Self {}
    }

    async fn gone(&self) {
        std::future::pending().await
    }
}

/// How many messages are received before they are printed.
const MESSAGES_AHEAD: usize = 64;

/// How much is written with one call while more waits.
const PIECE_LEN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::{Format, Message, mpsc, print_all};

    #[test]
    fn each_message_is_a_line() {
        let (to, queue) = mpsc::channel(4);
        to.try_send(Message::from("one")).unwrap();
        to.try_send(Message::multipart(["two", "parts"])).unwrap();
        drop(to);
        let mut out = Vec::new();
        print_all(queue, Format::Text, &mut out).unwrap();
        assert_eq!(out, b"one\ntwo\tparts\n");
    }
}
