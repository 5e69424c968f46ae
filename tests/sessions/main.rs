//! What a run does with sessions: opens, holds, looks, waits, ends - against an endpoint whose manners a test chooses.

mod absence;
mod clean_up;
mod endpoint;
mod judged;
mod late;
mod looks;
mod memory;
mod reference;
mod waits;
mod weather;
mod wire;
