//! What a run does with sessions: opens, holds, looks, waits, ends - against an endpoint whose manners a test chooses.

mod clean_up;
mod endpoint;
mod judged;
mod looks;
mod reference;
mod waits;
mod weather;
