//! `POST /spreadsheets/read` (a file in, rows out) and `POST /spreadsheets/write` (sheets in, a workbook out).

use super::packed::Packing;
use super::{MAX_FILE_BYTES, MAX_WORKBOOK_BYTES, SpreadsheetError, read_rows, write_workbook};
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_DISPOSITION};
use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt;
use serde::Serialize;
use serde_json::{Value, json};
use std::future::Future;
use std::io::Read;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Whether the bearer of this header is somebody who is signed in.
pub type Doorkeeper = Arc<dyn Fn(Option<String>) -> Pin<Box<dyn Future<Output = bool> + Send>> + Send + Sync>;

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Files that are worked on at once.
const AT_ONCE: usize = 2;

/// The two doors; cheap to clone.
#[derive(Clone)]
pub struct Spreadsheets {
    doorkeeper: Doorkeeper,
    places: Arc<Semaphore>,
}

impl std::fmt::Debug for Spreadsheets {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Spreadsheets").finish_non_exhaustive()
    }
}

impl Spreadsheets {
    /// `doorkeeper` decides who is let in.
    #[must_use]
    pub fn new(doorkeeper: Doorkeeper) -> Self {
        Self { doorkeeper, places: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Mounts the doors.
    pub fn configure(&self, routes: &mut web::ServiceConfig) {
        routes.service(
            web::scope("/spreadsheets")
                .app_data(web::Data::new(self.clone()))
                .service(web::resource("/read").route(web::post().to(read)))
                .service(web::resource("/write").route(web::post().to(write))),
        );
    }

    /// The body of somebody who is let in; nothing is read of a stranger's.
    async fn body(
        &self,
        request: &HttpRequest,
        payload: web::Payload,
        most: usize,
    ) -> Result<web::Bytes, HttpResponse> {
        self.let_in(request).await?;
        match payload.to_bytes_limited(most).await {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(_)) => Err(broken_off()),
            Err(_) => Err(too_long(most)),
        }
    }

    /// The same for a body that may be long: it waits for its turn in little room.
    async fn long_body(
        &self,
        request: &HttpRequest,
        mut payload: web::Payload,
        most: usize,
    ) -> Result<impl Read + Send + 'static, HttpResponse> {
        self.let_in(request).await?;
        let mut packing = Packing::new();
        while let Some(piece) = payload.next().await {
            let piece = piece.map_err(|_| broken_off())?;
            if !packing.take(&piece, most).map_err(|_| broken_off())? {
                return Err(too_long(most));
            }
        }
        packing.finish().map_err(|_| broken_off())
    }

    async fn let_in(&self, request: &HttpRequest) -> Result<(), HttpResponse> {
        let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if (self.doorkeeper)(header).await {
            Ok(())
        } else {
            Err(refusal(401, "42501", "Sign in to work with spreadsheets"))
        }
    }

    /// Runs the work on a thread for it, once there is a place.
    async fn work<T: Send + 'static>(
        &self,
        task: impl FnOnce() -> Result<T, SpreadsheetError> + Send + 'static,
    ) -> Result<T, HttpResponse> {
        let place = Arc::clone(&self.places).acquire_owned().await;
        let done = web::block(move || {
            let _place = place;
            task()
        })
        .await;
        match done {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(problem)) => Err(refusal(400, "22000", &problem.to_string())),
            Err(_) => Err(refusal(500, "XX000", "the file could not be worked on")),
        }
    }
}

fn refusal(status: u16, code: &str, message: &str) -> HttpResponse {
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    HttpResponse::build(status).json(json!({ "code": code, "message": message, "details": null, "hint": null }))
}

fn broken_off() -> HttpResponse {
    refusal(400, "22000", "the body did not arrive whole")
}

fn too_long(most: usize) -> HttpResponse {
    refusal(413, "22000", &format!("at most {} MB are taken", most / 1_000_000))
}

/// What is answered to a file.
#[derive(Serialize)]
struct FileRows {
    rows: Vec<Vec<Value>>,
}

async fn read(door: web::Data<Spreadsheets>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let file = match door.body(&request, payload, MAX_FILE_BYTES).await {
        Ok(file) => file,
        Err(refused) => return refused,
    };
    match door.work(move || read_rows(&file)).await {
        Ok(rows) => HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(FileRows { rows }),
        Err(response) => response,
    }
}

async fn write(door: web::Data<Spreadsheets>, request: HttpRequest, payload: web::Payload) -> HttpResponse {
    let body = match door.long_body(&request, payload, MAX_WORKBOOK_BYTES).await {
        Ok(body) => body,
        Err(refused) => return refused,
    };
    match door.work(move || write_workbook(body)).await {
        Ok(file) => HttpResponse::Ok()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_DISPOSITION, "attachment"))
            .content_type(XLSX)
            .body(file),
        Err(response) => response,
    }
}
