//! Restart: the user's command brings the target down and up again.

use std::process::Stdio;

use super::bounds;
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
    let until = bed.clock.now().plus(limits::RESTART);
    while bed.clock.now() < until {
        if let Some(reason) = bed.stopped() {
            return Err(reason);
        }
        // That it does not answer now is no sign that the target is gone.
        let exchange = bounds::plain(bed, &state.unknown, &mut state.stream).await;
        if exchange.as_ref().is_some_and(bounds::is_there) {
            return Ok(());
        }
        bed.sleep(limits::RESTART_PAUSE).await;
    }
    Err(format!("the target does not answer {} s after the restart", limits::RESTART.as_secs()))
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
