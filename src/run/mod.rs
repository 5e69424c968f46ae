//! Running: cases against a target, in parallel, each on sessions of its own, into histories and results.

pub mod execute;
pub mod expand;
mod look;
pub mod pace;
mod raw;
pub mod schedule;
pub mod send;
pub mod sessions;
pub mod target;

pub use schedule::{Ended, Means, Plan, Progress, run};
pub use sessions::{Session, SessionSource};
pub use target::{Availability, Target};
