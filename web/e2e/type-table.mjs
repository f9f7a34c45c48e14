// Every property type as the walk of type-walk.mjs takes it: its control, its values, its filter.

/** By its label, with or without the mark of a required field. */
const field = (page, label) => page.getByLabel(new RegExp(`^${label}( \\*)?$`)).last()
export const group = (page, label) => page.getByRole('group', { name: label, exact: true })
const filled = (label) => ({
  fill: (page, value) => field(page, label).fill(value),
  read: (page) => field(page, label).inputValue(),
})
const chosen = (label) => ({
  fill: (page, value) => field(page, label).selectOption({ label: value }),
  read: (page) => field(page, label).locator('option:checked').textContent(),
})
/** Two ends; values are `from|to`. */
const ends = (label, first, second) => ({
  fill: async (page, value) => {
    const [from, to] = value.split('|')
    await group(page, label).getByLabel(first).fill(from)
    await group(page, label).getByLabel(second).fill(to)
  },
  read: async (page) =>
    `${await group(page, label).getByLabel(first).inputValue()}|${await group(page, label).getByLabel(second).inputValue()}`,
})
const range = (label) => ends(label, 'From (included)', 'Up to (not included)')
const slot = (label) => ends(label, 'Start', 'End')
/** Entries; values are `one|two`. */
const entries = (label) => ({
  fill: async (page, value) => {
    const list = group(page, label)
    for (const [at, entry] of value.split('|').entries()) {
      const input = list.getByLabel(`${label}, entry ${at + 1}`)
      if ((await input.count()) === 0) await list.getByRole('button', { name: 'Add an entry' }).click()
      await input.fill(entry)
    }
  },
  read: async (page) => {
    const inputs = await group(page, label).getByRole('textbox').all()
    return (await Promise.all(inputs.map((input) => input.inputValue()))).join('|')
  },
})
const upload = (label) => ({
  fill: async (page, file) => {
    const part = group(page, label)
    const old = part.getByRole('button', { name: /^Remove/ })
    if (await old.count()) await old.click()
    await part.getByLabel(label, { exact: true }).setInputFiles(file)
    const taken = part.getByRole('button', { name: new RegExp(`^Remove.*${file.name}`) })
    await taken.waitFor().catch(async () => {
      throw new Error(`not uploaded: ${await part.textContent()}`)
    })
  },
  read: async (page) => (await group(page, label).locator('.co-file-name').textContent()) ?? '',
})

/**
 * `a`: what is typed first, `next`: what it is changed to; each with what the page shows. `b`: the other record's value,
 * which comes after `next` in order. `hit`: filters that find A and not B. A text instead of a step says why there is none.
 */
