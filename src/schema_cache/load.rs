//! Reads the catalogue in one transaction and builds a snapshot of it.

mod routines;

use super::builder::Builder;
use super::catalog::{self, Row, Shape};
use super::relationships::{Key, KeyKind, Relations, build_relationships, view_primary_key};
use super::saved;
use super::text::{Text, Texts};
use super::view::view_columns;
use super::{
    Column, ComputedRelationship, DataRepresentation, MediaHandler, MediaHandlerTarget, SchemaCache, SchemaCacheError,
    SchemaCacheOptions, Table,
};
use crate::db::{Db, Lane, Param, ResultRow, Statement};
use indexmap::IndexMap;
use routines::read_routines;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Handle;

/// Settings of the loading transaction: names come out qualified, and no time goes into compiling queries that run once.
/// Sorting half a million rows must not go through a file. Parallel workers would take every core from the requests beside
/// the load, and do not make it shorter.
const SETTINGS: &[(&str, &str)] =
    &[("search_path", ""), ("jit", "off"), ("work_mem", "64MB"), ("max_parallel_workers_per_gather", "0")];

const SCHEMAS: usize = 0;
const RELATIONS: usize = 1;
const COLUMNS: usize = 2;
const TYPES: usize = 3;
const DEFAULTS: usize = 4;
const COMMENTS: usize = 5;
const KEYS: usize = 6;
const VIEWS: usize = 7;
const ROUTINES: usize = 8;
const COMPUTED: usize = 9;
const REPRESENTATIONS: usize = 10;
const MEDIA_HANDLERS: usize = 11;

/// Which list of schemas a query takes.
enum Takes {
    Nothing,
    Exposed,
    All,
}

const QUERIES: [(&str, &str, Takes); 12] = [
    ("schemas", include_str!("../sql/schema_cache/schemas.sql"), Takes::All),
    ("relations", include_str!("../sql/schema_cache/relations.sql"), Takes::Exposed),
    ("columns", include_str!("../sql/schema_cache/columns.sql"), Takes::Exposed),
    ("types", include_str!("../sql/schema_cache/types.sql"), Takes::Nothing),
    ("defaults", include_str!("../sql/schema_cache/defaults.sql"), Takes::Exposed),
    ("comments", include_str!("../sql/schema_cache/comments.sql"), Takes::Exposed),
    ("keys", include_str!("../sql/schema_cache/keys.sql"), Takes::Nothing),
    ("views", include_str!("../sql/schema_cache/views.sql"), Takes::All),
    ("routines", include_str!("../sql/schema_cache/routines.sql"), Takes::Exposed),
    ("computed relationships", include_str!("../sql/schema_cache/computed.sql"), Takes::Exposed),
    ("representations", include_str!("../sql/schema_cache/representations.sql"), Takes::Nothing),
    ("media type handlers", include_str!("../sql/schema_cache/media_handlers.sql"), Takes::Exposed),
];

impl SchemaCache {
    /// Reads the catalogue and the time zones now.
    ///
    /// # Errors
    /// The database cannot be reached, refuses a query, or a named schema does not exist.
    pub async fn load(db: &Db, options: &SchemaCacheOptions) -> Result<Self, SchemaCacheError> {
        let cache = Self::load_catalog(db, options, &Builder::start()).await?;
        cache.timezones.list(db).await?;
        Ok(cache)
    }

    /// Reads the catalogue without the time zones.
    ///
    /// # Errors
    /// The database cannot be reached, refuses a query, or a named schema does not exist.
    pub(super) async fn load_catalog(
        db: &Db,
        options: &SchemaCacheOptions,
        builder: &Builder,
    ) -> Result<Self, SchemaCacheError> {
        let (db, options, runtime) = (db.clone(), options.clone(), Handle::current());
        let loaded = builder.run(move || {
            let started = Instant::now();
            let rows = runtime.block_on(read_catalog(&db, &options))?;
            let query_time = started.elapsed();
            if let Some(path) = &options.file
                && let Err(error) = saved::save(path, &saved_origin(&db, &options), &rows)
            {
                tracing::warn!("The schema cache was not saved in {}: {error}", path.display());
            }
            let mut cache = build(rows, &options)?;
            cache.query_time = query_time;
            Ok(cache)
        });
        loaded.await.ok_or(SchemaCacheError::Stopped)?
    }

