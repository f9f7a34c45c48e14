//! Prints columns and conditions.

use super::statement::{SqlStatement, array_literal};
use crate::api::plan::read::{ColumnExpr, Condition, Embed};
use crate::api::request::filter::{
    FullTextOperator, IsValue, LogicOperator, QuantOperator, Quantifier, SimpleOperator, Test,
};
use crate::api::request::grammar::JsonOperand;
use crate::schema_cache::QualifiedIdentifier;

/// `"row"."column"->'key'`
pub(super) fn column(sql: &mut SqlStatement<'_>, row: &str, column: &ColumnExpr) {
    if let Some(formatter) = &column.formatter {
        sql.qualified(formatter).raw("(").column(row, &column.name).raw(")");
        return;
    }
    if column.to_jsonb {
        sql.raw("to_jsonb(").column(row, &column.name).raw(")");
    } else {
        sql.column(row, &column.name);
    }
    for step in &column.json_path {
        sql.raw(if step.as_text { "->>" } else { "->" });
        match &step.operand {
            JsonOperand::Key(key) => {
                sql.literal(key);
            }
            JsonOperand::Index(index) => {
                sql.literal(index).raw("::int");
            }
        }
    }
}

/// All conditions, joined by AND.
pub(super) fn conditions<'p>(sql: &mut SqlStatement<'p>, row: &str, embeds: &[Embed], conditions: &'p [Condition]) {
    sql.list(conditions, " AND ", |sql, one| condition(sql, row, embeds, one));
}

fn condition<'p>(sql: &mut SqlStatement<'p>, row: &str, embeds: &[Embed], condition_: &'p Condition) {
    match condition_ {
        Condition::Group { negated, operator, parts } => {
            sql.raw(if *negated { "NOT (" } else { "(" });
            let separator = match operator {
                LogicOperator::And => " AND ",
                LogicOperator::Or => " OR ",
            };
            sql.list(parts, separator, |sql, part| condition(sql, row, embeds, part));
            sql.raw(")");
        }
        Condition::Test { column, negated, test: asked, parser, to_tsvector } => {
            sql.raw(if *negated { "NOT (" } else { "" });
            test(sql, row, column, asked, parser.as_ref(), *to_tsvector);
            sql.raw(if *negated { ")" } else { "" });
        }
        Condition::Embedded { embed, is_null } => {
            if let Some(embed) = embeds.get(*embed) {
                super::read::has_rows(sql, embed, !*is_null);
            }
        }
    }
}

/// A condition of a count, where embeds are no joins: asks with EXISTS.
pub(super) fn count_condition<'p>(
    sql: &mut SqlStatement<'p>,
    row: &str,
    embeds: &'p [Embed],
    condition_: &'p Condition,
) {
    match condition_ {
        Condition::Group { negated, operator, parts } => {
            sql.raw(if *negated { "NOT (" } else { "(" });
            let separator = match operator {
                LogicOperator::And => " AND ",
                LogicOperator::Or => " OR ",
            };
            sql.list(parts, separator, |sql, part| count_condition(sql, row, embeds, part));
            sql.raw(")");
        }
        Condition::Embedded { embed, is_null } => {
            if let Some(embed) = embeds.get(*embed) {
                sql.raw(if *is_null { "NOT EXISTS (" } else { "EXISTS (" });
                super::read::exists_query(sql, row, embed);
                sql.raw(")");
            }
        }
        other => condition(sql, row, &[], other),
    }
}

