//! The wildlife strikes: what the API says equals what the published files say, counted here without any SQL.

use super::questions::{Person, cents};
use crate::support::{TestApp, TestDatabase};
use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;

type Record = HashMap<String, String>;

/// A file of the example as published.
fn source(name: &str) -> Vec<Record> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/wildlife-strikes").join(name);
    let mut reader = csv::Reader::from_reader(GzDecoder::new(File::open(&path).expect("file")));
    reader.deserialize().map(|record| record.expect("record")).collect()
}

fn strikes() -> Vec<Record> {
    source("03_staging_strikes.csv.gz")
}

async fn app() -> TestApp {
    TestApp::spawn(TestDatabase::with_example("wildlife-strikes").await, |_| {}).await
}

/// A value as it stands in a URL.
fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

#[tokio::test]
async fn rows_costs_and_years_equal_the_source() {
    let app = app().await;
    let anyone = Person::anonymous(&app);
    let source = strikes();
    assert_eq!(source.len(), 10_000, "the published file");
    assert_eq!(anyone.count("strikes?select=id").await, source.len() as u64);

    let mut years: BTreeMap<i32, u64> = BTreeMap::new();
    for strike in &source {
        *years.entry(strike["Flight Date"][..4].parse().expect("year")).or_default() += 1;
    }
    assert_eq!(years.len(), 13);
    for (year, strikes) in years {
        let query = format!("strikes?select=id&flight_date=gte.{year}-01-01&flight_date=lte.{year}-12-31");
        assert_eq!(anyone.count(&query).await, strikes, "{year}");
    }

    let column = |name: &str| source.iter().map(|strike| strike[name].parse::<i64>().expect("number")).sum::<i64>();
    let costly = source.iter().filter(|strike| strike["Cost Total $"] != "0").count();
    let rows = anyone.rows("strikes?select=cost_total,cost_repair,cost_other&cost_total=gt.0").await;
    assert_eq!(rows.len(), costly);
    for (ours, theirs) in [("cost_total", "Cost Total $"), ("cost_repair", "Cost Repair"), ("cost_other", "Cost Other")]
    {
        let sum: i64 = rows.iter().map(|row| cents(&row[ours])).sum();
        assert_eq!(sum, column(theirs) * 100, "{ours}");
    }
}

#[tokio::test]
async fn five_airports_have_their_strikes_and_their_coordinates() {
    let app = app().await;
    let anyone = Person::anonymous(&app);
    let source = strikes();
    let airports = source_by_code();
    for (code, reported) in [
        ("DFW", "DALLAS/FORT WORTH INTL ARPT"),
        ("ORD", "CHICAGO O'HARE INTL ARPT"),
        ("OAK", "METRO OAKLAND INTL"),
        ("IAD", "WASHINGTON DULLES INTL ARPT"),
        ("PDX", "PORTLAND INTL (OR)"),
    ] {
        let expected = source.iter().filter(|strike| strike["Airport Name"] == reported).count() as u64;
        assert!(expected > 0, "{reported}");
        let query = format!("strikes?select=id,airports!inner(iata)&airports.iata=eq.{code}");
        assert_eq!(anyone.count(&query).await, expected, "{code}");

        let rows = anyone.rows(&format!("airports?select=city,location:location_text&iata=eq.{code}")).await;
        let record = &airports[code];
        assert_eq!(rows[0]["city"], record["city"].as_str());
        let (longitude, latitude) = point(rows[0]["location"].as_str().expect("text"));
        assert_eq!(longitude, record["longitude"].parse::<f64>().expect("longitude"), "{code}");
        assert_eq!(latitude, record["latitude"].parse::<f64>().expect("latitude"), "{code}");
    }
}

fn source_by_code() -> HashMap<String, Record> {
    source("02_staging_airports.csv.gz").into_iter().map(|record| (record["iata"].clone(), record)).collect()
}

