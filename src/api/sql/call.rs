//! Prints a [`CallPlan`] as the statement inside `pgrst_source`. Golden files: `tests/golden/sql`.

use super::mutate::returned;
use super::statement::SqlStatement;
use crate::api::plan::call::{Arguments, CallPlan, DirectArgument};
use crate::schema_cache::RoutineParam;

/// A SELECT of the function's values or rows.
pub(super) fn call<'p>(sql: &mut SqlStatement<'p>, plan: &'p CallPlan) {
    if plan.scalar {
        sql.raw("SELECT ");
        invocation(sql, plan);
        sql.raw(" AS pgrst_scalar");
        if let Arguments::Json { .. } = plan.arguments {
            sql.raw(" FROM ");
            body(sql, plan);
        }
        return;
    }
    sql.raw("SELECT ");
    returned(sql, "pgrst_call", &plan.returning);
    sql.raw(" FROM ");
    if let Arguments::Json { .. } = plan.arguments {
        body(sql, plan);
        sql.raw(", LATERAL ");
    }
    invocation(sql, plan);
    sql.raw(" AS pgrst_call");
}

fn invocation<'p>(sql: &mut SqlStatement<'p>, plan: &'p CallPlan) {
    sql.qualified(&plan.function).raw("(");
    match &plan.arguments {
        Arguments::None => {}
        Arguments::Direct(arguments) => {
            sql.list(arguments, ", ", direct);
        }
        Arguments::Json { params, .. } => {
            sql.list(params, ", ", |sql, param| {
                name(sql, param);
                sql.column("pgrst_body", &param.name);
            });
        }
        Arguments::Body { value, param_type } => {
            sql.bind_typed(*param_type, &value[..]);
        }
    }
    sql.raw(")");
}

fn name(sql: &mut SqlStatement<'_>, param: &RoutineParam) {
    sql.raw(if param.variadic { "VARIADIC " } else { "" }).ident(&param.name).raw(" := ");
}

fn direct<'p>(sql: &mut SqlStatement<'p>, argument: &'p DirectArgument) {
    name(sql, &argument.param);
    sql.bind(argument.value.as_str()).raw("::").catalogue_text(&argument.param.type_max_length);
}

/// Fields of the payload's object, or of its first element.
fn body<'p>(sql: &mut SqlStatement<'p>, plan: &'p CallPlan) {
    let Arguments::Json { text, is_object, params } = &plan.arguments else { return };
    if !*is_object {
        sql.raw("(SELECT * FROM ");
    }
    sql.raw(if *is_object { "json_to_record(" } else { "json_to_recordset(" });
    sql.bind_typed(crate::db::ParamType::Json, &text[..]).raw(if *is_object {
        ") AS pgrst_body("
    } else {
        ") AS pgrst_fields("
    });
    sql.list(params, ", ", |sql, param| {
        sql.ident(&param.name).raw(" ").catalogue_text(&param.type_max_length);
    });
    sql.raw(if *is_object { ")" } else { ") LIMIT 1) AS pgrst_body" });
}
