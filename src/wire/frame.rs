//! Frames of the terminal's WebSocket: one binary message each, little-endian (FACTS 5).

use thiserror::Error;

/// Most bytes of a channel id and of an instance id.
pub const ID_BYTES: usize = u8::MAX as usize;

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is for.
    pub kind: FrameKind,
    /// The layout of its numbers, which is also its version.
    pub layout: Layout,
    /// Channel id, at most [`ID_BYTES`].
    pub channel: Vec<u8>,
    /// Instance id, at most [`ID_BYTES`].
    pub instance: Vec<u8>,
    /// Milliseconds of Unix time; clients refuse a frame that says 0.
    pub millis: u64,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameKind {
    /// Keystrokes; empty for a heartbeat.
    Input,
    /// What the terminal prints.
    Output,
    /// Rows and columns, two `i16`.
    Resize,
    /// The end, payload `1`.
    Close,
    /// The beginning.
    Open,
    /// A [`State`] byte and words.
    Status,
    /// Sequence numbers alone.
    Sync,
    /// A number that the documents do not name.
    Other(u32),
}

impl FrameKind {
    /// The kind that a number on the wire stands for.
    pub fn from_number(number: u32) -> FrameKind {
        match number {
            0 => FrameKind::Input,
            1 => FrameKind::Output,
            2 => FrameKind::Resize,
            3 => FrameKind::Close,
            4 => FrameKind::Open,
            5 => FrameKind::Status,
            6 => FrameKind::Sync,
            other => FrameKind::Other(other),
        }
    }

    /// Its number on the wire.
    pub fn number(self) -> u32 {
        match self {
            FrameKind::Input => 0,
            FrameKind::Output => 1,
            FrameKind::Resize => 2,
            FrameKind::Close => 3,
            FrameKind::Open => 4,
            FrameKind::Status => 5,
            FrameKind::Sync => 6,
            FrameKind::Other(number) => number,
        }
    }
}

/// The numbers between the timestamp and the payload's length, by version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Version `1.01`, payload at most 2^32-1 bytes.
    V101 {
        /// Sequence number.
        sequence: i64,
    },
    /// Version `1.02`, payload at most 65,535 bytes.
    V102 {
        /// Sequence number of the input.
        input: u32,
        /// Sequence number of the output.
        output: u32,
        /// Encoding of the payload, 0 for plain.
        encoding: u8,
        /// Reserved, 0.
        reserved: u8,
    },
}

impl Layout {
    /// Version `1.02`, plain payload.
    pub fn v102(input: u32, output: u32) -> Layout {
        Layout::V102 { input, output, encoding: 0, reserved: 0 }
    }
}

/// State of a session in a [`FrameKind::Status`] frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// 0.
    Initial,
    /// 1.
    Opening,
    /// 2: given up before it opened.
    Aborted,
    /// 3: the terminal can be used.
    Opened,
    /// 4.
    Closing,
    /// 5: the words say why.
    Closed,
    /// 6: the shell ended.
    Exited,
    /// 7: four bytes follow, bits a second as big-endian `u32`.
    Stream,
    /// 8.
    Frozen,
    /// A number that the documents do not name.
    Other(u8),
}

impl State {
    /// The state that a byte on the wire stands for.
    pub fn from_number(number: u8) -> State {
        match number {
            0 => State::Initial,
            1 => State::Opening,
            2 => State::Aborted,
            3 => State::Opened,
            4 => State::Closing,
            5 => State::Closed,
            6 => State::Exited,
            7 => State::Stream,
            8 => State::Frozen,
            other => State::Other(other),
        }
    }

    /// Its byte on the wire.
    pub fn number(self) -> u8 {
        match self {
            State::Initial => 0,
            State::Opening => 1,
            State::Aborted => 2,
            State::Opened => 3,
            State::Closing => 4,
            State::Closed => 5,
            State::Exited => 6,
            State::Stream => 7,
            State::Frozen => 8,
            State::Other(number) => number,
        }
    }

    /// Whether the session cannot be used after it: aborted, closed or exited.
    pub fn is_end(self) -> bool {
        matches!(self, State::Aborted | State::Closed | State::Exited)
    }
}

/// Why bytes are no frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The message ended within the header.
    #[error("the message of {0} bytes ends within the frame's header")]
    Short(usize),
    /// Neither `1.01` nor `1.02`.
    #[error("the frame's version is neither 1.01 nor 1.02")]
    Version([u8; 4]),
    /// The length in the header is not that of the payload.
    #[error("the frame announces {announced} bytes of payload and has {received}")]
    Length {
        /// By the header.
        announced: u64,
        /// After the header.
        received: u64,
    },
}

