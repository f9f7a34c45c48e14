//! From keys and view definitions to relationships.
//!
//! Keys are followed through views: a view whose columns show all columns of a key has that key too. Only relationships
//! whose two ends (and junction) are exposed are made.

use super::relationship::{Cardinality, ComputedRelationship, ForeignKeyRelationship, Junction, Relationship};
use super::view::ViewColumn;
use super::{Column, QualifiedIdentifier, Table, Text};
use indexmap::IndexMap;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Views over views are followed this deep; deeper ones do not occur, and a cycle must end.
const VIEW_DEPTH: usize = 64;
/// A key that a view shows several times gives a relationship per combination, up to so many.
const MOST_COMBINATIONS: usize = 256;

type Tables = IndexMap<QualifiedIdentifier, Table>;

/// A constraint; positions are column numbers.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: Text,
    pub(super) relation: u32,
    pub(super) positions: Vec<i32>,
    pub(super) kind: KeyKind,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Primary,
    Unique,
    Foreign { relation: u32, positions: Vec<i32> },
}

/// What is known about relations by object identifier while a snapshot is built.
#[derive(Default)]
pub(super) struct Relations {
    exposed: HashMap<u32, Exposed>,
    pub(super) keys: Vec<Key>,
    pub(super) views: HashMap<u32, Vec<ViewColumn>>,
    /// For each exposed view and base relation: base column number to view column numbers.
    shown: BTreeMap<u32, BTreeMap<u32, HashMap<i32, Vec<i32>>>>,
}

struct Exposed {
    index: usize,
    is_view: bool,
    /// Column numbers in ascending order; dropped columns leave gaps.
    positions: Vec<i32>,
}

impl Exposed {
    /// Where the column of this number stands among the columns of the table.
    fn column(&self, position: i32) -> Option<usize> {
        self.positions.binary_search(&position).ok()
    }
}

impl Relations {
    pub(super) fn add(&mut self, relation: u32, index: usize, is_view: bool) {
        self.exposed.insert(relation, Exposed { index, is_view, positions: Vec::new() });
    }

    pub(super) fn index(&self, relation: u32) -> Option<usize> {
        self.exposed.get(&relation).map(|exposed| exposed.index)
    }

    /// The relation's next column of so many; columns come in the order of their numbers.
    pub(super) fn add_column(&mut self, relation: u32, position: i32, of: usize) {
        if let Some(exposed) = self.exposed.get_mut(&relation) {
            if exposed.positions.is_empty() {
                exposed.positions.reserve_exact(of);
            }
            exposed.positions.push(position);
        }
    }

    pub(super) fn column_mut<'t>(
        &self,
        tables: &'t mut Tables,
        relation: u32,
        position: i32,
    ) -> Option<&'t mut Column> {
        let exposed = self.exposed.get(&relation)?;
        let column = exposed.column(position)?;
        Some(tables.get_index_mut(exposed.index)?.1.columns.get_index_mut(column)?.1)
    }

    pub(super) fn column_names(&self, table: &Table, relation: u32, positions: &[i32]) -> Vec<Text> {
        let Some(exposed) = self.exposed.get(&relation) else { return Vec::new() };
        let index = |position: &i32| exposed.column(*position).and_then(|index| table.columns.get_index(index));
        positions.iter().filter_map(index).map(|(name, _)| name.clone()).collect()
    }

    /// The primary key of each relation that has one.
    pub(super) fn primary_keys(&self) -> HashMap<u32, &Key> {
        self.keys.iter().filter(|key| key.kind == KeyKind::Primary).map(|key| (key.relation, key)).collect()
    }

    pub(super) fn exposed_views(&self) -> Vec<(u32, usize)> {
        self.exposed.iter().filter(|(_, e)| e.is_view).map(|(relation, e)| (*relation, e.index)).collect()
    }

    /// Follows every column of every exposed view down to a relation that is no (known) view.
    pub(super) fn trace_views(&mut self) {
        let mut shown: BTreeMap<u32, BTreeMap<u32, HashMap<i32, Vec<i32>>>> = BTreeMap::new();
        for (view, _) in self.exposed_views() {
            for column in self.views.get(&view).into_iter().flatten() {
                if let Some((relation, position)) = self.origin(*column) {
                    let of_relation = shown.entry(view).or_default().entry(relation).or_default();
                    of_relation.entry(position).or_default().push(column.position);
                }
            }
        }
        for columns in shown.values_mut().flat_map(BTreeMap::values_mut).flat_map(HashMap::values_mut) {
            columns.sort_unstable();
        }
        self.shown = shown;
    }

    fn origin(&self, column: ViewColumn) -> Option<(u32, i32)> {
        let (mut relation, mut position) = (column.relation, column.relation_position);
        for _ in 0..VIEW_DEPTH {
            let Some(columns) = self.views.get(&relation) else { return Some((relation, position)) };
            let below = columns.iter().find(|column| column.position == position)?;
            (relation, position) = (below.relation, below.relation_position);
        }
        None
    }

    /// All ways in which a view shows these columns of a relation, in order.
    fn shown_as(&self, view: u32, relation: u32, positions: &[i32]) -> Vec<Vec<i32>> {
        let Some(columns) = self.shown.get(&view).and_then(|relations| relations.get(&relation)) else {
            return Vec::new();
        };
        let mut ways = vec![Vec::new()];
        for position in positions {
            let Some(choices) = columns.get(position) else { return Vec::new() };
            ways = ways
                .iter()
                .flat_map(|way: &Vec<i32>| choices.iter().map(move |choice| [way.as_slice(), &[*choice]].concat()))
                .take(MOST_COMBINATIONS)
                .collect();
        }
        ways
    }
}

