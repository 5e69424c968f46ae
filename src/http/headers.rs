//! Header fields: ordered, duplicates kept, values as bytes.

/// Header fields in the order sent or received, duplicates and all.
///
/// They lie in two buffers: an exchange has a dozen of them, and a run keeps thousands of exchanges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    names: String,
    values: Vec<u8>,
    /// Where each field ends, in either buffer.
    ends: Vec<(usize, usize)>,
    /// A bit for each length of a name: most that are asked for are not there, and no other is as long.
    lengths: u64,
}

/// The bit of a name's length.
fn bit(name: &str) -> u64 {
    1 << (name.len() % 64)
}

impl Headers {
    /// No fields.
    pub fn new() -> Headers {
        Headers::default()
    }

    /// Appends a field, leaving others of that name in place.
    pub fn push(&mut self, name: impl AsRef<str>, value: impl AsRef<[u8]>) {
        if self.ends.is_empty() {
            // What most heads fit, at once.
            self.names = String::with_capacity(128);
            self.values = Vec::with_capacity(448);
            self.ends = Vec::with_capacity(12);
        }
        let name = name.as_ref();
        self.lengths |= bit(name);
        self.names.push_str(name);
        self.values.extend_from_slice(value.as_ref());
        self.ends.push((self.names.len(), self.values.len()));
    }

    /// All fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let mut start = (0, 0);
        self.ends.iter().map(move |&end| {
            let field = (&self.names[start.0..end.0], &self.values[start.1..end.1]);
            start = end;
            field
        })
    }

    /// The values of every field of that name, in any letter case.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let (mut start, names) = ((0, 0), self.names.as_bytes());
        let ends = if self.lengths & bit(name) == 0 { &[] } else { &self.ends[..] };
        ends.iter().filter_map(move |&end| {
            let field = std::mem::replace(&mut start, end);
            // Most names are of another length.
            let is_it = end.0 - field.0 == name.len() && names[field.0..end.0].eq_ignore_ascii_case(name.as_bytes());
            is_it.then(|| &self.values[field.1..end.1])
        })
    }

    /// The first value of that name, when it is UTF-8.
    pub fn get(&self, name: &str) -> Option<&str> {
        std::str::from_utf8(self.all(name).next()?).ok().map(str::trim)
    }

    /// Removes every field of that name.
    pub fn remove(&mut self, name: &str) {
        *self = self.iter().filter(|(n, _)| !n.eq_ignore_ascii_case(name)).collect();
    }

    /// Bytes of all fields as they are written, `: ` and line breaks included.
    pub fn written(&self) -> usize {
        self.names.len() + self.values.len() + 4 * self.ends.len()
    }

    /// Number of fields.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(fields: I) -> Headers {
        let mut headers = Headers::new();
        for (name, value) in fields {
            headers.push(name, value);
        }
        headers
    }
}
