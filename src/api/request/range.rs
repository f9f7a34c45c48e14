//! Row ranges: `limit`, `offset` and the `Range` header.
//!
//! Tests at the foot.

/// A window on rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct RowRange {
    /// First row, zero based.
    pub(crate) offset: i64,
    /// Number of rows, no limit when absent.
    pub(crate) limit: Option<i64>,
}

impl RowRange {
    /// Everything.
    pub(crate) const ALL: Self = Self { offset: 0, limit: None };

    /// Lowers the limit to `max`.
    pub(crate) fn capped(self, max: Option<u64>) -> Self {
        let Some(max) = max.map(|max| i64::try_from(max).unwrap_or(i64::MAX)) else { return self };
        Self { limit: Some(self.limit.map_or(max, |limit| limit.min(max))), ..self }
    }

    /// Last row (inclusive), if bounded.
    fn upper(self) -> Option<i64> {
        self.limit.map(|limit| self.offset.saturating_add(limit.saturating_sub(1)))
    }

    fn between(lower: i64, upper: Option<i64>) -> Self {
        let limit = upper.map(|upper| upper.saturating_sub(lower).saturating_add(1));
        Self { offset: lower, limit }
    }
}

/// The `Range` header: `a-b`, `a-`, with an optional unit before `=`. Anything else is no range.
pub(crate) fn parse_range_header(value: &str) -> Option<(i64, Option<i64>)> {
    let digits = value.trim();
    let digits = digits.split_once('=').map_or(digits, |(_, range)| range);
    let (lower, upper) = digits.split_once('-')?;
    let number = |text: &str| if text.bytes().all(|b| b.is_ascii_digit()) { text.parse::<i64>().ok() } else { None };
    let lower = number(lower)?;
    if upper.is_empty() { Some((lower, None)) } else { number(upper).map(|upper| (lower, Some(upper))) }
}

/// Why a range cannot be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RangeRefusal {
    /// `limit` below zero.
    NegativeLimit,
    /// First row after the last.
    LowerAboveUpper,
}

/// Intersects the header's range with limit and offset of the query string.
///
/// # Errors
/// When the limit is negative or nothing can be in the intersection.
pub(crate) fn intersect(header: Option<(i64, Option<i64>)>, query: RowRange) -> Result<RowRange, RangeRefusal> {
    if query.limit.is_some_and(|limit| limit < 0) {
        return Err(RangeRefusal::NegativeLimit);
    }
    let Some((lower, upper)) = header else { return Ok(query) };
    if query.limit == Some(0) {
        return Ok(query);
    }
    let lower = lower.max(query.offset);
    let upper = match (upper, query.upper()) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    if upper.is_some_and(|upper| upper < lower) {
        return Err(RangeRefusal::LowerAboveUpper);
    }
    Ok(RowRange::between(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_header() {
        assert_eq!(parse_range_header("0-9"), Some((0, Some(9))));
        assert_eq!(parse_range_header("items=5-"), Some((5, None)));
        for bad in ["", "-5", "a-b", "1", "1-2-3", "99999999999999999999-"] {
            assert_eq!(parse_range_header(bad), None, "{bad}");
        }
    }

    #[test]
    fn intersects_header_and_query() {
        let query = RowRange { offset: 2, limit: Some(5) };
        assert_eq!(intersect(Some((0, Some(3))), query), Ok(RowRange { offset: 2, limit: Some(2) }));
        assert_eq!(intersect(Some((9, None)), query), Err(RangeRefusal::LowerAboveUpper));
        assert_eq!(intersect(Some((1, Some(0))), RowRange::ALL), Err(RangeRefusal::LowerAboveUpper));
        assert_eq!(intersect(None, RowRange { offset: 0, limit: Some(-1) }), Err(RangeRefusal::NegativeLimit));
        assert_eq!(
            intersect(Some((0, Some(3))), RowRange { offset: 0, limit: Some(0) }),
            Ok(RowRange { offset: 0, limit: Some(0) })
        );
    }

    #[test]
    fn survives_huge_numbers() {
        let query = RowRange { offset: i64::MAX, limit: Some(i64::MAX) };
        assert!(intersect(Some((0, Some(i64::MAX))), query).is_ok());
    }
}
