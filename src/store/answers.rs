//! What answers say about objects, and when there is nothing new to say.

use super::object::Object;
use s3s::dto::{CommonPrefix, ETag, ETagCondition, Timestamp};
use s3s::{S3Result, s3_error};

/// When it was written.
pub(super) fn timestamp(object: &Object) -> Timestamp {
    let time = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(object.modified) * 1000);
    Timestamp::from(time.unwrap_or(time::OffsetDateTime::UNIX_EPOCH))
}

/// A size as the protocol has it.
pub(super) fn length(size: u64) -> Option<i64> {
    i64::try_from(size).ok()
}

/// A line of a listing.
pub(super) fn entry(object: &Object) -> s3s::dto::Object {
    s3s::dto::Object {
        key: Some(object.key.clone()),
        size: length(object.size),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(timestamp(object)),
        ..Default::default()
    }
}

/// The conditions of a read (RFC 9110 §13) that decide between answer, 304 and 412.
pub(super) fn check_conditions(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    if_modified_since: Option<&Timestamp>,
) -> S3Result<()> {
    let etag = ETag::Strong(object.etag.clone());
    let is = |condition: &ETagCondition| {
        condition.is_any() || condition.as_etag().is_some_and(|other| other.weak_cmp(&etag))
    };
    if if_match.is_some_and(|condition| !is(condition)) {
        return Err(s3_error!(PreconditionFailed));
    }
    match if_none_match {
        Some(condition) if is(condition) => Err(s3_error!(NotModified)),
        None if if_modified_since.is_some_and(|since| {
            // The header has whole seconds.
            let seconds = |stamp: &Timestamp| time::OffsetDateTime::from(stamp.clone()).unix_timestamp();
            seconds(&timestamp(object)) <= seconds(since)
        }) =>
        {
            Err(s3_error!(NotModified))
        }
        _ => Ok(()),
    }
}

/// What stands for all keys below a delimiter.
pub(super) fn common_prefixes(prefixes: Vec<String>) -> Vec<CommonPrefix> {
    prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(prefix) }).collect()
}
