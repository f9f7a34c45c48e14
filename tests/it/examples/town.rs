//! The town: who sees, adds and changes what.

use super::questions::Person;
use crate::support::{TestApp, TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};

async fn app() -> TestApp {
    TestApp::spawn(TestDatabase::with_example("town").await, |_| {}).await
}

/// Identifier of a status by its kind and name.
async fn status(person: &Person<'_>, kind: &str, name: &str) -> i64 {
    let rows = person.rows(&format!("statuses?select=id,display_name&entity_type=eq.{kind}")).await;
    let found = rows.iter().find(|row| row["display_name"] == name);
    found.unwrap_or_else(|| panic!("no status {kind} {name}"))["id"].as_i64().expect("id")
}

fn report(title: &str) -> Value {
    json!({
        "display_name": title, "description": "Seen this morning", "category_id": 1, "neighbourhood_id": 2,
        "address": "12 River Road", "location": "SRID=4326;POINT(-92.158 44.776)",
    })
}

#[tokio::test]
async fn it_has_the_amounts_that_the_readme_promises() {
    let app = app().await;
    let admin = Person::signed_in(&app, "admin", &["user", "editor", "admin"]).await;
    for (table, rows) in [
        ("service_requests", 5_000),
        ("work_orders", 1_200),
        ("assets", 400),
        ("categories", 12),
        ("neighbourhoods", 8),
        ("tags", 8),
        ("civic_os_users", 25 + 1),
    ] {
        assert_eq!(admin.count(&format!("{table}?select=id")).await, rows, "{table}");
    }
    // Statuses go with age: what is old is settled, what is new is not.
    let new = status(&admin, "service_request", "New").await;
    let closed = status(&admin, "service_request", "Closed").await;
    let of = async |id: i64, order: &str| {
        let rows = admin.rows(&format!("service_requests?select=status_id&order=created_at.{order}&limit=200")).await;
        rows.iter().filter(|row| row["status_id"] == id).count()
    };
    assert_eq!(of(new, "asc").await, 0);
    assert!(of(closed, "asc").await > 150);
    assert_eq!(of(closed, "desc").await, 0);
    assert!(of(new, "desc").await > 20);
    // Everything refers to something that exists, and every list column is filled.
    assert_eq!(admin.count("service_requests?select=id&resolved_at=not.is.null&due_date=is.null").await, 0);
}

#[tokio::test]
async fn anonymous_people_read_requests_without_private_data_and_change_nothing() {
    let app = app().await;
    let anyone = Person::anonymous(&app);
    let (rows, total) = anyone
        .page(
            "service_requests?select=display_name,category_id:categories(id,display_name),\
             status_id:statuses!status_id(id,display_name,color),priority_id:statuses!priority_id(id,display_name,color),\
             neighbourhood_id:neighbourhoods(id,display_name),asset_id:assets(id,display_name),\
             reporter_id:civic_os_users!reporter_id(id,display_name,full_name,phone,email),\
             assigned_to:civic_os_users!assigned_to(id,display_name,full_name,phone,email),\
             due_date,created_at,location:location_text,id&reporter_id=not.is.null&order=id.desc",
            0,
            24,
        )
        .await;
    assert_eq!(rows.len(), 25);
    assert!(total > 4_000, "{total}");
    for row in &rows {
        let reporter = &row["reporter_id"];
        assert!(reporter["display_name"].as_str().is_some_and(|name| name.ends_with('.')), "{reporter}");
        assert_eq!(
            (&reporter["full_name"], &reporter["phone"], &reporter["email"]),
            (&Value::Null, &Value::Null, &Value::Null)
        );
        assert!(row["status_id"]["color"].as_str().is_some_and(|color| color.starts_with('#')), "{row}");
    }
    anyone.ask("work_orders").await.assert_refused(401, "42501");
    anyone.ask("request_comments").await.assert_refused(401, "42501");
    anyone.send(Method::POST, "service_requests", &report("Not by me")).await.assert_refused(401, "42501");
    anyone
        .send(Method::PATCH, "service_requests?id=eq.1", &json!({ "address": "x" }))
        .await
        .assert_refused(401, "42501");
    assert_eq!(anyone.rights("service_requests").await, Some([false, true, false, false]));
    assert_eq!(anyone.rights("work_orders").await, None);
}

