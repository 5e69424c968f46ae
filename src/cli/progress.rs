//! Progress of a run: a bar on a terminal, nothing elsewhere; and events for those who asked for them.

use std::io::IsTerminal;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::case::baseline::Baseline;
use crate::check::{CaseResult, Verdict};
use crate::report;
use crate::report::ndjson::{self, Begun, Known};
use crate::run::Progress;

/// A bar on standard error.
pub(super) struct Bar {
    bar: ProgressBar,
    failed: AtomicUsize,
}

impl Bar {
    /// A bar for so many of something; hidden where standard error is no terminal.
    pub(super) fn new(count: usize, what: &str) -> Bar {
        let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
        let shown = std::io::stderr().is_terminal();
        bar.set_draw_target(if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        if let Ok(style) =
            ProgressStyle::with_template(&format!("{{bar:30}} {{pos}}/{{len}} {what}  {{elapsed}}  {{msg}}"))
        {
            bar.set_style(style);
        }
        Bar { bar, failed: AtomicUsize::new(0) }
    }

    /// One more is done.
    pub(super) fn step(&self) {
        self.bar.inc(1);
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Events of a run, for those who write them.
pub(super) struct Stream {
    to: Vec<Sender<Vec<u8>>>,
    strict: bool,
    known: Known,
}

impl Stream {
    /// Tells that the run begins.
    pub(super) fn begin(to: Vec<Sender<Vec<u8>>>, begun: &Begun, baseline: Option<Arc<Baseline>>) -> Stream {
        let known = Known { baseline, today: report::day(&begun.started).to_owned() };
        let stream = Stream { to, strict: begun.strict, known };
        stream.event(|| ndjson::begun(begun));
        stream
    }

    fn event(&self, bytes: impl Fn() -> Vec<u8>) {
        for to in &self.to {
            // One that could not write says so at the end.
            let _ = to.send(bytes());
        }
    }
}

/// All that a run tells of its cases as they end.
pub(super) struct Watched {
    /// The bar.
    pub bar: Bar,
    /// The events.
    pub stream: Stream,
}

impl Progress for Watched {
    fn case(&self, result: &CaseResult) {
        self.stream.event(|| ndjson::ended(result, self.stream.strict, &self.stream.known));
        if result.verdict(false) == Verdict::Fail {
            let failed = self.bar.failed.fetch_add(1, Ordering::Relaxed) + 1;
            self.bar.bar.set_message(format!("{failed} failed"));
        }
        self.bar.step();
    }
}
