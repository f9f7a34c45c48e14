//! Figures that belong to no module: the process itself, when the last backup was made, when the certificate ends, payments by state.

use super::process_figures;
use crate::admin::Admin;
use crate::backup;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::payments::Ledger;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Between two counts of the payments.
const PERIOD: Duration = Duration::from_secs(60);

/// Adds what files of this machine tell, read when somebody asks.
pub(super) fn report_to(admin: &mut Admin, config: &Config) {
    let started = SystemTime::now();
    admin.add_metrics(move |text| process_figures::write(text, started));
    let (folder, in_bucket) = (config.backup_dir(), config.backup.s3_bucket.is_some());
    let told = config.backup.newest_file.clone();
    admin.add_metrics(move |text| {
        let newest = told.as_deref().map_or_else(|| backup::newest(&folder, in_bucket), backup::newest_told);
        if let Some(newest) = newest {
            let help = "When the newest backup of this machine was made, seconds since 1970";
            gauge(text, "civic_os_backup_newest_timestamp_seconds", help, newest.unix_timestamp());
        }
    });
    let Some(certificate) = certificate(config) else { return };
    admin.add_metrics(move |text| {
        if let Some(end) = certificate.newest().and_then(|path| end_of(&path)) {
            let help = "When the certificate of the public listeners ends, seconds since 1970";
            gauge(text, "civic_os_tls_certificate_end_timestamp_seconds", help, end);
        }
    });
}

fn gauge(text: &mut String, name: &str, help: &str, value: i64) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
}

/// Where the certificate of the public listeners lies.
enum Certificate {
    File(PathBuf),
    /// The newest of what ACME brought.
    Folder(PathBuf),
}

fn certificate(config: &Config) -> Option<Certificate> {
    if !config.tls.acme.is_empty() {
        return Some(Certificate::Folder(config.data_dir().join("acme")));
    }
    config.tls.certificate.clone().map(Certificate::File)
}

impl Certificate {
    fn newest(&self) -> Option<PathBuf> {
        match self {
            Self::File(path) => Some(path.clone()),
            Self::Folder(folder) => {
                let entries = std::fs::read_dir(folder).ok()?.flatten();
                let certificates = entries.filter(|entry| entry.file_name().to_string_lossy().contains("cert"));
                certificates
                    .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
                    .max()
                    .map(|(_, path)| path)
            }
        }
    }
}

/// When the first certificate of a file ends, seconds since 1970.
fn end_of(path: &Path) -> Option<i64> {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;
    let certificate = CertificateDer::pem_file_iter(path).ok()?.next()?.ok()?;
    let (_, parsed) = x509_parser::parse_x509_certificate(&certificate).ok()?;
    Some(parsed.validity().not_after.timestamp())
}

/// Counts payments by state until the process stops.
pub(super) fn count_payments(ledger: Ledger, lifecycle: &Lifecycle) {
    let stop = lifecycle.soft_stop();
    tokio::spawn(async move {
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = ledger.count_states().await {
                tracing::debug!(error = &error as &dyn std::error::Error, "Payments could not be counted");
            }
        }
    });
}
