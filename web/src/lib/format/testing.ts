// For tests: how many formatters the browser is asked to make. Each takes 0.1 ms and more.

import { vi } from 'vitest'

/** Counts from now on, until mocks are restored. */
export function countFormatters(): () => number {
  const { DateTimeFormat, NumberFormat } = Intl
  const dates = vi
    .spyOn(Intl, 'DateTimeFormat')
    // biome-ignore lint/complexity/useArrowFunction: it is called with `new`
    .mockImplementation(function (...given) {
      return new DateTimeFormat(...given)
    })
  const numbers = vi
    .spyOn(Intl, 'NumberFormat')
    // biome-ignore lint/complexity/useArrowFunction: it is called with `new`
    .mockImplementation(function (...given) {
      return new NumberFormat(...given)
    })
  return () => dates.mock.calls.length + numbers.mock.calls.length
}
