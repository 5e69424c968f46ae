//! Asking the metadata service of an ECS instance for the key of its RAM role: only where the user named one.

use crate::cli::ENVIRONMENT;
use crate::cli::args::NetworkArgs;
use crate::cli::given::Taker;
use crate::clock::Clock;
use crate::credential::{self, Found, role};
use crate::diagnostic::Diagnostic;
use crate::http::{Headers, Lane, Reply, Request};
use crate::limits;
use crate::transport::{Endpoint, Settings, Transport};

/// A role that the user named.
#[derive(Debug)]
pub(in crate::cli) struct Asked {
    name: String,
    service: Endpoint,
}

/// Where the metadata service is.
pub(super) fn service(taker: &mut Taker<'_>, args: &NetworkArgs) -> Endpoint {
    let own = || Endpoint::parse(role::SERVICE).unwrap_or_else(|_| unreachable!("the service's URL is one"));
    let Some(given) = taker.given(args.ecs_metadata.as_ref(), "ecs-metadata") else { return own() };
    match Endpoint::parse(given.text.trim()) {
        Ok(endpoint) if endpoint.path() == "/" => return endpoint,
        Ok(_) => {
            taker.mistake(
                given
                    .wrong("the URL of the metadata service has a path")
                    .help(format!("write one such as {}", role::SERVICE)),
            );
        }
        Err(error) => taker.mistake(given.wrong(error)),
    }
    own()
}

/// A role of that name, if it can be one.
pub(super) fn asked(name: &str, service: Endpoint) -> Option<Asked> {
    role::is_name(name).then(|| Asked { name: name.to_owned(), service })
}

/// Its key, as the official clients ask for it, with a token of the service where it gives one; and the second since 1970
/// until which it is good, where the service says so.
///
/// # Errors
/// The service is not there, or knows no such role.
pub(super) fn fetch(asked: &Asked) -> Result<(Found, Option<u64>), Diagnostic> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let fetched = match runtime {
        Ok(runtime) => runtime.block_on(ask(asked)),
        Err(error) => Err(format!("no runtime: {error}")),
    };
    let fetched = fetched.and_then(|(found, until)| {
        let found = credential::checked(found).map_err(|mistake| mistake.message)?;
        Ok((found, until))
    });
    fetched.map_err(|words| {
        let Asked { name, service } = asked;
        let message = format!("the metadata service at {service} gives no key of the role {name}: {words}");
        let help = "is this an instance with that role? `--ecs-metadata URL` says where else the service is";
        Diagnostic::new(ENVIRONMENT, message).help(help)
    })
}

async fn ask(asked: &Asked) -> Result<(Found, Option<u64>), String> {
    // Never through a proxy: what the service answers is meant for this machine alone.
    let transport = Transport::new(&asked.service, &Settings::new(limits::METADATA), Clock::system());
    let token = token(&transport, &asked.service).await;
    let path = format!("{}{}", role::KEYS, asked.name);
    let mut answer = get(&transport, &asked.service, &path, token.as_deref()).await;
    let may_do_without = !is_on("ALIBABA_CLOUD_IMDSV1_DISABLED");
    if token.is_none() && !may_do_without {
        return Err("it gives no token, and ALIBABA_CLOUD_IMDSV1_DISABLED forbids to ask without".to_owned());
    }
    if answer.is_err() && token.is_some() && may_do_without {
        answer = get(&transport, &asked.service, &path, None).await;
    }
    role::read(&answer?, &asked.name, &asked.service.to_string())
}

fn is_on(variable: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| value.eq_ignore_ascii_case("true"))
}

async fn token(transport: &Transport, service: &Endpoint) -> Option<String> {
    let (name, value) = role::TOKEN_TTL;
    let body = send(transport, service, "PUT", role::TOKEN, &[(name, value)]).await.ok()?;
    let token = String::from_utf8(body).ok()?.trim().to_owned();
    (!token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())).then_some(token)
}

async fn get(transport: &Transport, service: &Endpoint, path: &str, token: Option<&str>) -> Result<Vec<u8>, String> {
    let header = token.map(|token| (role::TOKEN_HEADER, token));
    send(transport, service, "GET", path, header.as_slice()).await
}

async fn send(
    transport: &Transport,
    service: &Endpoint,
    method: &str,
    path: &str,
    more: &[(&str, &str)],
) -> Result<Vec<u8>, String> {
    let mut headers = Headers::new();
    headers.push("host", service.host_header());
    headers.push("accept", "*/*");
    more.iter().for_each(|(name, value)| headers.push(*name, *value));
    let request = Request { method: method.to_owned(), target: path.to_owned(), headers, body: Vec::new() };
    match transport.exchange(request, Lane::Live).await.reply {
        Reply::Answered(answer) if answer.status == 200 => Ok(answer.body),
        Reply::Answered(answer) => Err(format!("it answers {}", answer.status)),
        Reply::Refused(cause) | Reply::Lost(cause) => Err(cause.words),
    }
}
