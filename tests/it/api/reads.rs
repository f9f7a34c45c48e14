//! Reading: columns, filters, order, windows, counts, embedding, forms of answers.

use super::schema::{get, send, town};
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
