//! Pixels out of encoded pictures, at about the size that thumbnails need: JPEG is decoded at a reduced scale, everything else is reduced right after.
//!
//! Bounds come first, from the header alone. Decoders read through [`Watched`], so that a stop reaches them while they work.

use super::render::{fit, resized};
use super::{Format, LARGEST_BOX, Picture, PictureError, Stop};
use fast_image_resize::PixelType;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, Limits};
use jpeg_decoder::{CodingProcess, PixelFormat};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};

/// Decoded bytes of one picture.
const LARGEST_DECODED: u64 = 400 * 1024 * 1024;
/// A baseline JPEG is decoded in rows at a reduced scale: only time bounds it.
const LARGEST_BASELINE: u64 = 250_000_000;
/// A document or drawing is drawn in a process of its own, which may take this much.
const PAGE_COST: u64 = 128 * 1024 * 1024;

/// Reads until told to stop.
struct Watched<R> {
    inner: R,
    stop: Stop,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.is_set() {
            return Err(io::Error::other("stopped"));
        }
        // Small steps, so that a stop is seen soon.
        let length = buffer.len().min(64 * 1024);
        self.inner.read(&mut buffer[..length])
    }
}

impl<R: Seek> Seek for Watched<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}

/// Bytes that decoding will take, by the header.
pub(super) fn cost(bytes: &[u8], format: Format) -> Result<u64, PictureError> {
    let unsupported = |text: &str| Err(PictureError::Unsupported(text.to_owned()));
    match format {
        Format::Heic => unsupported("pictures in the format HEIC cannot be drawn here; a JPEG of it can"),
        Format::Avif => unsupported("pictures in the format AVIF cannot be drawn here"),
        Format::Pdf | Format::Svg => Ok(PAGE_COST),
        Format::Jpeg => {
            let mut decoder = jpeg_decoder::Decoder::new(bytes);
            decoder.read_info().map_err(|error| jpeg_error(error, &Stop::default()))?;
            let info = decoder.info().ok_or_else(|| PictureError::Damaged("it has no size".into()))?;
            let pixels = u64::from(info.width) * u64::from(info.height);
            let progressive = info.coding_process != CodingProcess::DctSequential;
            // Progressive: two bytes per coefficient, as many as samples.
            let decoded = if progressive { pixels * 2 * info.pixel_format.pixel_bytes() as u64 } else { 16 << 20 };
            if pixels > LARGEST_BASELINE || decoded > LARGEST_DECODED {
                return Err(too_large(u32::from(info.width), u32::from(info.height)));
            }
            Ok(decoded + bytes.len() as u64)
        }
        _ => {
            let decoder = decoder(bytes, format, &Stop::default())?;
            let (width, height) = decoder.dimensions();
            let decoded = decoder.total_bytes();
            if width == 0 || height == 0 {
                return Err(PictureError::Damaged("it has no size".into()));
            }
            if decoded > LARGEST_DECODED {
                return Err(too_large(width, height));
            }
            Ok(decoded + bytes.len() as u64)
        }
    }
}

fn too_large(width: u32, height: u32) -> PictureError {
    PictureError::TooLarge(format!("{width} × {height} pixels"))
}

/// The picture, upright, in sRGB, on white, not larger than the largest thumbnail needs.
pub(super) fn picture(bytes: &[u8], format: Format, stop: &Stop) -> Result<Picture, PictureError> {
    let decoded = match format {
        Format::Jpeg => jpeg(bytes, stop)?,
        _ => other(bytes, format, stop)?,
    };
    let Reduced { width, height, pixels, kind, profile, orientation } = decoded;
    let rgb = match kind {
        PixelType::U8 => pixels.iter().flat_map(|grey| [*grey; 3]).collect(),
        PixelType::U8x2 => pixels.chunks_exact(2).flat_map(|pixel| [on_white(pixel[0], pixel[1]); 3]).collect(),
        PixelType::U8x4 => {
            let converted = converted(&pixels, profile.as_deref(), 4);
            let pixels = converted.as_deref().unwrap_or(&pixels);
            pixels
                .chunks_exact(4)
                .flat_map(|pixel| [0, 1, 2].map(|channel| on_white(pixel[channel], pixel[3])))
                .collect()
        }
        _ => converted(&pixels, profile.as_deref(), 3).unwrap_or(pixels),
    };
    upright(Picture { width, height, rgb }, orientation)
}

/// Pixels at about the size of the largest thumbnail, not yet turned or converted.
struct Reduced {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    kind: PixelType,
    profile: Option<Vec<u8>>,
    orientation: Orientation,
}

