// From a failure to words: what did not happen, why in the reader's words, what to do now.
// Order of sources for a refused save: constraint_messages, the message the database raised, the
// table below. Pure; tests beside it.

import type { MessageKey } from '~/lib/i18n/messages-en'
import { t } from '~/lib/i18n/t'
import { NetworkError, NoRowError, PostgrestError } from '~/lib/postgrest/errors'

type Attempt = 'read' | 'create' | 'update' | 'delete'

export interface Problem {
  text: string
  /** Column the problem belongs to, when the database named it. */
  column?: string
  /** Technical facts for support, shown on request. */
  facts: readonly { label: string; value: string }[]
  /** The caller may not do this. */
  refused: boolean
  /** The session ended (a token was sent and refused, or none was sent where one is needed). */
  signedOut: boolean
}

export interface ConstraintMessage {
  constraint: string
  column: string | null
  text: string
}

export interface ProblemContext {
  attempt: Attempt
  constraintMessages?: readonly ConstraintMessage[]
  /** Label of a column, for messages that name one. */
  labelOf?: (column: string) => string | undefined
}

const NOT_PERMITTED: Readonly<Record<Attempt, MessageKey>> = {
  read: 'problem.notPermittedRead',
  create: 'problem.notPermittedCreate',
  update: 'problem.notPermittedUpdate',
  delete: 'problem.notPermittedDelete',
}

function constraintName(error: PostgrestError): string | undefined {
  const pattern = /constraint "([^"]+)"/
  return (pattern.exec(error.details) ?? pattern.exec(error.message))?.[1]
}

/** Columns of a unique violation: `Key (a, b)=(1, 2) already exists.` */
function keyColumns(details: string): string[] {
  const names = /^Key \(([^)]*)\)/.exec(details)?.[1]
  return names ? names.split(',').map((name) => name.trim().replace(/^"|"$/g, '')) : []
}

function words(error: PostgrestError, context: ProblemContext): { text: string; column?: string } {
  const label = (column: string) => context.labelOf?.(column) ?? column.replaceAll('_', ' ')
  const { code, status } = error
  const constraint = constraintName(error)
  const kept = constraint ? context.constraintMessages?.find((message) => message.constraint === constraint) : undefined
  if (kept && ['23514', '23P01', '23505', '23503'].includes(code)) {
    return { text: kept.text, column: kept.column ?? undefined }
  }
  switch (code) {
    case 'P0001':
      return { text: error.message }
    case '23514':
      return constraint
        ? { text: t('problem.check', { rule: constraint.replaceAll('_', ' ') }) }
        : { text: t('problem.checkUnnamed') }
    case '23P01':
      return { text: t('problem.exclusion') }
    case '23505': {
      const columns = keyColumns(error.details)
      if (columns.length === 0) return { text: t('problem.uniqueUnnamed') }
      return {
        text: t('problem.unique', { columns: columns.map(label).join(', ') }),
        column: columns.length === 1 ? columns[0] : undefined,
      }
    }
    case '23503': {
      const user = /still referenced from table "([^"]+)"/.exec(error.details)?.[1]
      if (context.attempt === 'delete') {
        return { text: user ? t('problem.inUse', { table: user.replaceAll('_', ' ') }) : t('problem.inUseUnnamed') }
      }
      if (user) return { text: t('problem.inUse', { table: user.replaceAll('_', ' ') }) }
      return { text: t('problem.missingReference'), column: keyColumns(error.details)[0] }
    }
    case '23502': {
      const column = /column "([^"]+)"/.exec(error.message)?.[1]
      return column
        ? { text: t('problem.notNull', { column: label(column) }), column }
        : { text: t('problem.checkUnnamed') }
    }
    case '22P02':
    case '22007':
    case '22008':
    case '22003':
      return { text: t('problem.badValue', { message: error.message }) }
    case '22001':
      return { text: t('problem.tooLong') }
    case '42501':
      return { text: t(status === 401 ? 'problem.signInNeeded' : NOT_PERMITTED[context.attempt]) }
  }
  if (status === 401) return { text: t('problem.signedOut') }
  if (status === 403) return { text: t(NOT_PERMITTED[context.attempt]) }
  if (status === 404) return { text: t('problem.notFound') }
  if (status === 409 || status === 412) return { text: t('problem.conflict') }
  if (status === 413) return { text: t('problem.tooLarge') }
  if (status >= 500) return { text: t('problem.unavailable') }
  return { text: t('problem.other', { message: error.message }) }
}

export function describeProblem(error: unknown, context: ProblemContext): Problem {
  if (error instanceof PostgrestError) {
    const facts = [
      { label: t('problem.code'), value: [error.code, `HTTP ${error.status}`].filter(Boolean).join(', ') },
      { label: t('problem.message'), value: [error.message, error.details].filter(Boolean).join(' – ') },
      { label: t('problem.hint'), value: error.hint },
      { label: t('problem.request'), value: error.requestId ?? '' },
    ].filter((fact) => fact.value !== '')
    return {
      ...words(error, context),
      facts,
      refused: error.code === '42501' || error.status === 403,
      signedOut: error.status === 401,
    }
  }
  const plain = (text: string): Problem => ({ text, facts: [], refused: false, signedOut: false })
  if (error instanceof NoRowError) return plain(t(context.attempt === 'delete' ? 'problem.goneDelete' : 'problem.gone'))
  if (error instanceof NetworkError) {
    if (error.timedOut) return plain(t('problem.timeout'))
    return plain(t(context.attempt === 'read' ? 'problem.network' : 'problem.networkSave'))
  }
  return plain(t('problem.other', { message: error instanceof Error ? error.message : String(error) }))
}