    /// What the last process read from this catalogue, if it was kept.
    pub(super) async fn load_saved(db: &Db, options: &SchemaCacheOptions, builder: &Builder) -> Option<Self> {
        let path = options.file.clone()?;
        let origin = saved_origin(db, options);
        let options = options.clone();
        let loading = builder.run(move || {
            let rows = saved::read(&path, &origin);
            match rows.map(|rows| build(rows, &options)) {
                Ok(Ok(cache)) => Some(cache),
                Ok(Err(error)) => {
                    tracing::warn!(%error, "The saved schema cache in {} is not used", path.display());
                    None
                }
                Err(saved::SavedError::File(error)) if error.kind() == std::io::ErrorKind::NotFound => None,
                Err(error) => {
                    tracing::warn!("The saved schema cache in {} is not used: {error}", path.display());
                    None
                }
            }
        });
        loading.await.flatten()
    }
}

/// The answers to all queries, of one moment.
async fn read_catalog(db: &Db, options: &SchemaCacheOptions) -> Result<Vec<Vec<ResultRow>>, SchemaCacheError> {
    let exposed = [array_parameter(options.schemas.iter())];
    let all = [array_parameter(options.schemas.iter().chain(&options.extra_search_path))];
    let statements: Vec<Statement<'_>> = QUERIES
        .iter()
        .map(|(_, sql, takes)| Statement {
            sql,
            params: match takes {
                Takes::Nothing => &[],
                Takes::Exposed => exposed.as_slice(),
                Takes::All => all.as_slice(),
            },
            reusable: false,
        })
        .collect();
    let rows = db.snapshot(Lane::System, SETTINGS, &statements).await;
    rows.map_err(|source| SchemaCacheError::Query { what: "the schema", source })
}

fn saved_origin(db: &Db, options: &SchemaCacheOptions) -> [u8; 32] {
    saved::origin(QUERIES.iter().map(|(_, sql, _)| *sql), options, &format!("{} {}", db.servers(), db.database()))
}

fn array_parameter<'a>(names: impl Iterator<Item = &'a String>) -> Param<'static> {
    let quoted = names.map(|name| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")));
    Param::unknown(format!("{{{}}}", quoted.collect::<Vec<_>>().join(",")))
}

fn build(rows: Vec<Vec<ResultRow>>, options: &SchemaCacheOptions) -> Result<SchemaCache, SchemaCacheError> {
    let shaped = |index: usize, result: Result<(), Shape>| {
        result.map_err(|shape| SchemaCacheError::Shape { what: QUERIES[index].0, column: shape.column })
    };
    let mut rows = rows;
    let mut take = |index: usize| rows.get_mut(index).map(std::mem::take).unwrap_or_default();
    let mut cache = SchemaCache::default();

    shaped(SCHEMAS, read_schemas(&take(SCHEMAS), options, &mut cache))?;
    for schema in options.schemas.iter().chain(&options.extra_search_path) {
        if !cache.schema_comments.contains_key(schema) {
            return Err(SchemaCacheError::MissingSchema(schema.clone()));
        }
    }

    let mut texts = Texts::default();
    let mut types = HashMap::new();
    shaped(TYPES, read_types(&take(TYPES), &mut types, &mut texts))?;
    let mut relations = Relations::default();
    let exposed = take(RELATIONS);
    cache.tables.reserve_exact(exposed.len());
    shaped(RELATIONS, read_relations(&exposed, &mut cache, &mut relations, &mut texts))?;
    drop(exposed);
    shaped(COLUMNS, read_columns(&take(COLUMNS), &types, &mut cache, &mut relations, &mut texts))?;
    shaped(DEFAULTS, read_defaults(&take(DEFAULTS), &mut cache, &relations, &mut texts))?;
    shaped(COMMENTS, read_comments(&take(COMMENTS), &mut cache, &relations))?;
    shaped(KEYS, read_keys(&take(KEYS), &mut relations))?;
    shaped(VIEWS, read_views(&take(VIEWS), &mut relations))?;
    relations.trace_views();
    set_primary_keys(&mut cache, &relations);

    let mut computed = Vec::new();
    shaped(COMPUTED, read_computed(&take(COMPUTED), &mut computed))?;
    cache.relationships = build_relationships(&relations, &cache.tables, computed);
    shaped(ROUTINES, read_routines(&take(ROUTINES), &mut cache))?;
    shaped(REPRESENTATIONS, read_representations(&take(REPRESENTATIONS), &mut cache))?;
    shaped(MEDIA_HANDLERS, read_media_handlers(&take(MEDIA_HANDLERS), &mut cache))?;
    Ok(cache)
}

