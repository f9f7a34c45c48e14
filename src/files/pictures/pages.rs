//! Documents and drawings. Their formats are programs, so they are drawn in a process of their own: it may take so much memory and time and no more, it can
//! be ended at any moment, and what brings it down brings down nothing else. The process is this same binary with the hidden verb `draw-page`.
//!
//! Protocol: the file on standard input; on standard output `P`, width, height (four bytes each, little endian) and the pixels, or `E` and a letter and a text.

use super::render::reduced;
use super::{Format, LARGEST_BOX, Picture, PictureError};
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::page::Page;
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::kurbo::Affine;
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::vello_cpu::{Pixmap, RasterizerSettings, RenderContext, Resources, TargetInit};
use hayro::{RenderCache, RenderSettings};
use nix::sys::resource::{Resource, setrlimit};
use resvg::{tiny_skia, usvg};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Address space of the drawing process.
const MEMORY: u64 = 1024 * 1024 * 1024;
/// Processor seconds of the drawing process.
const CPU_SECONDS: u64 = 20;
/// Pixels per point of a page at 150 dpi, what `pdftoppm -r 150` draws too.
const PRINT: f64 = 150.0 / 72.0;
/// Pages whose longer side has so many pixels at 150 dpi are drawn like that: from A6 to A3. Other pages are drawn at twice the size that is needed.
const DRAWN_AS_PRINT: std::ops::RangeInclusive<f64> = LARGEST_BOX as f64..=2600.0;
/// Letters begin at whole pixels of height and quarters of width; poppler rounds down to them, hayro to the nearest. So the page is moved by most of the half step.
const LETTERS: (f64, f64) = (-0.125, -0.375);

/// Draws pages in processes of their own; cheap to clone.
#[derive(Clone)]
pub struct PageRenderer {
    program: Arc<PathBuf>,
    limit: Duration,
}

impl PageRenderer {
    /// With this binary, each page in at most this time.
    pub fn new(program: PathBuf, limit: Duration) -> Self {
        Self { program: Arc::new(program), limit }
    }

    /// The first page, or the drawing, on white.
    ///
    /// # Errors
    /// [`PictureError`].
    pub async fn draw(&self, bytes: bytes::Bytes) -> Result<Picture, PictureError> {
        let internal = |error: std::io::Error| PictureError::Internal(error.to_string());
        let mut child = tokio::process::Command::new(self.program.as_path())
            .arg("draw-page")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(internal)?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(mut input), Some(output)) = (input, output) else {
            return Err(PictureError::Internal("no pipes".into()));
        };
        let talk = async move {
            let write = async move {
                // A process that has seen enough closes its end.
                let _ = input.write_all(&bytes).await;
            };
            let mut answer = Vec::new();
            // A little more than the largest picture.
            let mut output = output.take(u64::from(LARGEST_BOX * LARGEST_BOX) * 3 + 1024);
            let ((), read) = tokio::join!(write, output.read_to_end(&mut answer));
            read.map(|_| answer)
        };
        match tokio::time::timeout(self.limit, talk).await {
            Ok(Ok(answer)) => {
                let _ = child.wait().await;
                understand(&answer)
            }
            Ok(Err(error)) => Err(internal(error)),
            Err(_) => {
                let _ = child.kill().await;
                Err(PictureError::TimedOut)
            }
        }
    }
}

fn understand(answer: &[u8]) -> Result<Picture, PictureError> {
    match answer {
        [b'P', rest @ ..] if rest.len() > 8 => {
            let number = |bytes: &[u8]| bytes.iter().rev().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            let (width, height) = (number(&rest[..4]), number(&rest[4..8]));
            let rgb = rest[8..].to_vec();
            let fits = (1..=LARGEST_BOX).contains(&width) && (1..=LARGEST_BOX).contains(&height);
            if !fits || rgb.len() != width as usize * height as usize * 3 {
                return Err(PictureError::Internal("a picture of another size".into()));
            }
            Ok(Picture { width, height, rgb })
        }
        [b'E', kind, text @ ..] => {
            let text = String::from_utf8_lossy(text).into_owned();
            Err(match kind {
                b'p' => PictureError::Protected,
                b'l' => PictureError::TooLarge(text),
                b'u' => PictureError::Unsupported(text),
                _ => PictureError::Damaged(text),
            })
        }
        // It died: out of memory or time, or a nesting without end.
        _ => Err(PictureError::Damaged("it asks for more than a preview may take".into())),
    }
}

