//! Pictures and documents, made when they are needed.

use image::codecs::gif::GifEncoder;
use image::codecs::png::PngEncoder;
use image::{DynamicImage, ExtendedColorType, Frame, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};
use moxcms::ColorProfile;
use std::io::Cursor;

const MIB: usize = 1024 * 1024;

/// Left half red, right half blue.
pub(crate) fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) })
}

pub(crate) fn jpeg(width: u32, height: u32, exif: Option<&[u8]>) -> Vec<u8> {
    let picture = halves(width, height);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    if let Some(exif) = exif {
        encoder.add_exif_metadata(exif).expect("EXIF");
    }
    encoder.encode(&picture, width as u16, height as u16, ColorType::Rgb).expect("JPEG");
    bytes
}

/// Red and blue change places in the colour space of this profile.
fn swapped_profile() -> Vec<u8> {
    let mut profile = ColorProfile::new_srgb();
    std::mem::swap(&mut profile.red_colorant, &mut profile.blue_colorant);
    profile.encode().expect("a profile")
}

/// [`halves`] in a colour space where red is blue: as JPEG and as PNG.
pub(crate) fn profiled(width: u32, height: u32) -> [Vec<u8>; 2] {
    let picture = halves(width, height);
    let (mut jpeg, mut png) = (Vec::new(), Vec::new());
    let mut encoder = Encoder::new(&mut jpeg, 90);
    encoder.add_icc_profile(&swapped_profile()).expect("a profile");
    encoder.encode(&picture, width as u16, height as u16, ColorType::Rgb).expect("JPEG");
    let mut encoder = PngEncoder::new(&mut png);
    encoder.set_icc_profile(swapped_profile()).expect("a profile");
    encoder.write_image(&picture, width, height, ExtendedColorType::Rgb8).expect("PNG");
    [jpeg, png]
}

/// [`halves`] in the coefficients' order instead of the rows'.
pub(crate) fn progressive_jpeg(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_progressive(true);
    encoder.encode(&halves(width, height), width as u16, height as u16, ColorType::Rgb).expect("JPEG");
    bytes
}

/// [`halves`], and then black.
pub(crate) fn animation(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    for picture in [halves(width, height), RgbImage::new(width, height)] {
        encoder.encode_frame(Frame::new(DynamicImage::from(picture).into_rgba8())).expect("a frame");
    }
    drop(encoder);
    bytes
}

pub(crate) fn cmyk_jpeg(width: u32, height: u32) -> Vec<u8> {
    // All magenta and yellow: red.
    let pixels = [0_u8, 255, 255, 0].repeat((width * height) as usize);
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 95).encode(&pixels, width as u16, height as u16, ColorType::Cmyk).expect("JPEG");
    bytes
}

/// Orientation 6 ("rotate by 90°"), and a place.
pub(crate) fn exif_rotated() -> Vec<u8> {
    let mut exif = b"II*\0\x08\0\0\0\x02\0".to_vec();
    exif.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
    exif.extend([0x0e, 0x01, 2, 0, 8, 0, 0, 0, 38, 0, 0, 0]);
    exif.extend([0, 0, 0, 0]);
    exif.extend(b"HOMEADR\0");
    exif
}

pub(crate) fn encoded(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encoded");
    bytes.into_inner()
}

pub(crate) fn transparent_png(width: u32, height: u32) -> Vec<u8> {
    encoded(RgbaImage::from_pixel(width, height, Rgba([0, 0, 0, 0])).into(), ImageFormat::Png)
}

/// Only the head of a picture with 400 million pixels.
pub(crate) fn huge_png() -> Vec<u8> {
    let mut bytes = encoded(halves(2, 2).into(), ImageFormat::Png);
    bytes[16..24].copy_from_slice(&[0, 0, 0x4e, 0x20, 0, 0, 0x4e, 0x20]);
    let mut crc = flate2::Crc::new();
    crc.update(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.sum().to_be_bytes());
    bytes
}

/// Three gibibytes of zeros, deflated.
pub(crate) fn flate_bomb() -> Vec<u8> {
    let mut bomb = vec![0x78, 0x9c];
    bomb.extend(deflated_again_and_again(&vec![0; 16 * MIB], 192));
    // The sum of so many zeros (RFC 1950).
    bomb.extend((((3 * 1024 * MIB % 65521) as u32) << 16 | 1).to_be_bytes());
    bomb
}

/// The same block again and again, packed once.
fn deflated_again_and_again(block: &[u8], times: usize) -> Vec<u8> {
    let mut packed = Vec::with_capacity(256 * 1024);
    let mut packer = flate2::Compress::new(flate2::Compression::best(), false);
    packer.compress_vec(block, &mut packed, flate2::FlushCompress::Full).expect("deflated");
    assert_eq!(packer.total_in(), block.len() as u64);
    let mut all = packed.repeat(times);
    // An empty last block.
    all.extend([0x03, 0x00]);
    all
}

