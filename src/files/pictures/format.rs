//! What the first bytes say a file is. Names and announced types are the uploader's word; these are not.

/// Formats that are known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JPEG
    Jpeg,
    /// PNG
    Png,
    /// WebP
    Webp,
    /// GIF
    Gif,
    /// TIFF
    Tiff,
    /// Windows bitmap
    Bmp,
    /// AV1 pictures
    Avif,
    /// HEVC pictures, as telephones make them
    Heic,
    /// Drawings
    Svg,
    /// Documents
    Pdf,
}

impl Format {
    /// The format of a file that begins like this.
    pub fn of(start: &[u8]) -> Option<Self> {
        let brands = || start.get(8..).map(|rest| &rest[..rest.len().min(56)]).unwrap_or_default().chunks(4);
        match start {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => Some(Self::Tiff),
            [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some(Self::Bmp),
            [_, _, _, _, b'f', b't', b'y', b'p', ..] if brands().any(|brand| matches!(brand, b"avif" | b"avis")) => {
                Some(Self::Avif)
            }
            [_, _, _, _, b'f', b't', b'y', b'p', ..]
                if brands().any(|brand| matches!(brand, b"heic" | b"heix" | b"hevc" | b"heim" | b"heis" | b"mif1")) =>
            {
                Some(Self::Heic)
            }
            // Some writers put a few bytes in front; readers look for it in the first kilobyte.
            _ if start[..start.len().min(1024)].windows(5).any(|window| window == b"%PDF-") => Some(Self::Pdf),
            _ if is_svg(start) => Some(Self::Svg),
            _ => None,
        }
    }

    /// Its MIME type.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
            Self::Tiff => "image/tiff",
            Self::Bmp => "image/bmp",
            Self::Avif => "image/avif",
            Self::Heic => "image/heic",
            Self::Svg => "image/svg+xml",
            Self::Pdf => "application/pdf",
        }
    }
}

/// XML whose first element is `svg`; a page with a drawing inside is a page.
fn is_svg(start: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&start[..start.len().min(4096)]);
    let mut rest = text.trim_start_matches('\u{feff}').trim_start();
    loop {
        let end = match rest {
            _ if rest.starts_with("<!--") => "-->",
            _ if rest.starts_with("<?") => "?>",
            _ if rest.starts_with("<!DOCTYPE svg") && rest.contains('[') => "]>",
            _ if rest.starts_with("<!DOCTYPE svg") => ">",
            _ => return rest.starts_with("<svg") || rest.starts_with("<svg:svg"),
        };
        match rest.split_once(end) {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_recognised_by_content() {
        for (start, wanted) in [
            (&b"\xff\xd8\xff\xe0\0\x10JFIF"[..], Some(Format::Jpeg)),
            (b"GIF89a", Some(Format::Gif)),
            (b"\0\0\0\x20ftypavif\0\0\0\0avifmif1miaf", Some(Format::Avif)),
            (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", Some(Format::Heic)),
            (b"\0\0\0\x18ftypmp42\0\0\0\0isom", None),
            (b"junk %PDF-1.4", Some(Format::Pdf)),
            (b"<?xml version='1.0'?>\n<!-- hello --><svg xmlns='x'>", Some(Format::Svg)),
            (b"<!DOCTYPE svg PUBLIC \"a\" \"b\"><svg>", Some(Format::Svg)),
            (b"<html><svg></svg></html>", None),
            (b"", None),
            (b"BMW is no bitmap", None),
        ] {
            assert_eq!(Format::of(start), wanted, "{}", String::from_utf8_lossy(start));
        }
    }
}
