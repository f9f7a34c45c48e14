//! Which ways lead from one relation to another.

use super::loaded;
use civic_os::schema_cache::{Cardinality, QualifiedIdentifier, Relationship, SchemaCache, Text};

fn origin(name: &str) -> QualifiedIdentifier {
    QualifiedIdentifier::new("test", name)
}

/// `cardinality target(constraint or function)[own columns → their columns]`
fn described(relationship: &Relationship) -> String {
    let pairs =
        |columns: &[(Text, Text)]| columns.iter().map(|(a, b)| format!("{a}={b}")).collect::<Vec<_>>().join(",");
    match relationship {
        Relationship::Computed(computed) => format!(
            "computed {} {}() {}",
            computed.foreign_table.name,
            computed.function.name,
            if computed.single { "one" } else { "many" }
        ),
        Relationship::ForeignKey(key) => match &key.cardinality {
            Cardinality::ManyToMany(junction) => format!(
                "many-to-many {} via {}[{}|{}]",
                key.foreign_table.name,
                junction.table.name,
                pairs(&junction.columns_source),
                pairs(&junction.columns_target)
            ),
            cardinality => format!(
                "{} {} {}[{}]",
                cardinality.word(),
                key.foreign_table.name,
                cardinality.constraint().unwrap(),
                pairs(cardinality.columns().unwrap())
            ),
        },
    }
}

fn all(cache: &SchemaCache, name: &str) -> Vec<String> {
    cache.relationships_from(&origin(name)).iter().map(described).collect()
}

fn found(cache: &SchemaCache, from: &str, target: &str, hint: Option<&str>) -> Vec<String> {
    cache.find_relationships(&origin(from), target, hint).into_iter().map(described).collect()
}

#[tokio::test]
async fn every_kind_is_seen_from_both_sides() {
    let (_database, cache) = loaded().await;
    assert_eq!(
        all(&cache, "customers"),
        [
            "one-to-many documents documents_owner[id=owner]",
            "one-to-many documents_of_owner documents_owner[id=owner]",
            "one-to-many events events_customer_id_fkey[id=customer_id]",
            "one-to-many order_totals orders_customer_fkey[id=customer_id]",
            "one-to-many orders orders_customer_fkey[id=customer_id]",
            "computed orders all_orders() many",
            "computed orders latest_order() one",
        ]
    );
    assert_eq!(
        all(&cache, "orders"),
        [
            "many-to-one customers orders_customer_fkey[customer_id=id]",
            "one-to-one order_notes order_notes_order_id_fkey[id=order_id]",
            "one-to-many order_tags order_tags_order_id_fkey[id=order_id]",
            "many-to-many tags via order_tags[id=order_id|id=tag_id]",
        ]
    );
    assert_eq!(
        all(&cache, "order_notes"),
        [
            "one-to-one order_totals order_notes_order_id_fkey[order_id=id]",
            "one-to-one orders order_notes_order_id_fkey[order_id=id]",
        ]
    );
    assert_eq!(
        all(&cache, "tags"),
        [
            "one-to-many order_tags order_tags_tag_id_fkey[id=tag_id]",
            "many-to-many order_totals via order_tags[id=tag_id|id=order_id]",
            "many-to-many orders via order_tags[id=tag_id|id=order_id]",
        ]
    );
    assert_eq!(all(&cache, "documents_of_owner"), ["many-to-one customers documents_owner[owner=id]"]);
    assert_eq!(all(&cache, "everything"), Vec::<String>::new(), "a union has no keys");
    assert_eq!(all(&cache, "events"), ["many-to-one customers events_customer_id_fkey[customer_id=id]"]);
    assert_eq!(all(&cache, "events_2020"), Vec::<String>::new(), "partitions are hidden");
}

#[tokio::test]
async fn targets_and_hints_choose() {
    let (_database, cache) = loaded().await;
    let customer = ["many-to-one customers orders_customer_fkey[customer_id=id]"];
    assert_eq!(found(&cache, "orders", "customers", None), customer);
    assert_eq!(found(&cache, "orders", "orders_customer_fkey", None), customer);
    assert_eq!(found(&cache, "orders", "customer_id", None), customer);
    assert_eq!(found(&cache, "orders", "customers", Some("orders_customer_fkey")), customer);
    assert_eq!(found(&cache, "orders", "customers", Some("customer_id")), customer);
    assert_eq!(found(&cache, "orders", "customers", Some("other")), Vec::<String>::new());
    assert_eq!(found(&cache, "orders", "nothing", None), Vec::<String>::new());
    assert_eq!(found(&cache, "orders", "tags", Some("order_tags")).len(), 1);
    assert_eq!(found(&cache, "customers", "latest_order", None), ["computed orders latest_order() one"]);
    // Two foreign keys to the same table: ambiguous without a hint.
    assert_eq!(found(&cache, "trips", "places", None).len(), 2);
    assert_eq!(
        found(&cache, "trips", "places", Some("trips_to")),
        ["many-to-one places trips_to[to_country=country,to_code=code]"]
    );
    // A view is not found by constraint or column.
    assert_eq!(
        found(&cache, "order_notes", "order_notes_order_id_fkey", None),
        ["one-to-one orders order_notes_order_id_fkey[order_id=id]"]
    );
}

#[tokio::test]
async fn a_self_reference_goes_both_ways() {
    let (_database, cache) = loaded().await;
    assert_eq!(found(&cache, "people", "people", None), ["one-to-many people people_manager_fkey[id=manager]"]);
    assert_eq!(found(&cache, "people", "manager", None), ["many-to-one people people_manager_fkey[manager=id]"]);
    assert_eq!(found(&cache, "people", "people", Some("manager")).len(), 1);
    assert_eq!(found(&cache, "people", "people", Some("id")), Vec::<String>::new());
}

#[tokio::test]
async fn private_schemas_show_nothing_of_themselves() {
    let (_database, cache) = loaded().await;
    assert!(cache.table("private", "documents").is_none());
    assert!(cache.relationships.keys().all(|origin| origin.schema == "test"));
    let targets = cache.relationships.values().flatten();
    assert!(targets.map(|relationship| &relationship.foreign_table().schema).all(|schema| schema == "test"));
}
