//! Running: cases against a target, in parallel, each on sessions of its own, into histories and results.

mod absence;
mod bounds;
mod call;
mod clean_up;
pub mod estimate;
pub mod execute;
pub mod expand;
mod handshake;
mod look;
mod overlap;
pub mod pace;
mod preflight;
mod raw;
mod restart;
mod room;
pub mod schedule;
pub mod send;
pub mod sessions;
mod sign;
pub mod silences;
pub mod slots;
mod state;
mod strike;
pub mod tally;
pub mod target;
mod weather;
mod workload;

pub use bounds::Bounds;
pub use estimate::{Estimate, estimate};
pub use schedule::{Ended, Means, Plan, Progress, run, run_as_set_up};
pub use sessions::{Session, SessionSource};
pub use tally::Weather;
pub use target::{Availability, Restart, Target};
