// Page links and the number of rows per page.

import { Link } from '@tanstack/react-router'
import { useId } from 'react'
import { Icon } from '~/components/icon'
import { t } from '~/lib/i18n/t'
import { PAGE_SIZES, pageNumbers } from './list-state'

interface PaginationProps {
  page: number
  pageSize: number
  total: number
  searchFor: (page: number) => Record<string, string>
  onPageSize: (size: number) => void
}

export function Pagination({ page, pageSize, total, searchFor, onPageSize }: PaginationProps) {
  const sizeId = useId()
  const last = Math.max(1, Math.ceil(total / pageSize))
  const step = (to: number, label: string, icon: 'chevronLeft' | 'chevronRight') =>
    to >= 1 && to <= last ? (
      <Link to="." search={searchFor(to)} className="co-page-link" aria-label={label}>
        <Icon name={icon} />
      </Link>
    ) : null
  return (
    <div className="co-spread co-no-print">
      {last > 1 ? (
        <nav aria-label={t('list.pages')}>
          <ul className="co-pages">
            <li>{step(page - 1, t('list.previousPage'), 'chevronLeft')}</li>
            {pageNumbers(page, last).map((number, index) => (
              <li key={number === 0 ? `gap-${index}` : number}>
                {number === 0 ? (
                  <span className="co-page-gap">…</span>
                ) : (
                  <Link
                    to="."
                    search={searchFor(number)}
                    className="co-page-link"
                    activeProps={{}}
                    aria-label={t('list.page', { n: number })}
                    aria-current={number === page ? 'page' : undefined}
                  >
                    {number}
                  </Link>
                )}
              </li>
            ))}
            <li>{step(page + 1, t('list.nextPage'), 'chevronRight')}</li>
          </ul>
        </nav>
      ) : (
        <span />
      )}
      {total > 10 ? (
        <label className="co-row" htmlFor={sizeId}>
          <span>{t('list.rows')}</span>
          <select
            id={sizeId}
            className="co-input co-page-size"
            value={pageSize}
            onChange={(event) => onPageSize(Number(event.target.value))}
          >
            {PAGE_SIZES.map((size) => (
              <option key={size} value={size}>
                {size}
              </option>
            ))}
          </select>
        </label>
      ) : null}
    </div>
  )
}