fn test<'p>(
    sql: &mut SqlStatement<'p>,
    row: &str,
    on: &ColumnExpr,
    test: &'p Test,
    parser: Option<&QualifiedIdentifier>,
    to_tsvector: bool,
) {
    if let Test::FullText(operator, config, query) = test {
        return full_text(sql, row, on, *operator, config.as_deref(), query, to_tsvector);
    }
    column(sql, row, on);
    match test {
        Test::Simple(operator, value) => {
            sql.raw(simple_operator(*operator));
            self::value(sql, parser, value);
        }
        Test::Quantified(operator, quantifier, value) => quantified(sql, *operator, *quantifier, value, parser),
        Test::In(elements) => {
            sql.raw(" = ANY (");
            let literal = array_literal(elements.iter().map(String::as_str));
            match parser {
                Some(parser) => {
                    sql.raw("ARRAY(SELECT ").qualified(parser).raw("(unnest(").bind(literal).raw("::text[])))");
                }
                None => {
                    sql.bind(literal);
                }
            }
            sql.raw(")");
        }
        Test::Is(value) => {
            sql.raw(match value {
                IsValue::Null => " IS NULL",
                IsValue::NotNull => " IS NOT NULL",
                IsValue::True => " IS TRUE",
                IsValue::False => " IS FALSE",
                IsValue::Unknown => " IS UNKNOWN",
            });
        }
        Test::IsDistinct(value) => {
            sql.raw(" IS DISTINCT FROM ");
            self::value(sql, parser, value);
        }
        Test::FullText(..) => {}
    }
}

fn value<'p>(sql: &mut SqlStatement<'p>, parser: Option<&QualifiedIdentifier>, value: &'p str) {
    match parser {
        Some(parser) => {
            sql.qualified(parser).raw("(").bind(value).raw(")");
        }
        None => {
            sql.bind(value);
        }
    }
}

fn quantified<'p>(
    sql: &mut SqlStatement<'p>,
    operator: QuantOperator,
    quantifier: Option<Quantifier>,
    value: &'p str,
    parser: Option<&QualifiedIdentifier>,
) {
    sql.raw(quant_operator(operator));
    let is_pattern = matches!(operator, QuantOperator::Like | QuantOperator::ILike);
    match quantifier {
        None => {}
        Some(Quantifier::Any) => {
            sql.raw("ANY (");
        }
        Some(Quantifier::All) => {
            sql.raw("ALL (");
        }
    }
    if is_pattern && value.contains('*') {
        sql.bind(value.replace('*', "%"));
    } else {
        self::value(sql, parser.filter(|_| quantifier.is_none() && !is_pattern), value);
    }
    if quantifier.is_some() {
        sql.raw(")");
    }
}

fn full_text<'p>(
    sql: &mut SqlStatement<'p>,
    row: &str,
    on: &ColumnExpr,
    operator: FullTextOperator,
    config: Option<&'p str>,
    query: &'p str,
    to_tsvector: bool,
) {
    if to_tsvector {
        sql.raw("to_tsvector(");
        if let Some(config) = config {
            sql.bind(config).raw(", ");
        }
        column(sql, row, on);
        sql.raw(")");
    } else {
        column(sql, row, on);
    }
    sql.raw(match operator {
        FullTextOperator::ToTsquery => " @@ to_tsquery(",
        FullTextOperator::Plain => " @@ plainto_tsquery(",
        FullTextOperator::Phrase => " @@ phraseto_tsquery(",
        FullTextOperator::Websearch => " @@ websearch_to_tsquery(",
    });
    if let Some(config) = config {
        sql.bind(config).raw(", ");
    }
    sql.bind(query).raw(")");
}

fn simple_operator(operator: SimpleOperator) -> &'static str {
    match operator {
        SimpleOperator::NotEqual => " <> ",
        SimpleOperator::Contains => " @> ",
        SimpleOperator::Contained => " <@ ",
        SimpleOperator::Overlap => " && ",
        SimpleOperator::StrictlyLeft => " << ",
        SimpleOperator::StrictlyRight => " >> ",
        SimpleOperator::NotExtendsRight => " &< ",
        SimpleOperator::NotExtendsLeft => " &> ",
        SimpleOperator::Adjacent => " -|- ",
    }
}

fn quant_operator(operator: QuantOperator) -> &'static str {
    match operator {
        QuantOperator::Equal => " = ",
        QuantOperator::GreaterThanEqual => " >= ",
        QuantOperator::GreaterThan => " > ",
        QuantOperator::LessThanEqual => " <= ",
        QuantOperator::LessThan => " < ",
        QuantOperator::Like => " like ",
        QuantOperator::ILike => " ilike ",
        QuantOperator::Match => " ~ ",
        QuantOperator::IMatch => " ~* ",
    }
}
