//! Faults below HTTP: a connection that changes the bytes of answers, or keeps them; the rows are in `answers`.

mod answers;

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Asked;

pub(super) use answers::FAULTS;

/// What becomes of the bytes of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Talk {
    /// These are sent.
    Say(Vec<u8>),
    /// These are sent, and the connection ends.
    Last(Vec<u8>),
    /// Nothing is sent, ever.
    Mute,
}

/// What is known of the answer that is being written, left by whoever made it.
pub(in crate::server) type Note = Arc<Mutex<Option<Asked>>>;

/// A connection whose answers pass through a fault on their way out.
pub(in crate::server) struct Talking<S> {
    stream: S,
    talks: fn(&Asked, Vec<u8>) -> Talk,
    note: Note,
    /// What was written since the last flush.
    held: Vec<u8>,
    /// What is to be sent.
    out: Vec<u8>,
    ending: Option<Ending>,
}

enum Ending {
    Close,
    Mute,
}

impl<S> Talking<S> {
    pub(in crate::server) fn new(stream: S, talks: fn(&Asked, Vec<u8>) -> Talk, note: Note) -> Talking<S> {
        Talking { stream, talks, note, held: Vec::new(), out: Vec::new(), ending: None }
    }

    fn release(&mut self) {
        let bytes = std::mem::take(&mut self.held);
        let note = self.note.lock().unwrap_or_else(PoisonError::into_inner).take();
        match note.map(|asked| (self.talks)(&asked, bytes.clone())) {
            None => self.out.extend(bytes),
            Some(Talk::Say(bytes)) => self.out.extend(bytes),
            Some(Talk::Last(bytes)) => {
                self.out.extend(bytes);
                self.ending = Some(Ending::Close);
            }
            Some(Talk::Mute) => self.ending = Some(Ending::Mute),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Talking<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Talking<S> {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.held.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.held.is_empty() {
            this.release();
        }
        while !this.out.is_empty() {
            let written = ready!(Pin::new(&mut this.stream).poll_write(cx, &this.out))?;
            this.out.drain(..written);
        }
        ready!(Pin::new(&mut this.stream).poll_flush(cx))?;
        match this.ending {
            None => Poll::Ready(Ok(())),
            Some(Ending::Close) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            // Whoever serves the connection gives it up when the server stops.
            Some(Ending::Mute) => Poll::Pending,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
