//! The grammar of filters: `column=op.value`, and of logic trees: `and=(…)`, `or=(…)`.
//!
//! Pure text to tree. Called by `query`; tests at the foot.

use super::grammar::{
    Field, Input, Parsed, Refused, ahead, attempt, comma_list, end_of_input, end_or_parenthesis, field, field_name,
    identifier, json_path, named, nested, parse_all, quoted, refuse, spaced, spaces, text, trace_for, word,
};
use crate::api::error::ApiError;

/// Operators that take one value and no quantifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SimpleOperator {
    NotEqual,
    Contains,
    Contained,
    Overlap,
    StrictlyLeft,
    StrictlyRight,
    NotExtendsRight,
    NotExtendsLeft,
    Adjacent,
}

/// Operators that may be followed by `(any)` or `(all)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuantOperator {
    Equal,
    GreaterThanEqual,
    GreaterThan,
    LessThanEqual,
    LessThan,
    Like,
    ILike,
    Match,
    IMatch,
}

/// Full-text operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FullTextOperator {
    ToTsquery,
    Plain,
    Phrase,
    Websearch,
}

/// `any` or `all`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quantifier {
    Any,
    All,
}

/// Operand of `is`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IsValue {
    Null,
    NotNull,
    True,
    False,
    Unknown,
}

/// What is asked about a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    /// `neq.1`, `cs.{…}` …
    Simple(SimpleOperator, String),
    /// `eq.1`, `like(any).{…}` …
    Quantified(QuantOperator, Option<Quantifier>, String),
    /// `in.(1,2)`
    In(Vec<String>),
    /// `is.null`
    Is(IsValue),
    /// `isdistinct.1`
    IsDistinct(String),
    /// `fts(english).cat`
    FullText(FullTextOperator, Option<String>, String),
}

/// A condition on one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Filter {
    /// The column.
    pub(crate) field: Field,
    /// Preceded by `not.`
    pub(crate) negated: bool,
    /// The condition.
    pub(crate) test: Test,
}

/// `and` or `or`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogicOperator {
    And,
    Or,
}

/// A condition, perhaps composed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogicTree {
    /// Several conditions.
    Group {
        /// Preceded by `not`.
        negated: bool,
        /// How the parts are joined.
        operator: LogicOperator,
        /// The parts, never empty.
        parts: Vec<LogicTree>,
    },
    /// One condition.
    Filter(Filter),
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Simple(SimpleOperator),
    Quantified(QuantOperator),
    In,
    Is,
    IsDistinct,
    FullText(FullTextOperator),
}

const OPERATORS: &[(&str, Operator)] = &[
    ("eq", Operator::Quantified(QuantOperator::Equal)),
    ("gte", Operator::Quantified(QuantOperator::GreaterThanEqual)),
    ("gt", Operator::Quantified(QuantOperator::GreaterThan)),
    ("lte", Operator::Quantified(QuantOperator::LessThanEqual)),
    ("lt", Operator::Quantified(QuantOperator::LessThan)),
    ("like", Operator::Quantified(QuantOperator::Like)),
    ("ilike", Operator::Quantified(QuantOperator::ILike)),
    ("match", Operator::Quantified(QuantOperator::Match)),
    ("imatch", Operator::Quantified(QuantOperator::IMatch)),
    ("neq", Operator::Simple(SimpleOperator::NotEqual)),
    ("cs", Operator::Simple(SimpleOperator::Contains)),
    ("cd", Operator::Simple(SimpleOperator::Contained)),
    ("ov", Operator::Simple(SimpleOperator::Overlap)),
    ("sl", Operator::Simple(SimpleOperator::StrictlyLeft)),
    ("sr", Operator::Simple(SimpleOperator::StrictlyRight)),
    ("nxr", Operator::Simple(SimpleOperator::NotExtendsRight)),
    ("nxl", Operator::Simple(SimpleOperator::NotExtendsLeft)),
    ("adj", Operator::Simple(SimpleOperator::Adjacent)),
    ("in", Operator::In),
    ("is", Operator::Is),
    ("isdistinct", Operator::IsDistinct),
    ("fts", Operator::FullText(FullTextOperator::ToTsquery)),
    ("plfts", Operator::FullText(FullTextOperator::Plain)),
    ("phfts", Operator::FullText(FullTextOperator::Phrase)),
    ("wfts", Operator::FullText(FullTextOperator::Websearch)),
];