/// Primary keys of the relations under a view, one after the other; where a column is shown twice, the first counts.
pub(super) fn view_primary_key(relations: &Relations, primary: &HashMap<u32, &Key>, view: u32) -> Vec<i32> {
    let Some(bases) = relations.shown.get(&view) else { return Vec::new() };
    bases
        .keys()
        .filter_map(|base| primary.get(base))
        .filter_map(|key| relations.shown_as(view, key.relation, &key.positions).into_iter().next())
        .flatten()
        .collect()
}

/// One end of a foreign key as an exposed relation shows it.
struct End {
    name: QualifiedIdentifier,
    is_view: bool,
    columns: Vec<Text>,
}

/// All relationships by origin, each list in the order of [`Relationship`].
pub(super) fn build_relationships(
    relations: &Relations,
    tables: &Tables,
    computed: Vec<ComputedRelationship>,
) -> HashMap<QualifiedIdentifier, Vec<Relationship>> {
    let mut found = foreign_keys(relations, tables);
    found.extend(many_to_many(&found, tables));
    found.extend(found.iter().filter_map(inverse).collect::<Vec<_>>());
    // A computed relationship replaces the detected ones of the same origin and name.
    let overridden: HashSet<(&QualifiedIdentifier, &QualifiedIdentifier)> =
        computed.iter().map(|relationship| (&relationship.table, &relationship.function)).collect();
    found.retain(|relationship| !overridden.contains(&(&relationship.table, &relationship.foreign_table)));

    // Each list gets the room that it needs: two thirds of growing lists would be empty, and there is one for each table.
    let mut counts: HashMap<QualifiedIdentifier, usize> = HashMap::new();
    for origin in found.iter().map(|of| &of.table).chain(computed.iter().map(|of| &of.table)) {
        *counts.entry(origin.clone()).or_default() += 1;
    }
    let mut by_origin: HashMap<QualifiedIdentifier, Vec<Relationship>> =
        counts.into_iter().map(|(origin, count)| (origin, Vec::with_capacity(count))).collect();
    for relationship in found {
        by_origin.entry(relationship.table.clone()).or_default().push(Relationship::ForeignKey(relationship));
    }
    for relationship in computed {
        by_origin.entry(relationship.table.clone()).or_default().push(Relationship::Computed(relationship));
    }
    for relationships in by_origin.values_mut() {
        relationships.sort_unstable();
        relationships.dedup();
        relationships.shrink_to_fit();
    }
    by_origin
}

