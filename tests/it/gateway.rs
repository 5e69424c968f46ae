//! Real programs before the target: nginx that ends TLS, tinyproxy that tunnels. Where one is not installed the test says so.
#![cfg(unix)]

use std::fs;
use std::net::{IpAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::serve::serve;
use crate::{Done, command, finish};

/// Attempts to find a port that nobody else takes before the program listens there.
const ATTEMPTS: usize = 5;

/// Ended with whatever it started.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.0.id().to_string()).status();
        let _ = self.0.wait();
    }
}

/// Whether all of these are there; else it is said.
fn installed(programs: &[&str]) -> bool {
    let missing = |name: &&&str| {
        let path = std::env::var("PATH").unwrap_or_default();
        let folders = path.split(':').chain(["/usr/sbin"]);
        !folders.into_iter().any(|folder| Path::new(folder).join(name).is_file())
    };
    let missing: Vec<&&str> = programs.iter().filter(missing).collect();
    if !missing.is_empty() {
        eprintln!("NOT TESTED: {missing:?} not installed");
    }
    missing.is_empty()
}

/// This machine by a name other than localhost, which a proxy is asked for.
fn own_name() -> Option<(String, IpAddr)> {
    let out = Command::new("hostname").output().ok()?;
    let name = String::from_utf8(out.stdout).ok()?.trim().to_ascii_lowercase();
    let address = (name.as_str(), 0).to_socket_addrs().ok()?.next()?.ip();
    let usable = !name.is_empty() && name != "localhost" && TcpListener::bind((address, 0)).is_ok();
    if !usable {
        eprintln!("NOT TESTED: this machine has no name of its own");
    }
    usable.then_some((name, address))
}

/// Starts a program on a free port; `configured` writes its files for one.
fn started(address: IpAddr, configured: impl Fn(u16) -> Command) -> (Running, u16) {
    for _ in 0..ATTEMPTS {
        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let mut child = configured(port).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        loop {
            if TcpStream::connect_timeout(&(address, port).into(), Duration::from_secs(5)).is_ok() {
                return (Running(child), port);
            }
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::yield_now();
        }
    }
    panic!("it does not listen");
}

/// An authority of its own, and what it has signed for a name: `ca.pem`, `server.pem`, `client.pem` and their keys.
fn authority(name: &str) -> TempDir {
    let folder = tempdir().unwrap();
    let run = |line: &str| {
        let done = Command::new("sh").arg("-ec").arg(line).current_dir(folder.path()).output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
    };
    const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    run(&format!("openssl req -x509 {KEY} -keyout ca.key -out ca.pem -days 2 -subj '/CN=endspec test authority'"));
    for (file, subject) in [("server", name), ("client", "client")] {
        run(&format!("openssl req {KEY} -keyout {file}.key -out {file}.csr -subj '/CN={subject}'"));
        fs::write(folder.path().join("names"), format!("subjectAltName=DNS:{subject}\n")).unwrap();
        run(&format!(
            "openssl x509 -req -in {file}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out {file}.pem"
        ));
    }
    folder
}

/// nginx that ends TLS and passes everything on to a server.
fn nginx(folder: &Path, address: IpAddr, behind: &str, more: &str) -> (Running, u16) {
    started(address, |port| {
        let shown = folder.display();
        let config = format!(
            "daemon off; pid {shown}/nginx.pid; error_log {shown}/error.log; worker_processes 1;\n\
             events {{ worker_connections 512; }}\n\
             http {{ access_log {shown}/access.log; client_body_temp_path {shown}/body; proxy_temp_path {shown}/proxy;\n\
             fastcgi_temp_path {shown}/f; uwsgi_temp_path {shown}/u; scgi_temp_path {shown}/s;\n\
             large_client_header_buffers 8 256k; client_max_body_size 16m; proxy_buffer_size 64k; proxy_buffers 8 64k;\n\
             map $http_upgrade $connection_upgrade {{ default upgrade; '' ''; }}\n\
             server {{ listen {address}:{port} ssl http2; {more}\n\
             ssl_certificate {shown}/server.pem; ssl_certificate_key {shown}/server.key;\n\
             location / {{ proxy_pass {behind}; proxy_http_version 1.1; proxy_set_header Host $http_host; proxy_set_header X-Forwarded-Proto https;\n\
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }} }} }}\n"
        );
        let path = folder.join("nginx.conf");
        fs::write(&path, config).unwrap();
        let mut command = Command::new("nginx");
        command.arg("-e").arg(folder.join("error.log")).arg("-c").arg(path).arg("-p").arg(folder);
        command
    })
}