export const FILES = 'its bytes are not in a workbook; the name is exported'
const PRESENT = ['is', 'not_null']
export const types = (files) => [
  [
    'long_text',
    'Long Text',
    filled('Long Text'),
    { a: ['Two\nlines', 'Two'], next: ['Alpha words', 'Alpha words'], b: 'Zeta', hit: ['ilike', '*alpha*'] },
  ],
  ['whole', 'Whole', filled('Whole'), { a: ['12', '12'], next: ['2025', '2025'], b: 3000, hit: ['lte', '2500'] }],
  ['small', 'Small', filled('Small'), { a: ['-3', '-3'], next: ['4', '4'], b: 9, hit: ['lte', '4'] }],
  [
    'exact',
    'Exact',
    filled('Exact'),
    { a: ['1234567.8901', '1,234,567.8901'], next: ['2.5', '2.5'], b: 100, hit: ['lte', '2.5'] },
  ],
  [
    'approximate',
    'Approximate',
    filled('Approximate'),
    { a: ['0.5', '0.5'], next: ['1.25', '1.25'], b: 7, hit: ['lte', '2'] },
  ],
  [
    'amount',
    'Amount',
    filled('Amount'),
    { a: ['1,234.5', '$1,234.50', '1234.50'], next: ['20.5', '$20.50'], b: 900, hit: ['lte', '100'] },
  ],
  [
    'flag',
    'Flag',
    {
      fill: (page, on) => field(page, 'Flag').setChecked(on === 'yes'),
      read: async (page) => ((await field(page, 'Flag').isChecked()) ? 'yes' : 'no'),
    },
    { a: ['yes', 'Yes'], next: ['no', 'No'], b: true, hit: ['is', 'false'] },
  ],
  ['maybe', 'Maybe', chosen('Maybe'), { a: ['Yes', 'Yes'], next: ['No', 'No'], b: true, hit: ['is', 'false'] }],
  [
    'day',
    'Day',
    filled('Day'),
    {
      a: ['2026-02-03', 'Feb 3, 2026'],
      next: ['2026-03-04', 'Mar 4, 2026'],
      b: '2026-12-01',
      hit: ['lte', '2026-03-04'],
    },
  ],
  [
    'wall',
    'Wall',
    filled('Wall'),
    {
      a: ['2026-02-03T17:30', '5:30 PM'],
      next: ['2026-03-04T08:15', '8:15 AM'],
      b: '2026-12-01T00:00:00',
      hit: ['lte', '2026-03-04'],
    },
  ],
  [
    'moment',
    'Moment',
    filled('Moment'),
    {
      a: ['2026-07-03T17:30', '5:30 PM CDT'],
      next: ['2026-07-04T09:45', '9:45 AM CDT'],
      b: '2026-12-01T00:00:00Z',
      hit: ['lte', '2026-07-04'],
    },
  ],
  [
    'clock',
    'Clock',
    filled('Clock'),
    { a: ['14:30', '14:30'], next: ['06:05', '06:05'], b: '23:00', hit: ['lte', '07:00'] },
  ],
  [
    'slot',
    'Slot',
    slot('Slot'),
    {
      a: ['2026-02-03T10:00|2026-02-03T11:30', '10:00 AM'],
      next: ['2026-02-04T13:00|2026-02-04T14:00', '1:00 PM'],
      b: '[2026-12-01 10:00+00,2026-12-01 11:00+00)',
      hit: ['lte', '2026-02-04'],
    },
  ],
  [
    'period',
    'Period',
    slot('Period'),
    {
      a: ['2026-05-03T10:00|2026-05-03T11:30', '11:30 AM'],
      next: ['2026-05-04T15:00|2026-05-04T16:00', '3:00 PM'],
      b: '[2026-12-01 10:00+00,2026-12-01 11:00+00)',
      hit: ['lte', '2026-05-04'],
    },
  ],
  [
    'days',
    'Days',
    range('Days'),
    {
      a: ['2026-02-01|2026-02-11', '[2026-02-01,2026-02-11)'],
      next: ['2026-02-02|2026-02-05', '[2026-02-02,2026-02-05)'],
      b: '[2026-12-01,2026-12-05)',
      hit: ['lte', '2026-02-02'],
    },
  ],
  [
    'numbers',
    'Numbers',
    range('Numbers'),
    { a: ['5|9', '[5,9)'], next: ['6|8', '[6,8)'], b: '[100,200)', hit: ['lte', '6'] },
  ],
  [
    'fraction',
    'Fraction',
    range('Fraction'),
    { a: ['0.5|1.5', '[0.5,1.5)'], next: ['1.25|2', '[1.25,2)'], b: '[10,20)', hit: ['lte', '1.5'] },
  ],
  [
    'hours',
    'Hours',
    range('Hours'),
    {
      a: ['2026-02-01T08:00|2026-02-01T09:00', '08:00'],
      next: ['2026-02-02T18:00|2026-02-02T19:00', '18:00'],
      b: '[2026-12-01 08:00,2026-12-01 09:00)',
      hit: ['lte', '2026-02-02'],
    },
  ],
  [
    'tint',
    'Tint',
    filled('Tint'),
    { a: ['#ff8800', '#FF8800', '#FF8800'], next: ['#001122', '#001122'], b: '#FFFFFF', hit: ['ilike', '*0011*'] },
  ],
  [
    'mail',
    'Mail',
    filled('Mail'),
    {
      a: ['ana@example.org', 'ana@example.org'],
      next: ['bea@example.org', 'bea@example.org'],
      b: 'zoe@example.org',
      hit: ['ilike', '*bea*'],
    },
  ],
  [
    'phone',
    'Phone',
    filled('Phone'),
    {
      a: ['5550104477', '(555) 010-4477', '(555) 010-4477'],
      next: ['5550104488', '(555) 010-4488'],
      b: '9990104477',
      hit: ['ilike', '*4488*'],
    },
  ],
  ['mood', 'Mood', chosen('Mood'), { a: ['busy', 'busy'], next: ['calm', 'calm'], b: 'closed', hit: ['in', '(calm)'] }],
  [
    'words',
    'Words',
    entries('Words'),
    { a: ['one, "two"|three', 'one, "two", three'], next: ['a b|it’s', 'a b, it’s'], b: ['z'], hit: ['cs', '{"a b"}'] },
  ],
  [
    'figures',
    'Figures',
    entries('Figures'),
    { a: ['1|2', '1, 2'], next: ['3|4', '3, 4'], b: [9], hit: ['cs', '{"4"}'] },
  ],
  [
    'document',
    'Document',
    filled('Document'),
    {
      a: ['{"a": [1, 2]}', '"a"', '{\n  "a": [\n    1,\n    2\n  ]\n}'],
      next: ['{"a": "b"}', '"b"'],
      b: null,
      hit: PRESENT,
    },
  ],
  [
    'source',
    'Source',
    filled('Source'),
    {
      a: ['{"s": 1}', '"s"', '{\n  "s": 1\n}'],
      next: ['{"s": 2}', '2'],
      b: null,
      hit: PRESENT,
      sort: 'the database has no order for json',
    },
  ],
  [
    'code',
    'Code',
    filled('Code'),
    {
      a: ['0f8fad5b-d9cb-469f-a165-70867728950e', '0f8fad5b'],
      next: ['0a8fad5b-d9cb-469f-a165-70867728950e', '0a8fad5b'],
      b: 'ff8fad5b-d9cb-469f-a165-70867728950e',
      hit: ['eq', '0a8fad5b-d9cb-469f-a165-70867728950e'],
    },
  ],
  [
    'place',
    'Place',
    ends('Place', 'Latitude', 'Longitude'),
    { a: ['43.01|-83.7', '43.01000'], next: ['43.02|-83.71', '43.02000'], b: null, hit: PRESENT },
  ],
  [
    'kind_id',
    'Kind Id',
    chosen('Kind Id'),
    { a: ['First kind', 'First kind'], next: ['Second kind', 'Second kind'], b: 3, hit: ['in', '(2)'] },
  ],
  [
    'other_kind_id',
    'Other Kind Id',
    chosen('Other Kind Id'),
    { a: ['Second kind', 'Second kind'], next: ['First kind', 'First kind'], b: 3, hit: ['in', '(1)'] },
  ],
  [
    'owner_id',
    'Owner Id',
    chosen('Owner Id'),
    { a: files.people[1], next: files.people[0], b: files.lastPerson, hit: ['in', `(${files.firstPerson})`] },
  ],
  [
    'status_id',
    'Status Id',
    chosen('Status Id'),
    { a: ['Done', 'Done'], next: ['Open', 'Open'], b: files.done, hit: ['in', `(${files.open})`] },
  ],
  [
    'picture',
    'Picture',
    upload('Picture'),
    { a: [files.picture, 'first.jpg'], next: [files.otherPicture, 'second.jpg'], b: null, hit: PRESENT, again: FILES },
  ],
  [
    'paper',
    'Paper',
    upload('Paper'),
    { a: [files.paper, 'paper.pdf'], next: [files.otherPaper, 'again.pdf'], b: null, hit: PRESENT, again: FILES },
  ],
  [
    'attachment',
    'Attachment',
    upload('Attachment'),
    { a: [files.note, 'note.txt'], next: [files.otherNote, 'note-2.txt'], b: null, hit: PRESENT, again: FILES },
  ],
]