const IS_VALUES: &[(&str, IsValue)] = &[
    ("null", IsValue::Null),
    ("not_null", IsValue::NotNull),
    ("true", IsValue::True),
    ("false", IsValue::False),
    ("unknown", IsValue::Unknown),
];

const OPERATOR: &str = "operator (eq, gt, ...)";

/// Where a parameter points to: embedded relations, then the column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreePath {
    /// Names of the embedded relations from the root.
    pub(crate) embeds: Vec<String>,
    /// The column at the end.
    pub(crate) field: Field,
}

/// Parses the key of a filter.
///
/// # Errors
/// PGRST100 when the text does not follow the grammar.
pub(crate) fn parse_tree_path(key: &str) -> Result<TreePath, ApiError> {
    let trace = trace_for(key);
    parse_all("tree path", key, key, &trace, |input| {
        let mut names = vec![field_name(input)?];
        while attempt(input, text(".", "delimiter (.)")).is_some() {
            names.push(field_name(input)?);
        }
        let json_path = json_path(input)?;
        let name = names.pop().unwrap_or_default();
        Ok(TreePath { embeds: names, field: Field { name, json_path } })
    })
}

/// Parses the value of a filter.
///
/// # Errors
/// PGRST100 when the text does not follow the grammar.
pub(crate) fn parse_filter_value(value: &str) -> Result<(bool, Test), ApiError> {
    let trace = trace_for(value);
    parse_all("filter", value, value, &trace, |input| {
        operation(input, &mut |input: &mut Input<'_>| {
            let rest = input.input.to_owned();
            input.input = "";
            Ok(rest)
        })
    })
}

/// Parses the key of a logic tree, such as `embed.not.or`: the path, whether `not` stands in it, and the operator.
///
/// # Errors
/// PGRST100 when the text does not follow the grammar.
pub(crate) fn parse_logic_path(key: &str) -> Result<(Vec<String>, bool, String), ApiError> {
    let trace = trace_for(key);
    parse_all("logic path", key, key, &trace, |input| {
        let mut names = vec![field_name(input)?];
        while attempt(input, text(".", "delimiter (.)")).is_some() {
            names.push(field_name(input)?);
        }
        let operator = names.pop().unwrap_or_default();
        let negated = names.iter().any(|name| name == "not");
        names.retain(|name| name != "not");
        Ok((names, negated, operator))
    })
}

/// Parses a logic tree; `key` is `and` or `or`.
///
/// # Errors
/// PGRST100 when the text does not follow the grammar.
pub(crate) fn parse_logic_tree(negated: bool, key: &str, value: &str) -> Result<LogicTree, ApiError> {
    let whole = if negated { format!("not.{key}{value}") } else { format!("{key}{value}") };
    let trace = trace_for(&whole);
    parse_all("logic tree", value, &whole, &trace, |input| {
        let tree = logic_tree(input)?;
        end_or_parenthesis(input)?;
        Ok(tree)
    })
}

fn logic_tree(input: &mut Input<'_>) -> Parsed<LogicTree> {
    spaces(input)?;
    if let Some(filter) = attempt(input, logic_filter) {
        return Ok(LogicTree::Filter(filter));
    }
    let negated = attempt(input, named("negation operator (not)", |input| text("not.", "")(input))).is_some();
    let operator = named("logic operator (and, or)", |input| {
        if ahead(input, "and") {
            text("and", "")(input).map(|_| LogicOperator::And)
        } else {
            text("or", "")(input).map(|_| LogicOperator::Or)
        }
    })(input)?;
    spaced(text("(", "\"(\""))(input)?;
    let parts = nested(input, |input| comma_list(input, logic_tree))?;
    spaces(input)?;
    text(")", "\")\"")(input)?;
    spaces(input)?;
    Ok(LogicTree::Group { negated, operator, parts })
}

