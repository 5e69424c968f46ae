//! Restart: the user's command brings the target down and up again.

use std::process::Stdio;
use std::time::Duration;

use super::send::Bed;
use super::state::State;
use super::target::Restart;
use crate::limits;

/// Restarts the target and waits until it answers again.
///
/// # Errors
/// Why it is not back.
pub(super) async fn restart(bed: &Bed, state: &mut State) -> Result<(), String> {
    state.held.clear();
    match bed.target.restart.as_ref().ok_or("no restart command was given")? {
        Restart::Command(command) => by_command(command).await?,
        Restart::Within(restart) => restart().await?,
    }
    for _ in 0..limits::RESTART_PROBES {
        let probe = bed.probe("restart", &mut state.stream).await;
        if probe.exchange().is_some_and(|exchange| exchange.reply.answer().is_some()) {
            return Ok(());
        }
        if let Some(reason) = bed.stopped().filter(|_| bed.gave_up.get().is_none()) {
            return Err(reason);
        }
        bed.clock.sleep(Duration::from_millis(200)).await;
    }
    Err("the target does not answer after the restart".to_owned())
}

async fn by_command(command: &str) -> Result<(), String> {
    let failed = |words: String| format!("the restart command failed: {words}");
    let mut child = tokio::process::Command::new("sh")
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    match tokio::time::timeout(limits::RESTART, child.wait()).await {
        Err(_) => return Err(failed(format!("no end after {} s", limits::RESTART.as_secs()))),
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Ok(Ok(status)) if !status.success() => return Err(failed(status.to_string())),
        Ok(Ok(_)) => {}
    }
    Ok(())
}
