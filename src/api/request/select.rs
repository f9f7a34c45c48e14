//! The grammar of `select`: columns, aggregates, embedded relations and spreads.
//!
//! Pure text to tree; names are resolved in `plan`. Tests at the foot.

use super::grammar::{
    Field, Input, Parsed, attempt, cast, comma_list, end_or_parenthesis, field, field_name, nested, parse_all, refuse,
    spaces, text, trace_for, word,
};
use crate::api::error::ApiError;
use std::fmt;

/// One item of a select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SelectItem {
    /// A column, `*`, or an aggregate.
    Field(SelectField),
    /// `relation(…)`
    Relation(SelectRelation),
    /// `...relation(…)`
    Spread(SelectRelation),
}

/// A column of the select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectField {
    /// Column; the name is `*` for all columns (and for `count()`).
    pub(crate) field: Field,
    /// `.sum()` and the like.
    pub(crate) aggregate: Option<Aggregate>,
    /// Cast after the aggregate.
    pub(crate) aggregate_cast: Option<String>,
    /// Cast before the aggregate.
    pub(crate) cast: Option<String>,
    /// `name:` before the column.
    pub(crate) alias: Option<String>,
}

/// An embedded relation of the select list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectRelation {
    /// Relation, foreign key or computed relationship.
    pub(crate) name: String,
    /// `name:` before it.
    pub(crate) alias: Option<String>,
    /// `!hint`
    pub(crate) hint: Option<String>,
    /// `!inner` or `!left`
    pub(crate) join: Option<JoinType>,
    /// What is selected inside.
    pub(crate) items: Vec<SelectItem>,
}

/// How an embedded relation is joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JoinType {
    /// Parents without children disappear.
    Inner,
    /// The default.
    Left,
}

/// Aggregate functions of the select list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregate {
    /// `sum`
    Sum,
    /// `avg`
    Avg,
    /// `count`
    Count,
    /// `max`
    Max,
    /// `min`
    Min,
}

