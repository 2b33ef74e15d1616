//! What does a connection look like that never leaves memory? A pipe, whose one end a device polls and whose other end a
//! task awaits; and ports, at which the two find each other.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use embedded_io::{ErrorType, Read, ReadReady, Write, WriteReady};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// What lies between the device and the host.
#[derive(Clone, Default)]
pub(super) struct Wire {
    ports: Arc<Mutex<Ports>>,
    /// Something has come for the device, or can leave it.
    moved: Arc<Notify>,
}

#[derive(Default)]
struct Ports {
    /// Who waits to be accepted by the device.
    of_device: BTreeMap<u16, VecDeque<DeviceEnd>>,
    /// Who accepts on the host.
    of_host: BTreeMap<u16, UnboundedSender<HostEnd>>,
}

impl Wire {
    /// From the host to a port of the device.
    pub(super) fn dial_device(&self, port: u16) -> HostEnd {
        let (host, device) = self.pipe();
        locked(&self.ports).of_device.entry(port).or_default().push_back(device);
        self.moved.notify_one();
        host
    }

    /// From the device to a port of the host; `None` when nobody listens there.
    pub(super) fn dial_host(&self, port: u16) -> Option<DeviceEnd> {
        let (host, device) = self.pipe();
        let ports = locked(&self.ports);
        ports.of_host.get(&port)?.send(host).ok().map(|()| device)
    }

    /// Who dials this port of the host.
    pub(super) fn listen(&self, port: u16) -> UnboundedReceiver<HostEnd> {
        let (dialled, listening) = unbounded_channel();
        locked(&self.ports).of_host.insert(port, dialled);
        listening
    }

    /// Who has dialled this port of the device.
    pub(super) fn accept(&self, port: u16) -> Option<DeviceEnd> {
        locked(&self.ports).of_device.get_mut(&port)?.pop_front()
    }

    /// Until there is something for the device to do.
    pub(super) async fn moved(&self) {
        self.moved.notified().await;
    }

    fn pipe(&self) -> (HostEnd, DeviceEnd) {
        let way = || Arc::new(Way { state: Mutex::default(), moved: self.moved.clone() });
        let (to_host, to_device) = (way(), way());
        (
            HostEnd { inward: to_host.clone(), outward: to_device.clone() },
            DeviceEnd { inward: to_device, outward: to_host },
        )
    }
}

/// The end that a task of the host awaits.
pub(super) struct HostEnd {
    inward: Arc<Way>,
    outward: Arc<Way>,
}

/// The end that the device polls.
pub(super) struct DeviceEnd {
    inward: Arc<Way>,
    outward: Arc<Way>,
}

/// One direction.
struct Way {
    state: Mutex<Octets>,
    moved: Arc<Notify>,
}

#[derive(Default)]
struct Octets {
    octets: VecDeque<u8>,
    closed: bool,
    /// The task of the host that waits for octets, or for room.
    waiting: Option<Waker>,
}

impl Way {
    /// Puts in what there is room for; `None` when nobody reads any more.
    fn put(&self, octets: &[u8]) -> Option<usize> {
        let mut way = locked(&self.state);
        if way.closed {
            return None;
        }
        let len = octets.len().min(CAPACITY.saturating_sub(way.octets.len()));
        way.octets.extend(octets.iter().take(len));
        self.wake(way);
        Some(len)
    }

    /// Takes out what is there.
    fn take(&self, into: &mut [u8]) -> usize {
        let mut way = locked(&self.state);
        let len = into.len().min(way.octets.len());
        for (place, octet) in into.iter_mut().zip(way.octets.drain(..len)) {
            *place = octet;
        }
        self.wake(way);
        len
    }

    fn close(&self) {
        let mut way = locked(&self.state);
        way.closed = true;
        self.wake(way);
    }

    /// Tells both ends, whichever of them waits.
    fn wake(&self, mut way: MutexGuard<'_, Octets>) {
        let waiting = way.waiting.take();
        drop(way);
        if let Some(waker) = waiting {
            waker.wake();
        }
        self.moved.notify_one();
    }

    /// Whether there is something to read, its end included; if not, the task is woken when there is.
    fn poll_readable(&self, cx: &Context<'_>) -> bool {
        let mut way = locked(&self.state);
        let readable = way.closed || !way.octets.is_empty();
        if !readable {
            way.waiting = Some(cx.waker().clone());
        }
        readable
    }

