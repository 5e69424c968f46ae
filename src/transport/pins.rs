//! Names whose address the user gives, as a name server would.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Endpoint;

/// Addresses by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pins(BTreeMap<String, IpAddr>);

impl Pins {
    /// Adds `HOST:ADDRESS`.
    ///
    /// # Errors
    /// What it is instead, and how to mend it.
    pub fn add(&mut self, text: &str) -> Result<(), String> {
        let wrong = || {
            format!("`{text}` is not HOST:ADDRESS: write one such as ecs.example.com:10.0.0.7 or ecs.example.com:::1")
        };
        let (host, address) = text.split_once(':').ok_or_else(wrong)?;
        let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(address);
        let address: IpAddr = bare.parse().map_err(|_| wrong())?;
        let endpoint = Endpoint::parse(&format!("http://{host}")).map_err(|_| wrong())?;
        if endpoint.address().is_some() || endpoint.path() != "/" {
            return Err(format!("`{host}` is an address itself: only a name can be given one"));
        }
        match self.0.insert(dotless(&endpoint.host()).to_owned(), address) {
            Some(other) if other != address => Err(format!("`{host}` is given two addresses")),
            _ => Ok(()),
        }
    }

    /// The address of a host, as [`Endpoint::host`] writes it.
    pub fn address(&self, host: &str) -> Option<IpAddr> {
        self.0.get(dotless(host)).copied()
    }
}

/// The host without the final dot, with which it is the same.
fn dotless(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_given_one_address_of_either_kind() {
        let mut pins = Pins::default();
        for text in ["ECS.example.com:10.0.0.7", "ecs.example.com:10.0.0.7", "six:::1", "also-six:[fe80::2]"] {
            assert_eq!(pins.add(text), Ok(()), "{text}");
        }
        assert_eq!(pins.address("ecs.example.com").map(|address| address.to_string()).as_deref(), Some("10.0.0.7"));
        assert_eq!(pins.address("six").map(|address| address.is_loopback()), Some(true));
        assert_eq!(pins.address("other"), None);
        for text in ["", "a", "a:", "a:b", ":1.2.3.4", "1.2.3.4:1.2.3.4", "a/b:1.2.3.4", "six:::2", "a:1.2.3.4:80"] {
            assert!(pins.add(text).is_err(), "{text}");
        }
    }
}