fn logic_filter(input: &mut Input<'_>) -> Parsed<Filter> {
    let field = field(input)?;
    spaces(input)?;
    text(".", "delimiter (.)")(input)?;
    let (negated, test) = operation(input, &mut logic_value)?;
    spaces(input)?;
    Ok(Filter { field, negated, test })
}

/// A value inside a logic tree: quoted, an array literal, or up to a comma or parenthesis.
fn logic_value(input: &mut Input<'_>) -> Parsed<String> {
    let ends = |input: &Input<'_>| input.input.is_empty() || input.input.starts_with([',', ')']);
    let quoted_value = attempt(input, |input| {
        let value = quoted(input)?;
        if ends(input) { Ok(value) } else { Err(Refused) }
    });
    if let Some(value) = quoted_value {
        return Ok(value);
    }
    let start = input.input;
    if start.starts_with('{')
        && let Some(end) = start[1..].find(['{', '}'])
        && start[1 + end..].starts_with('}')
    {
        let (array, rest) = start.split_at(end + 2);
        input.input = rest;
        return Ok(array.to_owned());
    }
    let end = start.find([',', ')']).unwrap_or(start.len());
    let (value, rest) = start.split_at(end);
    input.input = rest;
    Ok(value.to_owned())
}

fn operation(input: &mut Input<'_>, value: &mut dyn FnMut(&mut Input<'_>) -> Parsed<String>) -> Parsed<(bool, Test)> {
    let negated = attempt(input, text("not.", "\"not\"")).is_some();
    let operator = word(OPERATORS, OPERATOR)(input)?;
    let test = match operator {
        Operator::Simple(operator) => {
            delimiter(input)?;
            Test::Simple(operator, value(input)?)
        }
        Operator::Quantified(operator) => {
            let quantifier = if ahead(input, "(any)") {
                text("(any)", "")(input)?;
                Some(Quantifier::Any)
            } else if ahead(input, "(all)") {
                text("(all)", "")(input)?;
                Some(Quantifier::All)
            } else {
                None
            };
            delimiter(input)?;
            Test::Quantified(operator, quantifier, value(input)?)
        }
        Operator::In => {
            delimiter(input)?;
            Test::In(list(input)?)
        }
        Operator::Is => {
            delimiter(input)?;
            Test::Is(is_value(input)?)
        }
        Operator::IsDistinct => {
            delimiter(input)?;
            Test::IsDistinct(value(input)?)
        }
        Operator::FullText(operator) => {
            let config = if ahead(input, "(") {
                text("(", "")(input)?;
                let config = identifier(input)?.to_owned();
                text(")", "\")\"")(input)?;
                Some(config)
            } else {
                None
            };
            delimiter(input)?;
            Test::FullText(operator, config, value(input)?)
        }
    };
    Ok((negated, test))
}

fn delimiter(input: &mut Input<'_>) -> Parsed<()> {
    text(".", "delimiter (.)")(input).map(|_| ())
}

fn is_value(input: &mut Input<'_>) -> Parsed<IsValue> {
    const LABEL: &str = "isVal: (null, not_null, true, false, unknown)";
    let start = input.input;
    let end = start.find(|c: char| !(c.is_ascii_alphabetic() || c == '_')).unwrap_or(start.len());
    match IS_VALUES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&start[..end])) {
        Some((_, value)) => {
            input.input = &start[end..];
            Ok(*value)
        }
        None => refuse(input, LABEL),
    }
}

fn list(input: &mut Input<'_>) -> Parsed<Vec<String>> {
    spaced(text("(", "\"(\""))(input)?;
    let mut elements = Vec::new();
    loop {
        elements.push(list_element(input));
        if ahead(input, ",") {
            input.input = &input.input[1..];
        } else {
            break;
        }
    }
    text(")", "\")\"")(input)?;
    spaces(input)?;
    // `()` is no element, not one empty element.
    if elements.len() == 1 && elements[0].is_empty() {
        elements.clear();
    }
    Ok(elements)
}

