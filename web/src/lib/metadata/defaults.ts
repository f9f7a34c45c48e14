// What a column's default expression means to a person. Pure; tests beside it.

export type Default =
  | { kind: 'literal'; value: string }
  | { kind: 'now' }
  | { kind: 'today' }
  /** Computed by the database; only the fact that there is one can be told. */
  | { kind: 'computed' }

/** Reads PostgreSQL's text of a default, such as `'new'::text`, `5`, `true`, `now()`. */
export function readDefault(expression: string | null): Default | null {
  if (expression === null || /^NULL(::|$)/i.test(expression)) return null
  const quoted = /^\(?'((?:[^']|'')*)'\)?(?:::[\w\s."[\](),]+)?$/.exec(expression)
  if (quoted?.[1] !== undefined) return { kind: 'literal', value: quoted[1].replaceAll("''", "'") }
  const plain = /^\(?(-?\d+(?:\.\d+)?|true|false)\)?(?:::[\w\s]+)?$/.exec(expression)
  if (plain?.[1] !== undefined) return { kind: 'literal', value: plain[1] }
  if (/^(now\(\)|CURRENT_TIMESTAMP|LOCALTIMESTAMP|timezone\(.*now\(\)\))/i.test(expression)) return { kind: 'now' }
  if (/^\(?(CURRENT_DATE|now\(\)::date)/i.test(expression)) return { kind: 'today' }
  return { kind: 'computed' }
}
