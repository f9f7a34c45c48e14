//! The grammar of `order`.
//!
//! Pure text to terms. Called by `query`; tests at the foot.

use super::grammar::{
    Field, Input, Parsed, attempt, comma_list, field, field_name, parse_all, refuse, spaces, text, trace_for, word,
};
use crate::api::error::ApiError;

/// Ascending or descending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Direction {
    Asc,
    Desc,
}

/// Where nulls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Nulls {
    First,
    Last,
}

/// One term of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OrderTerm {
    /// Embedded relation whose column orders the parents.
    pub(crate) relation: Option<String>,
    /// The column.
    pub(crate) field: Field,
    /// Direction when given.
    pub(crate) direction: Option<Direction>,
    /// Null order when given.
    pub(crate) nulls: Option<Nulls>,
}

#[derive(Clone, Copy)]
enum Suffix {
    Direction(Direction),
    Nulls(Nulls),
}

const SUFFIXES: &[(&str, Suffix)] = &[
    ("asc", Suffix::Direction(Direction::Asc)),
    ("desc", Suffix::Direction(Direction::Desc)),
    ("nullsfirst", Suffix::Nulls(Nulls::First)),
    ("nullslast", Suffix::Nulls(Nulls::Last)),
];

/// Parses the value of `order`.
///
/// # Errors
/// PGRST100 when the text does not follow the grammar.
pub(crate) fn parse_order(value: &str) -> Result<Vec<OrderTerm>, ApiError> {
    let trace = trace_for(value);
    parse_all("order", value, value, &trace, |input| comma_list(input, term))
}

fn term(input: &mut Input<'_>) -> Parsed<OrderTerm> {
    spaces(input)?;
    let related = attempt(input, |input| {
        let relation = field_name(input)?;
        text("(", "\"(\"")(input)?;
        let field = field(input)?;
        text(")", "\")\"")(input)?;
        Ok((relation, field))
    });
    let (relation, field) = match related {
        Some((relation, field)) => (Some(relation), field),
        None => (None, field(input)?),
    };
    let mut term = OrderTerm { relation, field, direction: None, nulls: None };
    while input.input.starts_with('.') {
        text(".", "delimiter (.)")(input)?;
        let start = *input;
        match word(SUFFIXES, "asc, desc, nullsfirst or nullslast")(input)? {
            Suffix::Direction(direction) if term.direction.is_none() && term.nulls.is_none() => {
                term.direction = Some(direction);
            }
            Suffix::Nulls(nulls) if term.nulls.is_none() => term.nulls = Some(nulls),
            _ => return refuse(&start, "\",\" or end of input"),
        }
    }
    spaces(input)?;
    Ok(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_terms() {
        let Ok(terms) = parse_order("a.desc.nullslast, status(name).asc,data->>x.nullsfirst,b") else {
            panic!("refused")
        };
        assert_eq!(terms.len(), 4);
        assert_eq!((terms[0].direction, terms[0].nulls), (Some(Direction::Desc), Some(Nulls::Last)));
        assert_eq!(terms[1].relation.as_deref(), Some("status"));
        assert_eq!((terms[2].field.json_path.len(), terms[2].nulls), (1, Some(Nulls::First)));
    }

    #[test]
    fn refuses_what_is_no_order() {
        for bad in ["", "a.", "a.up", "a.asc.desc", "a.nullslast.asc", "a,,b", "a(b", "a;drop"] {
            assert!(parse_order(bad).is_err(), "{bad}");
        }
    }
}
