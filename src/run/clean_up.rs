//! Clean-up: what the run opened is ended, several at a time and within a bound; what could not be ended stays known as open.

use futures_util::future::join_all;

use super::expand::ordinary;
use super::send::{Bed, Way, asked_for, end_call, is_silent, is_throttled};
use super::sessions::{Session, record};
use crate::check::Seen;
use crate::check::history::{Record, Role};
use crate::clock::Moment;
use crate::http::{Exchange, Lane};
use crate::limits;
use crate::seed::{Seed, Stream};
use crate::wire::Scheme;

/// Ends sessions that the run opened; what was sent for it. Those that could not be ended are still open to the run.
pub(super) async fn end(bed: &Bed, sessions: &[Session], stream: &mut Stream) -> Vec<Record> {
    let until = until(bed, sessions.len());
    let mut sent = Vec::new();
    for some in sessions.chunks(limits::CLEAN_UPS) {
        let mut ending = Vec::new();
        for session in some {
            ending.push(end_one(bed, session, until, Seed(stream.number()).stream("clean-up")));
        }
        sent.extend(join_all(ending).await.into_iter().flatten());
    }
    sent
}

/// The moment after which no End is sent any more: for a run that goes on each clean-up has its time, for one that is
/// stopped all of them have one together.
fn until(bed: &Bed, sessions: usize) -> Moment {
    let from = |sessions| {
        let bound = limits::CLEAN_UP.max(bed.target.timeout) + bed.pace.time_of(sessions);
        bed.clock.now().plus(bound)
    };
    if bed.over().is_some() {
        *bed.cleaned_until.get_or_init(|| from(bed.sessions.left().len()))
    } else {
        from(sessions)
    }
}

/// What an End of the clean-up came to.
enum Came {
    Ended,
    NotFound,
    Throttled,
    Silence,
    Refused,
}

fn came(exchange: &Exchange) -> Came {
    let Some(response) = exchange.reply.answer().filter(|_| !is_silent(exchange)) else { return Came::Silence };
    let seen = Seen::of(response);
    if seen.took_effect() {
        Came::Ended
    } else if is_throttled(exchange) {
        Came::Throttled
    } else if seen.code() == Some("InvalidSessionId.NotFound") {
        Came::NotFound
    } else if response.status >= 500 {
        // Whatever broke there may work the next time, and to end what is ended does no harm.
        Came::Silence
    } else {
        Came::Refused
    }
}

/// Ends a session: throttling is waited out, silence tried again unless the target was given up.
async fn end_one(bed: &Bed, session: &Session, until: Moment, mut stream: Stream) -> Vec<Record> {
    let call = end_call(&session.region, &session.id);
    let mut form = ordinary(&bed.target);
    if bed.target.credential.is_none() {
        form.scheme = Scheme::None;
    }
    // To an endpoint that settles late, a session may not be there yet.
    let settled = session.since.plus(bed.target.settle);
    let mut pause = limits::THROTTLED_PAUSE;
    let mut silences = 0;
    let mut sent = Vec::new();
    while bed.clock.now() < until {
        let request = bed.encode(&call, form, &mut stream);
        let exchange = bed.exchange(request, Way::Lane(Lane::Live)).await;
        let (came, began, done) = (came(&exchange), exchange.sent, exchange.done);
        let asked = asked_for(&exchange);
        if matches!(came, Came::Ended) {
            bed.sessions.ended(&session.id, &session.region, &exchange);
        }
        sent.push(record(Role::CleanUp, &call.action, exchange));
        let next = match came {
            Came::Ended | Came::Refused => break,
            // Gone is gone, whoever ended it.
            Came::NotFound if began >= settled => {
                bed.sessions.gone(&session.id);
                break;
            }
            Came::NotFound => settled,
            Came::Throttled => {
                let wait = pause.max(asked);
                bed.tally.throttled(wait.min(until.since(done)));
                pause = (pause * 2).min(limits::THROTTLED_PAUSE_MOST);
                done.plus(wait)
            }
            Came::Silence => {
                silences += 1;
                if silences == limits::CLEAN_UP_ATTEMPTS || bed.gave_up.get().is_some() {
                    break;
                }
                done
            }
        };
        // Not `Bed::sleep`: a run that is stopped cleans up all the same.
        bed.clock.sleep(next.min(until).since(bed.clock.now())).await;
    }
    sent
}