/// tinyproxy, and where it writes down whom it was asked for.
fn tinyproxy(folder: &Path) -> (Running, u16, PathBuf) {
    let log = folder.join("tinyproxy.log");
    let (running, port) = started([127, 0, 0, 1].into(), |port| {
        let config = format!(
            "Port {port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 500\nLogFile \"{}\"\nLogLevel Connect\n",
            log.display()
        );
        let path = folder.join("tinyproxy.conf");
        fs::write(&path, config).unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(path);
        command
    });
    (running, port, log)
}

/// endspec with the keys of the reference server.
fn signed(variables: &[(&str, &str)], args: &[&str]) -> Done {
    let mut command = command(args);
    command.envs([
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", "endspec-reference-key"),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "endspec-reference-secret"),
        ("ENDSPEC_DENIED_ACCESS_KEY_ID", "endspec-reference-denied-key"),
        ("ENDSPEC_DENIED_ACCESS_KEY_SECRET", "endspec-reference-denied-secret"),
    ]);
    command.envs(variables.iter().copied());
    finish(command)
}

#[test]
fn the_suite_holds_through_a_proxy_and_a_private_authority_before_a_target_that_throttles_every_seventh_request() {
    if !installed(&["nginx", "tinyproxy", "openssl", "hostname"]) {
        return;
    }
    let Some((name, address)) = own_name() else { return };
    let folder = authority(&name);
    let served = serve(&["--fault", "throttled-every-seventh"], 4);
    // A connection that ends in the middle of a request leaves a case undecided, as it must: this is no test of that.
    let (_nginx, port) = nginx(folder.path(), address, &served.url, "keepalive_requests 1000000;");
    let (_proxy, proxy, log) = tinyproxy(folder.path());
    let (url, proxy) = (format!("https://{name}:{port}"), format!("http://127.0.0.1:{proxy}"));
    let authority = folder.path().join("ca.pem").display().to_string();
    let args = [
        "run",
        "--target",
        &url,
        "--ca-file",
        &authority,
        "--auth=v3",
        "--instance-id=i-bp1endspec0000000001",
        "--other-region=cn-shanghai",
        "--unsupported-region=cn-fuzhou",
        "--without=restart",
        "--settle=0s",
        "--jobs=8",
        "--report=json=-",
    ];
    let done = signed(&[("HTTPS_PROXY", &proxy)], &args).ends(0);
    let report: Value = done.json();
    crate::report::assert_valid(&report);
    assert!(report["weather"]["throttled"].as_u64().unwrap() > 100, "{}", report["weather"]);
    let asked = fs::read_to_string(log).unwrap();
    assert!(asked.contains(&format!("CONNECT {name}:{port}")), "{asked}");
    // Without the authority there is no target at all, and nothing is blamed on one.
    let args: Vec<&str> = args.iter().copied().filter(|arg| *arg != "--ca-file" && *arg != authority).collect();
    let report = signed(&[("HTTPS_PROXY", &proxy)], &args).ends(3).json();
    assert_eq!(report["totals"]["fail"], 0);
}

