//! libzmq's C interface, as far as it is measured.

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_short, c_void};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::slice;

/// What sockets live in: its I/O thread is theirs.
pub(super) struct Context(NonNull<c_void>);

impl Context {
    pub(super) fn new() -> Result<Rc<Self>, String> {
        // SAFETY: no argument; a null result is not used.
        let context = NonNull::new(unsafe { zmq_ctx_new() }).ok_or_else(|| last_error("zmq_ctx_new"))?;
        Ok(Rc::new(Self(context)))
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: each of its sockets holds it, so all are closed.
        unsafe { zmq_ctx_term(self.0.as_ptr()) };
    }
}

/// A socket with room for the last message received.
pub(super) struct Socket {
    handle: NonNull<c_void>,
    last: Message,
    /// Dropped after the socket.
    _context: Rc<Context>,
}

impl Socket {
    /// In a context of its own.
    pub(super) fn open(kind: c_int) -> Result<Self, String> {
        Self::within(&Context::new()?, kind)
    }

    pub(super) fn within(context: &Rc<Context>, kind: c_int) -> Result<Self, String> {
        // SAFETY: the context is valid; a null result is not used.
        let handle = NonNull::new(unsafe { zmq_socket(context.0.as_ptr(), kind) });
        let handle = handle.ok_or_else(|| last_error("zmq_socket"))?;
        let mut socket = Self { handle, last: Message([0; 64]), _context: Rc::clone(context) };
        // SAFETY: `last` has the size and alignment of zmq_msg_t.
        unsafe { zmq_msg_init(&mut socket.last) };
        Ok(socket)
    }

    /// Sets an option that is a C int.
    pub(super) fn set(&mut self, option: c_int, value: c_int) -> Result<(), String> {
        self.set_octets(option, &value.to_ne_bytes())
    }

    pub(super) fn subscribe(&mut self, topic: &str) -> Result<(), String> {
        self.set_octets(SUBSCRIBE, topic.as_bytes())
    }

    fn set_octets(&mut self, option: c_int, value: &[u8]) -> Result<(), String> {
        // SAFETY: the handle is valid; the value is read during the call only.
        let result = unsafe { zmq_setsockopt(self.handle.as_ptr(), option, value.as_ptr().cast(), value.len()) };
        check("zmq_setsockopt", result).map(drop)
    }

    pub(super) fn connect(&mut self, endpoint: &str) -> Result<(), String> {
        let text = CString::new(endpoint).map_err(|_| String::from("the endpoint holds a zero octet"))?;
        // SAFETY: the handle is valid and the text ends in zero.
        check("zmq_connect", unsafe { zmq_connect(self.handle.as_ptr(), text.as_ptr()) }).map(drop)
    }

    /// Returns the endpoint with the port that was found.
    pub(super) fn bind(&mut self, endpoint: &str) -> Result<String, String> {
        let endpoint = CString::new(endpoint).map_err(|_| String::from("the endpoint holds a zero octet"))?;
        let mut text: [u8; 256] = [0; 256];
        let mut len = text.len();
        // SAFETY: the handle is valid, the endpoint ends in zero, and `len` is the room at `text`.
        let result = unsafe {
            check("zmq_bind", zmq_bind(self.handle.as_ptr(), endpoint.as_ptr()))?;
            zmq_getsockopt(self.handle.as_ptr(), LAST_ENDPOINT, text.as_mut_ptr().cast(), &mut len)
        };
        check("zmq_getsockopt", result)?;
        let text = CStr::from_bytes_until_nul(&text).map_err(|_| String::from("the endpoint has no end"))?;
        Ok(text.to_string_lossy().into_owned())
    }

    /// Sends a fresh message made from the body; with [`SNDMORE`], a part of one.
    #[inline]
    pub(super) fn send(&mut self, body: &[u8], flags: c_int) -> Result<(), String> {
        // SAFETY: the handle is valid; the body is read during the call only.
        let result = unsafe { zmq_send(self.handle.as_ptr(), body.as_ptr().cast(), body.len(), flags) };
        check("zmq_send", result).map(drop)
    }

    /// Receives a message or a part in place, without the copy that zmq_recv makes.
    #[inline]
    pub(super) fn recv(&mut self) -> Result<&[u8], String> {
        self.receive(0)?;
        Ok(self.last.body())
    }