fn read_schemas(rows: &[ResultRow], options: &SchemaCacheOptions, cache: &mut SchemaCache) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        cache.schema_comments.insert(row.text(0)?.to_owned(), row.optional(1).map(Into::into));
        cache.server_version_num = row.parse(2)?;
    }
    cache.schemas.clone_from(&options.schemas);
    Ok(())
}

fn read_relations(
    rows: &[ResultRow],
    cache: &mut SchemaCache,
    relations: &mut Relations,
    texts: &mut Texts,
) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        let events: u32 = row.parse(4)?;
        let table = Table {
            schema: texts.share(row.text(1)?),
            name: row.text(2)?.into(),
            description: None,
            is_view: row.is_true(3)?,
            insertable: events & 8 != 0,
            updatable: events & 4 != 0,
            deletable: events & 16 != 0,
            pk_columns: Vec::new(),
            columns: IndexMap::new(),
        };
        relations.add(row.oid(0)?, cache.tables.len(), table.is_view);
        cache.tables.insert(table.identifier(), table);
    }
    Ok(())
}

/// A type as a column uses it.
struct ColumnType {
    nominal: Text,
    resolved: Text,
    max_length: Option<i32>,
    not_null: bool,
    default: Option<Text>,
    labels: Arc<[String]>,
}

fn read_types(rows: &[ResultRow], types: &mut HashMap<(u32, i32), ColumnType>, texts: &mut Texts) -> Result<(), Shape> {
    let no_labels: Arc<[String]> = Arc::default();
    for row in rows.iter().map(Row) {
        let column_type = ColumnType {
            nominal: texts.share(row.text(2)?),
            resolved: texts.share(row.text(3)?),
            max_length: max_length(row.oid(4)?, row.parse(5)?),
            not_null: row.is_true(6)?,
            default: row.optional(7).map(|text| texts.share(text)),
            labels: row.json::<Vec<String>>(8)?.map_or_else(|| Arc::clone(&no_labels), Into::into),
        };
        types.insert((row.oid(0)?, row.parse(1)?), column_type);
    }
    Ok(())
}

/// Length limit that a type modifier stands for.
fn max_length(base: u32, modifier: i32) -> Option<i32> {
    const BPCHAR: u32 = 1042;
    const VARCHAR: u32 = 1043;
    const BIT: u32 = 1560;
    const VARBIT: u32 = 1562;
    match base {
        _ if modifier < 0 => None,
        // The header's length is part of the modifier.
        BPCHAR | VARCHAR => Some(modifier - 4),
        BIT | VARBIT => Some(modifier),
        _ => None,
    }
}

fn read_columns(
    rows: &[ResultRow],
    types: &HashMap<(u32, i32), ColumnType>,
    cache: &mut SchemaCache,
    relations: &mut Relations,
    texts: &mut Texts,
) -> Result<(), Shape> {
    // Rows come table by table; no table gets room for more columns than it has.
    let same = |a: &ResultRow, b: &ResultRow| a.bytes(0) == b.bytes(0);
    for rows in rows.chunk_by(same) {
        let Some(first) = rows.first().map(Row) else { continue };
        let relation = first.oid(0)?;
        let found = relations.index(relation).and_then(|index| cache.tables.get_index_mut(index));
        let Some((_, table)) = found else { continue };
        let mut columns = IndexMap::with_capacity(rows.len());
        for row in rows.iter().map(Row) {
            let column = read_column(&row, types, texts)?;
            relations.add_column(relation, row.parse(1)?, rows.len());
            columns.insert(column.name.clone(), column);
        }
        table.columns = columns;
    }
    Ok(())
}

fn read_column(row: &Row<'_>, types: &HashMap<(u32, i32), ColumnType>, texts: &mut Texts) -> Result<Column, Shape> {
    let Some(column_type) = types.get(&(row.oid(3)?, row.parse(4)?)) else { return Err(Shape { column: 3 }) };
    // `n` not null, `a` identity that is always generated, `s` stored generated.
    let flags = row.text(5)?;
    let is_stored = flags.contains('s');
    Ok(Column {
        name: texts.share(row.text(2)?),
        description: None,
        nullable: !flags.contains('n') && !column_type.not_null,
        data_type: column_type.resolved.clone(),
        nominal_type: column_type.nominal.clone(),
        max_length: column_type.max_length,
        default: column_type.default.clone().filter(|_| !is_stored),
        generated_always: is_stored || flags.contains('a'),
        enum_values: Arc::clone(&column_type.labels),
    })
}

