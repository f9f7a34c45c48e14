//! WORKERS.md §10, check 10, and the other formats.

use super::samples::{
    Pixels, animation, cmyk_jpeg, encoded, exif_rotated, green_pdf, halves, huge_png, jpeg, page_of, profiled,
    progressive_jpeg, protected_pdf, slow_pdf, transparent_png,
};
use super::{Desk, painter};
use crate::store::{BUCKET, http};
use crate::support::binary_path;
use civic_os::files::pictures::{Budget, PageRenderer, Painter, PictureError};
use image::ImageFormat;
use std::time::{Duration, Instant};

async fn drawn(bytes: Vec<u8>) -> Result<[Pixels; 3], PictureError> {
    painter().thumbnails(bytes.into()).await.map(|thumbnails| thumbnails.map(|bytes| Pixels::of(&bytes)))
}

fn sizes(pixels: &[Pixels; 3]) -> [(u32, u32); 3] {
    [0, 1, 2].map(|at| (pixels[at].width, pixels[at].height))
}

const BOXES: [(u32, u32); 3] = [(150, 150), (400, 400), (800, 800)];

#[tokio::test]
async fn check_10_sizes_bars_and_turns() {
    let wide = drawn(jpeg(4000, 3000, None)).await.expect("wide");
    assert_eq!(sizes(&wide), BOXES);
    let large = &wide[2];
    for (x, y, wanted) in
        [(5, 5, "white"), (795, 795, "white"), (100, 400, "red"), (700, 400, "blue"), (400, 110, "blue")]
    {
        assert_eq!(large.colour(x, y), wanted, "{x},{y}");
    }
    let tall = drawn(jpeg(3000, 4000, None)).await.expect("tall");
    assert_eq!(sizes(&tall), BOXES);
    assert_eq!((tall[2].colour(5, 400), tall[2].colour(150, 5)), ("white", "red"));

    let small = drawn(jpeg(100, 80, None)).await.expect("small");
    assert_eq!(sizes(&small), [(100, 80); 3], "neither enlarged nor padded");
    let narrow = drawn(jpeg(100, 300, None)).await.expect("narrow");
    assert_eq!(sizes(&narrow), [(150, 150), (100, 300), (100, 300)]);
    assert_eq!((narrow[0].colour(5, 75), narrow[0].colour(60, 75)), ("white", "red"));

    let turned = drawn(jpeg(1200, 900, Some(&exif_rotated()))).await.expect("turned");
    assert_eq!(
        (turned[2].colour(400, 100), turned[2].colour(400, 700), turned[2].colour(5, 400)),
        ("red", "blue", "white")
    );
    let clear = drawn(transparent_png(1000, 500)).await.expect("transparent");
    assert_eq!((clear[2].colour(400, 400), clear[1].colour(200, 200)), ("white", "white"));
    let inks = drawn(cmyk_jpeg(900, 900)).await.expect("inks");
    assert_eq!(inks[2].colour(400, 400), "red");
    let page = drawn(green_pdf()).await.expect("a page");
    assert_eq!(sizes(&page), BOXES);
    assert_eq!((page[2].colour(400, 400), page[2].colour(5, 400)), ("green", "white"));
    // Letter, A4, a receipt, a poster: whatever the points come to in pixels, the box is full.
    for size in ["612 792", "595.276 841.89", "841.89 595.276", "226.8 1417.3", "3370 2384"] {
        let page = drawn(page_of(size, "0 0.6 0 rg 0 0 9999 9999 re f", "")).await.expect(size);
        assert_eq!(sizes(&page), BOXES, "{size}");
        let large = &page[2];
        let edges = [large.colour(400, 2), large.colour(400, 797), large.colour(2, 400), large.colour(797, 400)];
        assert_eq!(edges.iter().filter(|colour| **colour == "green").count(), 2, "{size}: {edges:?}");
    }
}

