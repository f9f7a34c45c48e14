//! Reading: columns, filters, order, windows, counts, embedding, forms of answers.

use super::schema::{get, send, town, town_database};
use crate::support::TestApp;
use reqwest::Method;
use serde_json::json;

#[tokio::test]
async fn columns_filters_order_and_windows() {
    let app = town().await;
    for (path, expected) in [
        ("/products?select=id&order=price.desc", json!([{"id": 3}, {"id": 2}, {"id": 1}])),
        ("/products?select=n:name,price::text&id=eq.1", json!([{"n": "Hammer", "price": "10.00"}])),
        ("/products?select=id&price=gt.10&price=lte.20", json!([{"id": 2}])),
        ("/products?select=id&name=like.H*&price=not.eq.5", json!([{"id": 1}])),
        (
            "/products?select=id&name=in.(Hammer,%22Odd's%20%5C%22thing%5C%22,%20(x)%22)&order=id",
            json!([{"id": 1}, {"id": 3}]),
        ),
        ("/products?select=id&or=(id.eq.1,and(kind_id.is.null,price.gte.30))&order=id", json!([{"id": 1}, {"id": 3}])),
        ("/products?select=id&search=wfts(simple).hammer", json!([{"id": 1}])),
        ("/products?select=id&data->>color=eq.red", json!([{"id": 1}])),
        ("/products?select=data->a->1&id=eq.1", json!([{"a": 2}])),
        ("/products?select=label&id=eq.1", json!([{"label": "No. 1"}])),
        ("/products?select=id&order=id&limit=1&offset=1", json!([{"id": 2}])),
        ("/products?select=id&id=eq(any).{1,2}&order=id", json!([{"id": 1}, {"id": 2}])),
        (
            "/products?select=kind_id,count()&kind_id=not.is.null&order=kind_id",
            json!([{"kind_id": 1, "count": 1}, {"kind_id": 2, "count": 1}]),
        ),
        ("/products?select=id:id,name,id&id=eq.1", json!([{"id": 1, "name": "Hammer"}])),
        ("/products?select=&id=eq.1", json!([{}])),
    ] {
        assert_eq!(get(&app, path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn embedding_in_all_directions() {
    let app = town().await;
    for (path, expected) in [
        ("/products?select=id,kinds(name)&order=id&limit=1", json!([{"id": 1, "kinds": {"name": "tool"}}])),
        ("/products?select=id,kind_id:kinds!kind_id(name)&id=eq.3", json!([{"id": 3, "kind_id": null}])),
        (
            "/kinds?select=id,products(id)&order=id",
            json!([{"id": 1, "products": [{"id": 1}]}, {"id": 2, "products": [{"id": 2}]}]),
        ),
        (
            "/products?select=id,tags(label)&tags.order=label.desc&id=eq.1",
            json!([{"id": 1, "tags": [{"label": "sale"}, {"label": "new"}]}]),
        ),
        (
            "/products?select=id,tags(label)&tags.label=eq.new&order=id&limit=2",
            json!([{"id": 1, "tags": [{"label": "new"}]}, {"id": 2, "tags": []}]),
        ),
        ("/products?select=id,tags!inner(label)&tags.label=eq.new", json!([{"id": 1, "tags": [{"label": "new"}]}])),
        ("/products?select=id,kinds()&kinds=is.null", json!([{"id": 3}])),
        ("/products?select=id,...kinds(kind:name)&id=eq.2", json!([{"id": 2, "kind": "toy"}])),
        ("/kinds?select=id,...products(name)&id=eq.1", json!([{"id": 1, "name": ["Hammer"]}])),
        (
            "/products?select=id,k:kinds(name)&order=k(name).desc.nullslast",
            json!([{"id": 2, "k": {"name": "toy"}}, {"id": 1, "k": {"name": "tool"}}, {"id": 3, "k": null}]),
        ),
        (
            "/products?select=id,k:kinds(name)&order=k(id).desc.nullslast&limit=1",
            json!([{"id": 2, "k": {"name": "toy"}}]),
        ),
        (
            "/products?select=id,p:product_tags!product_tags_product_id_fkey(tags!tag_id(id))&id=eq.2",
            json!([{"id": 2, "p": [{"tags": {"id": 2}}]}]),
        ),
    ] {
        assert_eq!(get(&app, path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn pages_of_rows_with_embedded_rows() {
    let app = town().await;
    for (path, expected) in [
        (
            "/products?select=n:name,price::text,kinds(name)&order=price.desc&limit=2&offset=1",
            json!([
                {"n": "Doll", "price": "20.00", "kinds": {"name": "toy"}},
                {"n": "Hammer", "price": "10.00", "kinds": {"name": "tool"}},
            ]),
        ),
        (
            "/products?select=label,data->>color,t:tags(label)&t.order=label&order=label.desc&offset=1",
            json!([
                {"label": "No. 2", "color": null, "t": [{"label": "sale"}]},
                {"label": "No. 1", "color": "red", "t": [{"label": "new"}, {"label": "sale"}]},
            ]),
        ),
        (
            "/products?select=id,...kinds(kind:name),product_tags(tags(id))&id=gt.1&order=data->>color.nullsfirst,id&limit=1",
            json!([{"id": 2, "kind": "toy", "product_tags": [{"tags": {"id": 2}}]}]),
        ),
        ("/products?select=id,kinds(name)&kinds.name=eq.toy&order=id&limit=1", json!([{"id": 1, "kinds": null}])),
        (
            "/products?select=id,kinds!inner(name)&kinds.name=eq.toy&order=id&limit=1",
            json!([{"id": 2, "kinds": {"name": "toy"}}]),
        ),
        ("/products?select=id,kinds()&kinds=is.null&order=id&limit=1", json!([{"id": 3}])),
    ] {
        assert_eq!(get(&app, path).await, expected, "{path}");
    }
}

/// The sort comes before the joins: PostgreSQL does not do that by itself.
#[tokio::test]
async fn embedded_rows_are_made_for_the_rows_of_the_page_only() {
    let database = town_database().await;
    database
        .execute(
            "insert into shop.products (name, price, kind_id) select 'Nail ' || n, n, 1 + n % 2 from generate_series(1, 500) n;
             insert into shop.product_tags select id, 1 from shop.products where id >= 100;
             revoke select on shop.products from web_anon;
             grant select (id, name, price, kind_id) on shop.products to web_anon;",
        )
        .await;
    let app = TestApp::spawn(database, |config| {
        config.api.db_schemas = vec!["shop".into()];
        config.api.db_plan_enabled = true;
    })
    .await;
    let path = "/products?select=name,tags(label)&order=price.desc&limit=7&offset=3";
    assert_eq!(get(&app, path).await[0], json!({"name": "Nail 497", "tags": [{"label": "new"}]}));
    let accept = [("accept", "application/vnd.pgrst.plan+json; for=\"application/json\"; options=analyze")];
    let (status, _, plan) = send(&app, Method::GET, path, &accept, "").await;
    assert_eq!(status.as_u16(), 200, "{plan}");
    let tagged = rows_of_nodes(&plan, "product_tags");
    assert!(tagged > 0.0 && tagged <= 7.0, "{tagged} rows for a page of seven: {plan}");
}

/// How many rows the nodes of a relation gave, in all their loops; those of a whole scan that is joined by a hash too.
fn rows_of_nodes(plan: &serde_json::Value, relation: &str) -> f64 {
    let own = match plan["Relation Name"].as_str() {
        Some(name) if name == relation => {
            plan["Actual Rows"].as_f64().unwrap_or_default() * plan["Actual Loops"].as_f64().unwrap_or_default()
        }
        _ => 0.0,
    };
    let parts: Vec<&serde_json::Value> = match plan {
        serde_json::Value::Array(parts) => parts.iter().collect(),
        serde_json::Value::Object(parts) => parts.values().filter(|part| !part.is_string()).collect(),
        _ => Vec::new(),
    };
    own + parts.into_iter().map(|part| rows_of_nodes(part, relation)).sum::<f64>()
}

#[tokio::test]
async fn counts_ranges_and_forms_of_the_answer() {
    let app = town().await;
    let (status, headers, _) =
        send(&app, Method::GET, "/products?select=id", &[("prefer", "count=exact"), ("range", "0-1")], "").await;
    assert_eq!(
        (status.as_u16(), &headers["content-range"], &headers["preference-applied"]),
        (206, &"0-1/3".parse().expect("header"), &"count=exact".parse().expect("header"))
    );
    let (status, headers, _) = send(&app, Method::GET, "/products?offset=9", &[("prefer", "count=exact")], "").await;
    assert_eq!((status.as_u16(), headers["content-range"].to_str().expect("text")), (416, "*/3"));
    let (status, headers, body) =
        send(&app, Method::GET, "/products?price=gt.99", &[("prefer", "count=exact")], "").await;
    assert_eq!((status.as_u16(), headers["content-range"].to_str().expect("text"), body), (200, "*/0", json!([])));

    let object = [("accept", "application/vnd.pgrst.object+json")];
    let (status, _, body) = send(&app, Method::GET, "/products?select=id&id=eq.1", &object, "").await;
    assert_eq!((status.as_u16(), body), (200, json!({"id": 1})));
    let (status, _, body) = send(&app, Method::GET, "/products?select=id", &object, "").await;
    assert_eq!(
        (status.as_u16(), &body["code"], &body["details"]),
        (406, &json!("PGRST116"), &json!("The result contains 3 rows"))
    );

    let csv = app
        .get("/api/products?select=id,name&order=id&limit=2")
        .header("accept", "text/csv")
        .send()
        .await
        .expect("csv");
    assert_eq!(csv.headers()["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.text().await.expect("text"), "id,name\n1,Hammer\n2,Doll");
    let (status, _, body) = send(&app, Method::GET, "/products", &[("accept", "image/png")], "").await;
    assert_eq!((status.as_u16(), &body["code"]), (406, &json!("PGRST107")));

    let head = app.request(Method::HEAD, "/api/products").send().await.expect("head");
    assert_eq!((head.status().as_u16(), head.headers()["content-range"].to_str().expect("text")), (200, "0-2/*"));
    assert!(head.bytes().await.expect("bytes").is_empty());
    let options = app.request(Method::OPTIONS, "/api/products").send().await.expect("options");
    assert_eq!(options.headers()["allow"], "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE");

    let document = get(&app, "/").await;
    assert_eq!((&document["info"]["title"], &document["basePath"]), (&json!("Shop"), &json!("/api")));
    assert!(document["paths"]["/products"]["patch"].is_object());
    assert!(document["paths"]["/rpc/add"]["get"].is_object() && document["paths"]["/rpc/touch"]["get"].is_null());
    assert!(document["paths"]["/secrets"].is_null(), "what a role may not touch is not shown to it");
}
