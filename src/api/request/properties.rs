//! Properties of the grammars: whatever comes in, nothing panics; what is printed is read back as it was.

use super::filter::{
    Filter, IsValue, LogicOperator, LogicTree, QuantOperator, SimpleOperator, Test, parse_filter_value,
    parse_logic_path, parse_logic_tree, parse_names, parse_tree_path,
};
use super::grammar::{Field, JsonOperand, JsonStep};
use super::media_type::MediaType;
use super::order::parse_order;
use super::payload::{PayloadTarget, parse_payload};
use super::preferences::Preferences;
use super::query::QueryParams;
use super::range::{RowRange, intersect, parse_range_header};
use super::select::{Aggregate, JoinType, SelectField, SelectItem, SelectRelation, parse_select};
use proptest::prelude::*;

fn name() -> impl Strategy<Value = String> {
    // `count` is a word of the grammar; blanks at the ends are trimmed.
    "[a-zA-Z_$ü][a-zA-Z0-9_$]{0,8}(-[a-z0-9]{1,4})?"
        .prop_filter("a word of the grammar", |name| name != "count" && name != "not")
}

fn json_path() -> impl Strategy<Value = Vec<JsonStep>> {
    // A position at the very end is one only where the grammar can see the end (POSTGREST.md §4.1), so paths end in a key.
    let operand = prop_oneof!["[a-z_]{1,6}".prop_map(JsonOperand::Key), "-?[0-9]{1,3}".prop_map(JsonOperand::Index)];
    let step = (any::<bool>(), operand).prop_map(|(as_text, operand)| JsonStep { as_text, operand });
    let last =
        (any::<bool>(), "[a-z_]{1,6}").prop_map(|(as_text, key)| JsonStep { as_text, operand: JsonOperand::Key(key) });
    (prop::collection::vec(step, 0..3), prop::option::of(last))
        .prop_map(|(steps, last)| last.map_or_else(Vec::new, |last| steps.into_iter().chain([last]).collect()))
}

fn field() -> impl Strategy<Value = Field> {
    (name(), json_path()).prop_map(|(name, json_path)| Field { name, json_path })
}

fn aggregate() -> impl Strategy<Value = Aggregate> {
    prop::sample::select(vec![Aggregate::Sum, Aggregate::Avg, Aggregate::Count, Aggregate::Max, Aggregate::Min])
}

fn select_field() -> impl Strategy<Value = SelectItem> {
    let cast = || prop::option::of(prop::sample::select(vec!["text".to_owned(), "double precision".to_owned()]));
    (field(), prop::option::of((aggregate(), cast())), cast(), prop::option::of(name())).prop_map(
        |(field, aggregate, cast, alias)| {
            let (aggregate, aggregate_cast) = aggregate.map_or((None, None), |(function, cast)| (Some(function), cast));
            SelectItem::Field(SelectField { field, aggregate, aggregate_cast, cast, alias })
        },
    )
}

fn select_items() -> impl Strategy<Value = Vec<SelectItem>> {
    let join = prop::option::of(prop::sample::select(vec![JoinType::Inner, JoinType::Left]));
    let leaf = select_field();
    let item = leaf.prop_recursive(3, 24, 4, move |inner| {
        let relation = (
            name(),
            prop::option::of(name()),
            prop::option::of(name()),
            join.clone(),
            prop::collection::vec(inner, 0..4),
        )
            .prop_map(|(name, alias, hint, join, items)| {
                let hint = hint.filter(|hint| hint != "inner" && hint != "left");
                SelectRelation { name, alias, hint, join, items }
            });
        (any::<bool>(), relation).prop_map(|(spread, relation)| {
            if spread {
                SelectItem::Spread(SelectRelation { alias: None, ..relation })
            } else {
                SelectItem::Relation(relation)
            }
        })
    });
    prop::collection::vec(item, 0..5)
}

fn print_field(field: &Field) -> String {
    let mut text = field.name.clone();
    for step in &field.json_path {
        text.push_str(if step.as_text { "->>" } else { "->" });
        match &step.operand {
            JsonOperand::Key(key) | JsonOperand::Index(key) => text.push_str(key),
        }
    }
    text
}

fn print_items(items: &[SelectItem]) -> String {
    items.iter().map(print_item).collect::<Vec<_>>().join(",")
}