/// `POINT(longitude latitude)`
fn point(text: &str) -> (f64, f64) {
    let inner = text.strip_prefix("POINT(").and_then(|rest| rest.strip_suffix(')'));
    let (longitude, latitude) =
        inner.and_then(|inner| inner.split_once(' ')).unwrap_or_else(|| panic!("no point: {text}"));
    (longitude.parse().expect("longitude"), latitude.parse().expect("latitude"))
}

#[tokio::test]
async fn every_reported_airport_is_kept_matched_or_listed() {
    let app = app().await;
    let anyone = Person::anonymous(&app);
    let mut reported: BTreeMap<String, u64> = BTreeMap::new();
    for strike in strikes() {
        *reported.entry(strike["Airport Name"].clone()).or_default() += 1;
    }
    let mut without_match = BTreeSet::new();
    for (name, strikes) in &reported {
        let query = format!("strikes?select=id&reported_airport=eq.{}", encoded(name));
        assert_eq!(anyone.count(&query).await, *strikes, "{name}");
        match anyone.count(&format!("{query}&airport_id=is.null")).await {
            0 => {}
            unmatched => {
                assert_eq!(unmatched, *strikes, "{name} is matched in part");
                without_match.insert(name.clone());
            }
        }
    }
    let listed = anyone.rows("unmatched_airports?select=display_name,strikes,states(display_name)").await;
    let names: BTreeSet<String> =
        listed.iter().map(|row| row["display_name"].as_str().expect("name").to_owned()).collect();
    assert_eq!(names, without_match);
    assert!(!names.is_empty() && names.len() < reported.len() / 2, "{names:?}");
    for row in &listed {
        assert_eq!(row["strikes"].as_u64(), Some(reported[row["display_name"].as_str().expect("name")]));
    }
    // All airports of the register are there, those with "NA" for city or state too.
    assert_eq!(anyone.count("airports?select=id").await, source_by_code().len() as u64);
    let nowhere = source_by_code().values().filter(|airport| airport["state"] == "NA").count() as u64;
    assert_eq!(anyone.count("airports?select=id&state_id=is.null").await, nowhere);
    // What the file was read into is gone.
    assert_eq!(anyone.ask("staging_strikes").await.status, 404);
    assert_eq!(anyone.ask("staging_airports").await.status, 404);
}

#[tokio::test]
async fn lists_filters_search_and_pages_as_the_client_asks_for_them() {
    let app = app().await;
    let anyone = Person::anonymous(&app);
    let source = strikes();
    let list = "strikes?select=flight_date,species_id:species(id,display_name),airport_id:airports(id,display_name),\
                state_id:states(id,display_name),operator_id:operators(id,display_name),\
                damage_id:statuses!damage_id(id,display_name,color),cost_total,id";

    let (rows, total) = anyone.page(&format!("{list}&order=species_id(display_name).asc,id.asc"), 0, 24).await;
    assert_eq!((rows.len(), total), (25, 10_000));
    let first = source.iter().map(|strike| strike["Wildlife Species"].as_str()).min().expect("species");
    assert_eq!(rows[0]["species_id"]["display_name"], first);
    let (last, _) = anyone.page(&format!("{list}&order=id.desc"), 9_975, 9_999).await;
    assert_eq!(last.len(), 25);
    let earliest = source.iter().map(|strike| strike["Flight Date"].as_str()).min().expect("date");
    assert_eq!(last[24]["flight_date"], earliest);

    // Filter bar: one species, one status, a range of money.
    let id = async |table: &str, name: &str| {
        let rows = anyone.rows(&format!("{table}&display_name=eq.{}", encoded(name))).await;
        rows[0]["id"].as_i64().expect("id")
    };
    let goose = id("species?select=id", "Canada goose").await;
    let substantial = id("statuses?select=id&entity_type=eq.strike_damage", "Substantial").await;
    let expected = source
        .iter()
        .filter(|strike| {
            strike["Wildlife Species"] == "Canada goose"
                && strike["Effect Amount of damage"] == "Substantial"
                && strike["Cost Total $"].parse::<i64>().expect("number") >= 1_000
        })
        .count() as u64;
    assert!(expected > 0);
    let query = format!("{list}&species_id=in.({goose})&damage_id=in.({substantial})&cost_total=gte.1000");
    assert_eq!(anyone.count(&query).await, expected);

    // Search box: a word of the species, of the operator and of the airport.
    for (words, matches) in [
        (
            "goose",
            Box::new(|strike: &Record| strike["Wildlife Species"].contains("goose")) as Box<dyn Fn(&Record) -> bool>,
        ),
        ("fedex", Box::new(|strike| strike["Aircraft Airline Operator"].contains("FEDEX"))),
        (
            "barksdale coyote",
            Box::new(|strike| strike["Airport Name"].contains("BARKSDALE") && strike["Wildlife Species"] == "Coyote"),
        ),
        ("teterboro", Box::new(|strike| strike["Airport Name"].contains("TETERBORO"))),
    ] {
        let expected = source.iter().filter(|strike| matches(strike)).count() as u64;
        let query = format!("{list}&civic_os_text_search=wfts.{}", encoded(words));
        assert_eq!(anyone.count(&query).await, expected, "{words}");
    }

    // Detail page.
    let strike = anyone
        .rows(
            "strikes?select=display_name,flight_date,species_id:species(id,display_name),reported_airport,\
             aircraft_id:aircraft_models(id,display_name),phase_id:flight_phases(id,display_name),\
             time_of_day_id:times_of_day(id,display_name),size_id:wildlife_sizes(id,display_name),speed_knots,\
             cost_repair,cost_other,created_at,updated_at,id&id=eq.1",
        )
        .await;
    assert_eq!(strike.len(), 1);
    assert_eq!(strike[0]["flight_date"], earliest);
}