    /// Whether a write says something; if not, the task is woken when it does.
    fn poll_writable(&self, cx: &Context<'_>) -> bool {
        let mut way = locked(&self.state);
        let writable = way.closed || way.octets.len() < CAPACITY;
        if !writable {
            way.waiting = Some(cx.waker().clone());
        }
        writable
    }
}

impl Drop for HostEnd {
    fn drop(&mut self) {
        self.inward.close();
        self.outward.close();
    }
}

impl Drop for DeviceEnd {
    fn drop(&mut self) {
        self.inward.close();
        self.outward.close();
    }
}

impl AsyncRead for HostEnd {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if !self.inward.poll_readable(cx) {
            return Poll::Pending;
        }
        let len = self.inward.take(buf.initialize_unfilled());
        buf.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for HostEnd {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if !self.outward.poll_writable(cx) {
            return Poll::Pending;
        }
        Poll::Ready(self.outward.put(octets).ok_or_else(|| io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outward.close();
        Poll::Ready(Ok(()))
    }
}

impl ErrorType for DeviceEnd {
    type Error = Infallible;
}

impl Read for DeviceEnd {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, Infallible> {
        Ok(self.inward.take(into))
    }
}

impl ReadReady for DeviceEnd {
    fn read_ready(&mut self) -> Result<bool, Infallible> {
        let way = locked(&self.inward.state);
        Ok(way.closed || !way.octets.is_empty())
    }
}

impl Write for DeviceEnd {
    // Nothing more is taken by a pipe that is closed: so is the connection.
    fn write(&mut self, octets: &[u8]) -> Result<usize, Infallible> {
        Ok(self.outward.put(octets).unwrap_or(0))
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl WriteReady for DeviceEnd {
    fn write_ready(&mut self) -> Result<bool, Infallible> {
        let way = locked(&self.outward.state);
        Ok(way.closed || way.octets.len() < CAPACITY)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many octets are on their way at most, in each direction: a small network buffer.
const CAPACITY: usize = 2048;

#[cfg(test)]
mod tests {
    use super::{CAPACITY, Wire};
    use embedded_io::{Read, ReadReady, Write, WriteReady};
    use std::time::Duration;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn octets_pass_both_ways_and_an_end_that_is_full_or_empty_waits() {
        tokio::time::timeout(Duration::from_secs(20), octets_pass()).await.expect("somebody was not woken");
    }

    async fn octets_pass() {
        let wire = Wire::default();
        let mut listening = wire.listen(1);
        let mut device = wire.dial_host(1).unwrap();
        let mut host = listening.recv().await.unwrap();
        assert!(wire.dial_host(2).is_none() && wire.accept(1).is_none() && !device.read_ready().unwrap());

        let reading = tokio::spawn(async move {
            let mut octets = vec![0; CAPACITY + 1];
            host.read_exact(&mut octets).await.unwrap();
            (octets, host)
        });
        tokio::task::yield_now().await;
        let octets: Vec<u8> = (0..=CAPACITY).map(|n| n as u8).collect();
        let len = device.write(&octets).unwrap();
        assert_eq!((len, device.write_ready().unwrap()), (CAPACITY, false));
        while !device.write_ready().unwrap() {
            tokio::task::yield_now().await;
        }
        assert_eq!(device.write(&octets[len..]).unwrap(), 1);
        let (read, mut host) = reading.await.unwrap();
        assert!(read == octets);

        let writing = tokio::spawn(async move {
            host.write_all(&octets).await.unwrap();
            host.shutdown().await.unwrap();
            let mut rest = Vec::new();
            host.read_to_end(&mut rest).await.unwrap();
            rest
        });
        let mut read = Vec::new();
        loop {
            wire.moved().await;
            let mut some = [0; 100];
            if device.read_ready().unwrap() {
                match device.read(&mut some).unwrap() {
                    0 => break,
                    len => read.extend_from_slice(&some[..len]),
                }
            }
        }
        assert_eq!(read.len(), CAPACITY + 1);
        device.write_all(b"bye").unwrap();
        drop(device);
        assert_eq!(writing.await.unwrap(), b"bye");
    }
}
