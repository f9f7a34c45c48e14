//! Whether the window of a read can be cut before its relations are embedded.
//!
//! PostgreSQL sorts and cuts after joins: without an index in the asked order, the embedded rows of the whole table would
//! be made for every page. Where embeds neither choose nor order the rows, those of the page are chosen first, in a
//! subquery. Called by `read`. No I/O.

use crate::api::plan::read::{Condition, Link, OrderTarget, ReadPlan, Source, Term};

/// The columns that such a subquery hands on: all that the answer, the order and the embeds use, and no other, because
/// the caller may lack privileges on those. None where the rows of the page cannot be chosen first.
pub(super) fn columns(plan: &ReadPlan) -> Option<Vec<&str>> {
    let has_window = plan.range.limit.is_some() || plan.range.offset > 0;
    let fits = has_window
        && !plan.order.is_empty()
        && !plan.embeds.is_empty()
        && matches!(plan.source, Source::Relation(_))
        && !plan.aggregates()
        && !plan.embeds.iter().any(|embed| embed.inner)
        && !plan.conditions.iter().any(asks_embeds);
    if !fits {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for term in &plan.terms {
        match term {
            Term::Column { column: Some(column), .. } => names.push(&column.name),
            Term::Column { column: None, .. } | Term::Star => return None,
        }
    }
    for term in &plan.order {
        match &term.target {
            OrderTarget::Column(column) => names.push(&column.name),
            OrderTarget::Selected { .. } | OrderTarget::Hidden { .. } => return None,
        }
    }
    for embed in &plan.embeds {
        match &embed.link {
            Link::Columns(pairs) | Link::Junction { parent: pairs, .. } => {
                names.extend(pairs.iter().map(|(column, _)| &**column));
            }
            // Takes the whole row.
            Link::Function { .. } => return None,
        }
    }
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    Some(names)
}

fn asks_embeds(condition: &Condition) -> bool {
    match condition {
        Condition::Group { parts, .. } => parts.iter().any(asks_embeds),
        Condition::Test { .. } => false,
        Condition::Embedded { .. } => true,
    }
}
