// Pages of an administration's table, in the address.

import { Link } from '@tanstack/react-router'
import { buttonClass } from '~/components/button'
import { tx } from './texts'

interface PagingProps {
  page: number
  size: number
  shown: number
  total: number | undefined
  search: Readonly<Record<string, string>>
}

export function Paging({ page, size, shown, total, search }: PagingProps) {
  const from = (page - 1) * size + 1
  const more = total !== undefined && from + shown - 1 < total
  return (
    <div className="co-spread co-no-print">
      <span role="status" className="co-muted co-numbers">
        {shown > 0 ? tx('pages.range', { from, to: from + shown - 1, total: total ?? '?' }) : null}
      </span>
      <span className="co-row">
        {page > 1 ? (
          <Link to="." search={{ ...search, page: String(page - 1) }} className={buttonClass()}>
            {tx('pages.previous')}
          </Link>
        ) : null}
        {more ? (
          <Link to="." search={{ ...search, page: String(page + 1) }} className={buttonClass()}>
            {tx('pages.next')}
          </Link>
        ) : null}
      </span>
    </div>
  )
}

export const pageOf = (search: Readonly<Record<string, string>>): number =>
  /^[1-9]\d{0,6}$/.test(search.page ?? '') ? Number(search.page) : 1
