// The application with a column of every type, and how its form is filled in.

import { fileURLToPath } from 'node:url'

/** Its organisation: a colour that no text can have, a zone that is not the visitor's, statistics. */
export const ORGANISATION = {
  CIVIC_OS_BRANDING__COLOR: '#FFD100',
  CIVIC_OS_NOTIFICATIONS__NOTIFICATION_TIMEZONE: 'America/New_York',
  CIVIC_OS_MATOMO__URL: 'https://statistics.example',
  CIVIC_OS_MATOMO__SITE_ID: '7',
}

const APP = fileURLToPath(new URL('every-type', import.meta.url))

export const everyType = (world) => world.demo(APP, ORGANISATION)

/** How each field is filled in, and what the record's page then says. */
export const FIELDS = [
  ['Long Text', (field) => field.fill('Two\nlines'), 'Two'],
  ['Small', (field) => field.fill('-3'), '-3'],
  ['Exact', (field) => field.fill('1234567.8901'), '1,234,567.8901'],
  ['Approximate', (field) => field.fill('0.5'), '0.5'],
  ['Amount', (field) => field.fill('1,234.5'), '$1,234.50'],
  ['Maybe', (field) => field.selectOption('true'), 'Yes'],
  ['Day', (field) => field.fill('2026-02-03'), 'Feb 3, 2026'],
  ['Wall', (field) => field.fill('2026-02-03T17:30'), '5:30 PM'],
  ['Moment', (field) => field.fill('2026-07-03T17:30'), '5:30 PM'],
  ['Clock', (field) => field.fill('14:30'), '14:30'],
  ['Tint', (field) => field.fill('#ff8800'), '#FF8800'],
  ['Mail', (field) => field.fill('ana@example.org'), 'ana@example.org'],
  ['Phone', (field) => field.fill('5550104477'), '(555) 010-4477'],
  ['Mood', (field) => field.selectOption('busy'), 'busy'],
  ['Document', (field) => field.fill('{"a": [1, 2]}'), '"a"'],
  ['Code', (field) => field.fill('0f8fad5b-d9cb-469f-a165-70867728950e'), '0f8fad5b-d9cb-469f-a165-70867728950e'],
  ['Kind Id', (field) => field.selectOption({ label: 'First kind' }), 'First kind'],
  ['Other Kind Id', (field) => field.selectOption({ label: 'Second kind' }), 'Second kind'],
  ['Status Id', (field) => field.selectOption({ label: 'Open' }), 'Open'],
]

/** Fills in the form of a new sample: every type that has an editor, files aside. */
export async function fillSample(page, name) {
  await page.getByLabel('Display Name').fill(name)
  for (const [label, fill] of FIELDS) await fill(page.getByLabel(label, { exact: true }).last())
  const slot = page.getByRole('group', { name: 'Slot' })
  await slot.getByLabel('Start').fill('2026-02-03T10:00')
  await slot.getByLabel('End').fill('2026-02-03T11:30')
  const days = page.getByRole('group', { name: 'Days' })
  await days.getByLabel('From (included)').fill('2026-02-01')
  await days.getByLabel('Up to (not included)').fill('2026-02-11')
  const numbers = page.getByRole('group', { name: 'Numbers' })
  await numbers.getByLabel('From (included)').fill('5')
  await numbers.getByLabel('Up to (not included)').fill('9')
  const words = page.getByRole('group', { name: 'Words' })
  await words.getByRole('button', { name: 'Add an entry' }).click()
  await words.getByLabel('Words, entry 1').fill('one, "two"')
  await words.getByRole('button', { name: 'Add an entry' }).click()
  await words.getByLabel('Words, entry 2').fill('three')
  const place = page.getByRole('group', { name: 'Place' })
  await place.getByLabel('Latitude').fill('43.01')
  await place.getByLabel('Longitude').fill('-83.7')
}
