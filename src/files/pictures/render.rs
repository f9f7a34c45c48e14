//! Fitting into boxes and encoding: the geometry of the contract, on white.

use super::{Picture, PictureError};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

/// One of the three thumbnails.
#[derive(Clone, Copy, Debug)]
pub struct Rendition {
    /// Part of the object's name.
    pub name: &'static str,
    /// Pixels of each side of the box.
    pub side: u32,
    /// JPEG quality.
    pub quality: u8,
}

/// Small, medium, large.
pub const RENDITIONS: [Rendition; 3] = [
    Rendition { name: "small", side: 150, quality: 80 },
    Rendition { name: "medium", side: 400, quality: 85 },
    Rendition { name: "large", side: 800, quality: 90 },
];

/// Size of a picture inside a square box: nothing is enlarged.
pub(super) fn fit(width: u32, height: u32, side: u32) -> (u32, u32) {
    if width <= side && height <= side {
        return (width, height);
    }
    let scale = f64::from(side) / f64::from(width.max(height));
    let scaled = |length: u32| ((f64::from(length) * scale).round() as u32).clamp(1, side);
    (scaled(width), scaled(height))
}

/// Pixels at another size.
pub(super) fn resized(
    pixels: Vec<u8>,
    from: (u32, u32),
    to: (u32, u32),
    kind: PixelType,
) -> Result<Vec<u8>, PictureError> {
    if from == to {
        return Ok(pixels);
    }
    resized_ref(&pixels, from, to, kind)
}

fn resized_ref(pixels: &[u8], from: (u32, u32), to: (u32, u32), kind: PixelType) -> Result<Vec<u8>, PictureError> {
    let wrong = |error: &dyn std::fmt::Display| PictureError::Internal(format!("resizing: {error}"));
    let source = ImageRef::new(from.0, from.1, pixels, kind).map_err(|error| wrong(&error))?;
    let mut target = Image::new(to.0, to.1, kind);
    Resizer::new().resize(&source, &mut target, None).map_err(|error| wrong(&error))?;
    Ok(target.into_vec())
}

/// The three thumbnails of a picture that is not much larger than the largest.
pub(super) fn thumbnails(picture: &Picture) -> Result<[Vec<u8>; 3], PictureError> {
    let [small, medium, large] = RENDITIONS;
    let large_fit = reduced(picture, large.side)?;
    let medium_fit = reduced(&large_fit, medium.side)?;
    let small_fit = reduced(&medium_fit, small.side)?;
    Ok([encode(&small_fit, small)?, encode(&medium_fit, medium)?, encode(&large_fit, large)?])
}

/// A picture that fits into the box, its longer side exactly as long.
pub(super) fn reduced(picture: &Picture, side: u32) -> Result<Picture, PictureError> {
    let (width, height) = fit(picture.width, picture.height, side);
    if (width, height) == (picture.width, picture.height) {
        return Ok(picture.clone());
    }
    let rgb = resized_ref(&picture.rgb, (picture.width, picture.height), (width, height), PixelType::U8x3)?;
    Ok(Picture { width, height, rgb })
}

/// In the box with white around it; a picture smaller than the box on both sides stays as it is.
fn boxed(picture: &Picture, side: u32) -> Picture {
    if picture.width < side && picture.height < side {
        return picture.clone();
    }
    let mut rgb = vec![255; side as usize * side as usize * 3];
    let (left, top) = ((side - picture.width) / 2, (side - picture.height) / 2);
    let row = picture.width as usize * 3;
    for (number, pixels) in picture.rgb.chunks_exact(row).enumerate() {
        let start = ((top as usize + number) * side as usize + left as usize) * 3;
        rgb[start..start + row].copy_from_slice(pixels);
    }
    Picture { width: side, height: side, rgb }
}

fn encode(picture: &Picture, rendition: Rendition) -> Result<Vec<u8>, PictureError> {
    let wrong = |error: &dyn std::fmt::Display| PictureError::Internal(format!("encoding: {error}"));
    let boxed = boxed(picture, rendition.side);
    let mut bytes = Vec::with_capacity(64 * 1024);
    let mut encoder = Encoder::new(&mut bytes, rendition.quality);
    encoder.set_sampling_factor(if rendition.quality < 90 { SamplingFactor::R_4_2_0 } else { SamplingFactor::R_4_4_4 });
    encoder.set_optimized_huffman_tables(true);
    let side = |length: u32| u16::try_from(length).unwrap_or(u16::MAX);
    encoder.encode(&boxed.rgb, side(boxed.width), side(boxed.height), ColorType::Rgb).map_err(|error| wrong(&error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_fit_and_are_never_enlarged() {
        for ((width, height, side), wanted) in [
            ((4000, 3000, 800), (800, 600)),
            ((3000, 4000, 150), (113, 150)),
            ((100, 80, 150), (100, 80)),
            ((100, 300, 150), (50, 150)),
            ((150, 150, 150), (150, 150)),
            ((20_000, 3, 800), (800, 1)),
        ] {
            assert_eq!(fit(width, height, side), wanted, "{width}x{height} in {side}");
        }
    }

    #[test]
    fn bars_are_white_and_small_pictures_have_none() {
        let red = Picture { width: 50, height: 150, rgb: [200, 0, 0].repeat(50 * 150) };
        let boxed_red = boxed(&red, 150);
        assert_eq!((boxed_red.width, boxed_red.height), (150, 150));
        assert_eq!(&boxed_red.rgb[..3], [255, 255, 255]);
        assert_eq!(&boxed_red.rgb[50 * 3..50 * 3 + 3], [200, 0, 0]);
        assert_eq!(boxed(&red, 400), red);
    }
}
