//! How fast is libzmq, through its own C interface with blocking calls.

use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::{fs, ptr, slice};

use super::Peer;
use crate::child::Child;
use crate::machine::now_ns;

pub(super) const PEER: Peer = Peer { name: "libzmq", about, push, pull, req, rep };

fn push(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(PUSH)?;
    socket.connect(child.endpoint()?)?;
    let mut stamps = child.stamps();
    loop {
        socket.send(stamps.next_body())?;
    }
}

fn pull(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(PULL)?;
    child.announce(socket.bind(LOOPBACK)?);
    let mut checks = child.checks();
    loop {
        checks.take(socket.recv()?)?;
    }
}

fn req(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(REQ)?;
    socket.connect(child.endpoint()?)?;
    let (mut stamps, mut checks) = (child.stamps(), child.checks());
    let mut trips = child.round_trips();
    loop {
        let start_ns = now_ns();
        socket.send(stamps.next_body())?;
        checks.take(socket.recv()?)?;
        trips.record(start_ns, now_ns());
    }
}

fn rep(child: &Child) -> Result<Infallible, String> {
    let mut socket = Socket::open(REP)?;
    child.announce(socket.bind(LOOPBACK)?);
    let mut checks = child.checks();
    loop {
        checks.take(socket.recv()?)?;
        socket.reply_with_last()?;
    }
}

fn about() -> Result<String, String> {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: the three pointers are valid for writes during the call.
    unsafe { zmq_version(&mut major, &mut minor, &mut patch) };
    let _socket = Socket::open(PUSH)?;
    let signals = match open_eventfds()? {
        0 => "a socket pair",
        _ => "eventfd",
    };
    Ok(format!(
        "libzmq {major}.{minor}.{patch}, the system's shared library, which signals by {signals}; \
         blocking zmq_send and zmq_msg_recv, 1 I/O thread, HWM 1000"
    ))
}

/// Only libzmq opens them in the process that asks: how this build wakes its threads decides its latency.
fn open_eventfds() -> Result<usize, String> {
    let open = fs::read_dir("/proc/self/fd").map_err(|error| format!("/proc/self/fd: {error}"))?;
    let is_eventfd =
        |entry: &fs::DirEntry| fs::read_link(entry.path()).is_ok_and(|to| to.to_string_lossy().contains("[eventfd]"));
    Ok(open.flatten().filter(is_eventfd).count())
}

/// A socket with a context of its own and room for the last message received.
struct Socket {
    context: *mut c_void,
    handle: *mut c_void,
    last: Message,
}

impl Socket {
    fn open(kind: c_int) -> Result<Self, String> {
        // SAFETY: a null result is checked before it is used.
        let context = unsafe { zmq_ctx_new() };
        if context.is_null() {
            return Err(last_error("zmq_ctx_new"));
        }
        // SAFETY: the context is valid; a null handle is never used, for `Err` drops the socket.
        let handle = unsafe { zmq_socket(context, kind) };
        let mut socket = Self { context, handle, last: Message([0; 64]) };
        if handle.is_null() {
            return Err(last_error("zmq_socket"));
        }
        // SAFETY: `last` has the size and alignment of zmq_msg_t.
        unsafe { zmq_msg_init(&mut socket.last) };
        Ok(socket)
    }

    fn connect(&mut self, endpoint: &str) -> Result<(), String> {
        let text = CString::new(endpoint).map_err(|_| String::from("the endpoint holds a zero octet"))?;
        // SAFETY: the handle is valid and the text ends in zero.
        check("zmq_connect", unsafe { zmq_connect(self.handle, text.as_ptr()) }).map(drop)
    }

    /// Returns the endpoint with the port that was found.
    fn bind(&mut self, endpoint: &CStr) -> Result<String, String> {
        let mut text: [u8; 256] = [0; 256];
        let mut len = text.len();
        // SAFETY: the handle is valid, the endpoint ends in zero, and `len` is the room at `text`.
        let result = unsafe {
            check("zmq_bind", zmq_bind(self.handle, endpoint.as_ptr()))?;
            zmq_getsockopt(self.handle, LAST_ENDPOINT, text.as_mut_ptr().cast(), &mut len)
        };
        check("zmq_getsockopt", result)?;
        let text = CStr::from_bytes_until_nul(&text).map_err(|_| String::from("the endpoint has no end"))?;
        Ok(text.to_string_lossy().into_owned())
    }