    /// The same, if one has arrived.
    #[inline]
    pub(super) fn try_recv(&mut self) -> Result<Option<&[u8]>, String> {
        match self.receive(DONTWAIT) {
            Ok(()) => Ok(Some(self.last.body())),
            // SAFETY: no argument.
            Err(_) if unsafe { zmq_errno() } == EAGAIN => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    #[inline]
    fn receive(&mut self, flags: c_int) -> Result<(), String> {
        // SAFETY: the handle is valid and `last` is an initialised message, which the call releases and refills.
        check("zmq_msg_recv", unsafe { zmq_msg_recv(&mut self.last, self.handle.as_ptr(), flags) }).map(drop)
    }

    /// Sends a fresh message made from the body of the last one received.
    #[inline]
    pub(super) fn reply_with_last(&mut self) -> Result<(), String> {
        let body = self.last.body();
        // SAFETY: the handle is valid; the body is read during the call only.
        check("zmq_send", unsafe { zmq_send(self.handle.as_ptr(), body.as_ptr().cast(), body.len(), 0) }).map(drop)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: both were made by `within` and are used by nobody after this.
        unsafe {
            zmq_msg_close(&mut self.last);
            zmq_close(self.handle.as_ptr());
        }
    }
}

/// Sockets that are waited for together.
pub(super) struct Sockets {
    sockets: Vec<Socket>,
    items: Vec<PollItem>,
}

impl Sockets {
    pub(super) fn of(sockets: Vec<Socket>) -> Self {
        let item = |socket: &Socket| PollItem { socket: socket.handle.as_ptr(), fd: 0, events: POLLIN, revents: 0 };
        let items = sockets.iter().map(item).collect();
        Self { sockets, items }
    }

    /// Waits until at least one of the sockets has a message; returns those that have, by their places.
    pub(super) fn wait(&mut self) -> Result<impl Iterator<Item = (usize, &mut Socket)>, String> {
        // SAFETY: there are so many items, of sockets that live as long as they.
        check("zmq_poll", unsafe { zmq_poll(self.items.as_mut_ptr(), self.items.len() as c_int, -1) })?;
        let items = self.sockets.iter_mut().enumerate().zip(&self.items);
        Ok(items.filter(|(_, item)| item.revents & POLLIN != 0).map(|(socket, _)| socket))
    }
}

pub(super) fn version() -> [c_int; 3] {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: the three pointers are valid for writes during the call.
    unsafe { zmq_version(&mut major, &mut minor, &mut patch) };
    [major, minor, patch]
}

/// zmq_pollitem_t.
#[repr(C)]
struct PollItem {
    socket: *mut c_void,
    fd: c_int,
    events: c_short,
    revents: c_short,
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

pub(super) const PUB: c_int = 1;
pub(super) const SUB: c_int = 2;
pub(super) const REQ: c_int = 3;
pub(super) const REP: c_int = 4;
pub(super) const DEALER: c_int = 5;
pub(super) const ROUTER: c_int = 6;
pub(super) const PULL: c_int = 7;
pub(super) const PUSH: c_int = 8;
pub(super) const SNDMORE: c_int = 2;
pub(super) const XPUB_NODROP: c_int = 69;
const DONTWAIT: c_int = 1;
const SUBSCRIBE: c_int = 6;
const LAST_ENDPOINT: c_int = 32;
const POLLIN: c_short = 1;
/// Linux's.
const EAGAIN: c_int = 11;

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
    fn zmq_setsockopt(socket: *mut c_void, option: c_int, value: *const c_void, len: usize) -> c_int;
    fn zmq_poll(items: *mut PollItem, count: c_int, timeout_ms: c_long) -> c_int;
    fn zmq_send(socket: *mut c_void, body: *const c_void, len: usize, flags: c_int) -> c_int;
    fn zmq_msg_init(message: *mut Message) -> c_int;
    fn zmq_msg_recv(message: *mut Message, socket: *mut c_void, flags: c_int) -> c_int;
    fn zmq_msg_data(message: *mut Message) -> *mut c_void;
    fn zmq_msg_size(message: *const Message) -> usize;
    fn zmq_msg_close(message: *mut Message) -> c_int;
}
