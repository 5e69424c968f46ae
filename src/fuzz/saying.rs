//! Sayings: the ways in which one call can be said, and plainer ones.

use super::program::without;
use crate::case::ForEach;
use crate::wire::Scheme;

/// Requests that one call is sent as, at most.
const REQUESTS: usize = 24;
/// How a call is said: wire forms, lane, connection, repetitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saying {
    /// Axes that are not the target's ordinary choice.
    pub axes: ForEach,
    /// On a connection of its own.
    pub fresh: bool,
    /// Byte by byte.
    pub raw: bool,
    /// How often.
    pub times: u32,
}

impl Default for Saying {
    fn default() -> Saying {
        Saying { axes: ForEach::default(), fresh: false, raw: false, times: 1 }
    }
}

impl Saying {
    /// Said in one scheme.
    #[must_use]
    pub fn signed(mut self, scheme: Scheme) -> Saying {
        self.axes.signature = Some(vec![scheme]);
        self
    }

    /// All plain, then plainer in one thing each.
    pub fn simpler(&self) -> Vec<Saying> {
        let plain = Saying::default();
        let mut all = vec![plain.clone(), Saying { axes: ForEach::default(), ..self.clone() }];
        all.push(Saying { fresh: false, ..self.clone() });
        all.push(Saying { raw: false, ..self.clone() });
        all.extend([1, self.times / 2, self.times.saturating_sub(1)].map(|times| Saying { times, ..self.clone() }));
        let axes = &self.axes;
        let with = |axes| Saying { axes, ..self.clone() };
        all.extend(fewer_of(&axes.placement).map(|placement| with(ForEach { placement, ..axes.clone() })));
        all.extend(fewer_of(&axes.format).map(|format| with(ForEach { format, ..axes.clone() })));
        all.extend(fewer_of(&axes.signature).map(|signature| with(ForEach { signature, ..axes.clone() })));
        all.extend(fewer_of(&axes.order).map(|order| with(ForEach { order, ..axes.clone() })));
        all.extend(fewer_of(&axes.encoding).map(|encoding| with(ForEach { encoding, ..axes.clone() })));
        all.retain(|other| other != self && other.times > 0);
        all
    }
}

/// An axis as the target's ordinary choice, and with one value less.
fn fewer_of<T: Clone>(axis: &Option<Vec<T>>) -> impl Iterator<Item = Option<Vec<T>>> + use<T> {
    let values = axis.clone().unwrap_or_default();
    let several = if values.len() > 1 { values.len() } else { 0 };
    let ordinary = axis.is_some().then_some(None);
    ordinary.into_iter().chain((0..several).map(move |at| Some(without(&values, at))))
}

/// One value of each axis.
pub(super) fn single(axes: &ForEach) -> ForEach {
    fn one<T: Clone>(values: &Option<Vec<T>>) -> Option<Vec<T>> {
        values.as_ref().map(|values| values[..1].to_vec())
    }
    ForEach {
        placement: one(&axes.placement),
        format: one(&axes.format),
        signature: one(&axes.signature),
        order: one(&axes.order),
        encoding: one(&axes.encoding),
        ..ForEach::default()
    }
}

/// The axes with fewer values where they would make too many requests.
pub(super) fn bounded(axes: &ForEach, times: u32) -> ForEach {
    fn count<T>(values: &Option<Vec<T>>) -> usize {
        values.as_ref().map_or(1, Vec::len)
    }
    let times = usize::try_from(times).unwrap_or(1);
    let few = |axes: &ForEach| {
        let writings = count(&axes.order) * count(&axes.encoding);
        count(&axes.placement) * count(&axes.format) * count(&axes.signature) * writings * times <= REQUESTS
    };
    let mut less = axes.clone();
    if !few(&less) {
        less.order = single(axes).order;
    }
    if !few(&less) {
        less.encoding = single(axes).encoding;
    }
    if few(&less) { less } else { single(axes) }
}