    /// Sends a fresh message made from the body.
    #[inline]
    fn send(&mut self, body: &[u8]) -> Result<(), String> {
        // SAFETY: the handle is valid; the body is read during the call only.
        check("zmq_send", unsafe { zmq_send(self.handle, body.as_ptr().cast(), body.len(), 0) }).map(drop)
    }

    /// Receives a message in place, without the copy that zmq_recv makes.
    #[inline]
    fn recv(&mut self) -> Result<&[u8], String> {
        // SAFETY: the handle is valid and `last` is an initialised message, which the call releases and refills.
        check("zmq_msg_recv", unsafe { zmq_msg_recv(&mut self.last, self.handle, 0) })?;
        Ok(self.last.body())
    }

    /// Sends a fresh message made from the body of the last one received.
    fn reply_with_last(&mut self) -> Result<(), String> {
        let body = self.last.body();
        // SAFETY: the handle is valid; the body is read during the call only.
        check("zmq_send", unsafe { zmq_send(self.handle, body.as_ptr().cast(), body.len(), 0) }).map(drop)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if !self.handle.is_null() {
            // SAFETY: both were made by `open` and are used by nobody after this.
            unsafe {
                zmq_msg_close(&mut self.last);
                zmq_close(self.handle);
            }
        }
        // SAFETY: its only socket is closed.
        unsafe { zmq_ctx_term(self.context) };
    }
}

/// zmq_msg_t: 64 octets, aligned as a pointer.
#[repr(C, align(8))]
struct Message([u8; 64]);

impl Message {
    #[inline]
    fn body(&self) -> &[u8] {
        // zmq_msg_data takes a pointer to mut, and writes nothing through it.
        let message = ptr::from_ref(self).cast_mut();
        // SAFETY: the message is initialised; its body stays in place until the next receive, which needs `&mut`.
        unsafe { slice::from_raw_parts(zmq_msg_data(message).cast(), zmq_msg_size(message)) }
    }
}

#[inline]
fn check(call: &str, result: c_int) -> Result<c_int, String> {
    if result < 0 { Err(last_error(call)) } else { Ok(result) }
}

#[cold]
fn last_error(call: &str) -> String {
    // SAFETY: zmq_strerror returns a static text for any number.
    let text = unsafe { CStr::from_ptr(zmq_strerror(zmq_errno())) };
    format!("{call}: {}", text.to_string_lossy())
}

const LOOPBACK: &CStr = c"tcp://127.0.0.1:0";
const REQ: c_int = 3;
const REP: c_int = 4;
const PULL: c_int = 7;
const PUSH: c_int = 8;
const LAST_ENDPOINT: c_int = 32;

#[link(name = "zmq")]
unsafe extern "C" {
    fn zmq_version(major: *mut c_int, minor: *mut c_int, patch: *mut c_int);
    fn zmq_errno() -> c_int;
    fn zmq_strerror(errno: c_int) -> *const c_char;
    fn zmq_ctx_new() -> *mut c_void;
    fn zmq_ctx_term(context: *mut c_void) -> c_int;
    fn zmq_socket(context: *mut c_void, kind: c_int) -> *mut c_void;
    fn zmq_close(socket: *mut c_void) -> c_int;
    fn zmq_bind(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    fn zmq_connect(socket: *mut c_void, endpoint: *const c_char) -> c_int;
    fn zmq_getsockopt(socket: *mut c_void, option: c_int, value: *mut c_void, len: *mut usize) -> c_int;
    fn zmq_send(socket: *mut c_void, body: *const c_void, len: usize, flags: c_int) -> c_int;
    fn zmq_msg_init(message: *mut Message) -> c_int;
    fn zmq_msg_recv(message: *mut Message, socket: *mut c_void, flags: c_int) -> c_int;
    fn zmq_msg_data(message: *mut Message) -> *mut c_void;
    fn zmq_msg_size(message: *const Message) -> usize;
    fn zmq_msg_close(message: *mut Message) -> c_int;
}
