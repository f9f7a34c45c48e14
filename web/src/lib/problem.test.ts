import { describe, expect, it } from 'vitest'
import { NetworkError, NoRowError, PostgrestError } from './postgrest/errors'
import { describeProblem } from './problem'

const kept = [
  { constraint: 'cost_positive', column: 'cost', text: 'Cost must be 0 or more.' },
  { constraint: 'no_overlap', column: null, text: 'Room 2 is already booked.' },
]
const save = (
  fields: ConstructorParameters<typeof PostgrestError>[0],
  attempt: 'create' | 'update' | 'delete' = 'update',
) =>
  describeProblem(new PostgrestError(fields), {
    attempt,
    constraintMessages: kept,
    labelOf: (column) => (column === 'permit_no' ? 'Permit number' : undefined),
  })

describe('refused saves in words', () => {
  it('prefers the kept message of a constraint, found in details first', () => {
    const check = save({ status: 400, code: '23514', message: 'violates check constraint "cost_positive"' })
    expect(check).toMatchObject({ text: 'Cost must be 0 or more.', column: 'cost' })
    const exclusion = save({ status: 400, code: '23P01', message: 'x', details: 'constraint "no_overlap"' })
    expect(exclusion.text).toBe('Room 2 is already booked.')
  })

  it.each([
    [{ status: 400, code: '23514', message: 'constraint "valid_period"' }, 'rule “valid period”'],
    [
      { status: 400, code: 'P0001', message: 'Only open requests can be changed.' },
      'Only open requests can be changed.',
    ],
    [{ status: 409, code: '23505', details: 'Key (permit_no)=(7) already exists.' }, 'same Permit number'],
    [{ status: 409, code: '23503', details: 'Key (category_id)=(9) is not present in table "c".' }, 'no longer exists'],
    [
      { status: 400, code: '23502', message: 'null value in column "permit_no" of relation "p"' },
      'Enter Permit number.',
    ],
    [{ status: 403, code: '42501' }, 'not change it'],
    [{ status: 401 }, 'session ended'],
    [{ status: 503 }, 'not answering'],
    [{ status: 413 }, 'too much'],
    [{ status: 418, message: 'teapot' }, 'teapot'],
  ])('%j', (fields, part) => {
    expect(save(fields).text).toContain(part)
  })

  it('names the table that still uses a record', () => {
    const details = 'Key (id)=(1) is still referenced from table "work_orders".'
    expect(save({ status: 409, code: '23503', details }, 'delete').text).toContain('work orders')
  })

  it('says so when nothing matched', () => {
    expect(describeProblem(new NoRowError(), { attempt: 'update' }).text).toContain('Nothing was changed')
    expect(describeProblem(new NoRowError(), { attempt: 'delete' }).text).toContain('Nothing was deleted')
  })

  it('keeps what was typed when the network fails', () => {
    expect(describeProblem(new NetworkError(false, null), { attempt: 'create' }).text).toContain('still here')
    expect(describeProblem(new NetworkError(true, null), { attempt: 'read' }).text).toContain('in time')
  })

  it('keeps the technical facts', () => {
    const { facts, refused } = save({ status: 403, code: '42501', message: 'denied', hint: 'ask', requestId: '7F3A' })
    expect(facts.map((fact) => fact.value)).toEqual(['42501, HTTP 403', 'denied', 'ask', '7F3A'])
    expect(refused).toBe(true)
  })
})
