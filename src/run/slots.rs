//! Slots: how many cases do something at a time. One that only waits leaves its slot to another.

use std::cell::RefCell;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

tokio::task_local! {
    /// The slot of the case that this task runs, but while it waits.
    static SLOT: RefCell<Option<Slot>>;
}

/// The right to do something.
pub type Slot = OwnedSemaphorePermit;

/// The slots of a run. They are given in the order in which they were asked for.
#[derive(Debug)]
pub struct Slots {
    free: Arc<Semaphore>,
    /// Whether a slot may be left: who runs one case at a time wants no other to begin before it has ended.
    left: bool,
}

impl Slots {
    /// As many slots as jobs, at least one; none is left where the target is spared what many cases hold open at once, or
    /// where requests are paced, so that a slot comes late.
    pub fn new(jobs: usize, spared: bool) -> Slots {
        let jobs = jobs.clamp(1, Semaphore::MAX_PERMITS);
        Slots { free: Arc::new(Semaphore::new(jobs)), left: jobs > 1 && !spared }
    }

    /// Waits for a slot.
    pub async fn next(&self) -> Slot {
        let slot = self.free.clone().acquire_owned().await;
        slot.unwrap_or_else(|_| unreachable!("the semaphore is never closed"))
    }

    /// Runs a case in its slot.
    pub async fn run<T>(slot: Slot, case: impl Future<Output = T>) -> T {
        SLOT.scope(RefCell::new(Some(slot)), case).await
    }

    /// Waits for something out of the slot, and for a slot after it, unless all is over by then: cleaning up needs none.
    pub async fn leave<T>(&self, wait: impl Future<Output = T>, is_over: impl Fn() -> bool) -> T {
        let slot = SLOT.try_with(|slot| self.left.then(|| slot.borrow_mut().take()).flatten()).ok().flatten();
        let left = slot.is_some();
        drop(slot);
        let waited = wait.await;
        if left && !is_over() {
            let slot = self.next().await;
            SLOT.with(|place| *place.borrow_mut() = Some(slot));
        }
        waited
    }

    /// Runs clients of one case, none of which may leave the slot that they share.
    pub async fn shared<T>(clients: impl Future<Output = T>) -> T {
        SLOT.scope(RefCell::new(None), clients).await
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    /// Whether another case gets a slot while one of two jobs is taken and the other waits.
    async fn is_left(jobs: usize, spared: bool, shared: bool) -> bool {
        let slots = Arc::new(Slots::new(jobs, spared));
        let mut taken = Vec::new();
        for _ in 1..jobs {
            taken.push(slots.next().await);
        }
        let (go, gone) = oneshot::channel::<()>();
        let own = slots.next().await;
        let waits = {
            let slots = slots.clone();
            async move {
                if shared {
                    Slots::shared(slots.leave(gone, || false)).await
                } else {
                    slots.leave(gone, || false).await
                }
            }
        };
        let mut case = tokio::spawn(Slots::run(own, waits));
        let another = tokio::select! {
            biased;
            _ = &mut case => unreachable!("it waits to be told"),
            another = slots.next() => Some(another),
            () = idle() => None,
        };
        let left = another.is_some();
        drop(another);
        go.send(()).expect("the case waits");
        let waited = case.await.expect("the case ends");
        waited.expect("it was told");
        left
    }

    /// Lets every other task do what it can.
    async fn idle() {
        for _ in 0..16 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn a_case_that_waits_leaves_its_slot_unless_it_is_the_only_one_or_shared_or_the_target_is_spared() {
        let rows = [
            (1, false, false, false),
            (1, false, true, false),
            (2, false, false, true),
            (3, false, false, true),
            (2, false, true, false),
            (2, true, false, false),
        ];
        for (jobs, spared, shared, left) in rows {
            assert_eq!(is_left(jobs, spared, shared).await, left, "{jobs} jobs, spared: {spared}, shared: {shared}");
        }
    }

    #[tokio::test]
    async fn a_case_that_has_waited_goes_on_when_a_slot_is_free_again() {
        let slots = Arc::new(Slots::new(2, false));
        let first = slots.next().await;
        let (go, gone) = oneshot::channel::<()>();
        let waits = {
            let slots = slots.clone();
            async move { slots.leave(gone, || false).await }
        };
        let own = slots.next().await;
        let case = tokio::spawn(Slots::run(own, waits));
        let second = slots.next().await;
        go.send(()).expect("the case waits");
        idle().await;
        assert!(!case.is_finished(), "both slots are taken");
        drop(second);
        assert!(case.await.is_ok_and(|told| told.is_ok()), "and one was given back");
        drop(first);
    }
}
