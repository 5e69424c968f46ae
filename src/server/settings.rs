//! What can be set about the server: its keys, its regions, its limits, and its answer to every open question.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use zeroize::Zeroizing;

use super::fault::Fault;
use super::region;

/// AccessKeyId of the built-in key that may do everything. Public, for tests only.
pub const ACCESS_KEY_ID: &str = "endspec-reference-key";
/// Secret of [`ACCESS_KEY_ID`]. Public, for tests only.
pub const ACCESS_KEY_SECRET: &str = "endspec-reference-secret";
/// AccessKeyId of the built-in key that may do everything but EndTerminalSession. Public, for tests only.
pub const DENIED_ACCESS_KEY_ID: &str = "endspec-reference-denied-key";
/// Secret of [`DENIED_ACCESS_KEY_ID`]. Public, for tests only.
pub const DENIED_ACCESS_KEY_SECRET: &str = "endspec-reference-denied-secret";
/// The region of which clients are expected to speak when they name none.
pub const REGION_ID: &str = "cn-hangzhou";
/// A second region with the API.
pub const OTHER_REGION_ID: &str = "cn-shanghai";
/// The region that exists and does not have the API.
pub const UNSUPPORTED_REGION_ID: &str = "cn-fuzhou";
/// An instance that exists, as does every other whose id has the right shape.
pub const INSTANCE_ID: &str = "i-bp1endspec0000000001";

/// Everything that can be set; [`Settings::default`] is the server that `endspec serve` starts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who may call.
    pub auth: Auth,
    /// Answers where the documents leave a question open.
    pub readings: Readings,
    /// Region ids that exist.
    pub regions: BTreeSet<String>,
    /// Those among them without this API.
    pub unsupported_regions: BTreeSet<String>,
    /// Scheme and authority of WebSocket URLs, such as `wss://terminals.example:443`. `None`: `ws://` and the host that
    /// the call of StartTerminalSession names.
    pub web_socket_base: Option<String>,
    /// `HostId` of error answers.
    pub host_id: String,
    /// Numbers.
    pub limits: Limits,
    /// What it gets wrong on purpose, for a tester to be tested by.
    pub fault: Option<&'static Fault>,
}

/// Answers where the documents leave a question open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Readings {
    /// EndTerminalSession on a session that has ended.
    pub repeat_end: RepeatEnd,
    /// EndTerminalSession with a RegionId that is no region.
    pub unknown_region: UnknownRegion,
    /// A required parameter that is there and empty.
    pub empty_parameter: EmptyParameter,
    /// A SessionId that can be no session id.
    pub malformed_session: MalformedSession,
    /// A parameter that stands more than once.
    pub repeated_parameter: RepeatedParameter,
    /// A WebSocket to a session that has ended.
    pub closed_websocket: ClosedWebSocket,
    /// The format when the caller names none.
    pub default_format: DefaultFormat,
    /// How the code for a missing parameter is written.
    pub missing_code: MissingCode,
}

/// EndTerminalSession on a session that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatEnd {
    /// 404 `InvalidSessionId.NotFound`.
    NotFound,
    /// 200 again.
    Idempotent,
}

/// EndTerminalSession with a RegionId that is no region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnknownRegion {
    /// 400 `RegionId.ApiNotSupported`.
    NotSupported,
    /// 404 `InvalidRegionId.NotFound`, as the sibling operations document it.
    NotFound,
    /// 400 `InvalidParameter.RegionId`.
    Invalid,
}

/// A required parameter that is there and empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyParameter {
    /// As if it were not there.
    Missing,
    /// As an unknown value.
    NotFound,
}

/// A SessionId that can be no session id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MalformedSession {
    /// As an unknown one.
    NotFound,
    /// 400 `InvalidSessionId.Malformed`.
    Invalid,
}

/// A parameter that stands more than once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatedParameter {
    /// The first one counts.
    First,
    /// The last one counts.
    Last,
    /// 400 `InvalidParameter`.
    Refused,
}

/// A WebSocket to a session that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClosedWebSocket {
    /// No 101.
    Refused,
    /// 101, a Status frame that says Closed, a Close - whatever the token.
    Closed,
}

/// The format when the caller names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DefaultFormat {
    /// XML, as the documents say.
    Xml,
    /// JSON.
    Json,
}

/// How the code for a missing parameter is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingCode {
    /// `MissingParameter`.
    Plain,
    /// `MissingParameter.SessionId`.
    Dotted,
    /// `MissingSessionId`.
    Joined,
}