#[tokio::test]
async fn check_10_what_cannot_be_drawn_says_why() {
    let mut cut = jpeg(2000, 1500, None);
    cut.truncate(cut.len() / 3);
    for (what, bytes, wanted) in [
        ("truncated", cut, "The file is damaged"),
        ("20,000 x 20,000", huge_png(), "The picture is too large for a preview: 20000 × 20000 pixels."),
        ("protected", protected_pdf(), "The document is protected by a password."),
        ("HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".to_vec(), "HEIC cannot be drawn here"),
        ("AVIF", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif".to_vec(), "AVIF cannot be drawn here"),
        ("text", b"just text".to_vec(), "no picture and no document"),
    ] {
        let error = drawn(bytes).await.err().unwrap_or_else(|| panic!("{what} was drawn")).to_string();
        assert!(error.contains(wanted), "{what}: {error}");
    }
}

#[tokio::test]
async fn all_formats_are_drawn() {
    let picture = || image::DynamicImage::from(halves(900, 600));
    let mut files: Vec<(&str, Vec<u8>)> = [
        ("PNG", ImageFormat::Png),
        ("GIF", ImageFormat::Gif),
        ("TIFF", ImageFormat::Tiff),
        ("BMP", ImageFormat::Bmp),
        ("WebP", ImageFormat::WebP),
    ]
    .map(|(name, format)| (name, encoded(picture(), format)))
    .into();
    files.push(("PNG, 16 bits", encoded(image::DynamicImage::from(picture().into_rgb16()), ImageFormat::Png)));
    let svg = "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"900\" height=\"600\">
        <rect width=\"450\" height=\"600\" fill=\"#dc1414\"/><rect x=\"450\" width=\"450\" height=\"600\" fill=\"#1414dc\"/></svg>";
    files.push(("SVG", svg.into()));
    files.push(("JPEG, progressive", progressive_jpeg(900, 600)));
    files.push(("GIF, animated", animation(900, 600)));
    for (name, bytes) in files {
        let pixels = drawn(bytes).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(sizes(&pixels), BOXES, "{name}");
        let large = &pixels[2];
        assert_eq!(
            [large.colour(100, 400), large.colour(700, 400), large.colour(400, 20)],
            ["red", "blue", "white"],
            "{name}"
        );
    }
}

#[tokio::test]
async fn colours_of_another_space_become_srgb() {
    for (name, bytes) in ["JPEG", "PNG"].into_iter().zip(profiled(900, 600)) {
        let [_, _, large] = drawn(bytes).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!([large.colour(100, 400), large.colour(700, 400)], ["blue", "red"], "{name}");
    }
}

#[tokio::test]
async fn a_page_that_takes_too_long_is_given_up_and_gives_its_memory_back() {
    // One picture at a time.
    let pages = PageRenderer::new(binary_path(), Duration::from_millis(700));
    let painter = Painter::new(Budget::new(1), pages);
    let started = Instant::now();
    assert_eq!(painter.thumbnails(slow_pdf().into()).await.err(), Some(PictureError::TimedOut));
    // Whoever waits may also leave.
    let left = tokio::time::timeout(Duration::from_millis(300), painter.thumbnails(slow_pdf().into())).await;
    assert!(left.is_err(), "it was drawn after all");
    assert!(painter.thumbnails(jpeg(640, 480, None).into()).await.is_ok());
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
}

#[tokio::test]
async fn check_10_nothing_of_the_camera_is_left() {
    let desk = Desk::open().await;
    let bytes = jpeg(1200, 900, Some(&exif_rotated()));
    assert!(bytes.windows(7).any(|window| window == b"HOMEADR"), "the sample has it");
    let file = desk.upload("photo.jpg", "image/jpeg", bytes.clone()).await;
    let state = desk.end(&file).await;
    assert_eq!((state.status.as_str(), state.error.as_str(), state.job.as_str()), ("completed", "", "completed"));
    assert_eq!(state.size as usize, bytes.len());
    let folder = format!("reports/7/{file}");
    assert_eq!(state.keys, ["small", "medium", "large"].map(|size| format!("{folder}/thumb-{size}.jpg")));
    for (key, first) in state.keys.iter().zip([6, 5, 3]) {
        let answer = http().get(format!("{}/{BUCKET}/{key}", desk.store.endpoint)).send().await.expect("an answer");
        assert_eq!(
            (answer.status().as_u16(), answer.headers()["content-type"].to_str().ok()),
            (200, Some("image/jpeg"))
        );
        let bytes = answer.bytes().await.expect("bytes");
        for trace in [&b"Exif"[..], b"HOMEADR", b"ICC_PROFILE"] {
            assert!(!bytes.windows(trace.len()).any(|window| window == trace), "{key}");
        }
        assert!(bytes.starts_with(b"\xff\xd8\xff"));
        // The first divisor of the first table: 16 at quality 50, so these at 80, 85 and 90.
        let table = bytes.windows(2).position(|pair| pair == b"\xff\xdb").expect("a table of divisors");
        assert_eq!(bytes[table + 5], first, "{key}");
    }
}