fn read_defaults(
    rows: &[ResultRow],
    cache: &mut SchemaCache,
    relations: &Relations,
    texts: &mut Texts,
) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        if let Some(column) = relations.column_mut(&mut cache.tables, row.oid(0)?, row.parse(1)?)
            && !column.generated_always
        {
            column.default = row.optional(2).map(|text| texts.share(text));
        }
    }
    Ok(())
}

fn read_comments(rows: &[ResultRow], cache: &mut SchemaCache, relations: &Relations) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        let (relation, position, text) = (row.oid(0)?, row.parse(1)?, row.optional(2));
        if position == 0 {
            let index = relations.index(relation);
            if let Some((_, table)) = index.and_then(|index| cache.tables.get_index_mut(index)) {
                table.description = text.map(str::to_owned);
            }
        } else if let Some(column) = relations.column_mut(&mut cache.tables, relation, position) {
            column.description = text.map(Into::into);
        }
    }
    Ok(())
}

fn read_keys(rows: &[ResultRow], relations: &mut Relations) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        let kind = match row.text(1)? {
            "p" => KeyKind::Primary,
            "u" => KeyKind::Unique,
            _ => KeyKind::Foreign { relation: row.oid(3)?, positions: catalog::int_array(row.text(5)?) },
        };
        let key =
            Key { name: row.text(0)?.into(), relation: row.oid(2)?, positions: catalog::int_array(row.text(4)?), kind };
        relations.keys.push(key);
    }
    Ok(())
}

fn read_views(rows: &[ResultRow], relations: &mut Relations) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        relations.views.insert(row.oid(0)?, view_columns(row.text(1)?));
    }
    Ok(())
}

fn set_primary_keys(cache: &mut SchemaCache, relations: &Relations) {
    for key in relations.keys.iter().filter(|key| key.kind == KeyKind::Primary) {
        let Some((_, table)) = relations.index(key.relation).and_then(|i| cache.tables.get_index_mut(i)) else {
            continue;
        };
        table.pk_columns = relations.column_names(table, key.relation, &key.positions);
        table.pk_columns.sort_unstable();
    }
    let primary = relations.primary_keys();
    for (relation, index) in relations.exposed_views() {
        if let Some((_, table)) = cache.tables.get_index_mut(index) {
            table.pk_columns =
                relations.column_names(table, relation, &view_primary_key(relations, &primary, relation));
        }
    }
}

fn read_computed(rows: &[ResultRow], computed: &mut Vec<ComputedRelationship>) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        let table = row.identifier(2)?;
        let foreign_table = row.identifier(4)?;
        computed.push(ComputedRelationship {
            function: row.identifier(0)?,
            is_self: table == foreign_table,
            table,
            foreign_table,
            single: row.is_true(6)?,
        });
    }
    Ok(())
}

fn read_representations(rows: &[ResultRow], cache: &mut SchemaCache) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        let (source_type, target_type) = (row.text(0)?.to_owned(), row.text(1)?.to_owned());
        let function = row.identifier(2)?;
        let key = (source_type.clone(), target_type.clone());
        cache.representations.insert(key, DataRepresentation { source_type, target_type, function });
    }
    Ok(())
}

fn read_media_handlers(rows: &[ResultRow], cache: &mut SchemaCache) -> Result<(), Shape> {
    for row in rows.iter().map(Row) {
        let function = row.identifier(1)?;
        let target = match (row.text(0)?, row.optional(3)) {
            ("function", _) => MediaHandlerTarget::Routine(function.clone()),
            (_, Some(_)) => MediaHandlerTarget::Relation(row.identifier(3)?),
            (_, None) => MediaHandlerTarget::AnyElement,
        };
        cache.media_handlers.push(MediaHandler { target, media_type: row.text(5)?.into(), function });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_array_literal_are_quoted() {
        let names = [r#"a"b"#.to_owned(), r"c\d".to_owned(), "e,f".to_owned()];
        assert_eq!(array_parameter(names.iter()), Param::unknown(r#"{"a\"b","c\\d","e,f"}"#));
    }
}
