//! What a listing of a bucket contains: keys and, below a delimiter, common prefixes; in order, at most so many, from where the last page ended.

use super::folder::Bucket;
use super::object::Object;
use std::io;

/// One page of a listing.
#[derive(Default)]
pub(super) struct Page {
    pub(super) objects: Vec<Object>,
    pub(super) prefixes: Vec<String>,
    /// Where the next page starts after; `None` at the end.
    pub(super) next_after: Option<String>,
}

/// The page after `after`. Reads files. What is deleted while the page is made may be missing from it.
///
/// # Errors
/// A description cannot be read.
pub(super) fn page(
    bucket: &Bucket,
    prefix: &str,
    delimiter: Option<&str>,
    after: &str,
    limit: usize,
) -> io::Result<Page> {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty());
    let mut page = Page::default();
    let mut keys = Vec::new();
    let mut last = String::new();
    let from = if after > prefix { after } else { prefix };
    bucket.walk(from, |key| {
        let Some(rest) = key.strip_prefix(prefix) else { return false };
        if key <= after && !after.is_empty() {
            return true;
        }
        let common = delimiter
            .and_then(|delimiter| rest.find(delimiter).map(|at| format!("{prefix}{}", &rest[..at + delimiter.len()])));
        if let Some(common) = &common
            && (page.prefixes.last() == Some(common) || (!after.is_empty() && after.starts_with(common.as_str())))
        {
            return true;
        }
        if keys.len() + page.prefixes.len() >= limit {
            page.next_after = Some(std::mem::take(&mut last));
            return false;
        }
        match common {
            Some(common) => {
                last.clone_from(&common);
                page.prefixes.push(common);
            }
            None => {
                key.clone_into(&mut last);
                keys.push(key.to_owned());
            }
        }
        true
    })?;
    for key in keys {
        page.objects.extend(bucket.object(&key)?);
    }
    Ok(page)
}