#[tokio::test]
async fn a_resident_reports_and_changes_only_own_open_requests() {
    let app = app().await;
    let resident = Person::signed_in(&app, "resident", &["user"]).await;
    let neighbour = Person::signed_in(&app, "neighbour", &["user"]).await;
    let staff = Person::signed_in(&app, "staff", &["user", "editor"]).await;
    assert_eq!(resident.rights("service_requests").await, Some([true, true, true, false]));
    assert_eq!(resident.rights("categories").await, Some([false, true, false, false]));

    let made = resident.send(Method::POST, "service_requests", &report("Deep hole in the road")).await;
    let row = made.row();
    let id = row["id"].as_i64().expect("id");
    let path = format!("service_requests?id=eq.{id}");
    assert_eq!(row["status_id"].as_i64(), Some(status(&resident, "service_request", "New").await));
    assert_eq!(
        row["reporter_id"],
        resident.rows("civic_os_users?select=id&full_name=eq.resident%20Example").await[0]["id"]
    );
    let seen = neighbour.rows(&format!("{path}&select=location:location_text,reporter_id")).await;
    assert_eq!(seen[0]["location"], "POINT(-92.158 44.776)");

    // The client sends nulls for what was left empty: the defaults still hold.
    let mut nulls = report("Another hole");
    nulls["status_id"] = Value::Null;
    nulls["reporter_id"] = Value::Null;
    assert_eq!(resident.send(Method::POST, "service_requests", &nulls).await.row()["reporter_id"], row["reporter_id"]);

    resident.send(Method::PATCH, &path, &json!({ "description": "Larger than I thought" })).await.row();
    for other in [&neighbour, &resident] {
        let foreign = if std::ptr::eq(other, &neighbour) { path.clone() } else { "service_requests?id=eq.1".into() };
        let refused = other.send(Method::PATCH, &foreign, &json!({ "description": "Mine now" })).await;
        assert_eq!((refused.status.as_u16(), &refused.body), (200, &json!([])), "{foreign}");
    }
    let resolved = status(&staff, "service_request", "Resolved").await;
    for field in
        [json!({ "status_id": resolved }), json!({ "estimated_cost": 10 }), json!({ "due_date": "2099-01-01" })]
    {
        let refused = resident.send(Method::PATCH, &path, &field).await;
        refused.assert_refused(400, "23514");
        assert!(refused.body["message"].as_str().expect("message").contains("\"service_requests_staff_fields\""));
    }
    let messages = resident.rows("constraint_messages?constraint_name=eq.service_requests_staff_fields").await;
    assert!(messages[0]["error_message"].as_str().expect("text").contains("staff"), "{messages:?}");

    // In another's name, with a status of one's own choice, elsewhere: refused.
    let mut forged = report("In another name");
    forged["reporter_id"] = staff.rows("civic_os_users?select=id&full_name=eq.staff%20Example").await[0]["id"].clone();
    resident.send(Method::POST, "service_requests", &forged).await.assert_refused(403, "42501");
    resident.send(Method::POST, "categories", &json!({ "display_name": "Mine" })).await.assert_refused(403, "42501");
    resident
        .send(Method::POST, "work_orders", &json!({ "display_name": "x", "service_request_id": 1 }))
        .await
        .assert_refused(403, "42501");
    let kept = resident.send(Method::DELETE, &path, &Value::Null).await;
    assert_eq!(kept.body, json!([]), "residents do not delete");

    // Closed by staff: no longer the resident's to change.
    let closed = staff.send(Method::PATCH, &path, &json!({ "status_id": resolved })).await;
    assert!(closed.row()["resolved_at"].is_string(), "{closed:?}");
    let late = resident.send(Method::PATCH, &path, &json!({ "description": "One more thing" })).await;
    assert_eq!(late.body, json!([]));
}

#[tokio::test]
async fn internal_comments_are_for_staff() {
    let app = app().await;
    let resident = Person::signed_in(&app, "resident", &["user"]).await;
    let staff = Person::signed_in(&app, "staff", &["user", "editor"]).await;
    assert_eq!(resident.count("request_comments?select=id&is_internal=is.true").await, 0);
    let internal = staff.count("request_comments?select=id&is_internal=is.true").await;
    let all = staff.count("request_comments?select=id").await;
    assert!(internal > 0 && internal < all);
    assert_eq!(resident.count("request_comments?select=id").await, all - internal);
    let comment = |internal: bool| json!({ "service_request_id": 1, "body": "Noted", "is_internal": internal });
    resident.send(Method::POST, "request_comments", &comment(true)).await.assert_refused(403, "42501");
    let made = resident.send(Method::POST, "request_comments", &comment(false)).await;
    assert_eq!(made.row()["display_name"], "Noted");
    staff.send(Method::POST, "request_comments", &comment(true)).await.row();
}

