//! Shrinking: what a program can do without, stretches first, then single things, while the same is still found.

use super::program::Program;

/// Tries a smaller program.
pub(super) trait Trial {
    /// Whether the same is still found; `None` ends the shrinking.
    async fn fails(&mut self, program: &Program) -> Option<bool>;
}

/// The smallest program that was seen to fail: no stretch and no single thing of it can be left out, unless the trial
/// ended it before.
pub(super) async fn shrink(program: Program, trial: &mut impl Trial) -> Program {
    let mut least = program;
    loop {
        let before = least.clone();
        let done = stretches(&mut least, trial).await.is_none() || things(&mut least, trial).await.is_none();
        if done || least == before {
            return least;
        }
    }
}

/// Leaves out stretches, from half of it down to one thing, from the end on.
async fn stretches(least: &mut Program, trial: &mut impl Trial) -> Option<()> {
    let mut length = least.0.len().div_ceil(2);
    while length > 0 {
        let mut end = least.0.len();
        while end > 0 {
            let start = end.saturating_sub(length);
            let mut smaller = least.clone();
            smaller.0.drain(start..end);
            if !smaller.0.is_empty() && trial.fails(&smaller).await? {
                *least = smaller;
            }
            end = start.min(least.0.len());
        }
        length /= 2;
    }
    Some(())
}

/// Makes each thing simpler for as long as it goes.
async fn things(least: &mut Program, trial: &mut impl Trial) -> Option<()> {
    for at in 0..least.0.len() {
        let mut simpler = least.0[at].simpler().into_iter();
        while let Some(op) = simpler.next() {
            let mut smaller = least.clone();
            smaller.0[at] = op;
            if trial.fails(&smaller).await? {
                simpler = smaller.0[at].simpler().into_iter();
                *least = smaller;
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Pause;
    use crate::fuzz::program::Op;
    use crate::fuzz::saying::Saying;

    struct Needs(fn(&Program) -> bool, usize);

    impl Trial for Needs {
        async fn fails(&mut self, program: &Program) -> Option<bool> {
            self.1 = self.1.checked_sub(1)?;
            Some((self.0)(program))
        }
    }

    fn opens(program: &Program) -> usize {
        program.0.iter().filter(|op| matches!(op, Op::Open { .. })).count()
    }

    fn program() -> Program {
        let open = |number: usize| Op::Open { session: format!("s{number}"), elsewhere: true };
        let said = Op::Start(Saying { times: 9, fresh: true, ..Saying::default() });
        let mut ops = vec![said];
        ops.extend((0..20).flat_map(|number| [open(number), Op::Wait(Pause::Long)]));
        Program(ops)
    }

    #[tokio::test]
    async fn what_is_left_is_needed_and_plain() {
        let needs = |program: &Program| {
            let often = |op: &Op| matches!(op, Op::Start(saying) if saying.times >= 3);
            opens(program) >= 2 && program.0.iter().any(often)
        };
        let least = shrink(program(), &mut Needs(needs, 1_000)).await;
        assert_eq!(least.0.len(), 3, "{least:?}");
        assert_eq!(least.0[0], Op::Start(Saying { times: 3, ..Saying::default() }));
        let plain = |op: &Op| matches!(op, Op::Open { elsewhere: false, .. });
        assert!(least.0[1..].iter().all(plain), "{least:?}");
    }

    #[tokio::test]
    async fn a_trial_that_ends_keeps_what_was_seen_to_fail() {
        for budget in 0..40 {
            let least = shrink(program(), &mut Needs(|program| opens(program) >= 3, budget)).await;
            assert!(opens(&least) >= 3, "{budget}");
        }
    }
}