fn jpeg(bytes: &[u8], stop: &Stop) -> Result<Reduced, PictureError> {
    let failed = |error| jpeg_error(error, stop);
    let mut decoder = jpeg_decoder::Decoder::new(Watched { inner: bytes, stop: stop.clone() });
    decoder.set_max_decoding_buffer_size(LARGEST_DECODED as usize);
    decoder.read_info().map_err(failed)?;
    let info = decoder.info().ok_or_else(|| PictureError::Damaged("it has no size".into()))?;
    let (full_width, full_height) = (u32::from(info.width), u32::from(info.height));
    let (width, height) = fit(full_width, full_height, LARGEST_BOX);
    let narrow = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
    let (scaled_width, scaled_height) = decoder.scale(narrow(width), narrow(height)).map_err(failed)?;
    let pixels = decoder.decode().map_err(failed)?;
    let (scaled_width, scaled_height) = (u32::from(scaled_width), u32::from(scaled_height));
    let profile = decoder.icc_profile();
    let orientation = decoder.exif_data().and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
    let (pixels, kind, profile) = match info.pixel_format {
        PixelFormat::L8 => (pixels, PixelType::U8, None),
        PixelFormat::L16 => (pixels.chunks_exact(2).map(|sample| sample[0]).collect(), PixelType::U8, None),
        PixelFormat::RGB24 => (pixels, PixelType::U8x3, profile),
        PixelFormat::CMYK32 => {
            // Adobe stores inks inverted, and the decoder inverts always.
            let inverted = bytes[..bytes.len().min(64 * 1024)].windows(5).any(|window| window == b"Adobe");
            (from_inks(&pixels, inverted, profile.as_deref()), PixelType::U8x3, None)
        }
    };
    let pixels = resized(pixels, (scaled_width, scaled_height), (width, height), kind)?;
    Ok(Reduced { width, height, pixels, kind, profile, orientation })
}

/// Four inks to three colours: by the profile where there is one, otherwise the plain way.
fn from_inks(pixels: &[u8], inverted: bool, profile: Option<&[u8]>) -> Vec<u8> {
    let ink = |value: u8| if inverted { value } else { 255 - value };
    let inks: Vec<u8> = pixels.iter().map(|value| ink(*value)).collect();
    if let Some(profile) = profile.and_then(|bytes| ColorProfile::new_from_slice(bytes).ok())
        && profile.color_space == DataColorSpace::Cmyk
        && let Ok(transform) = profile.create_transform_8bit(
            Layout::Rgba,
            &ColorProfile::new_srgb(),
            Layout::Rgb,
            TransformOptions::default(),
        )
    {
        let mut rgb = vec![0; inks.len() / 4 * 3];
        if transform.transform(&inks, &mut rgb).is_ok() {
            return rgb;
        }
    }
    let mixed = |ink: u8, black: u8| {
        let product = u32::from(255 - ink) * u32::from(255 - black) / 255;
        u8::try_from(product).unwrap_or(u8::MAX)
    };
    inks.chunks_exact(4).flat_map(|pixel| [0, 1, 2].map(|channel| mixed(pixel[channel], pixel[3]))).collect()
}

type Decoder<'a> = Box<dyn ImageDecoder + 'a>;

