//! endspec holds an endpoint of Alibaba Cloud ECS EndTerminalSession to its documented contract.
//!
//! The modules stand in the order in which data flows through them.
#![doc(html_no_source)]

pub mod clock;
pub mod diagnostic;
pub mod files;
pub mod http;
pub mod limits;
pub mod seed;
pub mod source;
pub mod tree;

pub mod contract;
pub mod credential;
pub mod wire;

pub mod case;

pub mod check;
pub mod load;
pub mod transport;

pub mod run;

pub mod report;

pub mod server;

pub mod reference;

pub mod rehearsal;

pub mod fuzz;
pub mod selftest;

pub mod cli;
