//! `endspec report`: a saved report, rendered again.

use super::args::ReportArgs;
use super::{Exit, outputs, run};
use crate::diagnostic::Diagnostic;
use crate::report::json;
use crate::{files, limits};

pub(super) fn report(args: &ReportArgs) -> Result<Exit, Vec<Diagnostic>> {
    let formats = run::formats();
    let mistakes = outputs::mistakes(&args.report, &formats);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let text = files::read(&args.file, limits::REPORT_BYTES).map_err(|mistake| vec![mistake])?;
    let report = json::read(text.as_bytes()).map_err(|words| {
        let message = format!("{} is no report that can be read: {words}", args.file.display());
        let help = "name a file that `endspec run --report json=FILE` of this version wrote";
        vec![Diagnostic::new("bad-report", message).help(help)]
    })?;
    Ok(run::tell(&report, outputs::open(&args.report, &formats)?, |_| None))
}
