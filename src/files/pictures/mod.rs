//! From the bytes of a picture or document to its three thumbnails (WORKERS.md §3.2; D-17): white letterbox, sRGB, no metadata.
//!
//! `format` recognises, `decode` makes pixels at about the size that is needed, `pages` draws documents and drawings in a process of their own that can be
//! ended, `render` fits and encodes, `budget` bounds the memory of all decodes of this process together. Nothing here knows a store or a database.

mod budget;
mod decode;
mod format;
mod pages;
mod render;

pub use budget::Budget;
pub use format::Format;
pub use pages::{PageRenderer, draw_page};
pub use render::{RENDITIONS, Rendition};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Pixels of the box that everything is decoded for.
const LARGEST_BOX: u32 = 800;

/// Why there is no thumbnail; the texts are for the person who uploaded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// Recognised, and not drawable here.
    #[error("No preview: {0}.")]
    Unsupported(String),
    /// Not what it claims to be, or cut off.
    #[error("The file is damaged: {0}.")]
    Damaged(String),
    /// More pixels or bytes than are decoded here.
    #[error("The picture is too large for a preview: {0}.")]
    TooLarge(String),
    /// A document with a password.
    #[error("The document is protected by a password.")]
    Protected,
    /// It took too long.
    #[error("No preview: drawing it took too long.")]
    TimedOut,
    /// Nobody waits for it any more.
    #[error("The work was stopped.")]
    Cancelled,
    /// Our own fault: a process that could not be started.
    #[error("No preview: it could not be drawn on the server.")]
    Internal(String),
}

/// Pixels, three bytes each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Red, green, blue.
    pub rgb: Vec<u8>,
}

/// Tells running decoders that nobody waits any more; does so when dropped.
#[derive(Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Whether to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets the flag when the returned guard goes, as when a future is dropped.
    pub fn on_drop(&self) -> StopOnDrop {
        StopOnDrop(self.clone())
    }
}

/// See [`Stop::on_drop`].
pub struct StopOnDrop(Stop);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::Relaxed);
    }
}

/// Draws thumbnails; cheap to clone.
#[derive(Clone)]
pub struct Painter {
    budget: Budget,
    pages: PageRenderer,
}

impl Painter {
    /// With memory for decoding, and a way to draw pages.
    pub fn new(budget: Budget, pages: PageRenderer) -> Self {
        Self { budget, pages }
    }

    /// The three thumbnails, as JPEG, in the order of [`RENDITIONS`].
    ///
    /// # Errors
    /// [`PictureError`].
    pub async fn thumbnails(&self, bytes: bytes::Bytes) -> Result<[Vec<u8>; 3], PictureError> {
        let format = Format::of(&bytes)
            .ok_or_else(|| PictureError::Damaged("its contents are no picture and no document that is known".into()))?;
        let stop = Stop::default();
        let _stop = stop.on_drop();
        let cost = decode::cost(&bytes, format)?;
        let share = self.budget.take(cost).await;
        let drawn = match format {
            Format::Pdf | Format::Svg => Some(self.pages.draw(bytes.clone()).await?),
            _ => None,
        };
        // The share goes with the thread: a decode that is no longer wanted still holds its memory until it notices.
        let work = tokio::task::spawn_blocking(move || {
            let _share = share;
            let picture = match drawn {
                Some(picture) => picture,
                None => decode::picture(&bytes, format, &stop)?,
            };
            if stop.is_set() {
                return Err(PictureError::Cancelled);
            }
            render::thumbnails(&picture)
        });
        match work.await {
            Ok(result) => result,
            Err(error) if error.is_panic() => Err(PictureError::Damaged("it could not be decoded".into())),
            Err(_) => Err(PictureError::Cancelled),
        }
    }
}

/// The three thumbnails of a picture, on this thread; documents and drawings are [`Painter`]'s.
///
/// # Errors
/// [`PictureError`].
pub fn thumbnails_of(bytes: &[u8]) -> Result<[Vec<u8>; 3], PictureError> {
    let format = Format::of(bytes).ok_or_else(|| PictureError::Damaged("its contents are no known picture".into()))?;
    decode::cost(bytes, format)?;
    render::thumbnails(&decode::picture(bytes, format, &Stop::default())?)
}
