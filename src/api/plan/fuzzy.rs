//! "Perhaps you meant …": the nearest known name by the cosine of shared 2- and 3-grams, refined by edit distance.
//!
//! Pure; used only while an error is being made. Tests at the foot.

use std::collections::HashMap;

const MIN_SCORE: f64 = 0.33;
/// Lists of parameters differ more in length than names do.
const MIN_LIST_SCORE: f64 = 0.25;
const CANDIDATES: usize = 50;

/// The best match among `names`, if one is near enough.
pub(crate) fn best_match<'a>(names: impl Iterator<Item = &'a str>, wanted: &str) -> Option<&'a str> {
    best_of(names, wanted, MIN_SCORE)
}

/// The best match among lists of parameters, if one is near enough.
pub(crate) fn best_list<'a>(lists: impl Iterator<Item = &'a str>, wanted: &str) -> Option<&'a str> {
    best_of(lists, wanted, MIN_LIST_SCORE)
}

fn best_of<'a>(names: impl Iterator<Item = &'a str>, wanted: &str, min_score: f64) -> Option<&'a str> {
    let known: Vec<(&'a str, String)> = names.map(|name| (name, name.to_lowercase())).collect();
    let lower = wanted.to_lowercase();
    if let Some((name, _)) = known.iter().find(|(_, known)| *known == lower) {
        return Some(name);
    }
    [3, 2].into_iter().find_map(|size| best_by_grams(&known, wanted, &lower, size, min_score))
}

fn best_by_grams<'a>(
    known: &[(&'a str, String)],
    wanted: &str,
    lower: &str,
    size: usize,
    min_score: f64,
) -> Option<&'a str> {
    let wanted_grams = grams(lower, size);
    let wanted_norm = norm(&wanted_grams);
    let mut scored: Vec<(f64, &(&'a str, String))> = known
        .iter()
        .filter_map(|entry| {
            let known_grams = grams(&entry.1, size);
            let product: usize =
                wanted_grams.iter().filter_map(|(gram, count)| known_grams.get(gram).map(|other| count * other)).sum();
            #[expect(clippy::cast_precision_loss, reason = "counts of letters")]
            let score = product as f64 / (wanted_norm * norm(&known_grams));
            (product > 0).then_some((score, entry))
        })
        .collect();
    scored.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    scored.truncate(CANDIDATES);
    // Names that differ in case alone are told apart by the letters as they were written.
    let mut best: Option<((f64, f64), &'a str)> = None;
    for (_, (name, known)) in scored {
        let score = (similarity(known, lower), similarity(name, wanted));
        if score.0 >= min_score && best.is_none_or(|(known, _)| score > known) {
            best = Some((score, name));
        }
    }
    best.map(|(_, name)| name)
}

fn grams(text: &str, size: usize) -> HashMap<String, usize> {
    let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | ',' | ' ' | '-'));
    let mut padded: Vec<char> = std::iter::once('-').chain(kept).chain(std::iter::once('-')).collect();
    while padded.len() < size {
        padded.push('-');
    }
    let mut counts = HashMap::new();
    for window in padded.windows(size) {
        *counts.entry(window.iter().collect()).or_insert(0) += 1;
    }
    counts
}

#[expect(clippy::cast_precision_loss, reason = "counts of letters")]
fn norm(grams: &HashMap<String, usize>) -> f64 {
    (grams.values().map(|count| count * count).sum::<usize>() as f64).sqrt()
}

#[expect(clippy::cast_precision_loss, reason = "counts of letters")]
fn similarity(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longest = a.len().max(b.len()).max(1);
    1.0 - distance(&a, &b) as f64 / longest as f64
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_near_names_and_nothing_far() {
        let names = ["projects", "clients", "tasks", "Users"];
        let find = |wanted| best_match(names.into_iter(), wanted);
        assert_eq!(find("project"), Some("projects"));
        assert_eq!(find("users"), Some("Users"));
        assert_eq!(find("cleints"), Some("clients"));
        assert_eq!(find("zzz"), None);
    }
}