/// Who may call.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Every call is signed with one of these keys.
    Required(Vec<Key>),
    /// Nobody signs, and signatures are not looked at.
    Open,
}

/// An access key. Debug output shows the id alone.
#[derive(Clone)]
pub struct Key {
    /// AccessKeyId.
    pub id: String,
    /// AccessKeySecret.
    pub secret: Zeroizing<String>,
    /// The STS token that must come with it.
    pub token: Option<Zeroizing<String>>,
    /// What it may do.
    pub allowed: BTreeSet<Operation>,
}

impl Key {
    /// A key without a token that may do everything.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Key {
        Key {
            id: id.into(),
            secret: Zeroizing::new(secret.into()),
            token: None,
            allowed: Operation::ALL.into_iter().collect(),
        }
    }

    /// The same key without the permission for `operation`.
    #[must_use]
    pub fn without(mut self, operation: Operation) -> Key {
        self.allowed.remove(&operation);
        self
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, ***, {:?})", self.id, self.allowed)
    }
}

/// The operations that the server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// StartTerminalSession.
    Start,
    /// DescribeTerminalSessions.
    Describe,
    /// EndTerminalSession.
    End,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 3] = [Operation::Start, Operation::Describe, Operation::End];

    /// The value of `Action`.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Start => "StartTerminalSession",
            Operation::Describe => "DescribeTerminalSessions",
            Operation::End => "EndTerminalSession",
        }
    }
}

/// Numbers, each as documented where it is (FACTS 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How old a signature may be: the documented 15 minutes and one for clocks that differ.
    pub signature_past: Duration,
    /// How far ahead of the server's clock a signature may be.
    pub signature_ahead: Duration,
    /// How long a WebSocket URL takes connections after the session was started or its last connection ended.
    pub url_valid: Duration,
    /// How long a connection may carry nothing.
    pub idle: Duration,
    /// Sessions that a region may have open.
    pub sessions_per_region: usize,
    /// WebSockets that a session may have open.
    pub connections_per_session: usize,
    /// Sessions that are remembered. Beyond that the oldest that nobody can use any more is forgotten, and its id is
    /// then like one never issued.
    pub remembered_sessions: usize,
    /// Characters of `Username`; that there is a limit is documented, how long it is is not.
    pub username: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            signature_past: Duration::from_secs(16 * 60),
            signature_ahead: Duration::from_secs(16 * 60),
            url_valid: Duration::from_secs(10 * 60),
            idle: Duration::from_secs(3 * 60),
            sessions_per_region: 1_000,
            connections_per_session: 16,
            remembered_sessions: 50_000,
            username: 128,
        }
    }
}

impl Default for Readings {
    fn default() -> Readings {
        Readings {
            repeat_end: RepeatEnd::NotFound,
            unknown_region: UnknownRegion::NotFound,
            empty_parameter: EmptyParameter::Missing,
            malformed_session: MalformedSession::NotFound,
            repeated_parameter: RepeatedParameter::First,
            closed_websocket: ClosedWebSocket::Refused,
            default_format: DefaultFormat::Xml,
            missing_code: MissingCode::Plain,
        }
    }
}

/// Whether the server, as it is by default, has a region, with this API or without.
pub fn has_region(id: &str, with_api: bool) -> bool {
    region::all().any(|region| region == id) && (id != UNSUPPORTED_REGION_ID) == with_api
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            auth: Auth::Required(vec![
                Key::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET),
                Key::new(DENIED_ACCESS_KEY_ID, DENIED_ACCESS_KEY_SECRET).without(Operation::End),
            ]),
            readings: Readings::default(),
            regions: region::all().map(str::to_owned).collect(),
            unsupported_regions: BTreeSet::from([UNSUPPORTED_REGION_ID.to_owned()]),
            web_socket_base: None,
            host_id: "ecs.aliyuncs.com".to_owned(),
            limits: Limits::default(),
            fault: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_has_no_secret() {
        let shown = format!("{:?}", Settings::default());
        assert!(shown.contains(ACCESS_KEY_ID));
        assert!(!shown.contains(ACCESS_KEY_SECRET) && !shown.contains(DENIED_ACCESS_KEY_SECRET));
    }

    #[test]
    fn the_named_regions_exist_and_one_lacks_the_api() {
        let settings = Settings::default();
        for region in [REGION_ID, OTHER_REGION_ID, UNSUPPORTED_REGION_ID] {
            assert!(settings.regions.contains(region), "{region}");
        }
        assert_eq!(settings.unsupported_regions.iter().collect::<Vec<_>>(), [UNSUPPORTED_REGION_ID]);
    }
}