#[tokio::test]
async fn staff_record_strikes_and_settle_an_unmatched_name_and_nobody_else() {
    let app = app().await;
    let staff = Person::signed_in(&app, "staff", &["user", "editor"]).await;
    let resident = Person::signed_in(&app, "resident", &["user"]).await;
    let anyone = Person::anonymous(&app);
    let laguardia = anyone.rows("airports?select=id&iata=eq.LGA").await[0]["id"].clone();
    let listed = "unmatched_airports?display_name=eq.LAGUARDIA%20NY";
    let choice = json!({ "airport_id": laguardia });

    anyone.send(Method::PATCH, listed, &choice).await.assert_refused(401, "42501");
    let refused = resident.send(Method::PATCH, listed, &choice).await;
    assert_eq!((refused.status.as_u16(), &refused.body), (200, &json!([])), "row security hides the row");
    let of_laguardia = "strikes?select=id,airports!inner(iata)&airports.iata=eq.LGA";
    assert_eq!(anyone.count(of_laguardia).await, 0);

    staff.send(Method::PATCH, listed, &choice).await.row();
    let reported = strikes().iter().filter(|strike| strike["Airport Name"] == "LAGUARDIA NY").count() as u64;
    assert_eq!(anyone.count(of_laguardia).await, reported);

    let strike = json!({
        "flight_date": "2002-11-25", "airport_id": laguardia, "reported_airport": "LAGUARDIA NY", "state_id": 1,
        "operator_id": 1, "aircraft_id": 1, "species_id": 1, "size_id": 1, "phase_id": 1, "time_of_day_id": 1,
        "cost_repair": 1200.5, "cost_other": 99.5,
    });
    resident.send(Method::POST, "strikes", &strike).await.assert_refused(403, "42501");
    anyone.send(Method::POST, "strikes", &strike).await.assert_refused(401, "42501");
    let made = staff.send(Method::POST, "strikes", &strike).await;
    assert_eq!(made.row()["cost_total"], "$1,300.00");
    assert!(made.row()["display_name"].as_str().expect("title").ends_with(", Laguardia Ny, 25 Nov 2002"), "{made:?}");

    let mut too_fast = strike;
    too_fast["speed_knots"] = json!(900);
    let refused = staff.send(Method::POST, "strikes", &too_fast).await;
    refused.assert_refused(400, "23514");
    assert!(refused.body["message"].as_str().expect("message").contains("\"strikes_speed_range\""), "{refused:?}");
}
