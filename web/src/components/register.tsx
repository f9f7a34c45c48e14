// A register: a long table that offices look things up in, such as jobs, files and payments. Filters and
// page are in the address; one answer for each of late, failed and empty.

import { keepPreviousData, queryOptions, type UseQueryResult } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useId } from 'react'
import { Banner } from '~/components/banner'
import { buttonClass } from '~/components/button'
import { Loading } from '~/components/loading'
import { area } from '~/lib/i18n/area'
import { type Page as PageOfRows, readPage, type Schema } from '~/lib/postgrest/client'
import type { Read } from '~/lib/postgrest/query'
import { describeProblem } from '~/lib/problem'
import './register.css'

const tx = area({
  en: { previous: 'Earlier page', next: 'Next page', range: '{from}–{to} of {total}' },
  es: { previous: 'Página anterior', next: 'Página siguiente', range: '{from}–{to} de {total}' },
})

type Search = Readonly<Record<string, string>>

export const pageOf = (search: Search): number => (/^[1-9]\d{0,6}$/.test(search.page ?? '') ? Number(search.page) : 1)

interface FilterProps {
  label: string
  value: string
  /** Undefined: no longer filtered. */
  onChange: (value: string | undefined) => void
}

/** A filter with its name above it; `control` gets the id that the name points to. */
function Labelled({ label, control }: { label: string; control: (id: string) => ReactNode }) {
  const id = useId()
  return (
    <div className="co-bound">
      <label htmlFor={id} className="co-small">
        {label}
      </label>
      {control(id)}
    </div>
  )
}

/** Words to look for; asked when the field is left or Enter pressed. */
export function TextFilter({ label, value, onChange }: FilterProps) {
  return (
    <Labelled
      label={label}
      control={(id) => (
        <input
          id={id}
          type="search"
          className="co-input"
          autoComplete="off"
          key={value}
          defaultValue={value}
          onBlur={(event) => {
            if (event.target.value !== value) onChange(event.target.value || undefined)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.currentTarget.blur()
          }}
        />
      )}
    />
  )
}

/** One of a few values, or all. */
export function ChoiceFilter({
  label,
  value,
  all,
  choices,
  onChange,
}: FilterProps & { all: string; choices: readonly { value: string; label: string }[] }) {
  return (
    <Labelled
      label={label}
      control={(id) => (
        <select
          id={id}
          className="co-input"
          value={value}
          onChange={(event) => onChange(event.target.value || undefined)}
        >
          <option value="">{all}</option>
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    />
  )
}

/** Rows of one page of a register. */
const PAGE_SIZE = 50

/** One page of a register; the last one stays in sight until the next has come. `name` is for marking it as stale. */
export function registerQuery(name: string, read: Read, page: number, schema?: Schema) {
  return queryOptions({
    queryKey: [name, read, page],
    queryFn: ({ signal }) => readPage(read, (page - 1) * PAGE_SIZE, PAGE_SIZE, signal, schema),
    placeholderData: keepPreviousData,
  })
}

interface RegisterProps {
  /** Names the table for those who do not see it. */
  label: string
  query: UseQueryResult<PageOfRows>
  page: number
  search: Search
  empty: ReactNode
  /** The table itself. */
  children: ReactNode
}

export function Register({ label, query, page, search, empty, children }: RegisterProps) {
  if (query.isError) {
    return (
      <Banner kind="error" urgent onRetry={() => void query.refetch()}>
        {describeProblem(query.error, { attempt: 'read' }).text}
      </Banner>
    )
  }
  if (query.isPending) return <Loading />
  const { rows, total } = query.data
  if (rows.length === 0) return empty
  const from = (page - 1) * PAGE_SIZE + 1
  const to = from + rows.length - 1
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard */}
      <section className="co-register" tabIndex={0} aria-label={label}>
        {children}
      </section>
      <div className="co-spread co-no-print">
        <span role="status" className="co-muted co-numbers">
          {tx('range', { from, to, total: total ?? '?' })}
        </span>
        <span className="co-row">
          {page > 1 ? (
            <Link to="." search={{ ...search, page: String(page - 1) }} className={buttonClass()}>
              {tx('previous')}
            </Link>
          ) : null}
          {total !== undefined && to < total ? (
            <Link to="." search={{ ...search, page: String(page + 1) }} className={buttonClass()}>
              {tx('next')}
            </Link>
          ) : null}
        </span>
      </div>
    </>
  )
}
