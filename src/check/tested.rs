//! How often each clause was put to the test: a small map, added to several times for every answer.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// As many clauses as an answer puts to the test.
const USUAL: usize = 12;

/// Judgements made, by clause.
///
/// A case puts a dozen clauses to the test, the same ones again and again: to look through so few is quicker than any tree.
#[derive(Debug, Clone, Default)]
pub struct Tested(Vec<(Cow<'static, str>, usize)>);

impl Tested {
    /// Notes that a clause was put to the test so many times more.
    pub fn add(&mut self, clause: impl Into<Cow<'static, str>> + AsRef<str>, times: usize) {
        match self.known(clause.as_ref()) {
            Some(count) => *count += times,
            None => self.push(clause.into(), times),
        }
    }

    fn push(&mut self, clause: Cow<'static, str>, times: usize) {
        if self.0.is_empty() {
            self.0.reserve(USUAL);
        }
        self.0.push((clause, times));
    }

    /// Takes in what another counted.
    pub fn count(&mut self, other: &Tested) {
        for (clause, times) in &other.0 {
            match self.known(clause) {
                Some(count) => *count += times,
                None => self.push(clause.clone(), *times),
            }
        }
    }

    fn known(&mut self, clause: &str) -> Option<&mut usize> {
        self.0.iter_mut().find(|(known, _)| is_same(known, clause)).map(|(_, count)| count)
    }

    /// Takes over another's.
    pub fn join(&mut self, other: Tested) {
        if self.0.is_empty() {
            *self = other;
        } else {
            other.0.into_iter().for_each(|(clause, count)| self.add(clause, count));
        }
    }

    /// How often a clause was.
    pub fn get(&self, clause: &str) -> Option<usize> {
        self.iter().find(|(known, _)| *known == clause).map(|(_, count)| count)
    }

    /// Whether a clause was at all.
    pub fn contains(&self, clause: &str) -> bool {
        self.get(clause).is_some()
    }

    /// Whether none was.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many clauses were.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Each clause once, in no order that means anything.
    pub fn iter(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(clause, count)| (&**clause, *count))
    }

    /// In the order of the clauses' ids, for reports.
    pub fn sorted(&self) -> BTreeMap<String, usize> {
        self.iter().map(|(clause, count)| (clause.to_owned(), count)).collect()
    }
}

/// Most are the same to the place: literals of the check that names them.
fn is_same(known: &str, clause: &str) -> bool {
    known.len() == clause.len() && (std::ptr::eq(known, clause) || known == clause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_add_up_however_a_clause_is_spelt_out() {
        let mut tested = Tested::default();
        assert!(tested.is_empty() && !tested.contains("a/b"));
        tested.add("a/b", 1);
        tested.add("a/b".to_owned(), 2);
        tested.add("a/c", 1);
        let mut other = Tested::default();
        other.join(tested.clone());
        other.join(tested.clone());
        let mut third = Tested::default();
        third.count(&tested);
        third.count(&tested);
        assert_eq!(third.sorted(), other.sorted());
        assert_eq!((other.len(), other.get("a/b"), other.get("a/c"), other.get("a")), (2, Some(6), Some(2), None));
        let sorted = BTreeMap::from([("a/b".to_owned(), 6), ("a/c".to_owned(), 2)]);
        assert_eq!(other.sorted(), sorted);
    }
}