/// The verb `draw-page`: reads a file, writes its picture. Returns the exit code.
pub fn draw_page() -> u8 {
    let _ = setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY);
    let _ = setrlimit(Resource::RLIMIT_CPU, CPU_SECONDS, CPU_SECONDS);
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = setrlimit(Resource::RLIMIT_FSIZE, 0, 0);
    let mut bytes = Vec::new();
    let result = match std::io::stdin().lock().read_to_end(&mut bytes) {
        Ok(_) => draw(bytes),
        Err(error) => Err(PictureError::Internal(error.to_string())),
    };
    let answer = match &result {
        Ok(Picture { width, height, rgb }) => {
            let mut answer = Vec::with_capacity(rgb.len() + 9);
            answer.push(b'P');
            answer.extend(width.to_le_bytes());
            answer.extend(height.to_le_bytes());
            answer.extend(rgb);
            answer
        }
        Err(error) => {
            let (kind, text) = match error {
                PictureError::Protected => (b'p', ""),
                PictureError::TooLarge(text) => (b'l', text.as_str()),
                PictureError::Unsupported(text) => (b'u', text.as_str()),
                PictureError::Damaged(text) | PictureError::Internal(text) => (b'd', text.as_str()),
                PictureError::TimedOut | PictureError::Cancelled => (b'd', ""),
            };
            [&[b'E', kind], text.as_bytes()].concat()
        }
    };
    let mut output = std::io::stdout().lock();
    u8::from(output.write_all(&answer).and_then(|()| output.flush()).is_err())
}

fn draw(bytes: Vec<u8>) -> Result<Picture, PictureError> {
    match Format::of(&bytes) {
        Some(Format::Pdf) => pdf(bytes),
        Some(Format::Svg) => svg(&bytes),
        _ => Err(PictureError::Unsupported("this is neither a document nor a drawing".into())),
    }
}

fn pdf(bytes: Vec<u8>) -> Result<Picture, PictureError> {
    let document = Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(DecryptionError::PasswordProtected) => PictureError::Protected,
        LoadPdfError::Decryption(_) => PictureError::Unsupported("its encryption is not known here".into()),
        LoadPdfError::Invalid => PictureError::Damaged("it is no complete PDF document".into()),
    })?;
    let page = document.pages().first().ok_or_else(|| PictureError::Damaged("the document has no page".into()))?;
    let pixmap = drawn(page)?;
    let (width, height) = (u32::from(pixmap.width()), u32::from(pixmap.height()));
    let rgb = pixmap.data().iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b]).collect();
    reduced(&Picture { width, height, rgb }, LARGEST_BOX)
}

/// A page on white, a little larger than needed: small letters look like print only after reducing.
fn drawn<'a>(page: &'a Page<'a>) -> Result<Pixmap, PictureError> {
    let (width, height) = page.render_dimensions();
    let (width, height) = (f64::from(width), f64::from(height));
    let longest = width.max(height);
    if !(longest.is_finite() && width >= 1.0 && height >= 1.0) {
        return Err(PictureError::Damaged("its first page has no size".into()));
    }
    let as_print = DRAWN_AS_PRINT.contains(&(longest * PRINT));
    let scale = if as_print { PRINT } else { 2.0 * f64::from(LARGEST_BOX) / longest };
    // A pixel that the page covers in part is there. Sizes are single precision: 792 points are 1,650 pixels and not one more.
    let side = |length: f64| ((length * scale - 1e-3).ceil() as u16).max(1);
    let mut context = RenderContext::new(side(width), side(height));
    let moved = if as_print && !page.resources().fonts.is_empty() { LETTERS } else { (0.0, 0.0) };
    let transform =
        Affine::translate(moved) * Affine::scale(scale) * Affine::new(page.initial_transform(true).as_coeffs());
    // Hinting is for letters that stay at the size they are drawn at.
    let settings = RenderSettings { hinting: false, ..RenderSettings::default() };
    hayro::render_into(page, &RenderCache::new(), &InterpreterSettings::default(), &settings, &mut context, transform);
    context.flush();
    let mut pixmap = Pixmap::new(context.width(), context.height());
    let rasterizer = RasterizerSettings { target_init: TargetInit::Clear(WHITE), ..RasterizerSettings::default() };
    context.render_with(&mut pixmap, &mut Resources::default(), rasterizer);
    Ok(pixmap)
}

fn svg(bytes: &[u8]) -> Result<Picture, PictureError> {
    let mut options = usvg::Options::default();
    // A drawing shows itself and nothing else: no files, no addresses.
    options.image_href_resolver.resolve_string = Box::new(|_, _| None);
    if bytes.windows(5).any(|window| window == b"<text") {
        options.fontdb_mut().load_system_fonts();
    }
    let tree = usvg::Tree::from_data(bytes, &options).map_err(|error| PictureError::Damaged(error.to_string()))?;
    let size = tree.size();
    let longest = size.width().max(size.height());
    let scale = LARGEST_BOX as f32 / longest;
    let side = |length: f32| ((length * scale).round() as u32).clamp(1, LARGEST_BOX);
    let mut pixmap = tiny_skia::Pixmap::new(side(size.width()), side(size.height()))
        .ok_or_else(|| PictureError::Damaged("it has no size".into()))?;
    pixmap.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    let rgb = pixmap.pixels().iter().flat_map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]).collect();
    Ok(Picture { width: pixmap.width(), height: pixmap.height(), rgb })
}