fn print_item(item: &SelectItem) -> String {
    let alias = |alias: &Option<String>| alias.as_ref().map(|alias| format!("{alias}:")).unwrap_or_default();
    let relation = |relation: &SelectRelation| {
        let hint = relation.hint.as_ref().map(|hint| format!("!{hint}")).unwrap_or_default();
        let join = match relation.join {
            Some(JoinType::Inner) => "!inner",
            Some(JoinType::Left) => "!left",
            None => "",
        };
        format!("{}{}{hint}{join}({})", alias(&relation.alias), relation.name, print_items(&relation.items))
    };
    let cast = |cast: &Option<String>| cast.as_ref().map(|cast| format!("::{cast}")).unwrap_or_default();
    match item {
        SelectItem::Relation(embed) => relation(embed),
        SelectItem::Spread(embed) => format!("...{}", relation(embed)),
        SelectItem::Field(field) => {
            let aggregate = field.aggregate.map(|function| format!(".{function}()")).unwrap_or_default();
            format!(
                "{}{}{}{aggregate}{}",
                alias(&field.alias),
                print_field(&field.field),
                cast(&field.cast),
                cast(&field.aggregate_cast)
            )
        }
    }
}

fn logic_tree() -> impl Strategy<Value = LogicTree> {
    let value = "[a-z0-9.*: ]{0,8}";
    let test = prop_oneof![
        value.prop_map(|value| Test::Quantified(QuantOperator::Equal, None, value)),
        value.prop_map(|value| Test::Simple(SimpleOperator::NotEqual, value)),
        prop::collection::vec("[a-z0-9 \"\\\\,()]{1,6}", 1..4).prop_map(Test::In),
        Just(Test::Is(IsValue::Null)),
    ];
    let leaf = (field(), any::<bool>(), test)
        .prop_map(|(field, negated, test)| LogicTree::Filter(Filter { field, negated, test }));
    leaf.prop_recursive(3, 16, 3, |inner| {
        let operator = prop::sample::select(vec![LogicOperator::And, LogicOperator::Or]);
        (any::<bool>(), operator, prop::collection::vec(inner, 1..4))
            .prop_map(|(negated, operator, parts)| LogicTree::Group { negated, operator, parts })
    })
}

fn print_tree(tree: &LogicTree) -> String {
    let not = |negated: bool| if negated { "not." } else { "" };
    match tree {
        LogicTree::Group { negated, operator, parts } => {
            let word = match operator {
                LogicOperator::And => "and",
                LogicOperator::Or => "or",
            };
            format!("{}{word}({})", not(*negated), parts.iter().map(print_tree).collect::<Vec<_>>().join(","))
        }
        LogicTree::Filter(Filter { field, negated, test }) => {
            let test = match test {
                Test::Simple(_, value) => format!("neq.{value}"),
                Test::In(list) => {
                    let quoted =
                        list.iter().map(|value| format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")));
                    format!("in.({})", quoted.collect::<Vec<_>>().join(","))
                }
                Test::Is(_) => "is.null".to_owned(),
                Test::Quantified(_, _, value) | Test::IsDistinct(value) | Test::FullText(_, _, value) => {
                    format!("eq.{value}")
                }
            };
            format!("{}.{}{test}", print_field(field), not(*negated))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn select_lists_are_read_back_as_they_were_printed(items in select_items()) {
        let text = print_items(&items);
        prop_assert_eq!(parse_select(&text).ok(), Some(items), "{}", text);
    }

    #[test]
    fn logic_trees_are_read_back_as_they_were_printed(parts in prop::collection::vec(logic_tree(), 1..4)) {
        let tree = LogicTree::Group { negated: false, operator: LogicOperator::Or, parts };
        let text = print_tree(&tree);
        prop_assert_eq!(parse_logic_tree(false, "or", &text[2..]).ok(), Some(tree), "{}", text);
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in "\\PC*|[a-z\"(){}.,:!>*\\\\-]{0,60}") {
        let _ = parse_select(&text);
        let _ = parse_filter_value(&text);
        let _ = parse_tree_path(&text);
        let _ = parse_logic_path(&text);
        let _ = parse_logic_tree(true, "and", &text);
        let _ = parse_order(&text);
        let _ = parse_names("columns parameter", &text);
        let _ = MediaType::parse_accept([text.as_str()].into_iter());
        let _ = Preferences::parse([text.as_str()].into_iter(), true, |_| true);
        if let Some(range) = parse_range_header(&text) {
            let _ = intersect(Some(range), RowRange { offset: 1, limit: Some(i64::MAX) });
        }
    }

    #[test]
    fn no_query_string_makes_the_parser_panic(query in "[a-z0-9%&=.+(),_]{0,80}", arguments: bool) {
        let _ = QueryParams::parse(&query, arguments);
    }

    #[test]
    fn no_body_makes_the_reader_panic(body in prop::collection::vec(any::<u8>(), 0..80), columns: bool) {
        for content_type in [MediaType::Json, MediaType::Csv, MediaType::UrlEncoded, MediaType::Text] {
            for target in [PayloadTarget::Relation, PayloadTarget::Function] {
                let _ = parse_payload(target, &content_type, body.clone().into(), columns);
            }
        }
    }
}
