//! How does a stream over a Unix domain socket come about?

use super::{Incoming, Listener, Outgoing};
use crate::endpoint::Endpoint;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream as StdStream;
use std::path::{Path, PathBuf};
use tokio::net::{UnixListener, UnixStream};

/// Removes the path of a listener that is gone, if the file there is still the listener's.
#[derive(Debug)]
pub(crate) struct Unlink {
    path: PathBuf,
    inode: Option<u64>,
}

pub(super) async fn connect(path: &Path) -> io::Result<(Incoming, Outgoing)> {
    UnixStream::connect(path).await.map(halves)
}

/// Listens on the path. A socket that nobody listens on any more is replaced; any other file is not.
pub(crate) fn bind(path: &Path) -> io::Result<(Listener, Endpoint)> {
    let listener = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_abandoned(path) => {
            std::fs::remove_file(path)?;
            UnixListener::bind(path)
        }
        listener => listener,
    }?;
    let _unlink = Unlink { path: path.into(), inode: inode(path) };
    Ok((Listener::Ipc { listener, _unlink }, Endpoint::Ipc(path.into())))
}

pub(super) fn halves(stream: UnixStream) -> (Incoming, Outgoing) {
    let (incoming, outgoing) = stream.into_split();
    (Incoming::Ipc(incoming), Outgoing::Ipc(outgoing))
}

impl Drop for Unlink {
    fn drop(&mut self) {
        if self.inode.is_some() && inode(&self.path) == self.inode {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn is_abandoned(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    let refused = |error: io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
    is_socket && StdStream::connect(path).err().is_some_and(refused)
}

fn inode(path: &Path) -> Option<u64> {
    std::fs::symlink_metadata(path).ok().map(|metadata| metadata.ino())
}
