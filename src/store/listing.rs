//! What a listing of a bucket contains: keys and, below a delimiter, common prefixes; in order, at most so many, from where the last page ended.

use super::folder::{Bucket, Object};
use std::sync::Arc;

/// One page of a listing.
#[derive(Default)]
pub(super) struct Page {
    pub(super) objects: Vec<Arc<Object>>,
    pub(super) prefixes: Vec<String>,
    /// Where the next page starts after; `None` at the end.
    pub(super) next_after: Option<String>,
}

/// The page after `after`.
pub(super) fn page(bucket: &Bucket, prefix: &str, delimiter: Option<&str>, after: &str, limit: usize) -> Page {
    let delimiter = delimiter.filter(|delimiter| !delimiter.is_empty());
    let mut page = Page::default();
    let mut last = String::new();
    let from = if after > prefix { after } else { prefix };
    bucket.walk(from, |object| {
        let key = &object.key;
        let Some(rest) = key.strip_prefix(prefix) else { return false };
        if key.as_str() <= after && !after.is_empty() {
            return true;
        }
        let common = delimiter
            .and_then(|delimiter| rest.find(delimiter).map(|at| format!("{prefix}{}", &rest[..at + delimiter.len()])));
        if let Some(common) = &common
            && (page.prefixes.last() == Some(common) || (!after.is_empty() && after.starts_with(common.as_str())))
        {
            return true;
        }
        if page.objects.len() + page.prefixes.len() >= limit {
            page.next_after = Some(std::mem::take(&mut last));
            return false;
        }
        match common {
            Some(common) => {
                last.clone_from(&common);
                page.prefixes.push(common);
            }
            None => {
                last.clone_from(key);
                page.objects.push(object.clone());
            }
        }
        true
    });
    page
}
