//! The page in Chromium, where there is one: the script runs, nothing complains, nothing is fetched.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{sample, text};

/// A Chromium on the path.
fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file())
}

/// What a page has become once its scripts have run, and what the browser logged.
fn loaded(chromium: &Path, page: &str, fragment: &str) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.html");
    std::fs::write(&file, page).unwrap();
    let done = Command::new(chromium)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        // Whatever it would fetch, it would fetch from a port of this machine that is closed.
        .args(["--proxy-server=http://127.0.0.1:1", "--proxy-bypass-list=<-loopback>"])
        .args(["--enable-logging=stderr", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}#{fragment}", file.display()))
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{}", text(&done.stderr));
    (text(&done.stdout), text(&done.stderr))
}

#[test]
fn a_page_loads_without_a_complaint_and_can_be_filtered() {
    let Some(chromium) = chromium() else {
        eprintln!("no chromium, chromium-browser or google-chrome on the path: the page was not loaded");
        return;
    };
    let hostile = sample::HOSTILE.map(|(_, said)| said).concat();
    let green = "case-end/request/region-required";
    for (name, report, fragment) in [
        ("passed", sample::passed(), green),
        ("many", sample::many(500), ""),
        ("hostile", sample::hostile(&hostile), ""),
    ] {
        let (page, log) = loaded(&chromium, &text(&report, "html"), fragment);
        let complaints: Vec<&str> = log.lines().filter(|line| line.contains("CONSOLE")).collect();
        assert_eq!(complaints, Vec::<&str>::new(), "{name}");
        let shown = format!("<output id=\"shown\">{0} of {0} cases</output>", report.cases.len());
        assert!(page.contains(&shown), "{name}: the script did not run");
        assert!(page.contains("<form id=\"filter\" aria-label"), "{name}: the filter is hidden");
        if !fragment.is_empty() {
            let case = page.split(&format!("id=\"{fragment}\"")).nth(1).unwrap().split('>').next().unwrap();
            assert!(case.contains("open"), "{name}: the case that the link names is folded: {case}");
        }
    }
}

#[test]
fn a_browser_that_complains_is_heard() {
    let Some(chromium) = chromium() else { return };
    let page = text(&sample::passed(), "html").replace("</body>", "<script>alert(1)</script></body>");
    let (_, log) = loaded(&chromium, &page, "");
    assert!(log.lines().any(|line| line.contains("CONSOLE") && line.contains("Content Security Policy")), "{log}");
}
