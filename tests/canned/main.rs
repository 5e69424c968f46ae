//! Canned answers, right and wrong: each wrong one breaks its own clauses and no other, right ones break none.

mod answers;
mod bench;
mod replies;
mod right;
mod sockets;
mod wrong;