/// Why a frame cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{what} of {length} bytes does not fit into a frame")]
pub struct TooLong {
    /// The part that is too long.
    pub what: &'static str,
    /// Its length.
    pub length: usize,
}

impl Frame {
    /// A `1.02` frame without ids.
    pub fn new(kind: FrameKind, millis: u64, payload: impl Into<Vec<u8>>) -> Frame {
        Frame {
            kind,
            layout: Layout::v102(0, 0),
            channel: Vec::new(),
            instance: Vec::new(),
            millis,
            payload: payload.into(),
        }
    }

    /// The frame as a message.
    pub fn encode(&self) -> Result<Vec<u8>, TooLong> {
        let id = |what, id: &[u8]| u8::try_from(id.len()).map_err(|_| TooLong { what, length: id.len() });
        let payload = || TooLong { what: "payload", length: self.payload.len() };
        let mut bytes = Vec::with_capacity(30 + self.channel.len() + self.instance.len() + self.payload.len());
        bytes.extend(self.kind.number().to_le_bytes());
        bytes.extend(match self.layout {
            Layout::V101 { .. } => b"1.01",
            Layout::V102 { .. } => b"1.02",
        });
        bytes.push(id("channel id", &self.channel)?);
        bytes.extend(&self.channel);
        bytes.push(id("instance id", &self.instance)?);
        bytes.extend(&self.instance);
        bytes.extend(self.millis.to_le_bytes());
        match self.layout {
            Layout::V101 { sequence } => {
                bytes.extend(sequence.to_le_bytes());
                bytes.extend(u32::try_from(self.payload.len()).map_err(|_| payload())?.to_le_bytes());
            }
            Layout::V102 { input, output, encoding, reserved } => {
                bytes.extend(input.to_le_bytes());
                bytes.extend(output.to_le_bytes());
                bytes.extend(u16::try_from(self.payload.len()).map_err(|_| payload())?.to_le_bytes());
                bytes.extend([encoding, reserved]);
            }
        }
        bytes.extend(&self.payload);
        Ok(bytes)
    }

    /// Reads the frame that a message is.
    pub fn parse(message: &[u8]) -> Result<Frame, FrameError> {
        let mut rest = Rest { bytes: message, length: message.len() };
        let kind = FrameKind::from_number(u32::from_le_bytes(rest.array()?));
        let version = rest.array()?;
        if version != *b"1.01" && version != *b"1.02" {
            return Err(FrameError::Version(version));
        }
        let channel = rest.id()?;
        let instance = rest.id()?;
        let millis = u64::from_le_bytes(rest.array()?);
        let (layout, announced) = if version == *b"1.01" {
            let sequence = i64::from_le_bytes(rest.array()?);
            (Layout::V101 { sequence }, u64::from(u32::from_le_bytes(rest.array()?)))
        } else {
            let input = u32::from_le_bytes(rest.array()?);
            let output = u32::from_le_bytes(rest.array()?);
            let announced = u64::from(u16::from_le_bytes(rest.array()?));
            let [encoding, reserved] = rest.array()?;
            (Layout::V102 { input, output, encoding, reserved }, announced)
        };
        let received = rest.bytes.len() as u64;
        if received != announced {
            return Err(FrameError::Length { announced, received });
        }
        Ok(Frame { kind, layout, channel, instance, millis, payload: rest.bytes.to_vec() })
    }

    /// State and words of a [`FrameKind::Status`] frame; `None` for other kinds and for an empty payload.
    pub fn status(&self) -> Option<(State, &[u8])> {
        let (number, words) = self.payload.split_first()?;
        (self.kind == FrameKind::Status).then(|| (State::from_number(*number), words))
    }
}

/// What is left of a message.
struct Rest<'a> {
    bytes: &'a [u8],
    length: usize,
}