impl Aggregate {
    /// Name as in SQL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Count => "count",
            Self::Max => "max",
            Self::Min => "min",
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

const AGGREGATES: &[(&str, Aggregate)] = &[
    ("sum", Aggregate::Sum),
    ("avg", Aggregate::Avg),
    ("count", Aggregate::Count),
    ("max", Aggregate::Max),
    ("min", Aggregate::Min),
];

/// Parses the value of `select`.
///
/// # Errors
/// PGRST100 when the text does not follow the grammar.
pub(crate) fn parse_select(value: &str) -> Result<Vec<SelectItem>, ApiError> {
    let trace = trace_for(value);
    parse_all("select parameter", value, value, &trace, |input| {
        let items = items(input)?;
        end_or_parenthesis(input)?;
        Ok(items)
    })
}

fn items(input: &mut Input<'_>) -> Parsed<Vec<SelectItem>> {
    spaces(input)?;
    if input.input.is_empty() || input.input.starts_with(')') {
        return Ok(Vec::new());
    }
    comma_list(input, item)
}

fn item(input: &mut Input<'_>) -> Parsed<SelectItem> {
    spaces(input)?;
    let item = if input.input.starts_with("...") {
        text("...", "")(input)?;
        SelectItem::Spread(relation(input, false)?)
    } else if let Some(relation) = attempt(input, |input| relation_head(input, true)) {
        SelectItem::Relation(relation_tail(input, relation)?)
    } else {
        SelectItem::Field(select_field(input)?)
    };
    spaces(input)?;
    Ok(item)
}

fn alias(input: &mut Input<'_>) -> Option<String> {
    attempt(input, |input| {
        let name = field_name(input)?;
        if input.input.starts_with("::") || !input.input.starts_with(':') {
            return Err(super::grammar::Refused);
        }
        text(":", "")(input)?;
        Ok(name)
    })
}

fn relation(input: &mut Input<'_>, may_alias: bool) -> Parsed<SelectRelation> {
    let head = relation_head(input, may_alias)?;
    relation_tail(input, head)
}

/// Up to and including the opening parenthesis.
fn relation_head(input: &mut Input<'_>, may_alias: bool) -> Parsed<SelectRelation> {
    let alias = if may_alias { alias(input) } else { None };
    let name = field_name(input)?;
    if name == "count" {
        // `count()` is the aggregate.
        return Err(super::grammar::Refused);
    }
    let (mut hint, mut join) = (None, None);
    for _ in 0..2 {
        if !input.input.starts_with('!') {
            break;
        }
        text("!", "")(input)?;
        match field_name(input)?.as_str() {
            "inner" if join.is_none() => join = Some(JoinType::Inner),
            "left" if join.is_none() => join = Some(JoinType::Left),
            other => hint = Some(other.to_owned()),
        }
    }
    text("(", "\"(\"")(input)?;
    Ok(SelectRelation { name, alias, hint, join, items: Vec::new() })
}

fn relation_tail(input: &mut Input<'_>, mut relation: SelectRelation) -> Parsed<SelectRelation> {
    relation.items = nested(input, items)?;
    text(")", "\")\"")(input)?;
    Ok(relation)
}

fn select_field(input: &mut Input<'_>) -> Parsed<SelectField> {
    if input.input.starts_with('*') {
        text("*", "")(input)?;
        return field_end(input).map(|()| SelectField {
            field: Field { name: "*".into(), json_path: Vec::new() },
            aggregate: None,
            aggregate_cast: None,
            cast: None,
            alias: None,
        });
    }
    let alias = alias(input);
    let field = field(input)?;
    if field.name == "count" && field.json_path.is_empty() && input.input.starts_with("()") {
        text("()", "")(input)?;
        let aggregate_cast = cast(input)?;
        field_end(input)?;
        let field = Field { name: "*".into(), json_path: Vec::new() };
        return Ok(SelectField { field, aggregate: Some(Aggregate::Count), aggregate_cast, cast: None, alias });
    }
    let cast_before = cast(input)?;
    let aggregate = if input.input.starts_with('.') {
        text(".", "")(input)?;
        let function = word(AGGREGATES, "aggregate function (sum, avg, count, max, min)")(input)?;
        text("()", "\"()\"")(input)?;
        Some(function)
    } else {
        None
    };
    let aggregate_cast = if aggregate.is_some() { cast(input)? } else { None };
    field_end(input)?;
    Ok(SelectField { field, aggregate, aggregate_cast, cast: cast_before, alias })
}

fn field_end(input: &mut Input<'_>) -> Parsed<()> {
    spaces(input)?;
    if input.input.is_empty() || input.input.starts_with([',', ')']) {
        return Ok(());
    }
    refuse(input, "\",\" or end of input")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Vec<SelectItem> {
        parse_select(text).unwrap_or_else(|error| panic!("{text}: {error:?}"))
    }

    fn message(text: &str) -> (String, String) {
        match parse_select(text) {
            Err(ApiError::QuerySyntax { message, details }) => (message, details),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn reads_columns_aliases_casts_and_json_paths() {
        let SelectItem::Field(field) = &fields("total:data->a->>1::double precision")[0] else { panic!("no field") };
        assert_eq!(field.alias.as_deref(), Some("total"));
        assert_eq!(field.field.json_path.len(), 2);
        assert!(field.field.json_path[1].as_text);
        assert_eq!(field.cast.as_deref(), Some("double precision"));
    }

    #[test]
    fn reads_embedded_relations_with_hints_and_joins() {
        let items = fields("id, status:statuses!fk_status!inner(id,...kind(name),deep(x())) , count(), *");
        let SelectItem::Relation(relation) = &items[1] else { panic!("no relation") };
        assert_eq!(relation.hint.as_deref(), Some("fk_status"));
        assert_eq!(relation.join, Some(JoinType::Inner));
        assert!(matches!(relation.items[1], SelectItem::Spread(_)));
        assert_eq!(items.len(), 4);
        assert!(matches!(&items[2], SelectItem::Field(field) if field.aggregate == Some(Aggregate::Count)));
    }

    #[test]
    fn accepts_an_empty_list() {
        assert!(fields("").is_empty());
    }

    #[test]
    fn reads_casts_around_an_aggregate() {
        let SelectItem::Field(field) = &fields("amount::int.sum()::text")[0] else { panic!("no field") };
        assert_eq!((field.cast.as_deref(), field.aggregate_cast.as_deref()), (Some("int"), Some("text")));
    }

    #[test]
    fn tells_where_and_why_it_refuses() {
        let (text, details) = message("data->(x)");
        assert_eq!(text, "\"failed to parse select parameter (data->(x))\" (line 1, column 7)");
        assert_eq!(
            details,
            "unexpected \"(\" expecting \"-\", digit or any non reserved character different from: .,>()"
        );
    }

    #[test]
    fn refuses_endless_nesting() {
        let text = format!("{}{}", "a(".repeat(10_000), ")".repeat(10_000));
        assert!(parse_select(&text).is_err());
    }
}
