//! Where the endpoint is: scheme, host, port and path, from a URL.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

/// An HTTP endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    secure: bool,
    host: Host,
    port: u16,
    path: String,
    host_header: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    Name(String),
    Address(IpAddr),
}

/// Why a text is no endpoint, and how to mend it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Nothing at all.
    #[error("the URL is empty: write one such as http://127.0.0.1:8080")]
    Empty,
    /// No `://`.
    #[error("`{0}` has no scheme: write http://{0} or https://{0}")]
    NoScheme(String),
    /// Neither HTTP nor HTTPS.
    #[error("`{0}` is no scheme that is spoken here: write http:// or https://")]
    Scheme(String),
    /// Neither `ws` nor `wss`.
    #[error("`{0}` is no scheme of a WebSocket: write ws:// or wss://")]
    WebSocketScheme(String),
    /// A space or control character.
    #[error("the URL holds white space or a control character: leave it out")]
    Space,
    /// A user or password, not repeated here.
    #[error("the URL holds a user or password before `@`: leave them out, keys are read from the environment")]
    UserInfo,
    /// A query.
    #[error("the URL holds a query: leave out `?` and what follows it")]
    Query,
    /// A fragment.
    #[error("the URL holds a fragment: leave out `#` and what follows it")]
    Fragment,
    /// No host.
    #[error("the URL names no host: write one such as http://127.0.0.1:8080")]
    NoHost,
    /// An address with colons outside of brackets.
    #[error("`{0}` holds several colons: write an IPv6 address in brackets, such as http://[::1]:8080")]
    Brackets(String),
    /// A host that is neither name nor address.
    #[error("`{0}` is neither a host name nor an address: write one such as 127.0.0.1, [::1] or ecs.example.com")]
    Host(String),
    /// A port that is none.
    #[error("`{0}` is no port: write a number from 1 to 65535 after the colon, or leave both out")]
    Port(String),
    /// A path with bytes that must be encoded.
    #[error("the path `{0}` holds characters that a URL cannot: percent-encode them")]
    Path(String),
}

impl Endpoint {
    /// Reads `http(s)://host[:port][/path]`.
    pub fn parse(url: &str) -> Result<Endpoint, EndpointError> {
        if url.is_empty() {
            return Err(EndpointError::Empty);
        }
        if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(EndpointError::Space);
        }
        let (scheme, rest) = match url.split_once("://") {
            Some(split) => split,
            None if url.contains('@') => return Err(EndpointError::UserInfo),
            None => return Err(EndpointError::NoScheme(url.to_owned())),
        };
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(EndpointError::Scheme(scheme.to_owned())),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(EndpointError::UserInfo);
        }
        if path.contains('#') {
            return Err(EndpointError::Fragment);
        }
        if path.contains('?') {
            return Err(EndpointError::Query);
        }
        let (host, port) = authority_of(authority, if secure { 443 } else { 80 })?;
        if !is_path(path) {
            return Err(EndpointError::Path(path.to_owned()));
        }
        let path = if path.is_empty() { "/" } else { path }.to_owned();
        let mut endpoint = Endpoint { secure, host, port, path, host_header: String::new() };
        let is_default = port == if secure { 443 } else { 80 };
        endpoint.host_header = if is_default { endpoint.bracketed() } else { endpoint.authority() };
        Ok(endpoint)
    }

    /// Whether it is HTTPS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// Host name, in lower case, or address without brackets.
    pub fn host(&self) -> String {
        match &self.host {
            Host::Name(name) => name.clone(),
            Host::Address(address) => address.to_string(),
        }
    }

    /// The address, when the host is one.
    pub fn address(&self) -> Option<IpAddr> {
        match self.host {
            Host::Name(_) => None,
            Host::Address(address) => Some(address),
        }
    }

    /// The port, the scheme's own where none was given.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the `host` field says: the port only where it is not the scheme's own, IPv6 in brackets.
    pub fn host_header(&self) -> &str {
        &self.host_header
    }

    /// Host and port, always both.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    /// The path, `/` where none was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is this machine: `localhost` and loopback addresses.
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Name(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                name == "localhost" || name.ends_with(".localhost")
            }
            Host::Address(address) => address.to_canonical().is_loopback(),
        }
    }

    fn bracketed(&self) -> String {
        match &self.host {
            Host::Address(IpAddr::V6(address)) => format!("[{address}]"),
            _ => self.host(),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme(), self.host_header(), self.path)
    }
}

fn authority_of(authority: &str, default_port: u16) -> Result<(Host, u16), EndpointError> {
    let wrong = || EndpointError::Host(authority.to_owned());
    let (host, port) = if let Some(inner) = authority.strip_prefix('[') {
        let (address, after) = inner.split_once(']').ok_or_else(wrong)?;
        let address: Ipv6Addr = address.parse().map_err(|_| wrong())?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port),
            None if after.is_empty() => None,
            None => return Err(wrong()),
        };
        (Host::Address(address.into()), port)
    } else {
        let (host, port) = authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port)));
        if port.is_some_and(|port| port.contains(':')) {
            return Err(EndpointError::Brackets(authority.to_owned()));
        }
        (host_of(host)?, port)
    };
    let Some(port) = port else { return Ok((host, default_port)) };
    let number = port.bytes().all(|b| b.is_ascii_digit()).then(|| port.parse().ok()).flatten();
    match number {
        Some(number) if number != 0 => Ok((host, number)),
        _ => Err(EndpointError::Port(port.to_owned())),
    }
}