#[test]
fn a_target_that_asks_for_a_certificate_is_shown_one_over_either_version_of_http() {
    if !installed(&["nginx", "openssl"]) {
        return;
    }
    let folder = authority("gateway.example.com");
    let served = serve(&[], 3);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let asks = format!("ssl_client_certificate {}; ssl_verify_client on;", path("ca.pem"));
    let (_nginx, port) = nginx(folder.path(), [127, 0, 0, 1].into(), &served.url, &asks);
    let url = format!("https://gateway.example.com:{port}");
    let (authority, cert, key) = (path("ca.pem"), path("client.pem"), path("client.key"));
    let call = |more: &[&str]| {
        let shared = [
            "call",
            "DescribeTerminalSessions",
            "--auth=v3",
            "--resolve=gateway.example.com:127.0.0.1",
            "--target",
            &url,
        ];
        signed(&[("HTTPS_PROXY", "http://127.0.0.1:1")], &[&shared[..], more].concat())
    };
    let whole = ["--ca-file", &authority, "--client-cert", &cert, "--client-key", &key];
    for version in ["1.1", "2"] {
        call(&[&whole[..], &["--http", version]].concat()).ends(0).says(&["200"]);
    }
    let log = fs::read_to_string(folder.path().join("access.log")).unwrap();
    assert!(log.contains("HTTP/1.1\" 200") && log.contains("HTTP/2.0\" 200"), "{log}");
    call(&whole[..2]).says(&["400"]);
    call(&whole[2..]).ends(3).says(&["no answer: TLS failed"]);
    let loudly = call(&[&["--insecure"], &whole[2..]].concat()).ends(0);
    loudly.complains(&["WARNING: --insecure", "may be anybody"]);
    let other = ["--ca-file", &authority, "--client-cert", &authority, "--client-key", &key];
    call(&other).ends(2).complains(&["--client-cert", "cannot be used together"]);
}

#[test]
fn every_report_of_a_run_that_did_not_ask_who_answers_says_so() {
    if !installed(&["nginx", "openssl"]) {
        return;
    }
    let folder = authority("gateway.example.com");
    let served = serve(&[], 3);
    let (_nginx, port) = nginx(folder.path(), [127, 0, 0, 1].into(), &served.url, "");
    let url = format!("https://127.0.0.1:{port}");
    let formats = endspec::report::FORMATS.map(|(name, _)| name);
    let reports: Vec<String> =
        formats.iter().map(|name| format!("--report={name}={}", folder.path().join(name).display())).collect();
    let reports: Vec<&str> = reports.iter().map(String::as_str).collect();
    let args = [
        "run",
        "--insecure",
        "--auth=v3",
        "--select=end/session/unknown",
        "--instance-id=i-bp1endspec0000000001",
        "--target",
        &url,
    ];
    let done = signed(&[], &[&args[..], &reports].concat()).ends(0);
    done.says(&["WITHOUT CHECKING WHO ANSWERED"]).complains(&["WARNING: --insecure"]);
    for name in formats {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(
            text.contains("WITHOUT CHECKING WHO ANSWERED") || text.replace(": ", ":").contains("\"insecure\":true"),
            "{name}: {text}"
        );
    }
}

#[test]
fn a_gateway_before_the_target_gets_its_headers_and_no_report_their_secrets() {
    let served = serve(&[], 3);
    let flags = ["--header", "x-route=blue", "--header", "x-gateway-key=env:GATEWAY_KEY", "--target", &served.url];
    let call = ["call", "DescribeTerminalSessions", "--auth=v3", "--dry-run"];
    let done = signed(&[("GATEWAY_KEY", "hunter2hunter2")], &[&call[..], &flags].concat()).ends(0);
    let done = done.says(&["x-route: blue", "x-gateway-key: ***"]);
    assert!(!done.out.contains("hunter2"), "{}", done.out);
    signed(&[("GATEWAY_KEY", "hunter2hunter2")], &[&call[..3], &flags].concat()).ends(0).says(&["200"]);
    let rows: [(&str, &str); 5] = [
        ("x-gateway-key=hunter2", "carries a secret"),
        ("x-a=env:NOT_THERE", "no variable `NOT_THERE`"),
        ("host=a", "meaning of its own"),
        ("x y=a", "cannot be the name"),
        ("hunter2", "has no `=`"),
    ];
    for (header, words) in rows {
        let done = signed(&[], &[&call[..], &["--target", &served.url, "--header", header]].concat()).ends(2);
        assert!(!done.err.contains("hunter2"), "{}", done.err);
        done.complains(&["--header", words]);
    }
}