fn decoder<'a>(bytes: &'a [u8], format: Format, stop: &Stop) -> Result<Decoder<'a>, PictureError> {
    let format = match format {
        Format::Png => image::ImageFormat::Png,
        Format::Webp => image::ImageFormat::WebP,
        Format::Gif => image::ImageFormat::Gif,
        Format::Tiff => image::ImageFormat::Tiff,
        Format::Bmp => image::ImageFormat::Bmp,
        _ => return Err(PictureError::Unsupported("this format cannot be drawn here".into())),
    };
    let source = Watched { inner: Cursor::new(bytes), stop: stop.clone() };
    let mut reader = ImageReader::with_format(BufReader::with_capacity(64 * 1024, source), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(LARGEST_DECODED + 64 * 1024 * 1024);
    reader.limits(limits);
    reader.into_decoder().map(|decoder| Box::new(decoder) as Decoder<'a>).map_err(|error| image_error(error, stop))
}

fn other(bytes: &[u8], format: Format, stop: &Stop) -> Result<Reduced, PictureError> {
    let mut decoder = decoder(bytes, format, stop)?;
    let profile = decoder.icc_profile().ok().flatten();
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(|error| image_error(error, stop))?;
    let full = (image.width(), image.height());
    let (pixels, kind) = match image {
        DynamicImage::ImageLuma8(image) => (image.into_raw(), PixelType::U8),
        DynamicImage::ImageLumaA8(image) => (image.into_raw(), PixelType::U8x2),
        DynamicImage::ImageRgb8(image) => (image.into_raw(), PixelType::U8x3),
        DynamicImage::ImageLuma16(image) => (DynamicImage::ImageLuma16(image).into_luma8().into_raw(), PixelType::U8),
        DynamicImage::ImageRgb16(image) => (DynamicImage::ImageRgb16(image).into_rgb8().into_raw(), PixelType::U8x3),
        other => (other.into_rgba8().into_raw(), PixelType::U8x4),
    };
    let (width, height) = fit(full.0, full.1, LARGEST_BOX);
    let pixels = resized(pixels, full, (width, height), kind)?;
    Ok(Reduced { width, height, pixels, kind, profile, orientation })
}

/// To sRGB; `None` when there is nothing to do or the profile is of no use.
fn converted(pixels: &[u8], profile: Option<&[u8]>, channels: usize) -> Option<Vec<u8>> {
    let profile = ColorProfile::new_from_slice(profile?).ok()?;
    if profile.color_space != DataColorSpace::Rgb {
        return None;
    }
    let layout = if channels == 4 { Layout::Rgba } else { Layout::Rgb };
    let transform =
        profile.create_transform_8bit(layout, &ColorProfile::new_srgb(), layout, TransformOptions::default()).ok()?;
    let mut converted = vec![0; pixels.len()];
    transform.transform(pixels, &mut converted).ok()?;
    Some(converted)
}

fn on_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    u8::try_from((value * alpha + 255 * (255 - alpha) + 127) / 255).unwrap_or(u8::MAX)
}

fn upright(picture: Picture, orientation: Orientation) -> Result<Picture, PictureError> {
    if orientation == Orientation::NoTransforms {
        return Ok(picture);
    }
    let Picture { width, height, rgb } = picture;
    let buffer = image::RgbImage::from_raw(width, height, rgb)
        .ok_or_else(|| PictureError::Internal("a buffer of another size".into()))?;
    let mut image = DynamicImage::ImageRgb8(buffer);
    image.apply_orientation(orientation);
    Ok(Picture { width: image.width(), height: image.height(), rgb: image.into_rgb8().into_raw() })
}

fn jpeg_error(error: jpeg_decoder::Error, stop: &Stop) -> PictureError {
    if stop.is_set() {
        return PictureError::Cancelled;
    }
    match error {
        jpeg_decoder::Error::Unsupported(feature) => PictureError::Unsupported(format!("JPEG with {feature:?}")),
        jpeg_decoder::Error::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            PictureError::Damaged("it ends too early".into())
        }
        error => PictureError::Damaged(error.to_string()),
    }
}

fn image_error(error: ImageError, stop: &Stop) -> PictureError {
    if stop.is_set() {
        return PictureError::Cancelled;
    }
    match error {
        ImageError::Limits(_) => PictureError::TooLarge("it needs too much memory".into()),
        ImageError::Unsupported(error) => PictureError::Unsupported(error.to_string()),
        ImageError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            PictureError::Damaged("it ends too early".into())
        }
        error => PictureError::Damaged(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decode_that_nobody_waits_for_ends() {
        let image = DynamicImage::new_rgb8(300, 200);
        let mut jpeg = Vec::new();
        jpeg_encoder::Encoder::new(&mut jpeg, 90)
            .encode(image.as_bytes(), 300, 200, jpeg_encoder::ColorType::Rgb)
            .expect("JPEG");
        let mut files = vec![(Format::Jpeg, jpeg)];
        for (format, encoding) in [
            (Format::Png, image::ImageFormat::Png),
            (Format::Gif, image::ImageFormat::Gif),
            (Format::Tiff, image::ImageFormat::Tiff),
            (Format::Bmp, image::ImageFormat::Bmp),
            (Format::Webp, image::ImageFormat::WebP),
        ] {
            let mut bytes = Cursor::new(Vec::new());
            image.write_to(&mut bytes, encoding).expect("encoded");
            files.push((format, bytes.into_inner()));
        }
        for (format, bytes) in files {
            assert!(picture(&bytes, format, &Stop::default()).is_ok(), "{format:?}");
            let stop = Stop::default();
            drop(stop.on_drop());
            assert_eq!(picture(&bytes, format, &stop).err(), Some(PictureError::Cancelled), "{format:?}");
        }
    }
}