fn host_of(host: &str) -> Result<Host, EndpointError> {
    if host.is_empty() {
        return Err(EndpointError::NoHost);
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return Ok(Host::Address(address.into()));
    }
    let labels = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // A last label of digits would be read as an address in some places and as a name in others (1.2.3, 0x7f.1).
    let is_number = |label: &str| {
        label.bytes().all(|b| b.is_ascii_digit())
            || label.strip_prefix("0x").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    let last = labels.rsplit('.').next().unwrap_or("");
    if labels.len() > 253 || !labels.split('.').all(is_label) || is_number(last) {
        return Err(EndpointError::Host(host.to_owned()));
    }
    Ok(Host::Name(host.to_ascii_lowercase()))
}

/// RFC 3986: `pchar`, `/`, and percent signs only before two hexadecimal digits.
fn is_path(path: &str) -> bool {
    let bytes = path.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| match byte {
        b'%' => bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit)),
        _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(byte),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_tells_host_field_path_and_loopback() {
        let rows = [
            ("http://127.0.0.1:8080", "127.0.0.1:8080", 8080, "/", true),
            ("http://127.9.9.9", "127.9.9.9", 80, "/", true),
            ("HTTP://LocalHost:80/", "localhost", 80, "/", true),
            ("https://a.localhost.", "a.localhost.", 443, "/", true),
            ("http://[::1]:8080/x", "[::1]:8080", 8080, "/x", true),
            ("https://[::1]:443", "[::1]", 443, "/", true),
            ("https://[::ffff:127.0.0.1]", "[::ffff:127.0.0.1]", 443, "/", true),
            ("https://ecs.cn-hangzhou.aliyuncs.com", "ecs.cn-hangzhou.aliyuncs.com", 443, "/", false),
            ("https://h:80/a%2fb/", "h:80", 80, "/a%2fb/", false),
            ("http://h:443", "h:443", 443, "/", false),
            ("http://10.0.0.1", "10.0.0.1", 80, "/", false),
            ("http://my_service:1/@", "my_service:1", 1, "/@", false),
        ];
        for (url, host, port, path, loopback) in rows {
            let endpoint = Endpoint::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(endpoint.host_header(), host, "{url}");
            assert_eq!(endpoint.port(), port, "{url}");
            assert_eq!(endpoint.path(), path, "{url}");
            assert_eq!(endpoint.is_loopback(), loopback, "{url}");
            assert_eq!(Endpoint::parse(&endpoint.to_string()).as_ref(), Ok(&endpoint), "{url}");
        }
    }

    #[test]
    fn what_is_no_endpoint_is_refused_with_a_way_to_mend_it() {
        use EndpointError::*;
        let text = str::to_owned;
        let rows = [
            ("", Empty),
            ("localhost:8080", NoScheme(text("localhost:8080"))),
            ("user:secret@host", UserInfo),
            ("ftp://host", Scheme(text("ftp"))),
            ("://host", Scheme(text(""))),
            (" http://host", Space),
            ("http://host\n", Space),
            ("http://user:secret@host", UserInfo),
            ("http://@host", UserInfo),
            ("http://host/?a=b", Query),
            ("http://host?", Query),
            ("http://host/#top", Fragment),
            ("http://", NoHost),
            ("http:///path", NoHost),
            ("http://:80", NoHost),
            ("http://::1", Brackets(text("::1"))),
            ("http://[::1", Host(text("[::1"))),
            ("http://[::1]8", Host(text("[::1]8"))),
            ("http://[fe80::1%25eth0]", Host(text("[fe80::1%25eth0]"))),
            ("http://[127.0.0.1]", Host(text("[127.0.0.1]"))),
            ("http://256.0.0.1", Host(text("256.0.0.1"))),
            ("http://127.1", Host(text("127.1"))),
            ("http://0x7f", Host(text("0x7f"))),
            ("http://a..b", Host(text("a..b"))),
            ("http://b\u{fc}cher", Host(text("b\u{fc}cher"))),
            ("http://h:", Port(text(""))),
            ("http://h:0", Port(text("0"))),
            ("http://h:+1", Port(text("+1"))),
            ("http://h:65536", Port(text("65536"))),
            ("http://h/\u{e4}", Path(text("/\u{e4}"))),
            ("http://h/%2", Path(text("/%2"))),
            ("http://h/a\"b", Path(text("/a\"b"))),
        ];
        for (url, error) in rows {
            assert_eq!(Endpoint::parse(url), Err(error), "{url}");
        }
    }

    #[test]
    fn an_error_repeats_no_password() {
        for url in ["http://user:secret@host", "user:secret@host"] {
            assert!(!Endpoint::parse(url).unwrap_err().to_string().contains("secret"));
        }
    }
}
