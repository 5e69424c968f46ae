//! Expansion: one step into its requests, one case into its variants.

use std::sync::Arc;

use super::Target;
use crate::case::{CallStep, Case, Flaw, ForEach, Mutation};
use crate::limits;
use crate::wire::{Encoding, Format, Order, Piece, Placement, Scheme, WireForm};

/// One request of a step: what it is called in reports, the form it takes, the value it carries.
#[derive(Debug, Clone)]
pub struct Item {
    /// Wire form, mutation, flaw, repetition, as far as there is more than one.
    pub label: String,
    /// The form.
    pub form: WireForm,
    /// The generated value.
    pub mutation: Option<Arc<Mutation>>,
    /// What is wrong with its signature.
    pub flaw: Option<Flaw>,
}

/// How the target is ordinarily called: as official clients do under V3, with POST and all parameters in the query.
pub fn ordinary(target: &Target) -> WireForm {
    WireForm {
        placement: Placement::PostQuery,
        format: Some(Format::Json),
        scheme: target.auth,
        order: Order::AsGiven,
        encoding: Encoding::Strict,
    }
}

/// The wire forms that a whole case runs in: label (none where there is one), form.
pub fn variants(case: &Case, target: &Target) -> Vec<(Option<String>, WireForm)> {
    match &case.for_each {
        None => vec![(None, ordinary(target))],
        Some(axes) => {
            let forms = forms(axes, ordinary(target), target).into_iter();
            let forms = forms.filter(|form| case.can_be_signed(form.scheme, target.endpoint.is_secure()));
            forms.map(|form| (Some(form.to_string()), form)).collect()
        }
    }
}

/// The requests of a call: every value, every form, every flaw that the form can have, every repetition, cut at `limits::STEP_REQUESTS`.
pub fn items(call: &CallStep, base: WireForm, mutations: Vec<Mutation>, target: &Target) -> Vec<Item> {
    let forms = call.for_each.as_ref().map_or_else(|| vec![base], |axes| forms(axes, base, target));
    let values: Vec<Option<Arc<Mutation>>> =
        if call.values.is_some() { mutations.into_iter().map(Arc::new).map(Some).collect() } else { vec![None] };
    let mut items = Vec::new();
    for mutation in &values {
        for form in &forms {
            for flaw in flaws(call, *form, target) {
                for time in 1..=call.times {
                    let mut words = Vec::new();
                    words.extend(mutation.as_ref().map(|mutation| mutation.name.to_owned()));
                    words.extend(flaw.map(|flaw| flaw.to_string()));
                    words.extend((forms.len() > 1).then(|| form.to_string()));
                    words.extend((call.times > 1).then(|| format!("time {time}")));
                    items.push(Item { label: words.join("; "), form: *form, mutation: mutation.clone(), flaw });
                    if items.len() == limits::STEP_REQUESTS {
                        return items;
                    }
                }
            }
        }
    }
    items
}

/// What is wrong with a call's signature in a form, one thing each; a right one where the step asks for nothing else.
fn flaws(call: &CallStep, form: WireForm, target: &Target) -> Vec<Option<Flaw>> {
    if call.sign.is_empty() {
        return vec![None];
    }
    let secure = target.endpoint.is_secure();
    // A key that is for good has no token to leave out.
    let key = if call.denied { &target.denied } else { &target.credential };
    let tokenless = key.as_ref().is_none_or(|key| key.token.is_none());
    let possible =
        |flaw: &Flaw| flaw.is_in(form.scheme, secure) && !(tokenless && *flaw == Flaw::Without(Piece::Token));
    call.sign.iter().copied().filter(possible).map(Some).collect()
}

/// The forms of some axes: those named vary, the others stay as in `base`.
pub fn forms(axes: &ForEach, base: WireForm, target: &Target) -> Vec<WireForm> {
    let schemes = match &axes.signature {
        // `none` alone leaves the signature out whatever the target asks for: that is what the case is about.
        Some(named) if named == &[Scheme::None] => named.clone(),
        Some(named) => named.iter().copied().filter(|scheme| target.schemes().contains(scheme)).collect(),
        None if axes.wire => target.schemes(),
        None => vec![base.scheme],
    };
    let placements = match &axes.placement {
        Some(named) => named.clone(),
        None if axes.wire => Placement::ALL.to_vec(),
        None => vec![base.placement],
    };
    let formats = match &axes.format {
        Some(named) => named.iter().copied().filter(|f| f.is_none_or(|f| target.formats().contains(&f))).collect(),
        None => vec![base.format],
    };
    let orders = axes.order.clone().unwrap_or_else(|| if axes.wire { Order::ALL.to_vec() } else { vec![base.order] });
    let encodings =
        axes.encoding.clone().unwrap_or_else(|| if axes.wire { Encoding::ALL.to_vec() } else { vec![base.encoding] });
    let mut forms = Vec::new();
    let mut turn = 0;
    for placement in &placements {
        for scheme in &schemes {
            // A form body under V3 is only observed (clause `rpc/placement/form`).
            if *placement == Placement::PostForm && *scheme == Scheme::V3 {
                continue;
            }
            for format in &formats {
                for (order, encoding) in writings(&orders, &encodings, axes.wire, turn) {
                    forms.push(WireForm { placement: *placement, format: *format, scheme: *scheme, order, encoding });
                }
                turn += 1;
            }
        }
    }
    forms
}

/// Orders and encodings: all pairs, or for `wire: every` a covering set that turns with each further form, so that every
/// order meets every encoding somewhere.
fn writings(orders: &[Order], encodings: &[Encoding], covering: bool, turn: usize) -> Vec<(Order, Encoding)> {
    if !covering {
        return orders.iter().flat_map(|order| encodings.iter().map(move |encoding| (*order, *encoding))).collect();
    }
    let longest = orders.len().max(encodings.len());
    (0..longest).map(|i| (orders[(i + turn) % orders.len()], encodings[i % encodings.len()])).collect()
}
