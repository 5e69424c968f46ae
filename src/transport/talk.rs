//! Bytes out and an answer in on one connection, at the same time: an answer may come before all of a request is taken.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::answer::End;
use super::connect::{Stream, chain};
use crate::http::CauseKind;

/// Bytes that are read at a time.
const PIECE: usize = 16 << 10;

/// What to do after a piece of an answer.
pub(super) enum Next {
    /// Read on.
    Read,
    /// Say that nothing more will be sent, and read on.
    Hush,
    /// Enough.
    Stop,
}

/// Why nothing more was read, and how many of the bytes were written.
pub(super) struct Talked {
    pub end: End,
    pub written: usize,
}

/// Writes bytes, reads until there is enough or no more, and shows each piece as it comes.
pub(super) async fn talk(stream: &mut Stream, bytes: &[u8], mut take: impl FnMut(&[u8]) -> Next) -> Talked {
    let mut writing = Writing { bytes, written: 0, state: State::Bytes };
    let (mut is_first, mut over) = (true, None);
    poll_fn(|cx| {
        if let Some(talked) = over.take() {
            return Poll::Ready(talked);
        }
        let begins = std::mem::take(&mut is_first);
        loop {
            writing.poll(stream, cx);
            let mut piece = [const { MaybeUninit::uninit() }; PIECE];
            let mut piece = ReadBuf::uninit(&mut piece);
            let end = match ready!(Pin::new(&mut *stream).poll_read(cx, &mut piece)) {
                Ok(()) if piece.filled().is_empty() => End::Closed,
                Ok(()) => match take(piece.filled()) {
                    Next::Read => continue,
                    Next::Hush if writing.hush() => continue,
                    // Hushed or not, the other side may never take the rest of the request.
                    Next::Hush | Next::Stop => End::Closed,
                },
                // TLS without a last word: the same as a plain connection that ends.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => End::Closed,
                Err(error) => End::Failed(CauseKind::Closed, chain(&error)),
            };
            let talked = Talked { end, written: writing.written };
            if !begins {
                return Poll::Ready(talked);
            }
            // Whoever is to send at the same time does so before anybody is answered, however busy the machine.
            over = Some(talked);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
    })
    .await
}

/// How far a request is written.
struct Writing<'a> {
    bytes: &'a [u8],
    written: usize,
    state: State,
}

enum State {
    Bytes,
    Flush,
    /// All is written.
    Idle,
    Shutdown,
    Over,
}

impl Writing<'_> {
    /// Writes as much as is taken. A failure to write shows when reading.
    fn poll(&mut self, stream: &mut Stream, cx: &mut Context<'_>) {
        loop {
            let stream = Pin::new(&mut *stream);
            self.state = match self.state {
                State::Bytes if self.written == self.bytes.len() => State::Flush,
                State::Bytes => match stream.poll_write(cx, &self.bytes[self.written..]) {
                    Poll::Pending => return,
                    Poll::Ready(Ok(count)) if count > 0 => {
                        self.written += count;
                        State::Bytes
                    }
                    Poll::Ready(_) => State::Over,
                },
                State::Flush => match stream.poll_flush(cx) {
                    Poll::Pending => return,
                    Poll::Ready(Ok(())) => State::Idle,
                    Poll::Ready(Err(_)) => State::Over,
                },
                State::Shutdown => match stream.poll_shutdown(cx) {
                    Poll::Pending => return,
                    Poll::Ready(_) => State::Over,
                },
                State::Idle | State::Over => return,
            };
        }
    }

    /// Has the connection shut down for writing, once; `false` where not all is written.
    fn hush(&mut self) -> bool {
        if matches!(self.state, State::Idle) {
            self.state = State::Shutdown;
        }
        matches!(self.state, State::Shutdown | State::Over) && self.written == self.bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::Waker;

    use tokio::io::AsyncWriteExt as _;

    /// As where the other side answers before a client has looked for it, each time.
    #[tokio::test]
    async fn an_answer_that_is_there_at_once_is_taken_at_the_next_turn() {
        let (near, mut far) = tokio::io::duplex(64);
        far.write_all(b"answer").await.expect("written");
        let (mut stream, mut pieces): (Stream, Vec<u8>) = (Box::new(near), Vec::new());
        let take = |piece: &[u8]| {
            pieces.extend_from_slice(piece);
            Next::Stop
        };
        {
            let mut talking = pin!(talk(&mut stream, b"request", take));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(talking.as_mut().poll(&mut cx).is_pending(), "others are to send first");
            let Poll::Ready(talked) = talking.as_mut().poll(&mut cx) else { panic!("it is there") };
            assert_eq!((talked.end, talked.written), (End::Closed, 7));
        }
        assert_eq!(pieces, b"answer");
    }
}