impl Rest<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], FrameError> {
        let (head, tail) = self.bytes.split_first_chunk().ok_or(FrameError::Short(self.length))?;
        self.bytes = tail;
        Ok(*head)
    }

    fn id(&mut self) -> Result<Vec<u8>, FrameError> {
        let [length] = self.array()?;
        let (id, tail) = self.bytes.split_at_checked(usize::from(length)).ok_or(FrameError::Short(self.length))?;
        self.bytes = tail;
        Ok(id.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vectors() -> Vec<(String, Vec<u8>)> {
        let text = include_str!("../../tests/fixtures/ws_frame_vectors.json");
        let document: serde_json::Value = serde_json::from_str(text).unwrap();
        let frames = document["frames"].as_array().unwrap();
        frames
            .iter()
            .map(|frame| {
                let digits = frame["hex"].as_str().unwrap().as_bytes();
                let byte = |two: &[u8]| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap();
                let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
                assert_eq!(frame["length"].as_u64(), Some(bytes.len() as u64));
                (frame["name"].as_str().unwrap().to_owned(), bytes)
            })
            .collect()
    }

    #[test]
    fn every_vector_is_read_and_written_back_byte_for_byte() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 11);
        for (name, bytes) in vectors {
            let frame = Frame::parse(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(frame.encode().as_deref(), Ok(&bytes[..]), "{name}");
            let word = name.split(' ').find(|word| !matches!(*word, "cli" | "1.01")).unwrap_or_default();
            assert_eq!(format!("{:?}", frame.kind).to_lowercase(), word, "{name}");
            assert_eq!(matches!(frame.layout, Layout::V101 { .. }), name.contains("1.01"), "{name}");
            assert!(frame.millis > 1_700_000_000_000, "{name}");
        }
    }

    #[test]
    fn a_status_frame_tells_state_and_words() {
        let status = |name: &str| {
            let (_, bytes) = vectors().into_iter().find(|(n, _)| n.starts_with(name)).unwrap();
            let frame = Frame::parse(&bytes).unwrap();
            frame.status().map(|(state, words)| (state, words.to_vec()))
        };
        type Row<'a> = (&'a str, Option<(State, &'a [u8])>);
        let rows: [Row; 4] = [
            ("status Closed", Some((State::Closed, b"Exit"))),
            ("status Opened", Some((State::Opened, b""))),
            ("status Stream", Some((State::Stream, &204_800_u32.to_be_bytes()))),
            ("output", None),
        ];
        for (name, wanted) in rows {
            assert_eq!(status(name), wanted.map(|(state, words)| (state, words.to_vec())), "{name}");
        }
        assert_eq!(Frame::new(FrameKind::Status, 1, []).status(), None, "empty payload");
    }

    #[test]
    fn the_vectors_mean_what_their_names_say() {
        let vectors = vectors();
        let frame = |name: &str| Frame::parse(&vectors.iter().find(|(n, _)| n == name).unwrap().1).unwrap();
        let input = frame("input 1.02");
        assert_eq!((input.kind, &*input.payload, &*input.channel), (FrameKind::Input, &b"pwd"[..], &b"d-channel"[..]));
        let output = frame("output 1.02");
        assert_eq!((output.kind, output.layout), (FrameKind::Output, Layout::v102(1, 1)));
        let closed = frame("status Closed + Exit");
        let payload = [&[State::Closed.number()][..], b"Exit"].concat();
        assert_eq!((closed.kind, closed.payload), (FrameKind::Status, payload));
        assert_eq!(frame("status Opened").payload, [State::Opened.number()]);
        assert_eq!(frame("cli 1.01 close").layout, Layout::V101 { sequence: 2 });
    }

    #[test]
    fn numbers_of_kinds_and_states_survive_both_ways() {
        for number in 0..=255 {
            assert_eq!(State::from_number(number).number(), number);
            assert_eq!(FrameKind::from_number(u32::from(number)).number(), u32::from(number));
        }
    }

    #[test]
    fn every_cut_and_every_addition_is_refused() {
        for (name, bytes) in vectors() {
            for end in 0..bytes.len() {
                assert!(Frame::parse(&bytes[..end]).is_err(), "{name} cut to {end}");
            }
            let longer = [&bytes[..], b"x"].concat();
            assert!(matches!(Frame::parse(&longer), Err(FrameError::Length { .. })), "{name} with a byte more");
        }
    }

    #[test]
    fn whatever_is_read_as_a_frame_means_the_same_when_written() {
        arbtest::arbtest(|u| {
            let version = *u.choose(&[&b"1.01"[..], b"1.02", b"9.99"])?;
            let kind = u.int_in_range(0..=7_u32)?.to_le_bytes();
            let message = [&kind[..], version, u.bytes(u.len())?].concat();
            if let Ok(frame) = Frame::parse(&message) {
                assert_eq!(Frame::parse(&frame.encode().unwrap()), Ok(frame));
            }
            Ok(())
        });
    }

    #[test]
    fn other_versions_are_refused() {
        let (_, mut bytes) = vectors().swap_remove(0);
        bytes[7] = b'3';
        assert_eq!(Frame::parse(&bytes), Err(FrameError::Version(*b"1.03")));
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let mut frame = Frame::new(FrameKind::Output, 1, vec![0; 65_536]);
        assert_eq!(frame.encode(), Err(TooLong { what: "payload", length: 65_536 }));
        frame.layout = Layout::V101 { sequence: 0 };
        assert!(frame.encode().is_ok());
        frame.channel = vec![b'c'; ID_BYTES];
        assert!(frame.encode().is_ok());
        frame.channel.push(b'c');
        assert_eq!(frame.encode(), Err(TooLong { what: "channel id", length: 256 }));
    }
}