#[tokio::test]
async fn staff_filter_search_and_move_requests_on() {
    let app = app().await;
    let staff = Person::signed_in(&app, "staff", &["user", "editor"]).await;
    let new = status(&staff, "service_request", "New").await;
    let triaged = status(&staff, "service_request", "Triaged").await;
    let list = "service_requests?select=display_name,status_id:statuses!status_id(id,display_name,color),\
        reporter_id:civic_os_users!reporter_id(id,display_name,full_name,phone,email),\
        service_request_tags_m2m:service_request_tags!service_request_id(tags!tag_id(id,display_name,color)),id";
    let (rows, waiting) = staff.page(&format!("{list}&status_id=in.({new})&order=category_id.asc"), 0, 9).await;
    assert!(waiting > 10 && rows.iter().all(|row| row["status_id"]["display_name"] == "New"));
    // Staff see who reported it.
    let named = staff.rows(&format!("{list}&reporter_id=not.is.null&limit=5")).await;
    assert!(named.iter().all(|row| row["reporter_id"]["email"].as_str().is_some_and(|mail| mail.contains('@'))));

    let found = staff.rows(&format!("{list}&civic_os_text_search=wfts.pothole%20river")).await;
    assert!(!found.is_empty());

    let id = rows[0]["id"].as_i64().expect("id");
    let path = format!("service_requests?id=eq.{id}");
    let moved = staff.send(Method::PATCH, &path, &json!({ "status_id": triaged, "due_date": "2099-12-31" })).await;
    assert_eq!(moved.row()["status_id"].as_i64(), Some(triaged));
    assert_eq!(staff.count(&format!("{list}&status_id=in.({new})")).await, waiting - 1);

    // A status of another kind, a date before the report, a blank title.
    let planned = status(&staff, "work_order", "Planned").await;
    staff.send(Method::PATCH, &path, &json!({ "status_id": planned })).await.assert_refused(400, "P0001");
    for (field, constraint) in [
        (json!({ "due_date": "2001-01-01" }), "service_requests_due_after_report"),
        (json!({ "display_name": "   x" }), "service_requests_title_length"),
        (json!({ "estimated_cost": -1 }), "service_requests_estimated_cost_not_negative"),
    ] {
        let refused = staff.send(Method::PATCH, &path, &field).await;
        refused.assert_refused(400, "23514");
        assert!(
            refused.body["message"].as_str().expect("message").contains(&format!("\"{constraint}\"")),
            "{refused:?}"
        );
        let messages = staff.rows(&format!("constraint_messages?constraint_name=eq.{constraint}")).await;
        assert_eq!(messages.len(), 1, "{constraint} has no message for people");
    }

    // Tags are put on and taken off through the junction.
    staff.send(Method::POST, "service_request_tags", &json!({ "service_request_id": 1, "tag_id": 7 })).await;
    let tagged = staff.rows(&format!("{list}&id=eq.1")).await;
    let tags = tagged[0]["service_request_tags_m2m"].as_array().expect("list");
    assert!(tags.iter().any(|tag| tag["tags"]["id"] == 7), "{tags:?}");
    staff.send(Method::DELETE, "service_request_tags?service_request_id=eq.1&tag_id=eq.7", &Value::Null).await.row();

    // Lookup tables are the administrator's.
    staff.send(Method::POST, "categories", &json!({ "display_name": "Mine" })).await.assert_refused(403, "42501");
    let admin = Person::signed_in(&app, "admin", &["user", "editor", "admin"]).await;
    let made =
        admin.send(Method::POST, "categories", &json!({ "display_name": "Flower beds", "color": "#22AA55" })).await;
    assert_eq!(made.row()["response_days"], 14);
    admin
        .send(Method::POST, "categories", &json!({ "display_name": "Flower beds" }))
        .await
        .assert_refused(409, "23505");
}
