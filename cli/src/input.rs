//! Where do the messages come from that are to be sent?

use std::io::BufRead;

use tokio::sync::mpsc;
use zeptomq::Message;

use crate::args::Payload;
use crate::failure::Failure;
use crate::format::{Format, text};

/// The messages that a command sends, one after the other.
pub(crate) enum Input {
    /// The same one again and again.
    Given {
        /// The message.
        message: Message,
        /// How often it is still due.
        left: u64,
    },
    /// One per line of stdin.
    Lines {
        /// Where the lines arrive.
        lines: Lines,
        /// How many are still to be taken.
        left: u64,
    },
}

/// The lines of stdin as messages.
pub(crate) struct Lines {
    next: Option<Result<Message, Failure>>,
    queue: mpsc::Receiver<Result<Message, Failure>>,
}

impl Input {
    /// What `--data`, `--file` or stdin gives: the former two once or `count` times, the latter until its end or `count`
    /// lines.
    pub(crate) fn new(payload: &Payload, count: Option<u64>, format: Format) -> Result<Self, Failure> {
        Ok(match payload.message()? {
            Some(message) => Self::Given { message, left: count.unwrap_or(1) },
            None => Self::Lines { lines: Lines::start(format), left: count.unwrap_or(u64::MAX) },
        })
    }

    /// The next message; `None` when there are no more.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub(crate) async fn next(&mut self) -> Result<Option<Message>, Failure> {
        match self {
            Self::Given { left: 0, .. } | Self::Lines { left: 0, .. } => Ok(None),
            Self::Given { message, left } => {
                *left -= 1;
                Ok(Some(message.clone()))
            }
            Self::Lines { lines, left } => {
                let line = lines.take().await?;
                *left -= 1;
                Ok(line)
            }
        }
    }
}

impl Payload {
    /// The message that the command line gives.
    pub(crate) fn message(&self) -> Result<Option<Message>, Failure> {
        if let Some(path) = &self.file {
            let octets = std::fs::read(path)
                .map_err(|error| Failure::Failed(format!("cannot read {}: {error}", path.display())))?;
            return Ok(Some(Message::from(octets)));
        }
        let frames = self.data.iter().map(|frame| text::read_frame(frame.as_encoded_bytes()));
        Ok((!self.data.is_empty()).then(|| Message::multipart(frames)))
    }

    /// Whether the command line gives a message, so that stdin is not read.
    pub(crate) fn is_given(&self) -> bool {
        self.file.is_some() || !self.data.is_empty()
    }
}

impl Lines {
    /// Reads stdin from now on, in a thread of its own: a terminal answers when it likes, and nothing else may wait
    /// for it.
    pub(crate) fn start(format: Format) -> Self {
        let (lines, queue) = mpsc::channel(LINES_AHEAD);
        std::thread::spawn(move || read_lines(&mut std::io::stdin().lock(), format, &lines));
        Self { next: None, queue }
    }

    /// The message of the next line; `None` at the end of the input.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub(crate) async fn take(&mut self) -> Result<Option<Message>, Failure> {
        match self.next.take() {
            Some(line) => line.map(Some),
            None => self.queue.recv().await.transpose(),
        }
    }

    /// Waits until there is a line, which is then still to be taken, or the input is at its end. Tells whether it is.
    ///
    /// # Cancel safety
    /// Cancelling loses nothing.
    pub(crate) async fn is_at_end(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.queue.recv().await;
        }
        self.next.is_none()
    }
}

fn read_lines(from: &mut impl BufRead, format: Format, to: &mpsc::Sender<Result<Message, Failure>>) {
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let message = match from.read_until(b'\n', &mut line) {
            Ok(0) => return,
            Ok(_) => {
                let octets = line.strip_suffix(b"\n").unwrap_or(&line);
                let wrong = |error| Failure::Failed(format!("line {number} of stdin: {error}"));
                format.read(octets).map(Message::multipart).map_err(wrong)
            }
            Err(error) => Err(Failure::Failed(format!("cannot read stdin: {error}"))),
        };
        let last = message.is_err();
        if to.blocking_send(message).is_err() || last {
            return;
        }
    }
}

/// How many messages are read before they can be sent.
const LINES_AHEAD: usize = 64;

#[cfg(test)]
mod tests {
    use super::{Format, mpsc, read_lines};

    fn read(input: &[u8], format: Format) -> Vec<Result<Vec<Vec<u8>>, String>> {
        let (to, mut from) = mpsc::channel(16);
        read_lines(&mut &*input, format, &to);
        drop(to);
        let mut read = Vec::new();
        while let Some(line) = from.blocking_recv() {
            let frames = line.map(|message| message.parts().map(<[u8]>::to_vec).collect());
            read.push(frames.map_err(|failure| failure.line().unwrap_or_default().to_owned()));
        }
        read
    }

    #[test]
    fn each_line_is_a_message_and_the_last_needs_no_end() {
        let lines = read(b"one\ttwo\n\nlast", Format::Text);
        assert_eq!(
            lines,
            [Ok(vec![b"one".to_vec(), b"two".to_vec()]), Ok(vec![b"".to_vec()]), Ok(vec![b"last".to_vec()])]
        );
        assert_eq!(read(b"", Format::Text), []);
    }

    #[test]
    fn a_wrong_line_is_named_and_nothing_behind_it_is_sent() {
        let lines = read(b"68\nhello\n69\n", Format::Hex);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].as_ref().unwrap_err().starts_with("line 2 of stdin: \"hello\" is not hex"));
    }
}
