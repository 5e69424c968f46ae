//! Frames of the terminal protocol: one binary WebSocket message each, little-endian (FACTS 5).

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What it is for.
    pub kind: Kind,
    /// Version, and the numbers that it has.
    pub version: Version,
    /// ChannelId, at most 255 bytes.
    pub channel: Vec<u8>,
    /// InstanceId, at most 255 bytes.
    pub instance: Vec<u8>,
    /// Milliseconds of Unix time; clients refuse 0.
    pub timestamp: u64,
    /// What it carries.
    pub payload: Vec<u8>,
}

/// Kinds of frames, numbered as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From the client; without payload a heartbeat.
    Input = 0,
    /// From the terminal.
    Output = 1,
    /// Rows and columns.
    Resize = 2,
    /// The client is done.
    Close = 3,
    /// The client begins.
    Open = 4,
    /// A [`State`] and text.
    Status = 5,
    /// Acknowledges numbers.
    Sync = 6,
}

/// Version of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `1.01`, of the command line client.
    V101 {
        /// Number of the frame.
        sequence: i64,
    },
    /// `1.02`, of the web client.
    V102 {
        /// Number of the input.
        input: u32,
        /// Number of the output.
        output: u32,
        /// How the payload is encoded; 0 is not at all.
        encoding: u8,
    },
}

/// States that a Status frame reports, numbered as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The terminal is there.
    Opened = 3,
    /// The terminal is gone; the text says why.
    Closed = 5,
}

const KINDS: [Kind; 7] = [Kind::Input, Kind::Output, Kind::Resize, Kind::Close, Kind::Open, Kind::Status, Kind::Sync];

/// Most bytes of a payload, so that every version can carry it.
pub const PAYLOAD: usize = u16::MAX as usize;

impl Frame {
    /// Reads a message; `None` when it is no frame.
    pub fn parse(message: &[u8]) -> Option<Frame> {
        let mut rest = message;
        let kind = *KINDS.get(usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?)?;
        let version: [u8; 4] = take(&mut rest)?;
        let channel = take_short(&mut rest)?;
        let instance = take_short(&mut rest)?;
        let timestamp = u64::from_le_bytes(take(&mut rest)?);
        let (version, length) = match &version {
            b"1.01" => {
                let sequence = i64::from_le_bytes(take(&mut rest)?);
                (Version::V101 { sequence }, usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?)
            }
            b"1.02" => {
                let input = u32::from_le_bytes(take(&mut rest)?);
                let output = u32::from_le_bytes(take(&mut rest)?);
                let length = u16::from_le_bytes(take(&mut rest)?);
                let [encoding, _reserved] = take(&mut rest)?;
                (Version::V102 { input, output, encoding }, usize::from(length))
            }
            _ => return None,
        };
        (rest.len() == length).then(|| Frame { kind, version, channel, instance, timestamp, payload: rest.to_vec() })
    }

    /// Writes the frame. Ids beyond 255 bytes and payloads beyond [`PAYLOAD`] are cut.
    pub fn encode(&self) -> Vec<u8> {
        let payload = &self.payload[..self.payload.len().min(PAYLOAD)];
        let length = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        let mut out = Vec::with_capacity(30 + self.channel.len() + self.instance.len() + payload.len());
        out.extend((self.kind as u32).to_le_bytes());
        out.extend(match self.version {
            Version::V101 { .. } => b"1.01",
            Version::V102 { .. } => b"1.02",
        });
        push_short(&mut out, &self.channel);
        push_short(&mut out, &self.instance);
        out.extend(self.timestamp.to_le_bytes());
        match self.version {
            Version::V101 { sequence } => {
                out.extend(sequence.to_le_bytes());
                out.extend(u32::from(length).to_le_bytes());
            }
            Version::V102 { input, output, encoding } => {
                out.extend(input.to_le_bytes());
                out.extend(output.to_le_bytes());
                out.extend(length.to_le_bytes());
                out.extend([encoding, 0]);
            }
        }
        out.extend(payload);
        out
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn take_short(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let [length] = take(rest)?;
    let (head, tail) = rest.split_at_checked(usize::from(length))?;
    *rest = tail;
    Some(head.to_vec())
}

fn push_short(out: &mut Vec<u8>, text: &[u8]) {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    out.push(length);
    out.extend(&text[..usize::from(length)]);
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const VECTORS: &str = include_str!("../../tests/fixtures/ws_frame_vectors.json");

    fn vectors() -> Vec<(String, Vec<u8>)> {
        let document: Value = serde_json::from_str(VECTORS).unwrap();
        let bytes = |hex: &str| {
            (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect::<Vec<u8>>()
        };
        let frames = document["frames"].as_array().unwrap().iter();
        frames.map(|f| (f["name"].as_str().unwrap().to_owned(), bytes(f["hex"].as_str().unwrap()))).collect()
    }

    #[test]
    fn every_vector_is_read_and_written_back_byte_for_byte() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 11);
        for (name, bytes) in vectors {
            let frame = Frame::parse(&bytes).unwrap_or_else(|| panic!("{name} is a frame"));
            assert_eq!(frame.encode(), bytes, "{name}");
        }
    }

    #[test]
    fn the_vectors_mean_what_their_names_say() {
        let vectors = vectors();
        let frame = |name: &str| Frame::parse(&vectors.iter().find(|(n, _)| n == name).unwrap().1).unwrap();
        let input = frame("input 1.02");
        assert_eq!((input.kind, &*input.payload, &*input.channel), (Kind::Input, &b"pwd"[..], &b"d-channel"[..]));
        let output = frame("output 1.02");
        assert_eq!((output.kind, output.version), (Kind::Output, Version::V102 { input: 1, output: 1, encoding: 0 }));
        let closed = frame("status Closed + Exit");
        assert_eq!((closed.kind, closed.payload), (Kind::Status, [&[State::Closed as u8][..], b"Exit"].concat()));
        assert_eq!(frame("status Opened").payload, [State::Opened as u8]);
        assert_eq!(frame("cli 1.01 close").version, Version::V101 { sequence: 2 });
    }

    #[test]
    fn nothing_cut_or_added_is_a_frame() {
        for (name, bytes) in vectors() {
            for end in 0..bytes.len() {
                assert_eq!(Frame::parse(&bytes[..end]), None, "{name} cut to {end}");
            }
            assert_eq!(Frame::parse(&[&bytes[..], b"x"].concat()), None, "{name} and more");
        }
    }

    #[test]
    fn whatever_is_read_as_a_frame_means_the_same_when_written() {
        arbtest::arbtest(|u| {
            let version = *u.choose(&[&b"1.01"[..], b"1.02", b"9.99"])?;
            let kind = u.int_in_range(0..=7_u32)?.to_le_bytes();
            let message = [&kind[..], version, u.bytes(u.len())?].concat();
            if let Some(frame) = Frame::parse(&message) {
                assert_eq!(Frame::parse(&frame.encode()), Some(frame));
            }
            Ok(())
        });
    }
}
