//! Wire forms: the ways to say the same call.

use super::Encoding;

/// Where parameters stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Placement {
    /// GET, all in the query.
    GetQuery,
    /// POST with an empty body, all in the query.
    PostQuery,
    /// POST, all in an `application/x-www-form-urlencoded` body.
    PostForm,
}

/// The answer's format asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// `Format=JSON` and `accept: application/json` (under V3 the latter alone).
    Json,
    /// `Format=XML` and `accept: application/xml`.
    Xml,
}

/// How a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// Not at all.
    None,
    /// HMAC-SHA1 over the parameters (FACTS 1.3).
    V1,
    /// ACS3-HMAC-SHA256 over request line, headers and body (FACTS 1.4).
    V3,
}

/// The order of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Common parameters first, then the operation's as given.
    AsGiven,
    /// By name, ascending bytes.
    Ascending,
    /// By name, descending bytes.
    Descending,
}

/// One way to say a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WireForm {
    /// Method and place of the parameters.
    pub placement: Placement,
    /// Format asked for; `None` sends neither Format nor accept.
    pub format: Option<Format>,
    /// Signature scheme.
    pub scheme: Scheme,
    /// Order of the parameters.
    pub order: Order,
    /// Writing of names and values.
    pub encoding: Encoding,
}

impl Placement {
    /// All, in the order tried.
    pub const ALL: [Placement; 3] = [Placement::GetQuery, Placement::PostQuery, Placement::PostForm];

    /// Name in case files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Placement::GetQuery => "GET",
            Placement::PostQuery => "POST-query",
            Placement::PostForm => "POST-form",
        }
    }

    /// The HTTP method.
    pub fn method(self) -> &'static str {
        match self {
            Placement::GetQuery => "GET",
            Placement::PostQuery | Placement::PostForm => "POST",
        }
    }
}

impl Format {
    /// All, in the order tried.
    pub const ALL: [Format; 2] = [Format::Json, Format::Xml];

    /// Value of the parameter `Format`, and name in case files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Format::Json => "JSON",
            Format::Xml => "XML",
        }
    }
}

impl Scheme {
    /// Name in flags, case files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Scheme::None => "none",
            Scheme::V1 => "v1",
            Scheme::V3 => "v3",
        }
    }
}

impl Order {
    /// All, in the order tried.
    pub const ALL: [Order; 3] = [Order::AsGiven, Order::Ascending, Order::Descending];

    /// Name in case files and reports.
    pub fn name(self) -> &'static str {
        match self {
            Order::AsGiven => "as-given",
            Order::Ascending => "ascending",
            Order::Descending => "descending",
        }
    }
}

impl std::fmt::Display for WireForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = self.format.map_or("no format", Format::name);
        write!(f, "{}, {format}, {}", self.placement.name(), self.scheme.name())?;
        if self.order != Order::AsGiven {
            write!(f, ", {}", self.order.name())?;
        }
        if self.encoding != Encoding::Strict {
            write!(f, ", {}", self.encoding.name())?;
        }
        Ok(())
    }
}