/// A document of a few kilobytes that fills its page ten million times.
pub(crate) fn slow_pdf() -> Vec<u8> {
    let content = "0 0 300 600 re f ".repeat(20_000);
    let packed = [&[0x78, 0x9c][..], &deflated_again_and_again(content.as_bytes(), 500), &[0; 4]].concat();
    pdf_with_stream("/Filter /FlateDecode", &packed)
}

/// A small picture with a colour profile that unpacks to this.
pub(crate) fn profile_bomb(packed: &[u8]) -> Vec<u8> {
    let picture = encoded(halves(64, 64).into(), ImageFormat::Png);
    let mut chunk = b"iCCPbomb\0\0".to_vec();
    chunk.extend(packed);
    let mut crc = flate2::Crc::new();
    crc.update(&chunk);
    // After signature and header.
    let (head, rest) = picture.split_at(33);
    let length = (chunk.len() as u32 - 4).to_be_bytes();
    [head, &length, &chunk, &crc.sum().to_be_bytes(), rest].concat()
}

/// A document from its objects, numbered from 1; the first is the catalogue.
pub(crate) fn pdf(objects: &[String], trailer: &str) -> Vec<u8> {
    let objects: Vec<&[u8]> = objects.iter().map(String::as_bytes).collect();
    pdf_of(&objects, trailer)
}

fn pdf_of(objects: &[&[u8]], trailer: &str) -> Vec<u8> {
    let mut bytes = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (number, object) in objects.iter().enumerate() {
        offsets.push(bytes.len());
        bytes.extend(format!("{} 0 obj\n", number + 1).bytes());
        bytes.extend(*object);
        bytes.extend(b"\nendobj\n");
    }
    let start = bytes.len();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for offset in offsets {
        table.push_str(&format!("{offset:010} 00000 n \n"));
    }
    table.push_str(&format!(
        "trailer\n<< /Size {} /Root 1 0 R {trailer} >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    ));
    bytes.extend(table.bytes());
    bytes
}

/// One page whose content is this stream, packed by this filter.
pub(crate) fn pdf_with_stream(filter: &str, packed: &[u8]) -> Vec<u8> {
    let head = format!("<< /Length {} {filter} >>\nstream\n", packed.len());
    let content = [head.as_bytes(), packed, b"\nendstream"].concat();
    let page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 600] /Contents 4 0 R >>";
    pdf_of(&[b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, &content], "")
}

pub(crate) fn one_page(content: &str, trailer: &str) -> Vec<u8> {
    page_of("300 600", content, trailer)
}

/// A page of this width and height in points.
pub(crate) fn page_of(size: &str, content: &str, trailer: &str) -> Vec<u8> {
    pdf(
        &[
            "<< /Type /Catalog /Pages 2 0 R >>".into(),
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".into(),
            format!("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size}] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>"),
            format!("<< /Length {} >>\nstream\n{content}\nendstream", content.len()),
            // A form that draws itself, twice.
            "<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X 5 0 R >> >> /Length 11 >>\nstream\n/X Do /X Do\nendstream".into(),
        ],
        trailer,
    )
}

/// Green from edge to edge.
pub(crate) fn green_pdf() -> Vec<u8> {
    one_page("0 0.6 0 rg 0 0 300 600 re f", "")
}

/// Nobody knows its password.
pub(crate) fn protected_pdf() -> Vec<u8> {
    let key = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let trailer =
        format!("/Encrypt << /Filter /Standard /V 1 /R 2 /O <{key}> /U <{key}> /P -4 >> /ID [<{key}> <{key}>]");
    one_page("0 0.6 0 rg 0 0 300 600 re f", &trailer)
}

/// Pixels of a JPEG.
pub(crate) struct Pixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    rgb: Vec<u8>,
}

impl Pixels {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut decoder = jpeg_decoder::Decoder::new(bytes);
        let rgb = decoder.decode().expect("a thumbnail");
        let info = decoder.info().expect("decoded");
        Self { width: info.width.into(), height: info.height.into(), rgb }
    }

    /// The nearest of the colours of these samples.
    pub(crate) fn colour(&self, x: u32, y: u32) -> &'static str {
        let at = ((y * self.width + x) * 3) as usize;
        let [r, g, b] = [0, 1, 2].map(|channel| i32::from(self.rgb[at + channel]));
        let colours = [
            ("white", [255, 255, 255]),
            ("red", [220, 20, 20]),
            ("blue", [20, 20, 220]),
            ("green", [0, 153, 0]),
            ("black", [0, 0, 0]),
        ];
        let far = |c: [i32; 3]| (c[0] - r).pow(2) + (c[1] - g).pow(2) + (c[2] - b).pow(2);
        colours.iter().min_by_key(|(_, colour)| far(*colour)).expect("colours").0
    }
}
