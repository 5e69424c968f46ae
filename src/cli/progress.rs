//! Progress of a run: a bar on a terminal, nothing elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicUsize, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::check::{CaseResult, Verdict};
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

impl Progress for Bar {
    fn case(&self, result: &CaseResult) {
        if result.verdict(false) == Verdict::Fail {
            let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
            self.bar.set_message(format!("{failed} failed"));
        }
        self.step();
    }
}