fn list_element(input: &mut Input<'_>) -> String {
    let quoted_value = attempt(input, |input| {
        let value = quoted(input)?;
        if input.input.is_empty() || input.input.starts_with([',', ')']) { Ok(value) } else { Err(Refused) }
    });
    if let Some(value) = quoted_value {
        return value;
    }
    let start = input.input;
    let end = start.find([',', ')']).unwrap_or(start.len());
    let (value, rest) = start.split_at(end);
    input.input = rest;
    value.to_owned()
}

/// Parses a comma list of names (`columns`, `on_conflict`).
///
/// # Errors
/// PGRST100 when the text does not follow the grammar.
pub(crate) fn parse_names(subject: &str, value: &str) -> Result<Vec<String>, ApiError> {
    let trace = trace_for(value);
    parse_all(subject, value, value, &trace, |input| {
        let names = comma_list(input, spaced(field_name))?;
        end_of_input(input)?;
        Ok(names)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test_of(value: &str) -> (bool, Test) {
        parse_filter_value(value).unwrap_or_else(|error| panic!("{value}: {error:?}"))
    }

    #[test]
    fn reads_every_operator() {
        for (name, _) in OPERATORS {
            let value = match *name {
                "in" => "in.(1)".to_owned(),
                "is" => "is.null".to_owned(),
                other => format!("{other}.x"),
            };
            assert!(!test_of(&value).0, "{value}");
            assert!(test_of(&format!("not.{value}")).0, "not.{value}");
        }
    }

    #[test]
    fn keeps_the_value_as_it_is() {
        assert_eq!(test_of("eq.a.b,(c)"), (false, Test::Quantified(QuantOperator::Equal, None, "a.b,(c)".into())));
        assert_eq!(test_of("eq."), (false, Test::Quantified(QuantOperator::Equal, None, String::new())));
    }

    #[test]
    fn reads_lists_with_quotes() {
        assert_eq!(
            test_of(r#"in.(a,"b,c","d\"e",f"g)"#),
            (false, Test::In(vec!["a".into(), "b,c".into(), "d\"e".into(), "f\"g".into()]))
        );
        assert_eq!(test_of("in.()"), (false, Test::In(vec![])));
    }

    #[test]
    fn reads_quantifiers_and_configurations() {
        assert_eq!(
            test_of("like(any).{a*}").1,
            Test::Quantified(QuantOperator::Like, Some(Quantifier::Any), "{a*}".into())
        );
        assert_eq!(
            test_of("wfts(simple).x y").1,
            Test::FullText(FullTextOperator::Websearch, Some("simple".into()), "x y".into())
        );
        assert_eq!(test_of("is.NULL").1, Test::Is(IsValue::Null));
    }

    #[test]
    fn refuses_unknown_operators_with_a_position() {
        let Err(ApiError::QuerySyntax { message, details }) = parse_filter_value("0") else { panic!("accepted") };
        assert_eq!(message, "\"failed to parse filter (0)\" (line 1, column 1)");
        assert_eq!(details, "unexpected \"0\" expecting \"not\" or operator (eq, gt, ...)");
    }

    #[test]
    fn reads_logic_trees() {
        let tree = parse_logic_tree(
            false,
            "or",
            "(id.eq.1, and ( a.gt.2 ,b.in.(1,2)), not.or(c.not.is.null,d->>e.eq.\"x,y\"))",
        );
        let Ok(LogicTree::Group { operator: LogicOperator::Or, parts, .. }) = tree else { panic!("{tree:?}") };
        assert_eq!(parts.len(), 3);
    }

    #[test]
    fn explains_an_empty_logic_tree() {
        let Err(ApiError::QuerySyntax { message, details }) = parse_logic_tree(false, "or", "()") else {
            panic!("accepted")
        };
        assert_eq!(message, "\"failed to parse logic tree (())\" (line 1, column 4)");
        assert_eq!(
            details,
            "unexpected \")\" expecting field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)"
        );
    }

    #[test]
    fn finds_the_word_not_anywhere_in_a_logic_path() {
        assert_eq!(parse_logic_path("a.not.b.or").ok(), Some((vec!["a".into(), "b".into()], true, "or".into())));
    }
}
