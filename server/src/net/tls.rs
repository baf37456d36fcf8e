//! TLS over sockets that are only tried, and the certificate that all handshakes from now
//! on are made with.

use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection};
use throng_shared::limits::TLS_BUFFER_BYTES;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;

/// Reads of ciphertext for one read of plaintext: records may be empty.
const READS: usize = 8;

/// Where the certificate and its key are, both in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl TlsFiles {
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    fn load(&self) -> Result<Arc<ServerConfig>, String> {
        let Self { cert, key } = self;
        let unread = |what: &str, path: &Path, error: &pem::Error| {
            let path = path.display();
            if let pem::Error::Io(error) = error {
                format!("The {what} {path} cannot be read: {error}.")
            } else if matches!(error, pem::Error::NoItemsFound) {
                format!("The {what} {path} has none in PEM.")
            } else {
                format!("The {what} {path} is no PEM: {error}.")
            }
        };
        let certs: Vec<_> = CertificateDer::pem_file_iter(cert)
            .and_then(Iterator::collect)
            .map_err(|error| unread("certificate", cert, &error))?;
        if certs.is_empty() {
            return Err(unread("certificate", cert, &pem::Error::NoItemsFound));
        }
        let secret = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| unread("private key", key, &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has the suites of both versions")
            .with_no_client_auth()
            .with_single_cert(certs, secret)
            .map_err(|error| {
                format!(
                    "The certificate {} and the key {} do not serve together: {error}.",
                    cert.display(),
                    key.display()
                )
            })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

/// What handshakes are made with.
#[derive(Debug)]
pub struct Tls {
    files: TlsFiles,
    config: Mutex<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn load(files: TlsFiles) -> Result<Self, String> {
        let config = Mutex::new(files.load()?);
        Ok(Self { files, config })
    }

    /// Reads certificate and key again, for all handshakes from now on.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it; then the old ones stay.
    pub fn reload(&self) -> Result<(), String> {
        let config = self.files.load()?;
        *self.config.lock().unwrap_or_else(PoisonError::into_inner) = config;
        Ok(())
    }

    /// A handshake that has not begun.
    pub(super) fn accept(&self, tcp: std::net::TcpStream) -> Result<FreshTls, rustls::Error> {
        let config = Arc::clone(&self.config.lock().unwrap_or_else(PoisonError::into_inner));
        let mut tls = ServerConnection::new(config)?;
        tls.set_buffer_limit(Some(TLS_BUFFER_BYTES));
        Ok(FreshTls { tcp, tls })
    }
}

/// A connection at the door: its handshake goes on whenever it is tried.
#[derive(Debug)]
pub struct FreshTls {
    pub(super) tcp: std::net::TcpStream,
    tls: ServerConnection,
}

impl FreshTls {
    pub(super) fn try_read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        read(&mut self.tls, &mut self.tcp, buf)
    }

    pub(super) fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(&mut self.tls, &mut self.tcp, bytes)
    }

    /// Says that nothing more will be written. A dead stream need not be told.
    pub(super) fn finish(&mut self) {
        self.tls.send_close_notify();
        drop(flush(&mut self.tls, &mut self.tcp));
        drop(self.tcp.shutdown(std::net::Shutdown::Write));
    }

    /// The same for an event queue.
    pub(super) fn into_stream(self) -> io::Result<TlsStream> {
        let tcp = TcpStream::from_std(self.tcp)?;
        Ok(TlsStream {
            tcp,
            tls: Box::new(self.tls),
            has_plain: false,
            has_moved: false,
            came: 0,
            is_ending: false,
        })
    }
}

/// A connection whose handshake is done.
#[derive(Debug)]
pub(super) struct TlsStream {
    tcp: TcpStream,
    tls: Box<ServerConnection>,
    /// Whether plaintext waits that was not read.
    has_plain: bool,
    /// Whether the socket took anything since somebody asked.
    has_moved: bool,
    /// Ciphertext that came since somebody asked.
    came: usize,
    is_ending: bool,
}

impl TlsStream {
    /// Whether a read may bring something.
    pub(super) fn may_read(&self) -> bool {
        self.has_plain || self.tcp.try_io(Interest::READABLE, || Ok(())).is_ok()
    }

    /// Whether the socket took any ciphertext since the last call.
    pub(super) fn take_moved(&mut self) -> bool {
        std::mem::take(&mut self.has_moved)
    }