/// Many-to-one and one-to-one relationships between tables and views, seen from the side that has the key.
fn foreign_keys(relations: &Relations, tables: &Tables) -> Vec<ForeignKeyRelationship> {
    let mut unique: HashMap<u32, Vec<Vec<i32>>> = HashMap::new();
    for key in relations.keys.iter().filter(|key| !matches!(key.kind, KeyKind::Foreign { .. })) {
        unique.entry(key.relation).or_default().push(sorted(&key.positions));
    }
    let mut views_over: HashMap<u32, Vec<u32>> = HashMap::new();
    for (view, bases) in &relations.shown {
        for base in bases.keys() {
            views_over.entry(*base).or_default().push(*view);
        }
    }
    let ends = |relation: u32, positions: &[i32]| -> Vec<End> {
        let end = |of: u32, positions: &[i32]| {
            let exposed = relations.exposed.get(&of)?;
            let (name, table) = tables.get_index(exposed.index)?;
            let columns = relations.column_names(table, of, positions);
            (columns.len() == positions.len()).then(|| End { name: name.clone(), is_view: exposed.is_view, columns })
        };
        let through_views = views_over.get(&relation).into_iter().flatten().flat_map(|view| {
            relations.shown_as(*view, relation, positions).into_iter().filter_map(|positions| end(*view, &positions))
        });
        end(relation, positions).into_iter().chain(through_views).collect()
    };
    let mut found = Vec::new();
    for key in &relations.keys {
        let KeyKind::Foreign { relation, positions } = &key.kind else { continue };
        let origins = ends(key.relation, &key.positions);
        if origins.is_empty() {
            continue;
        }
        let is_one_to_one = unique.get(&key.relation).is_some_and(|unique| unique.contains(&sorted(&key.positions)));
        let targets = ends(*relation, positions);
        for origin in &origins {
            for target in &targets {
                let constraint = key.name.clone();
                let columns = origin.columns.iter().cloned().zip(target.columns.iter().cloned()).collect();
                found.push(ForeignKeyRelationship {
                    table: origin.name.clone(),
                    foreign_table: target.name.clone(),
                    is_self: origin.name == target.name,
                    cardinality: match is_one_to_one {
                        true => Cardinality::OneToOne { constraint, columns, is_parent: false },
                        false => Cardinality::ManyToOne { constraint, columns },
                    },
                    table_is_view: origin.is_view,
                    foreign_table_is_view: target.is_view,
                });
            }
        }
    }
    found
}

fn sorted(positions: &[i32]) -> Vec<i32> {
    let mut positions = positions.to_vec();
    positions.sort_unstable();
    positions
}

/// A relation with two foreign keys inside its primary key joins their targets.
fn many_to_many(found: &[ForeignKeyRelationship], tables: &Tables) -> Vec<ForeignKeyRelationship> {
    let mut by_junction: IndexMap<&QualifiedIdentifier, Vec<&ForeignKeyRelationship>> = IndexMap::new();
    for relationship in found {
        let primary = tables.get(&relationship.table).map(|table| table.pk_columns.as_slice()).unwrap_or_default();
        if let Cardinality::ManyToOne { columns, .. } = &relationship.cardinality
            && columns.iter().all(|(column, _)| primary.contains(column))
        {
            by_junction.entry(&relationship.table).or_default().push(relationship);
        }
    }
    let mut joined = Vec::new();
    for (junction, keys) in by_junction {
        for source in &keys {
            for target in &keys {
                let (
                    Cardinality::ManyToOne { constraint: constraint_source, columns: columns_source },
                    Cardinality::ManyToOne { constraint: constraint_target, columns: columns_target },
                ) = (&source.cardinality, &target.cardinality)
                else {
                    continue;
                };
                if constraint_source == constraint_target {
                    continue;
                }
                joined.push(ForeignKeyRelationship {
                    table: source.foreign_table.clone(),
                    foreign_table: target.foreign_table.clone(),
                    is_self: source.foreign_table == target.foreign_table,
                    cardinality: Cardinality::ManyToMany(Box::new(Junction {
                        table: junction.clone(),
                        constraint_source: constraint_source.clone(),
                        constraint_target: constraint_target.clone(),
                        columns_source: swapped(columns_source),
                        columns_target: swapped(columns_target),
                    })),
                    table_is_view: source.foreign_table_is_view,
                    foreign_table_is_view: target.foreign_table_is_view,
                });
            }
        }
    }
    joined
}

fn swapped(columns: &[(Text, Text)]) -> Vec<(Text, Text)> {
    columns.iter().map(|(a, b)| (b.clone(), a.clone())).collect()
}

/// The same foreign key seen from the referenced side.
fn inverse(relationship: &ForeignKeyRelationship) -> Option<ForeignKeyRelationship> {
    let cardinality = match &relationship.cardinality {
        Cardinality::ManyToOne { constraint, columns } => {
            Cardinality::OneToMany { constraint: constraint.clone(), columns: swapped(columns) }
        }
        Cardinality::OneToOne { constraint, columns, is_parent } => {
            Cardinality::OneToOne { constraint: constraint.clone(), columns: swapped(columns), is_parent: !is_parent }
        }
        _ => return None,
    };
    Some(ForeignKeyRelationship {
        table: relationship.foreign_table.clone(),
        foreign_table: relationship.table.clone(),
        is_self: relationship.is_self,
        cardinality,
        table_is_view: relationship.foreign_table_is_view,
        foreign_table_is_view: relationship.table_is_view,
    })
}
