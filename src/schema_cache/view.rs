//! Where the columns of a view come from, read from the server's own form of the view's definition.
//!
//! The text is a nested list of nodes; the target list of the outermost query says for each column from which relation
//! and column it was taken (`resorigtbl`, `resorigcol`; 0 for expressions and for the result of a UNION).

/// One column of a view that is a plain column of a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ViewColumn {
    /// Position in the view.
    pub(super) position: i32,
    /// Relation it was taken from.
    pub(super) relation: u32,
    /// Position there.
    pub(super) relation_position: i32,
}

/// The plain columns among the outermost query's targets.
pub(super) fn view_columns(definition: &str) -> Vec<ViewColumn> {
    let mut columns = Vec::new();
    let mut depth = 0_usize;
    let mut is_target_list = false;
    let mut list_depth = 0_usize;
    let mut entry = Entry::default();
    let mut field = Field::Other;
    for token in (Tokens { rest: definition }) {
        match token {
            "{" => {
                depth += 1;
                if is_target_list && depth == 2 {
                    entry = Entry::default();
                }
                field = Field::Other;
            }
            "}" => {
                if is_target_list && depth == 2 {
                    columns.extend(entry.column());
                }
                depth = depth.saturating_sub(1);
                field = Field::Other;
            }
            "(" if is_target_list && depth == 1 => list_depth += 1,
            ")" if is_target_list && depth == 1 => {
                list_depth = list_depth.saturating_sub(1);
                if list_depth == 0 {
                    break;
                }
            }
            ":targetList" if depth == 1 => is_target_list = true,
            _ if !is_target_list || depth != 2 => {}
            ":resno" => field = Field::Position,
            ":resorigtbl" => field = Field::Relation,
            ":resorigcol" => field = Field::RelationPosition,
            ":resjunk" => field = Field::Junk,
            value => {
                match field {
                    Field::Position => entry.position = value.parse().unwrap_or_default(),
                    Field::Relation => entry.relation = value.parse().unwrap_or_default(),
                    Field::RelationPosition => entry.relation_position = value.parse().unwrap_or_default(),
                    Field::Junk => entry.is_junk = value == "true",
                    Field::Other => {}
                }
                field = Field::Other;
            }
        }
    }
    columns
}

#[derive(Clone, Copy)]
enum Field {
    Position,
    Relation,
    RelationPosition,
    Junk,
    Other,
}

#[derive(Default)]
struct Entry {
    position: i32,
    relation: u32,
    relation_position: i32,
    is_junk: bool,
}

impl Entry {
    fn column(&self) -> Option<ViewColumn> {
        (self.relation != 0 && self.relation_position > 0 && !self.is_junk).then_some(ViewColumn {
            position: self.position,
            relation: self.relation,
            relation_position: self.relation_position,
        })
    }
}

/// Words and brackets; a backslash takes the next character's meaning away.
struct Tokens<'a> {
    rest: &'a str,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;
    fn next(&mut self) -> Option<&'a str> {
        self.rest = self.rest.trim_ascii_start();
        let bytes = self.rest.as_bytes();
        let mut end = match bytes.first()? {
            b'{' | b'}' | b'(' | b')' => 1,
            _ => 0,
        };
        if end == 0 {
            while let Some(byte) = bytes.get(end) {
                match byte {
                    b'\\' => end += 2,
                    b'{' | b'}' | b'(' | b')' => break,
                    byte if byte.is_ascii_whitespace() => break,
                    _ => end += 1,
                }
            }
        }
        // The character after a backslash may be longer than one byte.
        let mut end = end.min(bytes.len());
        while !self.rest.is_char_boundary(end) {
            end += 1;
        }
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outermost_targets_only() {
        let definition = r"({QUERY :commandType 1 :rtable ({RTE :subquery {QUERY :targetList ({TARGETENTRY :expr {VAR} :resno 1 :resorigtbl 9 :resorigcol 9 :resjunk false})} :alias \{odd\ name\)}) :targetList ({TARGETENTRY :expr {VAR :varno 1} :resno 1 :resname id :ressortgroupref 0 :resorigtbl 16390 :resorigcol 2 :resjunk false} {TARGETENTRY :expr {FUNCEXPR :args ({VAR :resorigtbl 7})} :resno 2 :resname \(x :resorigtbl 0 :resorigcol 0 :resjunk false} {TARGETENTRY :expr {VAR} :resno 3 :resname j :resorigtbl 16390 :resorigcol 3 :resjunk true}) :override 0 :returningList ({TARGETENTRY :resno 1 :resorigtbl 5 :resorigcol 5})})";
        assert_eq!(view_columns(definition), vec![ViewColumn { position: 1, relation: 16390, relation_position: 2 }]);
    }

    #[test]
    fn damaged_text_gives_nothing_and_ends() {
        for text in ["", "(((", "}}}}", "{QUERY :targetList", "\\", "({QUERY :targetList (\\ä"] {
            assert!(view_columns(text).is_empty());
        }
    }
}