    /// Bytes of ciphertext that came since the last call.
    pub(super) fn take_came(&mut self) -> usize {
        std::mem::take(&mut self.came)
    }

    /// Whether ciphertext waits for the socket.
    pub(super) fn wants_write(&self) -> bool {
        self.tls.wants_write()
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { tcp, tls, has_plain, has_moved, came, is_ending: _ } = self.get_mut();
        let mut io = Polled { tcp, cx, has_moved, came, is_pending: false };
        let free = buf.initialize_unfilled();
        let most = free.len();
        match read(tls, &mut io, free) {
            Ok(count) => {
                *has_plain = count == most;
                buf.advance(count);
                Poll::Ready(Ok(()))
            }
            Err(error) => {
                *has_plain = false;
                io.pend(error)
            }
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Self { tcp, tls, has_moved, came, .. } = self.get_mut();
        let mut io = Polled { tcp, cx, has_moved, came, is_pending: false };
        match write(tls, &mut io, bytes) {
            Ok(count) => Poll::Ready(Ok(count)),
            Err(error) => io.pend(error),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { tcp, tls, has_moved, came, .. } = self.get_mut();
        let mut io = Polled { tcp, cx, has_moved, came, is_pending: false };
        match flush(tls, &mut io) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(error) => io.pend(error),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_ending {
            self.is_ending = true;
            self.tls.send_close_notify();
        }
        ready!(self.as_mut().poll_flush(cx))?;
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}

/// A socket of an event queue, as one that never blocks.
struct Polled<'a, 'b> {
    tcp: &'a mut TcpStream,
    cx: &'a mut Context<'b>,
    has_moved: &'a mut bool,
    came: &'a mut usize,
    is_pending: bool,
}

impl Polled<'_, '_> {
    /// What cannot be done yet, and when to try again.
    fn pend<T>(self, error: io::Error) -> Poll<io::Result<T>> {
        if error.kind() != ErrorKind::WouldBlock {
            return Poll::Ready(Err(error));
        }
        if !self.is_pending {
            // The socket has more, so no event would come.
            self.cx.waker().wake_by_ref();
        }
        Poll::Pending
    }

    fn blocking<T>(&mut self, polled: Poll<io::Result<T>>) -> io::Result<T> {
        match polled {
            Poll::Ready(result) => result,
            Poll::Pending => {
                self.is_pending = true;
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }
}

impl Read for Polled<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut buf = ReadBuf::new(buf);
        let polled = Pin::new(&mut *self.tcp).poll_read(self.cx, &mut buf);
        *self.came += buf.filled().len();
        self.blocking(polled.map_ok(|()| buf.filled().len()))
    }
}

impl Write for Polled<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let polled = Pin::new(&mut *self.tcp).poll_write(self.cx, bytes);
        *self.has_moved |= matches!(polled, Poll::Ready(Ok(1..)));
        self.blocking(polled)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Reads plaintext, and does whatever of the handshake can be done.
fn read(
    tls: &mut ServerConnection,
    io: &mut (impl Read + Write),
    buf: &mut [u8],
) -> io::Result<usize> {
    for _ in 0..READS {
        match tls.reader().read(buf) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            // Whoever is gone without a word is gone, too.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
            read => return read,
        }
        if tls.read_tls(io)? == 0 {
            return Ok(0);
        }
        if let Err(error) = tls.process_new_packets() {
            // An alert says why, in one try.
            drop(tls.write_tls(io));
            return Err(io::Error::new(ErrorKind::InvalidData, error));
        }
        match flush(tls, io) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Err(ErrorKind::WouldBlock.into())
}

/// Takes plaintext, once all before it is with the kernel.
fn write(
    tls: &mut ServerConnection,
    io: &mut (impl Read + Write),
    bytes: &[u8],
) -> io::Result<usize> {
    flush(tls, io)?;
    let count = tls.writer().write(bytes)?;
    match flush(tls, io) {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
        Ok(()) | Err(_) => Ok(count),
    }
}

/// Writes ciphertext that waits.
fn flush(tls: &mut ServerConnection, io: &mut impl Write) -> io::Result<()> {
    while tls.wants_write() {
        if tls.write_tls(io)? == 0 {
            return Err(ErrorKind::WriteZero.into());
        }
    }
    Ok(())
}
